import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  combinePools,
  countInstances,
  isPausedByOthers,
  type PoolerSight,
  pausedWords,
  poolerTrouble,
  serversElsewhere,
} from './pooler'
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

describe('how many processes answered', () => {
  test.each<[string, string[][], number]>([
    ['one session', [['a']], 1],
    [
      'sessions that see each other',
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      1,
    ],
    // The first was asked before the second had come.
    ['a session that came later', [['a'], ['a', 'b']], 1],
    ['two sessions at two processes', [['a'], ['b']], 2],
    ['three at two', [['a', 'c'], ['b'], ['a', 'c']], 2],
    // The third shows that the first two, which had not seen each other, are at one.
    ['sessions joined by a third', [['a'], ['b'], ['a', 'b', 'c']], 1],
    ['a list without even our own session', [[], ['a']], 2],
  ])('%s', (_what, views, count) => {
    expect(countInstances(views)).toBe(count)
  })

  test('is the number that sessions are spread over, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1 }), (spread) => {
        const views = spread.map((process) =>
          spread.flatMap((other, i) => (other === process ? [`${process}-${i}`] : [])),
        )
        expect(countInstances(views)).toBe(new Set(spread).size)
      }),
    )
  })
})

describe('servers of a pooler', () => {
  const nodes = [
    { id: 'new', addresses: ['10.0.0.1'], port: 5432 },
    { id: 'old', addresses: ['10.0.0.2', 'fd00::2'], port: 5432 },
  ]
  const at = (address: string, port = 5432) => ({ address, port })
  test.each([
    ['at the old writer are named', at('10.0.0.2'), ['old']],
    ['at another of its addresses, too', at('fd00::2'), ['old']],
    ['at the new writer are right', at('10.0.0.1'), []],
    ['at an address that is no node’s are no evidence', at('10.0.0.9'), []],
    ['at another port are another server’s', at('10.0.0.2', 5433), []],
  ])('%s', (_what, server, found) => {
    expect(serversElsewhere([server], nodes, 'new').map(({ nodeId }) => nodeId)).toEqual(found)
  })

  test('at an address that two nodes have, one of them the writer, are no evidence', () => {
    const moving = nodes.map((node) => ({ ...node, addresses: ['10.0.0.2'] }))
    expect(serversElsewhere([at('10.0.0.2')], moving, 'new')).toEqual([])
  })
})

describe('several pools as one', () => {
  test('add up, are paused when one is, and as slow as the slowest', () => {
    const calm = { ...pool, paused: false, pausedAll: false, clientsWaiting: 1, maxWaitSeconds: 2, serversIdle: 3 }
    expect(combinePools([calm, pool])).toEqual({
      ...pool,
      clientsWaiting: 205,
      serversIdle: 3,
      serversLimit: 40,
      maxWaitSeconds: 12,
    })
    expect(combinePools([calm])).toEqual(calm)
  })
})

describe('what is wrong with the poolers', () => {
  const sight = (name: string, more: Partial<PoolerSight> = {}): PoolerSight => ({
    name,
    address: { host: name, port: 6432 },
    pool: { ...pool, paused: false, pausedAll: false, serversIdle: 2 },
    down: false,
    instances: 1,
    ...more,
  })
  const headline = (poolers: PoolerSight[], heldByRun = false) => poolerTrouble(poolers, heldByRun)?.headline ?? null

  test('is nothing while they serve, and while a run holds them', () => {
    const held = { ...pool, pausedAll: false }
    expect(headline([])).toBeNull()
    expect(headline([sight('a'), sight('b')])).toBeNull()
    expect(headline([sight('a', { pool: held }), sight('b', { pool: held })], true)).toBeNull()
    expect(headline([sight('a', { pool: null })])).toBeNull()
  })

  test('is an address that hides several, before all else', () => {
    expect(headline([sight('a', { pool }), sight('b', { instances: 2 })])).toBe(
      'Several PgBouncer processes answer at b:6432.',
    )
  })

  test('is one that somebody paused, by name where there are several', () => {
    expect(headline([sight('a'), sight('b', { pool })])).toMatch(/^PgBouncer b is paused/)
    expect(headline([sight('a', { pool })])).toMatch(/^PgBouncer is paused/)
  })

  test('is one of several that is down; that the only one is, the votes on the writer tell', () => {
    expect(headline([sight('a'), sight('b', { pool: null, down: true })])).toBe('PgBouncer b is down.')
    expect(headline([sight('a', { down: true }), sight('b', { down: true })])).toBe('PgBouncer a and b are down.')
    expect(headline([sight('a', { pool: null, down: true })])).toBeNull()
  })
})
