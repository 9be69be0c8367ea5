import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { Client } from 'pg'
import { expectAccessible } from './axe'
import { lab } from './lab'
import { enter } from './people'
import { button, done, quiet } from './recovery'
import { test } from './test'

/*
 * The last resort, by what people see: the newest object in S3 is damaged. The page of the backups says so, an older encrypted dump
 * is restored into an instance of its own, and what it holds is asked of the database itself.
 */

interface Connection {
  writerEndpoint: { host: string; port: number }
  database: string
  masterUser: string
  secrets: { adminPassword: string }
}

async function count(from: string, where?: { host: string; port: number }): Promise<number> {
  const { writerEndpoint, database, masterUser, secrets } = JSON.parse(
    readFileSync(join(process.env.E2E_DATA ?? '', 'lab/connection.json'), 'utf8'),
  ) as Connection
  const client = new Client({
    ...(where ?? writerEndpoint),
    database,
    user: masterUser,
    password: secrets.adminPassword,
  })
  await client.connect()
  try {
    return Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`)).rows[0]?.n)
  } finally {
    await client.end()
  }
}
/** The buckets are read every 30 s in the lab; the page shows what the newest reading said. */
const shows = (page: Page, text: RegExp) =>
  expect(async () => {
    await page.goto('/backups')
    await expect(page.getByRole('main')).toContainText(text, { timeout: 1_000 })
  }).toPass({ timeout: 420_000, intervals: [2_000] })
const fits = async (page: Page) => {
  await page.setViewportSize({ width: 390, height: 844 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await page.setViewportSize({ width: 1440, height: 900 })
}

test.beforeEach(({ browser }) => quiet(browser))
test.afterAll(async () => {
  await lab('/lab/heal', {})
})

test('the newest backup is damaged: an older encrypted one is chosen, restored, validated, and kept apart', async ({
  browser,
}) => {
  test.setTimeout(1_200_000)
  const responder = await enter(browser, 'responder')
  const approver = await enter(browser, 'approver')
  const castings = await count('castings')
  // Two backups: the one that is damaged, and the one before it.
  await shows(responder, /USABLE/)
  await lab('/lab/faults', { fault: 'backup-flipped' })
  await shows(responder, /REJECTED\s*SHA-256 differs from the metadata/)
  await expectAccessible(responder, 'backups')
  await fits(responder)
  if (process.env.E2E_SHOTS) await responder.screenshot({ path: join(process.env.E2E_SHOTS, 'backups.png') })

  await responder.getByRole('link', { name: 'Restore from this backup' }).click()
  await responder.waitForURL(/\/procedures\/s3-restore/)
  const backups = responder.getByRole('group', { name: 'Backup' })
  // The damaged one is shown with its reason, and cannot be chosen.
  await expect(backups.getByText(/SHA-256 differs/).first()).toBeVisible()
  await expect(backups.getByRole('radio', { disabled: true }).first()).toBeVisible()
  await responder.getByRole('radio', { name: 'Drill', exact: true }).click()
  await responder.getByLabel('Data loss accepted by').fill('Morgan Lee')
  await responder.getByLabel('Reason (required)').fill('A rehearsal with a damaged newest backup.')
  await expectAccessible(responder, 'the form')
  await fits(responder)
  if (process.env.E2E_SHOTS)
    await responder.screenshot({ path: join(process.env.E2E_SHOTS, 'form.png'), fullPage: true })
  await button(responder, /as a drill/).click()
  await responder.waitForURL(/\/runs\//)

  await approver.goto(new URL(responder.url()).pathname)
  const card = approver.getByRole('region', { name: /^Restore the backup of/ })
  await expect(card).toBeVisible({ timeout: 120_000 })
  await expect(card).toContainText('Morgan Lee')
  await expect(card).toContainText('.sql.gz.gpg')
  await expectAccessible(approver, 'approval')
  await fits(approver)
  if (process.env.E2E_SHOTS)
    await approver.screenshot({ path: join(process.env.E2E_SHOTS, 'approval.png'), fullPage: true })
  await card.getByLabel(/Type the name of the target/).fill('castmatch-prod-cluster')
  await card.getByRole('button', { name: /^Approve/ }).click()
  await expect(responder.locator('[data-run-state="done"]')).toBeVisible({ timeout: 400_000 })
  await done(responder)
  await expectAccessible(responder, 'the run')
  if (process.env.E2E_SHOTS)
    await responder.screenshot({ path: join(process.env.E2E_SHOTS, 'run.png'), fullPage: true })

  const text =
    (await responder
      .getByText(/is kept in quarantine at/)
      .first()
      .textContent()) ?? ''
  const [, host = '', port = ''] = /at ([\d.a-z-]+):(\d+)/.exec(text) ?? []
  expect(await count('castings', { host, port: Number(port) })).toBe(castings)
  expect(await count('castings')).toBe(castings)
})
