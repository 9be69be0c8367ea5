import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  nextStep,
  type RunState,
  runIsOver,
  runStates,
  runTransitions,
  type StepEvent,
  type StepState,
  stepIsBusy,
  stepIsSettled,
  stepStates,
  stepTransitions,
} from './states'

const stepEvents = [...new Set(stepTransitions.map((t) => t.event))]

/** Every path of events from the start, each leading somewhere. */
const paths = fc.array(fc.constantFrom<StepEvent>(...stepEvents), { maxLength: 60 }).map((events) => {
  const walked: { from: StepState; event: StepEvent; to: StepState }[] = []
  let at: StepState = 'pending'
  for (const event of events) {
    const row = nextStep(at, event)
    if (!row) continue
    walked.push({ from: at, event, to: row.to })
    at = row.to
  }
  return walked
})

describe('the states of a step', () => {
  test('have one way on by each event, and a sentence for each way', () => {
    const keys = stepTransitions.map((t) => `${t.from} ${t.event}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const t of stepTransitions) expect(t.says).toMatch(/^[A-Z].*\.$/)
  })

  test('all can be reached, and each that is no end can be left', () => {
    const reached = new Set<StepState>(['pending'])
    for (let i = 0; i < stepStates.length; i++)
      for (const t of stepTransitions) if (reached.has(t.from)) reached.add(t.to)
    expect([...reached].sort()).toEqual([...stepStates].sort())
    const ends: StepState[] = ['already-so', 'skipped']
    for (const state of stepStates.filter((s) => !ends.includes(s)))
      expect(
        stepTransitions.some((t) => t.from === state),
        state,
      ).toBe(true)
  })

  test('turn green from a proof alone, however one gets there', () => {
    fc.assert(
      fc.property(paths, (walked) => {
        for (const step of walked)
          if (step.to === 'confirmed' || step.to === 'already-so') {
            expect(step.from).toBe('verifying')
            expect(['proved', 'proved-untouched']).toContain(step.event)
          }
      }),
    )
  })

  test('act only out of a fresh look, and never straight out of an unknown outcome', () => {
    fc.assert(
      fc.property(paths, (walked) => {
        for (const step of walked) if (step.to === 'acting') expect(step.from).toBe('checking')
        walked.forEach((step, i) => {
          if (step.from === 'unknown' && step.to !== 'failed' && step.to !== 'verifying') {
            expect(step.to).toBe('checking')
            expect(walked[i + 1]?.to).not.toBe('confirmed')
          }
        })
      }),
    )
  })

  test('let a run go on only when proved or skipped by decision', () => {
    for (const state of stepStates)
      if (stepIsSettled(state)) expect(['confirmed', 'already-so', 'skipped']).toContain(state)
    for (const t of stepTransitions) if (t.to === 'skipped') expect(['skip', 'rehearsed']).toContain(t.event)
  })
})

describe('the states of a run', () => {
  test('have one way on by each event, can all be reached, and end for good', () => {
    const keys = runTransitions.map((t) => `${t.from} ${t.event}`)
    expect(new Set(keys).size).toBe(keys.length)
    const reached = new Set<RunState>(['preparing'])
    for (let i = 0; i < runStates.length; i++)
      for (const t of runTransitions) if (reached.has(t.from)) reached.add(t.to)
    expect([...reached].sort()).toEqual([...runStates].sort())
    for (const state of runStates) expect(runTransitions.some((t) => t.from === state)).toBe(!runIsOver(state))
  })
})

test('a step in the middle of an effect is not a safe point', () => {
  expect(stepStates.filter(stepIsBusy)).toEqual(['acting', 'unknown', 'verifying', 'undoing'])
})
