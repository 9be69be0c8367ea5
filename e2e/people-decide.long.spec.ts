import { expect } from '@playwright/test'
import { expectAccessible } from './axe'
import { expireRequests, failoversAsked, lab, tellLines } from './lab'
import { enter } from './people'
import { approve, because, button, done, quiet, runIs, startDrill } from './recovery'
import { test } from './test'

/* A failover does not go as planned, and people decide how it goes on: each way of going on, by those who may. */

test.beforeEach(({ browser }) => quiet(browser))
test.afterAll(async () => {
  await lab('/lab/heal', {})
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
  await expect(responder.getByRole('alert').filter({ hasText: 'Not done in the allowed time' }).first()).toBeVisible({
    timeout: 45_000,
  })
  const choice = (name: string) => responder.getByRole('button', { name })
  await expect(choice('Roll back')).toBeDisabled()
  await expect(choice('Skip with a reason')).toBeDisabled()
  await expect(choice('Stop here')).toBeEnabled()
  await expect(responder.getByText('This step cannot be rolled back.')).toBeVisible()
  await expectAccessible(responder, 'failure')
  await choice('Try again').click()
  // The approval was for the attempt that was made.
  await approve(approver)
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
  await responder.getByLabel('Search text').fill('line 4242')
  await expect(lines.filter({ hasText: 'line 42420' })).toBeVisible()
})

test('before the first effect people correct, refuse, let a request grow old and stop, and nothing is sent', async ({
  browser,
}) => {
  test.setTimeout(120_000)
  const before = await failoversAsked()
  const responder = await enter(browser, 'responder')
  const commander = await enter(browser, 'commander')

  // The form says at each field what is wrong with it; nothing is sent before that is mended.
  await responder.goto('/procedures/primary-failover')
  await responder.getByRole('radio', { name: 'Drill', exact: true }).click()
  await responder.getByLabel('Loss allowed').fill('99999')
  await button(responder, /as a drill/).click()
  await expect(responder.getByText('At most 3600 s.')).toBeVisible()
  await expect(responder.getByText('Enter a reason (10 characters or more).')).toBeVisible()
  // The exact commands stand on the page, and on paper.
  const command = responder.getByText('--target-db-instance-identifier').first()
  await expect(command).toBeVisible()
  await responder.emulateMedia({ media: 'print' })
  await expect(command).toBeVisible()
  await expect(button(responder, /as a drill/)).toBeHidden()
  await responder.emulateMedia({ media: null })
  await responder.locator('body').press('?')
  await expect(responder.getByRole('dialog', { name: 'Keyboard' })).toContainText('Copy the command of the step')
  await responder.keyboard.press('Escape')

  await responder.getByLabel('Loss allowed').fill('600')
  await responder.getByLabel('Reason (required)').fill('A rehearsal of all that may happen.')
  await button(responder, /as a drill/).click()
  await responder.waitForURL(/\/runs\//)
  const run = new URL(responder.url()).pathname
  await commander.goto(run)
  await runIs(commander, 'waiting')
  await button(commander, 'Refuse with a reason').click()
  await because(commander, /Reason for refusing/, 'Refuse')
  await expect(responder.getByRole('alert').filter({ hasText: 'Decided together' }).first()).toBeVisible()
  await button(responder, 'Try again').click()
  await runIs(commander, 'waiting')
  await expireRequests(run.split('/').at(-1) ?? '')
  await expect(commander.getByText('expired without an answer')).toBeVisible()

  // Stopped while it waits: the question falls, and nothing was touched.
  await button(responder, 'Stop at a safe point').click()
  await because(responder, /Reason for stopping/, 'Stop the run')
  await runIs(commander, 'stopped')
  await expect(commander.getByText('nothing was changed').first()).toBeVisible()
  expect(await failoversAsked()).toBe(before)
})

test('people go on when the agreed way is barred: another writer accepted, put back, done manually, skipped', async ({
  browser,
}) => {
  test.setTimeout(180_000)
  const responder = await enter(browser, 'responder')
  const commander = await enter(browser, 'commander')
  await responder.goto('/procedures/primary-failover')
  await responder.getByRole('radio', { name: 'Drill', exact: true }).click()
  await responder.getByLabel('Loss allowed').fill('600')
  // Not the one that RDS would take: that one it takes by itself, later.
  const targets = responder.getByRole('group', { name: 'Target' })
  const theirs = await targets.getByRole('radio', { checked: true }).inputValue()
  const ours = await targets.getByRole('radio', { checked: false }).first().inputValue()
  await targets.locator(`[value="${ours}"]`).check()
  await responder.getByRole('radio', { name: /in the pods’ environment/ }).check()
  await responder.getByLabel('Reason (required)').fill('A rehearsal of all that may happen.')
  await button(responder, /as a drill/).click()
  await responder.waitForURL(/\/runs\//)
  await commander.goto(new URL(responder.url()).pathname)
  await runIs(commander, 'waiting')
  const step = (name: string, of: string) =>
    expect(commander.locator(`[data-step="${name}"][data-state="${of}"]`)).toBeVisible({ timeout: 30_000 })

  // While the approver reads, the writer dies and RDS promotes another reader than the one that was asked for.
  await lab('/lab/faults', { fault: 'cut-link', target: ours })
  await lab('/lab/faults', { fault: 'auto-failover' })
  await lab('/lab/faults', { fault: 'kill-writer' })
  await button(commander, `Accept ${theirs} as the writer`).click({ timeout: 30_000 })
  await lab('/lab/heal', { fault: 'cut-link' })
  await because(commander, `Reason for ${theirs}`, new RegExp(`^Accept ${theirs}`))
  await expect(commander.getByRole('heading', { name: new RegExp(`^Continue with ${theirs}`) })).toBeVisible()
  await expect(commander.getByText(/invalidated: the situation changed/).first()).toBeVisible()
  await lab('/lab/faults', { fault: 'image-pull' })
  await commander.getByLabel(/Type the name of the target/).fill(theirs)
  await button(commander, /^Approve/).click()

  // Pods cannot follow: what was changed is put back, somebody tries manually, and the run goes on without it.
  await step('switch-castmatch-api', 'failed')
  await button(commander, 'Roll back').click()
  await step('switch-castmatch-api', 'undone')
  await button(commander, 'Run manually').click()
  await because(commander, 'Reason for doing it manually', /manually$/)
  await expect(commander.getByText('NEEDS A DECISION', { exact: true })).toBeVisible()
  await expect(button(commander, 'Verify that it is done')).toBeVisible()
  await lab('/lab/heal', { fault: 'image-pull' })
  await button(commander, 'Skip with a reason').click()
  await because(commander, 'Reason for continuing without this step', /^Skip/)
  await step('switch-castmatch-api', 'skipped')
  // What was put back and skipped is not forgotten: the recovery is not called done.
  await step('verify-recovery', 'failed')
  await commander.locator('[data-step="switch-castmatch-api"]').click()
  await expect(commander.getByText(/Skipped by .*: Decided together, on the call\./).first()).toBeVisible()
  await expect(responder.getByRole('alert').filter({ hasText: 'as this run put it back' }).first()).toBeVisible()
  await button(responder, 'Stop at a safe point').click()
  await because(responder, /Reason for stopping/, 'Stop the run')
  await runIs(commander, 'stopped')
})
