import { expect, it } from 'vitest'
import { absoluteLimitMs, idleLimitMs, type SessionTimes, sessionState } from './session-rules'

const start = Date.UTC(2026, 0, 1)
const times = (over: Partial<SessionTimes> = {}): SessionTimes => ({
  lastSeenAt: start,
  expiresAt: start + absoluteLimitMs,
  revokedAt: null,
  accountDisabledAt: null,
  mustChoosePassword: false,
  ...over,
})

it('stands until its person was idle for 12 hours', () => {
  expect(sessionState(times(), start + idleLimitMs - 1)).toBe('live')
  expect(sessionState(times(), start + idleLimitMs)).toBe('idle')
})
it('ends after 7 days however active its person is', () => {
  const end = start + 7 * 24 * 3_600_000
  expect(sessionState(times({ lastSeenAt: end - 1 }), end - 1)).toBe('live')
  expect(sessionState(times({ lastSeenAt: end - 1 }), end)).toBe('expired')
})
it('is good for choosing a password only, while one must be chosen', () => {
  expect(sessionState(times({ mustChoosePassword: true }), start)).toBe('limited')
  expect(sessionState(times({ mustChoosePassword: true, revokedAt: start }), start)).toBe('revoked')
})
it('ends at once when it is revoked or its account disabled', () => {
  expect(sessionState(times({ revokedAt: start }), start)).toBe('revoked')
  expect(sessionState(times({ accountDisabledAt: start }), start)).toBe('disabled')
})
