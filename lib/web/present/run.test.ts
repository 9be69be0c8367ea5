import { expect, test } from 'vitest'
import { presentFailed, stageTimes } from './run'

const step = (startedAt: number | null, finishedAt: number | null) => ({ startedAt, finishedAt })

test('steps at the same time take from the first beginning to the last end, and one by one the sum of what each takes', () => {
  expect(stageTimes([step(1_000, 5_000), step(1_000, 8_000), step(2_000, null)], 9_000)).toEqual({
    ...{ togetherMs: 8_000, oneByOneMs: 18_000 },
  })
})

test('a stage that has not begun has no times, and a step that has not begun adds none', () => {
  expect(stageTimes([step(null, null)], 9_000)).toBeNull()
  expect(stageTimes([step(1_000, 2_000), step(null, null)], 9_000)).toEqual({ togetherMs: 1_000, oneByOneMs: 1_000 })
})

test('a clock that is behind the beginning of a step makes no time less than nothing', () => {
  expect(stageTimes([step(5_000, null)], 4_000)).toEqual({ togetherMs: 0, oneByOneMs: 0 })
})

test('a failed step is a chip in the header of its run, also while others of its stage go on, and not when the run is over', () => {
  const steps = (...states: ('confirmed' | 'failed' | 'acting')[]) => states.map((state, index) => ({ state, index }))
  expect(presentFailed('needs-person', steps('confirmed', 'failed'))).toEqual({
    state: 'problem',
    word: 'STEP 2 FAILED',
  })
  expect(presentFailed('running', steps('failed', 'acting', 'failed'))?.word).toBe('STEPS 1, 3 FAILED')
  expect(presentFailed('running', steps('confirmed', 'acting'))).toBeNull()
  expect(presentFailed('stopped', steps('confirmed', 'failed'))).toBeNull()
})
