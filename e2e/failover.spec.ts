import { expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { failoversAsked, lab, processOf, tellLines } from './lab'
import { enter } from './people'
import { approve, calm, done, startFailover, verdict } from './recovery'
import { test } from './test'

/*
 * The writer dies under load, a responder starts the primary failover from the verdict, and an approver says yes. Here: what
 * goes wrong on the way. The way itself, with its figures, is e2e/whole-incident.spec.ts.
 */

/** A rehearsal on a healthy cluster. */
async function startDrill(page: Page): Promise<string> {
  await page.goto('/procedures/primary-failover')
  await page.getByRole('radio', { name: 'Drill', exact: true }).click()
  await page.getByLabel('Why now').fill('A rehearsal, agreed with the team.')
  await page.getByRole('button', { name: /as a drill/ }).click()
  await page.waitForURL(/\/runs\//)
  return new URL(page.url()).pathname
}

test.beforeEach(async ({ browser }) => {
  await lab('/lab/heal', {})
  const page = await enter(browser, 'viewer')
  await calm(page)
  await page.context().close()
})
test.afterAll(async () => {
  await lab('/lab/heal', {})
})

test('a runner that dies in the middle of the failover is replaced, and the failover happens once', async ({
  browser,
}) => {
  test.setTimeout(240_000)
  const responder = await enter(browser, 'responder')
  const approver = await enter(browser, 'approver')
  const before = await failoversAsked()
  await lab('/lab/faults', { fault: 'kill-writer' })
  await expect(verdict(responder)).toContainText('CONFIRMED', { timeout: 30_000 })
  await verdict(responder).getByRole('link', { name: 'Open P1' }).click()
  const run = await startFailover(responder)
  await approver.goto(run)
  await approve(approver)
  await expect.poll(failoversAsked).toBeGreaterThan(before)
  const dead = processOf('runner')
  process.kill(dead, 'SIGKILL')
  await expect.poll(() => processOf('runner'), { timeout: 20_000 }).not.toBe(dead)
  await done(responder)
  expect((await failoversAsked()) - before).toBe(1)
})

test('after a failure there are four ways on; a hundred thousand lines of output weigh nothing', async ({
  browser,
}) => {
  test.setTimeout(150_000)
  const responder = await enter(browser, 'responder')
  const approver = await enter(browser, 'approver')
  await lab('/lab/faults', {
    fault: 'api-500',
    target: 'rds',
    parameters: { calls: 1, operation: 'FailoverDBCluster', when: 'before' },
  })
  const run = await startDrill(responder)
  // A second starter sees whose run has the cluster, and may watch it.
  await approver.goto('/procedures/primary-failover')
  await approver.getByRole('region', { name: 'Another run' }).getByRole('link', { name: 'Watch this run' }).click()
  await approver.waitForURL(run)
  await expect(approver.getByLabel(/Type the name of the target/)).toBeVisible({ timeout: 30_000 })
  await expectAccessible(approver, 'approval')
  await approve(approver)
  await expect(responder.getByRole('alert').filter({ hasText: 'Nothing happened' }).first()).toBeVisible({
    timeout: 45_000,
  })
  const choice = (name: string) => responder.getByRole('button', { name })
  await expect(choice('Put it back')).toBeDisabled()
  await expect(choice('Skip with a reason')).toBeDisabled()
  await expect(choice('Stop here')).toBeEnabled()
  await expect(responder.getByText(/There is no way back from this step/)).toBeVisible()
  await expectAccessible(responder, 'failure')
  await choice('Try again').click()
  await done(responder)

  await tellLines(run.split('/').at(-1) ?? '', 100_000)
  await responder.reload()
  const lines = responder.locator('.output-line')
  await expect(lines.filter({ hasText: 'line 100000' })).toBeVisible()
  const output = responder.getByRole('log')
  await output.evaluate((box) => box.scrollTo(0, box.scrollHeight / 2))
  await expect(lines.filter({ hasText: /line (4\d|50)\d{3}$/ }).first()).toBeVisible()
  expect(await lines.count()).toBeLessThanOrEqual(100)
  await expect(responder.getByRole('button', { name: 'Follow the end' })).toBeVisible()
  await responder.getByRole('button', { name: 'Search the output' }).click()
  await responder.getByLabel('Words to look for').fill('line 4242')
  await expect(lines.filter({ hasText: 'line 42420' })).toBeVisible()
})

test('one person acts alone: loud on every page within a second', async ({ browser }) => {
  test.setTimeout(120_000)
  const commander = await enter(browser, 'commander')
  const viewer = await enter(browser, 'viewer')
  const run = await startDrill(commander)
  await commander.getByRole('button', { name: /break glass/ }).click({ timeout: 30_000 })
  const card = commander.getByRole('region', { name: /Fail over to/ })
  await card.getByLabel(/Type the name of the target/).fill((await card.locator('label .mono').textContent()) ?? '')
  await card.getByLabel(/Why you act alone/).fill('Nobody answers the page and the drill must go on.')
  await card.getByRole('button', { name: /^Break glass/ }).click()
  const loud = viewer.getByRole('alert').filter({ hasText: 'BREAK-GLASS' })
  await expect(loud).toContainText('Nobody answers the page')
  await expect(loud.getByRole('link', { name: 'Open the run' })).toHaveAttribute('href', run)
  await viewer.goto(run)
  await expect(viewer.getByRole('alert').filter({ hasText: 'BREAK-GLASS' })).toBeVisible()
  await done(viewer)
})

test('a reload lands in the same place', async ({ browser }) => {
  test.setTimeout(120_000)
  const responder = await enter(browser, 'responder')
  await responder.keyboard.press('Control+k')
  await responder.getByPlaceholder(/Go to a screen/).fill('primary database fail')
  await responder.keyboard.press('Enter')
  await responder.waitForURL(/\/procedures\/primary-failover/)
  await expect(responder.getByText('MAY START')).toBeVisible({ timeout: 30_000 })
  await expectAccessible(responder, 'procedure')
  await responder.getByRole('button', { name: /Dry run P1/ }).click()
  await expect(responder.getByText('Say why, in at least 10 characters.')).toBeVisible()
  await responder.getByLabel('Why now').fill('A dry run before the drill.')
  await expect(responder.getByText('MAY START')).toBeVisible()
  await responder.getByRole('button', { name: /Dry run P1/ }).click()
  await responder.waitForURL(/\/runs\//)
  await done(responder)
  const sentence = await responder.locator('.run-sentence').textContent()
  await responder.reload()
  await done(responder)
  await expect(responder.locator('.run-sentence')).toHaveText(sentence ?? '')
})
