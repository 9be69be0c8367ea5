import { expect, test } from 'vitest'
import { runRight } from '../domain/run/rights'
import type { Run, RunStep } from '../domain/run/run'
import { shownStepId } from '../domain/run/stage'
import { choices } from './run-rights'

const stage = { id: 'two', title: 'Two', atOnce: 2, whenOneFails: 'others-finish' as const }
const step = (stepId: string, state: RunStep['state'], of: RunStep['stage'] = stage) =>
  ({ stepId, state, stage: of, effect: 'SAFE', touched: true, attempts: 1 }) as RunStep
const run = (state: Run['state'], steps: RunStep[]) =>
  ({
    ...{ state, steps, currentStepId: 'b', twoPersons: true, wish: null, approvals: [], effects: [], facts: {} },
    startedBy: { id: 'robin', name: 'Robin' },
  }) as unknown as Run
const offered = (of: Run, stepId: string) =>
  of.steps.filter((s) => s.stepId === stepId).flatMap((s) => choices(of, s, { undo: {} }).map((c) => c.kind))
const may = (of: Run, act: 'retry' | 'skip' | 'undo' | 'by-hand') =>
  runRight(act, {
    ...{ run: of, person: { id: 'kai', role: 'commander' }, optional: false, breakGlass: false },
    notSecond: { decide: null, approve: null },
  }).allowed

test('people choose for each failed step of a stage, also while another one is under way', () => {
  for (const state of ['running', 'waiting', 'needs-person'] as const) {
    const of = run(state, [
      step('a', 'failed'),
      step('b', state === 'running' ? 'acting' : 'failed'),
      step('c', 'pending'),
    ])
    expect(offered(of, 'a')).toEqual(['retry', 'undo', 'skip', 'stop'])
    expect(offered(of, 'c')).toEqual([])
    for (const act of ['retry', 'skip', 'undo', 'by-hand'] as const) expect(may(of, act)).toBe(true)
    expect(shownStepId(of)).toBe('a')
  }
})

test('a step that failed alone is decided when the run asks, and not before', () => {
  const of = (state: Run['state']) => run(state, [step('b', 'failed', null), step('c', 'pending', null)])
  expect(offered(of('running'), 'b')).toEqual([])
  expect(may(of('running'), 'retry')).toBe(false)
  expect(offered(of('needs-person'), 'b')).toContain('retry')
  expect(may(of('needs-person'), 'retry')).toBe(true)
})

test('while a run is paused any step of the stage that has not started may be done manually', () => {
  const of = run('paused', [step('a', 'checking'), step('b', 'pending'), step('c', 'pending', null)])
  const byHand = (stepId: string) =>
    of.steps.filter((s) => s.stepId === stepId).flatMap((s) => choices(of, s, { call: () => null }).map((c) => c.kind))
  expect([byHand('a'), byHand('b'), byHand('c')]).toEqual([[], ['by-hand'], []])
})
