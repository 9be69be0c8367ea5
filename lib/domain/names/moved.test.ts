import { describe, expect, test } from 'vitest'
import type { Obligation } from '../run/obligation'
import { judgeMoved, leadsBackOwed, type MovedLook, namesSeen, returnOwed } from './moved'
import type { ResolverAnswer } from './types'

const name = 'db.castmatch.internal'
const [old, young] = ['10.0.0.1', '10.1.0.1']
const now = 1_000_000
const says = (address: string | null, ttlSeconds = 5): ResolverAnswer['answer'] =>
  address === null ? null : { kind: 'answer', alias: null, addresses: [address], ttlSeconds }
const resolver = (kind: ResolverAnswer['kind'], at: string, answer: ResolverAnswer['answer']): ResolverAnswer => ({
  kind,
  address: at,
  answer,
  error: answer === null ? 'It did not respond in time (ETIMEOUT).' : null,
})
const server = (address: string | null) => resolver('authoritative', '192.0.2.1', says(address))
const cluster = (address: string | null, ttl?: number) => resolver('cluster', '192.0.2.2', says(address, ttl))
const look = (answers: ResolverAnswer[], more: Partial<MovedLook> = {}): MovedLook => ({
  name,
  to: 'us-east-1',
  leads: { from: { names: [], addresses: [old] }, to: { names: [], addresses: [young] } },
  ttlSeconds: 30,
  answers,
  sync: 'in-sync',
  movedAt: null,
  now,
  ...more,
})
const ids = (owed: Obligation[]) => owed.map(({ id }) => id)

describe('a name is moved', () => {
  test('when its name servers and every other resolver say so', () => {
    expect(judgeMoved(look([server(young), cluster(young)]))).toEqual({
      state: 'proved',
      says: `The name servers point ${name} to us-east-1. 1 of 1 independent resolver agrees. Route 53 reports the change as INSYNC.`,
      movedAt: now,
      where: 'to',
      owed: [],
    })
  })

  test('while Route 53 never reports INSYNC, which stays open', () => {
    const found = judgeMoved(look([server(young), cluster(young)], { sync: 'pending' }))
    expect([found.state, ids(found.owed)]).toEqual(['proved', [`name-${name}:sync`]])
    const lost = judgeMoved(look([server(young)], { sync: { unknown: 'Route 53 did not name the change.' } }))
    expect([lost.state, lost.owed[0]?.why]).toEqual(['proved', 'Route 53 did not name the change.'])
  })

  test('while a resolver keeps its old answer beyond the TTL, which is named and stays open', () => {
    const late = judgeMoved(look([server(young), cluster(old)], { movedAt: now - 31_000 }))
    expect([late.state, ids(late.owed)]).toEqual(['proved', [`name-${name}:resolver:192.0.2.2`]])
    expect(late.says).toContain('0 of 1 independent resolver agrees.')
    expect(late.owed[0]?.why).toBe('It answers 10.0.0.1 beyond the TTL of 30 s. Its clients still go there.')
  })

  test('while a resolver is silent beyond the TTL', () => {
    const silent = judgeMoved(look([server(young), cluster(null)], { movedAt: now - 31_000 }))
    expect([silent.state, silent.owed[0]?.why]).toEqual(['proved', 'It did not respond in time (ETIMEOUT).'])
  })

  test('by its name servers alone where no other resolver is configured, and says so', () => {
    expect(judgeMoved(look([server(young)])).says).toContain('No independent resolver is configured.')
  })
})

describe('a name is not moved yet', () => {
  test('while its name servers lead home, whatever the others say', () => {
    const found = judgeMoved(look([server(old), cluster(young)], { sync: 'pending' }))
    expect(found).toMatchObject({ state: 'not-yet', movedAt: null, where: 'from', owed: [] })
    expect(found.says).toContain('192.0.2.1 answers 10.0.0.1. Route 53 reports the change as PENDING.')
  })

  test('while one of its name servers leads elsewhere than the others', () => {
    const two = [server(young), resolver('authoritative', '192.0.2.9', says(old))]
    expect(judgeMoved(look(two))).toMatchObject({ state: 'not-yet', where: 'unknown' })
  })

  test('while none of its name servers responds', () => {
    expect(judgeMoved(look([server(null), cluster(young)]))).toMatchObject({ state: 'not-yet', where: 'unknown' })
    expect(judgeMoved(look([]))).toMatchObject({ state: 'not-yet' })
  })

  test('while a resolver may still keep its old answer, with the time that is left', () => {
    const found = judgeMoved(look([server(young), cluster(old, 7)], { movedAt: now - 10_000 }))
    expect(found).toMatchObject({ state: 'not-yet', movedAt: now - 10_000 })
    expect(found.says).toContain('The resolver 192.0.2.2 still answers 10.0.0.1, for 7 s more at most.')
    const longer = judgeMoved(look([server(young), cluster(old, 300)], { movedAt: now - 10_000 }))
    expect(longer.says).toContain('for 20 s more at most.')
  })
})

test('what is owed for a name is met when it is no longer so, and never for another name', () => {
  const late = judgeMoved(look([server(young), cluster(old)], { movedAt: 0, sync: 'pending' })).owed
  const other = judgeMoved(look([server(young)], { name: `x-${name}`, sync: 'pending' })).owed
  const back = returnOwed(name, 'us-west-2', 'us-east-1')
  const before = [...namesSeen([], name, late), ...other, back]
  expect(before.map(({ state }) => state)).toEqual(['open', 'open', 'open', 'open'])
  const after = namesSeen(before, name, [])
  expect(after.map(({ state }) => state)).toEqual(['met', 'met', 'open', 'open'])
  // Accepted by a person, it stays as it is.
  const accepted = before.map((one) => ({ ...one, state: 'accepted' as const }))
  expect(namesSeen(accepted, name, late)).toEqual(accepted)
  expect(ids([leadsBackOwed(name, 'us-west-2', 'us-east-1')])).toEqual([`name-${name}:back`])
})
