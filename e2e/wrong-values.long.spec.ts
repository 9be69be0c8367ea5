import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { Client } from 'pg'
import { expectAccessible } from './axe'
import { lab } from './lab'
import { enter } from './people'
import { declareIncident } from './product'
import { because, button, quiet, resolveAnyway, verdict } from './recovery'
import { test } from './test'

/*
 * Values are garbled under load, and no error tells of it. The failover that would keep the damage is refused; a copy of before takes
 * the place of the database, and people agree to the rows that stay behind. Afterwards the application is on the copy, which no healing
 * takes back: the name of this file puts it behind all others that share its lab.
 */

const connection = () =>
  JSON.parse(readFileSync(join(process.env.E2E_DATA ?? '', 'lab/connection.json'), 'utf8')) as {
    writerEndpoint: { host: string; port: number }
    database: string
    masterUser: string
    secrets: { adminPassword: string }
  }
/** Asks a database as its owner would. */
async function count(at: { host: string; port: number }, from: string): Promise<number> {
  const { database, masterUser: user, secrets } = connection()
  const client = new Client({ ...at, database, user, password: secrets.adminPassword })
  await client.connect()
  try {
    return Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${from}`)).rows[0]?.n)
  } finally {
    await client.end()
  }
}
const garbled = 'castings WHERE owner_id >= 1000000'

const snapshotOf = async (page: Page) => (await (await page.request.get('/api/snapshot')).json()).snapshot
/** What is compared with must have been seen before. */
const watched = (page: Page) =>
  expect
    .poll(async () => (await snapshotOf(page)).diagnosis.evidence, { timeout: 60_000 })
    .toEqual(expect.arrayContaining(['Critical tables: 4 of 4 counted', 'Invariants: 1 of 1 hold']))

async function approveAs(page: Page, title: RegExp, contains: string[]): Promise<void> {
  const card = page.getByRole('region', { name: title })
  await expect(card).toBeVisible({ timeout: 240_000 })
  for (const text of contains) await expect(card).toContainText(text)
  await expectAccessible(page, String(title))
  await card.getByLabel(/Type the name of the target/).fill('castmatch-prod-cluster')
  await card.getByRole('button', { name: /^Approve/ }).click()
}

test.beforeEach(({ browser }) => quiet(browser))
test.afterAll(async () => {
  await lab('/lab/heal', {})
})

test('values that are garbled silently are left behind: a copy of before takes over, and the report says what was lost', async ({
  browser,
}) => {
  test.setTimeout(1_200_000)
  const source = connection().writerEndpoint
  const responder = await enter(browser, 'responder')
  const commander = await enter(browser, 'commander')
  await watched(responder)
  await lab('/lab/faults', { fault: 'corrupt-values' })
  await expect(verdict(commander)).toContainText('every casting has an owner', { timeout: 60_000 })
  await expect(commander.getByRole('region', { name: 'Data corruption (S2)' })).toContainText(/broken by \d+ rows/)

  // Every replica has received the damage, so a failover is no way out, and says why.
  await responder.goto('/procedures/primary-failover')
  await expect(responder.getByRole('main')).toContainText(
    /every casting has an owner.*A failover does not repair that/s,
    {
      timeout: 30_000,
    },
  )
  const incident = await declareIncident(commander)

  await responder.goto(incident)
  await responder.getByRole('region', { name: 'What to do next' }).getByRole('link', { name: 'Go' }).click()
  await responder.waitForURL(/\/procedures\/point-in-time-recovery/)
  await responder.getByRole('radio', { name: 'Real', exact: true }).click()
  await responder.getByRole('radio', { name: 'Cut over to the copy' }).click()
  // The way here has chosen the point: it is before this damage, whatever else happened inside the window, and says why.
  const finder = responder.getByRole('group', { name: 'Restore point' })
  await expect(finder).toContainText(
    /Suggested: .*The data was last known to be good then\..*every casting has an owner/s,
  )
  const useIt = finder.getByRole('button', { name: 'Use this point' })
  if (await useIt.isVisible()) await useIt.click()
  await expect(finder).toContainText('which is chosen')
  await responder.getByLabel('Damaged tables').fill('castings')
  await responder.getByLabel('Maintenance window approved by').fill('Morgan Lee')
  await responder.getByLabel('Maintenance window approved at').fill(new Date().toISOString())
  await responder.getByLabel('Reason (required)').fill('Titles and owners of castings are garbled.')
  await responder.getByLabel(/Type the name of the environment/).fill('lab')
  await expect(responder.getByText('READY', { exact: true })).toBeVisible({ timeout: 60_000 })
  await expect(responder).toHaveTitle(/./)
  await expectAccessible(responder, 'the form of a cutover')
  const { replicas } = (await snapshotOf(responder)).workload.value
  await button(responder, /Start P2/).click()
  await responder.waitForURL(/\/runs\//)
  const run = new URL(responder.url()).pathname

  // The pods are gone before anything is restored, and their number is kept.
  const approver = await enter(browser, 'approver')
  await approver.goto(run)
  await approveAs(approver, /^Restore castmatch-prod-cluster/, ['Damaged tables'])
  expect((await snapshotOf(responder)).workload.value).toMatchObject({ replicas: 0 })
  await approver.locator('[data-step="scale-down-castmatch-api"]').click()
  await expect(approver.getByText(/kubectl .*scale deployment castmatch-api/s).first()).toBeAttached()
  await expect(
    approver.getByText(`No pod of castmatch-api is left; ${replicas} before this run.`).first(),
  ).toBeVisible()

  // The rows that stay behind are seen before a second person agrees to that.
  await commander.goto(run)
  await expect(commander.getByRole('link', { name: 'Compared rows' })).toBeVisible({ timeout: 180_000 })
  await commander.getByRole('link', { name: 'Compared rows' }).click()
  await commander.waitForURL(/\/rows/)
  await expect(commander.getByRole('row').filter({ hasText: 'public.castings' }).first()).toBeVisible()
  await expectAccessible(commander, 'compared rows of a cutover')
  // Who approves has signed in a moment ago, and is told what to enter at the poolers. Who runs them does it before the yes.
  const again = await enter(browser, 'approver')
  await again.goto(run)
  const question = again.getByRole('region', { name: /^Cut over from castmatch-prod-cluster/ })
  await expect(question).toContainText('Its configuration points to the source.')
  const words = (await question.textContent()) ?? ''
  const [, host = '', port] = /Enter ([\d.]+):(\d+) there and reload it before you approve/.exec(words) ?? []
  const [, copyId = ''] = / to (castmatch-prod-cluster-[\w-]+), lose/.exec(words) ?? []
  await lab('/lab/faults', { fault: 'pooler-host', target: copyId })
  await approveAs(again, /^Cut over from castmatch-prod-cluster/, ['Rows left behind', 'public.castings: '])
  await expect(responder.locator('[data-run-state="done"]')).toBeVisible({ timeout: 240_000 })

  const now = (await snapshotOf(responder)).workload.value
  expect(now).toMatchObject({ replicas, ready: replicas })
  const copy = { host, port: Number(port ?? source.port) }
  expect(await count(copy, garbled)).toBe(0)
  expect(await count(source, garbled)).toBeGreaterThan(0)
  const written = await count(copy, 'commits')
  await expect.poll(() => count(copy, 'commits'), { timeout: 30_000 }).toBeGreaterThan(written)

  // The copy is checked, not the database that was left; what does not hold yet names what a person must do.
  await commander.goto(incident)
  const checklist = commander.getByRole('region', { name: 'Checklist' })
  for (const holds of ['Connectivity', 'App health', 'Data integrity', 'Backups', 'Security groups'])
    await expect(checklist.getByRole('button', { name: new RegExp(`^${holds} OK`) })).toBeVisible({ timeout: 240_000 })
  for (const [item, owed] of [
    ['Replication', /Open items? of the run: .*Create a replica of castmatch-prod-cluster-/],
    ['DNS', /Open items? of the run: Point db\.castmatch\.internal to /],
  ] as const) {
    await checklist.getByRole('button', { name: new RegExp(`^${item} `) }).click()
    await expect(commander.getByRole('dialog')).toContainText(owed)
    await commander.keyboard.press('Escape')
    await expect(commander.getByRole('dialog')).toHaveCount(0)
  }

  // The rows that only the old database has, by table.
  await commander.goto(`${incident}/report`)
  const rows = commander.getByRole('region', { name: 'Rows of public.castings' })
  await expect(rows).toContainText('left on the old database', { timeout: 60_000 })
  await expectAccessible(commander, 'report')
  const text = await (await commander.request.get(`/api/export/${incident.split('/').at(-1)}?format=md`)).text()
  expect(text).toContain('left on the old database')

  // The War Room still monitors the database that was left, until its configuration names the copy: the finding is dismissed.
  await commander.goto('/')
  await button(commander, 'Dismiss with a reason').first().click()
  await because(commander, /Why/, 'Dismiss the finding')
  await expect(commander.getByRole('region', { name: 'Data corruption (S2)' })).toHaveCount(0)

  // The replica of the other region and the name are left to people, so that not all can hold; ending it takes a reason.
  await resolveAnyway(commander, incident, 'The application writes to the copy; the replica follows tomorrow.')
})
