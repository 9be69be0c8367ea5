import { expect, test } from 'vitest'
import { nameVerdict, nameView } from './agreement'
import type { FollowedName, NameAnswer, NameView, ResolverAnswer } from './types'

const followed: FollowedName = { use: 'database', name: 'db.castmatch.internal', zone: 'private' }
const at = (address: string, ttlSeconds = 10): NameAnswer => ({
  kind: 'answer',
  alias: null,
  addresses: [address],
  ttlSeconds,
})
const says = (...answers: (NameAnswer | null)[]): ResolverAnswer[] =>
  answers.map((answer, i) => ({
    kind: i === 0 ? 'authoritative' : 'public',
    address: `192.0.2.${i}`,
    answer,
    error: answer === null ? 'The DNS resolver did not respond in time.' : null,
  }))
const look = (now: number, before: NameView | null, ...answers: (NameAnswer | null)[]) =>
  nameView(followed, says(...answers), before, now)
const [old, young] = [at('10.0.0.1'), at('10.0.0.2')]

test('a name passes when all resolvers have agreed for twice its TTL', () => {
  const first = look(1_000, null, old, old)
  expect(nameVerdict(first, 20_999)).toMatchObject({
    state: 'unknown',
    says: expect.stringContaining('All resolvers have agreed on db.castmatch.internal for'),
  })
  // A cache tells the rest of the TTL; the whole is the authoritative server's.
  const later = look(15_000, first, old, at('10.0.0.1', 3))
  expect(later.agreedSince).toBe(1_000)
  expect(nameVerdict(later, 21_000)).toEqual({
    state: 'pass',
    says: 'All 2 resolvers lead db.castmatch.internal to 10.0.0.1.',
  })
})

test('a resolver with an old answer fails it, and the time begins anew when it follows', () => {
  const first = look(0, null, old, old)
  const moved = look(60_000, first, young, old)
  expect(moved.agreedSince).toBeNull()
  expect(nameVerdict(moved, 60_000)).toEqual({
    state: 'fail',
    says: 'The resolvers differ on db.castmatch.internal (192.0.2.0: 10.0.0.2; 192.0.2.1: 10.0.0.1).',
  })
  const followed = look(70_000, moved, young, young)
  expect(followed.agreedSince).toBe(70_000)
  expect(look(80_000, first, young, young).agreedSince).toBe(80_000)
})

test('without an answer it is unknown, and is not taken for an agreement of the others', () => {
  const view = look(0, look(-60_000, null, old, old), old, null)
  expect(view.agreedSince).toBeNull()
  expect(nameVerdict(view, 60_000)).toEqual({
    state: 'unknown',
    says: 'Where db.castmatch.internal leads is unknown: no answer from 192.0.2.1.',
  })
  expect(nameVerdict(look(0, null), 0).state).toBe('unknown')
})

test('a name that leads nowhere fails, however many agree', () => {
  const nowhere = look(0, null, { kind: 'no-such-name' }, { kind: 'no-such-name' })
  expect(nameVerdict(nowhere, 60_000)).toEqual({ state: 'fail', says: 'db.castmatch.internal has no address.' })
  expect(nameVerdict(look(0, null, old, { kind: 'no-address' }), 0).state).toBe('fail')
})
