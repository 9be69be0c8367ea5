import { expect } from '@playwright/test'
import { expectAccessible } from './axe'
import { failoversAsked, lab, processOf } from './lab'
import { enter } from './people'
import { startFailover } from './product'
import { approve, button, done, quiet, runIs, startDrill, verdict } from './recovery'
import { test } from './test'

/*
 * The writer dies under load, a responder starts the primary failover from the verdict, and an approver says yes. Here: what
 * goes wrong on the way. The way itself, with its figures, is e2e/whole-incident.long.spec.ts.
 */

test.beforeEach(({ browser }) => quiet(browser))
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

test('one person acts alone, pauses and goes on: loud on every page within a second', async ({ browser }) => {
  test.setTimeout(120_000)
  const commander = await enter(browser, 'commander')
  const viewer = await enter(browser, 'viewer')
  const run = await startDrill(commander)
  await commander.getByRole('button', { name: /use break-glass/ }).click({ timeout: 30_000 })
  const card = commander.getByRole('region', { name: /Fail over to/ })
  await card.getByLabel(/Type the name of the target/).fill((await card.locator('label .mono').textContent()) ?? '')
  await expect(card.getByText('This is reported to PagerDuty and Slack immediately.')).toBeVisible()
  await card.getByLabel(/Reason for acting alone/).fill('Nobody answers the page and the drill must go on.')
  await card.getByRole('button', { name: /^Break glass/ }).click()
  // What has begun is brought to its end; then the run waits for people, however long.
  await button(commander, 'Pause').click()
  const loud = viewer.getByRole('alert').filter({ hasText: 'BREAK-GLASS' })
  await expect(loud).toContainText('Nobody answers the page')
  // Also for those who look at no screen of ours.
  await expect(loud).toContainText('Reported to PagerDuty and Slack.')
  const outside = JSON.stringify(await lab('/lab/messages'))
  expect(outside.match(/BREAK-GLASS in lab: Morgan acts alone/g)).toHaveLength(2)
  await expect(loud.getByRole('link', { name: 'Open the run' })).toHaveAttribute('href', run)
  await viewer.goto(run)
  await expect(viewer.getByRole('alert').filter({ hasText: 'BREAK-GLASS' })).toBeVisible()
  await runIs(viewer, 'paused')
  await expect(viewer.locator('[data-state="acting"], [data-state="verifying"]')).toHaveCount(0)
  await expect(button(viewer, /^Resume$/)).toBeHidden()
  await button(commander, /^Resume$/).click()
  await done(viewer)
})

test('a reload lands in the same place', async ({ browser }) => {
  test.setTimeout(120_000)
  const responder = await enter(browser, 'responder')
  await responder.keyboard.press('Control+k')
  await responder.getByPlaceholder(/Search screens/).fill('primary database fail')
  await responder.keyboard.press('Enter')
  await responder.waitForURL(/\/procedures\/primary-failover/)
  await expect(responder.getByText('READY', { exact: true })).toBeVisible({ timeout: 30_000 })
  await expectAccessible(responder, 'procedure')
  await responder.getByRole('button', { name: /Dry run P1/ }).click()
  await expect(responder.getByText('Enter a reason (10 characters or more).')).toBeVisible()
  await responder.getByLabel('Reason (required)').fill('A dry run before the drill.')
  await expect(responder.getByText('READY', { exact: true })).toBeVisible()
  await responder.getByRole('button', { name: /Dry run P1/ }).click()
  await responder.waitForURL(/\/runs\//)
  await done(responder)
  const sentence = await responder.locator('.run-sentence').textContent()
  await responder.reload()
  await done(responder)
  await expect(responder.locator('.run-sentence')).toHaveText(sentence ?? '')
})
