import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Approval, approvalCovers, approvalMs } from './run'
import {
  nextRun,
  nextStep,
  type RunEvent,
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

/*
 * The whole run as a model: two people, a clock, one dangerous step, and anything may happen in any order. The model acts
 * by the same rows and the same approval rule as the product.
 */
type Person = 'starter' | 'other'
type Happening =
  | { do: 'ask' }
  | { do: 'approve'; by: Person; kind: 'second-person' | 'break-glass' }
  | { do: 'edit' }
  | { do: 'wait'; ms: number }
  | { do: 'step'; event: StepEvent }
  | { do: 'run'; event: RunEvent }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.constant({ do: 'ask' as const }),
  fc.record({
    do: fc.constant('approve' as const),
    by: fc.constantFrom<Person>('starter', 'other'),
    kind: fc.constantFrom('second-person' as const, 'break-glass' as const),
  }),
  fc.constant({ do: 'edit' as const }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2 * approvalMs }) }),
  fc.record({ do: fc.constant('step' as const), event: fc.constantFrom<StepEvent>(...stepEvents) }),
  fc.record({
    do: fc.constant('run' as const),
    event: fc.constantFrom<RunEvent>(...new Set(runTransitions.map((t) => t.event))),
  }),
)

function live(happenings: Happening[], twoPersons: boolean) {
  let now = 0
  let digest = 0
  let step: StepState = 'pending'
  let run: RunState = 'preparing'
  const approvals: Approval[] = []
  const acted: { approval: Approval | undefined; at: number; digest: number }[] = []
  const person = (id: Person) => ({ id, name: id })
  const rule = { twoPersons, startedBy: person('starter') }
  for (const h of happenings) {
    if (h.do === 'wait') now += h.ms
    else if (h.do === 'edit') digest += 1
    else if (h.do === 'run') run = nextRun(run, h.event)?.to ?? run
    else if (h.do === 'ask') {
      const covers = [{ stepId: 'fail-over', digest: String(digest) }]
      approvals.push({
        state: 'open',
        covers,
        requestedAt: now,
        expiresAt: now + approvalMs,
        usedAt: null,
        decidedBy: null,
        kind: null,
      } as unknown as Approval)
    } else if (h.do === 'approve') {
      const open = approvals.findLast((a) => a.state === 'open')
      if (open) Object.assign(open, { state: 'approved', decidedBy: person(h.by), kind: h.kind })
    } else {
      const row = nextStep(step, h.event)
      if (!row) continue
      if (row.to === 'acting') {
        const approval = approvals.find((a) =>
          approvalCovers(rule, a, { stepId: 'fail-over', digest: String(digest) }, now),
        )
        if (run !== 'running' || !approval) continue
        acted.push({ approval: { ...approval }, at: now, digest })
        approval.usedAt ??= now
      }
      step = row.to
    }
  }
  return { acted, step, run }
}

describe('one person', () => {
  test('cannot change production alone, whatever the order of things, but by break-glass', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), (happenings) => {
        for (const { approval, at, digest } of live(happenings, true).acted) {
          expect(approval?.decidedBy).toBeTruthy()
          expect(approval?.decidedBy?.id === 'starter' && approval.kind !== 'break-glass').toBe(false)
          expect(approval?.usedAt !== null || (approval?.expiresAt ?? 0) > at).toBe(true)
          expect(approval?.covers[0]?.digest).toBe(String(digest))
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('may where the environment asks for one person only, so that the rule is not vacuous', () => {
    const alone: Happening[] = [
      { do: 'run', event: 'ready' },
      { do: 'step', event: 'begin' },
      { do: 'ask' },
      { do: 'approve', by: 'starter', kind: 'second-person' },
      { do: 'step', event: 'act' },
    ]
    expect(live(alone, false).acted).toHaveLength(1)
    expect(live(alone, true).acted).toHaveLength(0)
  })
})

test('a step in the middle of an effect is not a safe point', () => {
  expect(stepStates.filter(stepIsBusy)).toEqual(['acting', 'unknown', 'verifying', 'undoing'])
})
