import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { lab, sql } from './lab'
import { withOwnProduct } from './own-product'
import { enter } from './people'
import { declareIncident } from './product'
import { approveAs, button, done, verdict } from './recovery'
import { test } from './test'

/*
 * The home region stops responding for good. Two people and the wall see it, one declares and starts cross-region recovery, the other
 * approves what it costs, the replica in the other region takes writes while the application starts there, and the names follow. When the
 * home region returns, its writer is fenced by the approval that was given, and the report tells all of it. The lab is of this file alone: a promotion cannot be taken back.
 */

withOwnProduct()

const replica = 'castmatch-xregion-replica'
const homeRegion = (page: Page) => page.getByRole('region', { name: 'us-west-2, home region' })
const traffic = (page: Page) => page.getByRole('region', { name: 'Regions', exact: true }).locator('details')

interface Described {
  nodes: { id: string; address: { host: string; port: number } }[]
}
async function addressOf(id: string): Promise<Described['nodes'][number]['address']> {
  const found = ((await lab('/lab/status')) as Described).nodes.find((node) => node.id === id)
  if (!found) throw new Error(`the lab has no ${id}`)
  return found.address
}
/** Rows that the application has committed on the promoted database. */
const commitsThere = async () =>
  Number((await sql<{ n: string }>('SELECT count(*) AS n FROM commits', await addressOf(replica)))[0]?.n)

test('a region is lost, two people bring the database up in the other one, and the writer that returns is fenced', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  const responder = await enter(browser, 'responder')
  const approver = await enter(browser, 'approver')
  const wall = await enter(browser, 'viewer')
  await wall.setViewportSize({ width: 1920, height: 1080 })
  await wall.goto('/wall')

  // On a quiet day the traffic is one line.
  await expect(homeRegion(responder)).toContainText('5 of 5 services respond', { timeout: 60_000 })
  await expect(traffic(responder)).toContainText('Names resolve to us-west-2.', { timeout: 30_000 })
  await expect(traffic(responder)).not.toHaveAttribute('open')

  await lab('/lab/faults', { fault: 'region-outage', target: 'region', parameters: { how: 'refuse' } })
  for (const page of [responder, approver])
    await expect(verdict(page)).toContainText('REGION DOWN, CONFIRMED', { timeout: 90_000 })
  await expect(wall.getByRole('main')).toContainText('Region down', { timeout: 30_000 })
  await expect(traffic(responder)).toHaveAttribute('open')
  await expect(traffic(responder)).toContainText('pods not observed')
  await expectAccessible(responder, 'situation without its home region')

  const incident = await declareIncident(responder)
  const sheet = responder.getByRole('region', { name: 'Decision sheet' })
  await expect(sheet.locator('[data-recommended]')).toContainText('P3')
  await sheet.getByRole('link', { name: /^P3/ }).click()
  await responder.waitForURL(/\/procedures\/region-recovery/)
  await responder.getByRole('radio', { name: 'Real', exact: true }).click()
  await responder.getByLabel('Reason (required)').fill('The region is down, and AWS gives no time for its return.')
  await responder.getByLabel(/Type the name of the environment/).fill('lab')
  await expect(responder.getByText('READY', { exact: true })).toBeVisible({ timeout: 60_000 })
  await expectAccessible(responder, 'the form of P3')
  await button(responder, /Start P3/).click()
  await responder.waitForURL(/\/runs\//)
  const run = new URL(responder.url()).pathname

  await expect(wall.getByText(/WAITING FOR/)).toBeVisible({ timeout: 60_000 })
  const onWall = wall.getByRole('table', { name: 'Regions and traffic' })
  await expect(onWall.getByRole('row', { name: /us-west-2/ })).toContainText('PROBLEM')
  await expect(onWall.getByRole('row', { name: /us-east-1/ })).toContainText('OK')
  await approver.goto(run)
  await expect(responder.getByText(/This needs an approver/).first()).toBeVisible({ timeout: 60_000 })
  await expect(button(responder, /^Approve/)).toHaveCount(0)
  const card = approver.getByRole('region', { name: /^Promote / })
  for (const shown of [replica, 'The writer at home does not respond', 'promote-read-replica'])
    await expect(card).toContainText(shown)
  const beside = approver.getByRole('region', { name: 'Regions and traffic' })
  await expect(beside).toContainText('5 of 5 services fail')
  await approveAs(approver, /^Promote /, 'castmatch-prod-cluster')
  await expect(wall.getByText(/WAITING FOR/)).toBeHidden()
  // The promotion and the start of the application are one stage, the protection and all pods another.
  const rail = responder.getByRole('region', { name: 'Steps' })
  await expect(rail.locator('[data-stage]')).toHaveCount(4)
  await expect(rail).toContainText(/Promote the replica and start the application \d+:\d+, one by one \d+:\d+/, {
    timeout: 60_000,
  })
  // The names are asked for by themselves, when writes were proved there.
  await approveAs(approver, /^Move 2 names/, 'castmatch-prod-cluster')
  await done(responder)
  await done(approver)
  await expectAccessible(responder, 'a finished cross-region recovery')
  const before = await commitsThere()
  await expect.poll(commitsThere, { timeout: 30_000 }).toBeGreaterThan(before)
  const now = responder.getByRole('region', { name: 'Regions and traffic' })
  await expect(now.getByRole('row', { name: /^db.castmatch.internal/ })).toContainText('us-east-1', { timeout: 30_000 })
  await expect(now.getByRole('row', { name: /^api.castmatch.test/ })).toContainText('us-east-1')
  await expect(onWall.getByRole('row', { name: /us-east-1/ })).toContainText('7 of 7')
  const owed = responder.getByRole('region', { name: 'Open items' })
  await expect(owed).toContainText('See castmatch-prod-primary back as a reader')

  // The writer that was promoted is the writer: what has just ended is not recommended again.
  await approver.goto('/')
  await expect(verdict(approver)).toContainText('The writer in us-east-1 commits writes.', { timeout: 30_000 })
  await expect(verdict(approver).getByRole('link', { name: 'Open P3' })).toHaveCount(0)

  // The home region returns: nothing but the approval that was given fences its writer.
  await lab('/lab/heal', { fault: 'region-outage' })
  await expect(verdict(approver)).toContainText('Way home', { timeout: 60_000 })
  await expect(verdict(approver).getByRole('link', { name: 'Open P7' })).toBeVisible()
  await expect(owed).toContainText('Rebuild castmatch-prod-primary as a reader', { timeout: 60_000 })
  const [role] = await sql<{ in: boolean }>(
    "SELECT rolcanlogin AS in FROM pg_roles WHERE rolname = 'castmatch_app'",
    await addressOf('castmatch-prod-primary'),
  )
  expect(role?.in).toBe(false)

  await responder.goto(`${incident}/report`)
  const report = responder.getByRole('main')
  for (const shown of ['Replica promoted', 'Writes lost by heartbeat', 'Promote the replica'])
    await expect(report).toContainText(shown)
  await expect(responder.getByText('RECORD VERIFIED')).toBeVisible()
  await expectAccessible(responder, 'report of a cross-region recovery')
})
