import { expect, test } from 'vitest'
import type { Run, RunStep } from '../domain/run/run'
import { choices } from './run-rights'

const step = (more: Partial<RunStep> = {}) =>
  ({ stepId: 's', effect: 'SAFE', state: 'failed', touched: true, attempts: 1, ...more }) as RunStep
const run = (more: Partial<Run> = {}) =>
  ({
    state: 'needs-person',
    currentStepId: 's',
    twoPersons: true,
    wish: null,
    startedBy: { id: 'robin', name: 'Robin' },
    approvals: [],
    effects: [],
    facts: {},
    steps: [step()],
    ...more,
  }) as Run
const wayBack = { undo: {} }
const closed = (of: RunStep, definition: Parameters<typeof choices>[2] = wayBack) =>
  choices(run(), of, definition).flatMap((c) => (c.impossible ? [c.kind] : []))
test('after a failure there are always the four ways on, and each that is closed says why', () => {
  expect(choices(run(), step(), wayBack).map((c) => c.kind)).toEqual(['retry', 'undo', 'skip', 'stop'])
  expect(closed(step())).toEqual([])
  expect(closed(step(), {})).toEqual(['undo'])
  expect(closed(step({ touched: false, attempts: 5 }))).toEqual(['retry', 'undo'])
  expect(closed(step({ state: 'undone' }))).toEqual(['undo'])
})

test('attempts that were certainly refused, as by throttling, leave all others', () => {
  const refused = (n: number) =>
    run({ effects: Array.from({ length: n }, () => ({ stepId: 's', outcome: 'rejected' })) as Run['effects'] })
  const retry = (n: number, attempts: number) =>
    choices(refused(n), step({ attempts }), wayBack).find((c) => c.kind === 'retry')
  expect(retry(73, 73)).toMatchObject({
    impossible: null,
    consequence: expect.stringContaining('5 of 5 attempts left'),
  })
  expect(retry(73, 78)?.impossible).toContain('tried 5 times')
})

test('rolling back a dangerous step takes a second person, a safe one does not', () => {
  const back = (effect: 'SAFE' | 'DANGEROUS') =>
    choices(run(), step(), { undo: { effect } }).find((c) => c.kind === 'undo')?.needsSecondPerson
  expect([back('DANGEROUS'), back('SAFE')]).toEqual([true, false])
})

test('there is nothing to choose while the machine is at work, or for another step', () => {
  expect(choices(run({ state: 'running' }), step(), wayBack)).toEqual([])
  expect(choices(run(), step({ stepId: 'other' }), wayBack)).toEqual([])
})

test('a step that a run may go without is left out by whoever runs it', () => {
  const skip = choices(run(), step(), { optional: 'Clients see errors meanwhile.' }).find((c) => c.kind === 'skip')
  expect(skip).toMatchObject({ consequence: 'Clients see errors meanwhile.', needsSecondPerson: false })
})
