import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab, sql } from './lab'
import { enter } from './people'
import { declareIncident } from './product'
import { approveAs, button, dismissFinding, done, quiet, resolveAnyway, verdict } from './recovery'
import { test } from './test'

/*
 * Rows are deleted, and the last resort is a backup in S3. The newest has a wrong byte: the catalogue rejects it with the reason and
 * recommends the next older. Its loss is accepted by name, a second person approves exactly that object, and the copy has the rows,
 * which is asked of the copy itself.
 */

const countAt = async (table: string, at?: { host: string; port: number }) =>
  Number((await sql<{ n: string }>(`SELECT count(*) AS n FROM ${table}`, at))[0]?.n)
const backUp = async () => ((await lab('/lab/backup', {})) as { backup: { key: string } }).backup.key
const line = (page: Page, key: string) => page.getByRole('listitem').filter({ hasText: key })
/** The buckets are read every 30 s in the lab. */
const catalogueSays = (page: Page, key: string, text: RegExp) =>
  expect(async () => {
    await page.goto('/backups')
    await expect(line(page, key)).toContainText(text, { timeout: 1_000 })
  }).toPass({ timeout: 90_000, intervals: [2_000] })

test.beforeEach(({ browser }) => quiet(browser))
test.afterAll(async () => {
  await lab('/lab/heal', {})
})

test('while the newest backup is damaged the next older one is restored, approved by a second person, and has the rows', async ({
  browser,
}) => {
  test.setTimeout(360_000)
  const commander = await enter(browser, 'commander')
  const approver = await enter(browser, 'approver')
  const [older, newest] = [await backUp(), await backUp()]
  const before = await countAt('castings')
  await lab('/lab/faults', { fault: 'backup-flipped' })
  await lab('/lab/faults', { fault: 'delete-rows', target: 'castings' })
  await expect(verdict(commander)).toContainText(/deleted|rows/i, { timeout: 60_000 })
  const incident = await declareIncident(commander)

  await catalogueSays(commander, newest, /REJECTED\s*SHA-256 differs from the metadata/)
  await expect(line(commander, older)).toContainText('RECOMMENDED')
  await expectAccessible(commander, 'backups with a rejected one')
  await commander.getByRole('link', { name: 'Restore from this backup' }).click()
  await commander.waitForURL(/\/procedures\/s3-restore/)
  await commander.getByRole('radio', { name: 'Real', exact: true }).click()
  // What cannot be restored cannot be chosen.
  await expect(commander.getByRole('radio', { name: new RegExp(newest) })).toBeDisabled()
  await commander.getByLabel('Data loss accepted by').fill('Morgan Lee')
  await commander.getByLabel('Damaged tables').fill('castings')
  await commander.getByLabel('Reason (required)').fill('Rows were deleted, and the restore window is not trusted.')
  await commander.getByLabel(/Type the name of the environment/).fill('lab')
  await expectAccessible(commander, 'the form')
  await expect(commander.getByText('READY', { exact: true })).toBeVisible({ timeout: 60_000 })
  await button(commander, /Start P4/).click()
  await commander.waitForURL(/\/runs\//)

  await approver.goto(new URL(commander.url()).pathname)
  const card = approver.getByRole('region', { name: /^Restore the backup of/ })
  await expect(card).toBeVisible({ timeout: 90_000 })
  for (const shown of [older, 'Morgan Lee', 'create-db-instance']) await expect(card).toContainText(shown)
  await expect(card).not.toContainText(newest)
  await expect(commander.getByText(/Someone else must decide/).first()).toBeVisible()
  await expect(commander.getByRole('button', { name: /^Approve/ })).toHaveCount(0)
  await approveAs(approver, /^Restore the backup of/, 'castmatch-prod-cluster')
  await done(commander)
  const kept = /is kept in quarantine at ([\d.]+):(\d+)/.exec((await commander.getByRole('main').textContent()) ?? '')
  if (!kept?.[1]) throw new Error('the run does not say where the copy is')
  expect(await countAt('castings', { host: kept[1], port: Number(kept[2]) })).toBe(before)
  expect(await countAt('castings')).toBeLessThan(before)

  await commander.goto(`${incident}/report`)
  const report = commander.getByRole('main')
  await expect(report).toContainText('Backup taken')
  await expect(report).toContainText('Measured recovery point')
  await expectAccessible(commander, 'report')
  await dismissFinding(commander, 'The rows were test data; the copy has them.')
  await resolveAnyway(commander, incident, 'The copy was inspected; the rows were test data.')
})
