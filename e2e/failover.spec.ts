import { expect, test } from '@playwright/test'
import { lab, processOf } from './lab'
import { enter } from './people'
import { approve, calm, done, startFailover, verdict } from './recovery'

/*
 * The writer dies under load. A responder starts the primary failover from the verdict, an approver says yes to exactly
 * what was shown, and the run goes green while the application writes to the new writer. What was lost is counted by
 * numbered commits and is no more than the approver was told.
 */

interface Workload {
  acknowledged: number
  lost: number | null
  lossError: string | null
}
async function failoversAsked(): Promise<number> {
  const log = (await lab('/lab/log')) as
    | { entries?: { operation: string; effective: boolean }[] }
    | { operation: string; effective: boolean }[]
  const entries = Array.isArray(log) ? log : (log.entries ?? [])
  return entries.filter((entry) => entry.operation === 'FailoverDBCluster' && entry.effective).length
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

test('two people fail the writer over; the loss is no more than was shown, and the old writer is refused', async ({
  browser,
}) => {
  test.setTimeout(180_000)
  const responder = await enter(browser, 'responder')
  const approver = await enter(browser, 'approver')
  const before = await failoversAsked()
  await lab('/lab/faults', { fault: 'kill-writer' })
  await expect(verdict(responder)).toContainText('CONFIRMED', { timeout: 30_000 })
  await verdict(responder).getByRole('link', { name: 'Open P1' }).click()
  const run = await startFailover(responder)
  await approver.goto(run)
  // The one who started is not asked: nobody approves their own run.
  await expect(responder.getByText(/somebody else must say yes/)).toBeVisible({ timeout: 30_000 })
  await expect(responder.getByRole('button', { name: /^Approve/ })).toHaveCount(0)
  const mostSeconds = await approve(approver)
  await done(responder)
  await done(approver)
  expect((await failoversAsked()) - before).toBe(1)
  await expect(
    responder.locator('[data-step][data-state="confirmed"], [data-step][data-state="already-so"]'),
  ).toHaveCount(await responder.locator('[data-step]').count())
  // Six pods at five commits a second: what was shown in seconds bounds what may be missing in numbers.
  await expect
    .poll(async () => {
      const { lost, lossError } = (await lab('/lab/workload')) as Workload
      return lossError ?? (lost !== null && lost <= Math.ceil(mostSeconds * 6 * 5))
    })
    .toBe(true)
  await responder.goto('/')
  await calm(responder)
  await expect(verdict(responder)).not.toContainText('castmatch-prod-primary does not answer')
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

test('a reload lands in the same place', async ({ browser }) => {
  test.setTimeout(120_000)
  const responder = await enter(browser, 'responder')
  await responder.goto('/procedures/primary-failover')
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
