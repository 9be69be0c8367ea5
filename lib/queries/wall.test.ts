import { afterEach, expect, it, vi } from 'vitest'
import { QueryError } from './cluster'
import { isShut, silentMs, tokenIn, type WallAnswer } from './wall'

afterEach(() => void vi.useRealTimers())

function heard(): WallAnswer {
  return { heard: { date: Date.now(), ticks: performance.now() } } as WallAnswer
}

it('time since the last answer counts on when the clock of the room is set back, and over a sleep', () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout'] })
  const answer = heard()
  vi.advanceTimersByTime(5000)
  vi.setSystemTime(Date.now() - 3_600_000)
  expect(silentMs(answer)).toBe(5000)
  // Asleep, only the calendar goes on.
  vi.setSystemTime(Number(answer.heard?.date) + 60_000)
  expect(silentMs(answer)).toBe(60_000)
})

it('is shut out by a refusal only: a server that fails leaves what was seen on the wall', () => {
  expect([401, 403, 500, 503].map((status) => isShut(new QueryError('', status)))).toEqual([true, false, false, false])
  expect([isShut(new Error('network')), isShut(null)]).toEqual([false, false])
})

it('the token of a link is read from the fragment, and from the query of links that were made before', () => {
  expect(tokenIn('https://warroom.example/wall#link=abc-_1')).toBe('abc-_1')
  expect(tokenIn('https://warroom.example/wall?link=old')).toBe('old')
  expect(tokenIn('https://warroom.example/wall#top')).toBeNull()
})
