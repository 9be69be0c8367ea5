import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allPlaces, allPlacesBeside, brokenRule, effectState, placesOf } from './places'
import { type Effect, isMidEffect, type Run, type RunStep } from './run'
import { faultOfStages, isAsking, isAtRest, leadOf, openSteps, runsAtOnce, stageWork, takesDecisions } from './stage'
import { nextRun, runIsOver, type StepState, stepIsBusy, stepIsSettled, stepStates } from './states'

const rule = (whenOneFails: 'others-finish' | 'others-hold', atOnce = 2) => ({
  id: 'create',
  title: 'Create the instances',
  atOnce,
  whenOneFails,
})
const step = (stepId: string, state: StepState, stage: RunStep['stage'] = rule('others-finish')): RunStep => ({
  ...{ index: 0, stepId, title: stepId, effect: 'SAFE', stage, definitionHash: '', state, sentence: `${stepId}.` },
  ...{ attempts: 0, touched: false, crashed: false, cli: null, digest: null, since: 1, startedAt: null },
  ...{ finishedAt: null, skipped: null },
})
const runOf = (steps: RunStep[], more: Partial<Run> = {}) =>
  ({ state: 'running', wish: null, effects: [], facts: {}, approvals: [], ...more, steps }) as unknown as Run
const ids = (steps: RunStep[]) => steps.map(({ stepId }) => stepId)
const effect = (stepId: string, outcome: Effect['outcome']) =>
  ({ stepId, outcome, direction: 'do', attempt: 1 }) as unknown as Effect

/** Any stage: its steps, how many at once, and what happens when one fails. */
const stages = fc
  .record({
    states: fc.array(fc.constantFrom(...stepStates), { minLength: 2, maxLength: 6 }),
    atOnce: fc.integer({ min: 1, max: 4 }),
    policy: fc.constantFrom('others-finish' as const, 'others-hold' as const),
    wish: fc.constantFrom(null, 'pause' as const, 'stop' as const),
    state: fc.constantFrom('running' as const, 'waiting' as const),
  })
  .map(({ states, atOnce, policy, wish, state }) => {
    const steps = states.map((s, i) => step(`s${i}`, s, rule(policy, atOnce)))
    return { run: runOf(steps, { wish, state }), atOnce, policy }
  })

describe('a stage', () => {
  test('drives as many steps as it may, and looks for answers besides', () => {
    const steps = [step('a', 'waiting'), step('b', 'pending'), step('c', 'verifying'), step('d', 'pending')]
    expect(ids(stageWork(runOf(steps), steps).drive)).toEqual(['c', 'b', 'a'])
  })

  test('goes on after a failure, or lets nothing more begin, by its own policy', () => {
    const steps = (policy: 'others-finish' | 'others-hold') =>
      [step('a', 'failed'), step('b', 'acting'), step('c', 'pending')].map((s) => ({ ...s, stage: rule(policy) }))
    expect(ids(stageWork(runOf(steps('others-finish')), steps('others-finish')).drive)).toEqual(['b', 'c'])
    expect(ids(stageWork(runOf(steps('others-hold')), steps('others-hold')).drive)).toEqual(['b'])
    const held = steps('others-hold').map((s) => (s.stepId === 'b' ? { ...s, state: 'confirmed' as const } : s))
    expect(stageWork(runOf(held), openSteps(held))).toEqual({ drive: [], next: 'step-failed' })
  })

  test('begins nothing while a pause is asked for, and pauses when no effect is under way', () => {
    const steps = [step('a', 'verifying'), step('b', 'checking'), step('c', 'pending')]
    expect(ids(stageWork(runOf(steps, { wish: 'pause' }), steps).drive)).toEqual(['a'])
    const left = steps.slice(1)
    expect(stageWork(runOf(left, { wish: 'pause' }), left)).toEqual({ drive: [], next: 'pause' })
    expect(stageWork(runOf(left, { wish: 'stop' }), left)).toEqual({ drive: [], next: null })
  })

  test('never has more at work than it may, leaves nothing that is under way alone, and always has a way on', () => {
    fc.assert(
      fc.property(stages, ({ run, atOnce }) => {
        const open = openSteps(run.steps)
        if (open.length === 0) return
        const { drive, next } = stageWork(run, open)
        const mid = open.filter((s) => isMidEffect(run, s))
        const working = drive.filter((s) => !isAsking(run, s))
        expect(working.length).toBeLessThanOrEqual(Math.max(atOnce, mid.length))
        if (run.state === 'running') for (const s of mid) expect(drive).toContain(s)
        // Something is done, or the run moves by a listed way; a stop waits for what is in the middle of an effect.
        if (run.wish === 'stop' && run.state === 'running') expect(drive).toEqual(mid)
        else expect(drive.length > 0 || next !== null).toBe(true)
        if (next) expect(nextRun(run.state, next)).not.toBeNull()
      }),
    )
  })

  test('moves the run only to where every one of its steps may be', () => {
    fc.assert(
      fc.property(stages, ({ run }) => {
        if (!runsAtOnce(run)) return
        const { next } = stageWork(run, openSteps(run.steps))
        const row = next && nextRun(run.state, next)
        const there = placesOf({ ...run, state: row ? row.to : run.state })
        if (row) for (const place of there) expect([place, brokenRunRule(place)]).toEqual([place, null])
      }),
    )
  })
})

/** What of a place is of the run, whatever its effects are. */
const brokenRunRule = (place: Parameters<typeof brokenRule>[0]) =>
  ['none', 'accepted', 'rejected', 'unknown'].every(
    (e) => brokenRule({ ...place, effect: e as typeof place.effect }) !== null,
  )
    ? 'broken'
    : null

describe('the rules of places, of a stage', () => {
  /** What must hold for each open step of a run that does not work. */
  test('let nothing be at work where the run is not', () => {
    const several = fc.record({
      states: fc.array(fc.constantFrom(...stepStates), { minLength: 2, maxLength: 4 }),
      outcomes: fc.array(fc.constantFrom(null, 'accepted' as const, 'rejected' as const, 'unknown' as const), {
        minLength: 4,
        maxLength: 4,
      }),
      state: fc.constantFrom('preparing' as const, 'waiting' as const, 'paused' as const, 'needs-person' as const),
    })
    fc.assert(
      fc.property(several, ({ states, outcomes, state }) => {
        const steps = states.map((s, i) => step(`s${i}`, s))
        const effects = steps.map((s, i) => effect(s.stepId, outcomes[i] ?? null))
        const run = runOf(steps, { state, effects })
        if (placesOf(run).some((place) => brokenRule(place) !== null)) return
        for (const s of openSteps(steps)) {
          expect(effectState(effects.find((e) => e.stepId === s.stepId))).not.toBe('open')
          if (stepIsBusy(s.state)) expect([state, s.state]).toEqual(['waiting', 'undoing'])
          if (s.state === 'checking') expect(state).toBe('paused')
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('are those of one step where a stage is one step', () => {
    for (const place of allPlaces) {
      const steps = [step('a', place.step, null)]
      const effects = place.effect === 'none' ? [] : [effect('a', place.effect === 'open' ? null : place.effect)]
      expect(placesOf(runOf(steps, { state: place.run, effects }))).toEqual([place])
    }
  })

  test('allow beside the leading step what is possible for a running run', () => {
    for (const place of allPlacesBeside) {
      const { beside: _, ...alone } = place
      if (place.run === 'running' || runIsOver(place.run))
        expect(brokenRule(place)).toBe(brokenRule({ ...alone, run: 'done' }))
    }
  })
})

test('the step that a run is at is the most active one of its stage', () => {
  expect(leadOf([step('a', 'failed'), step('b', 'pending'), step('c', 'waiting')])?.stepId).toBe('c')
  expect(leadOf([step('a', 'confirmed', null), step('b', 'checking', null), step('c', 'pending')])?.stepId).toBe('b')
  // An earlier step is done again while one of a later stage ends its effect: that one is ended first.
  expect(leadOf([step('a', 'checking', null), step('b', 'acting'), step('c', 'pending')])?.stepId).toBe('b')
  expect(leadOf([step('a', 'skipped')])).toBeUndefined()
})

test('people decide about a step of a stage while the others go on, and about a step alone when the run asks', () => {
  expect(takesDecisions({ state: 'running' }, step('a', 'failed'))).toBe(true)
  expect(takesDecisions({ state: 'waiting' }, step('a', 'failed'))).toBe(true)
  expect(takesDecisions({ state: 'running' }, step('a', 'failed', null))).toBe(false)
  expect(takesDecisions({ state: 'needs-person' }, step('a', 'failed', null))).toBe(true)
  expect(takesDecisions({ state: 'paused' }, step('a', 'failed'))).toBe(false)
  expect(stepStates.filter(isAtRest)).toEqual(['failed', 'by-hand', 'undone'])
  expect(stepStates.filter((s) => isAtRest(s) && stepIsSettled(s))).toEqual([])
})

describe('a procedure with stages', () => {
  const stage = rule('others-finish')
  test('is told what is wrong with them', () => {
    expect(faultOfStages([{ id: 'a', stage }, { id: 'b', stage }, { id: 'c' }])).toBeNull()
    expect(faultOfStages([{ id: 'a', stage }, { id: 'b' }, { id: 'c', stage }, { id: 'd', stage }])).toContain(
      'one step',
    )
    expect(faultOfStages([{ id: 'a', stage }, { id: 'b', stage }, { id: 'c' }, { id: 'd', stage }])).toContain(
      'not neighbours',
    )
    expect(faultOfStages([{ id: 'a', stage }])).toContain('one step')
    expect(
      faultOfStages([
        { id: 'a', stage },
        { id: 'b', stage, asks: true },
      ]),
    ).toContain('gate')
    expect(
      faultOfStages([
        { id: 'a', stage },
        { id: 'b', stage: { ...stage, atOnce: 3 } },
      ]),
    ).toContain('agree')
    expect(faultOfStages(['a', 'b'].map((id) => ({ id, stage: { ...stage, atOnce: 0 } })))).toContain('no step work')
  })
})
