import { expect, test } from 'vitest'
import { isPausedByOthers, pausedWords } from './pooler'
import type { PoolView } from './types'

const pool: PoolView = {
  present: true,
  clientsActive: 0,
  clientsWaiting: 204,
  serversActive: 0,
  serversIdle: 0,
  serversLimit: 20,
  maxWaitSeconds: 12,
  paused: true,
  pausedAll: true,
}

test('a paused pool says what is paused and who waits', () => {
  expect(pausedWords(pool)).toBe('PgBouncer is paused (all databases). 204 clients are waiting.')
  expect(pausedWords({ ...pool, pausedAll: false, clientsWaiting: 1 })).toBe(
    'PgBouncer is paused. 1 client is waiting.',
  )
})

test.each([
  [{}, false, true],
  // A run pauses its own database alone.
  [{}, true, true],
  [{ pausedAll: false }, false, true],
  [{ pausedAll: false }, true, false],
  [{ clientsWaiting: 0 }, false, false],
  [{ paused: false, pausedAll: false }, false, false],
] as const)('with %o, and a run that holds traffic: %s, people are told: %s', (change, heldByRun, told) => {
  expect(isPausedByOthers({ ...pool, ...change }, heldByRun)).toBe(told)
})
