import { describe, expect, test } from 'vitest'
import type { Traffic, TrafficAnswer } from '../../domain/cluster/traffic'
import { presentAnswer, presentName, presentTraffic } from './traffic'

const at = (region: string | null): TrafficAnswer => ({
  ...{ kind: 'public', address: '198.51.100.1', error: null, region, to: '203.0.113.1', empty: false, ttlSeconds: 30 },
})
const silent: TrafficAnswer = { ...at(null), error: 'timeout', to: null, ttlSeconds: null }
const empty: TrafficAnswer = { ...at(null), empty: true, to: null, ttlSeconds: null }
const [west, east] = [at('us-west-2'), at('us-east-1')]
const traffic = (api: TrafficAnswer[], database: TrafficAnswer[], sessions: Traffic['sessions'] = []): Traffic => ({
  names: [
    { use: 'api', name: 'api.example', answers: api },
    { use: 'database', name: 'db.example', answers: database },
  ],
  sessions,
  parts: [],
})
const shown = (what: Traffic, down: string | null = null) =>
  presentTraffic(what, { home: 'us-west-2', down, error: null })

test('an answer of a region that is down is a problem, and a silent resolver is unknown', () => {
  expect(presentAnswer(west, null)).toEqual({ state: 'ok', word: 'us-west-2' })
  expect(presentAnswer(west, 'us-west-2')).toEqual({ state: 'problem', word: 'us-west-2' })
  expect(presentAnswer(east, 'us-west-2')).toEqual({ state: 'ok', word: 'us-east-1' })
  expect(presentAnswer(at(null), null)).toEqual({ state: 'unknown', word: 'REGION UNKNOWN' })
  expect(presentAnswer(silent, null)).toEqual({ state: 'unknown', word: 'NO ANSWER' })
  expect(presentAnswer(empty, null)).toEqual({ state: 'problem', word: 'NO ADDRESS' })
})

test('a name whose resolvers differ is in two regions', () => {
  expect(presentName({ answers: [west, east] }, null)).toEqual({ state: 'lagging', word: 'TWO REGIONS' })
})

describe('all traffic in one line', () => {
  test.each<[string, Traffic, string | null, { state: string; word: string; loud: boolean }]>([
    ['is quiet at home', traffic([west], [west]), null, { state: 'ok', word: 'us-west-2', loud: false }],
    [
      'is shown in full when it has moved',
      traffic([east], [east]),
      null,
      { state: 'ok', word: 'us-east-1', loud: true },
    ],
    [
      'is in two regions when two names are',
      traffic([west], [east]),
      null,
      { state: 'lagging', word: 'TWO REGIONS', loud: true },
    ],
    ['is unknown when one name is', traffic([west], [silent]), null, { state: 'unknown', word: 'UNKNOWN', loud: true }],
    [
      'is a problem at a region that is down',
      traffic([east], [west]),
      'us-west-2',
      { state: 'problem', word: 'DOWN REGION', loud: true },
    ],
    [
      'is a problem without an address',
      traffic([east], [empty]),
      null,
      { state: 'problem', word: 'NO ADDRESS', loud: true },
    ],
  ])('%s', (_what, what, down, expected) => {
    expect(shown(what, down)).toMatchObject(expected)
  })

  test('says where the names resolve to and where the sessions are', () => {
    const sessions = [
      { region: 'us-west-2', count: null },
      { region: 'us-east-1', count: 12 },
    ]
    expect(shown(traffic([west], [east], sessions)).says).toBe(
      'Names resolve to us-west-2 and us-east-1. Application sessions: unknown in us-west-2 and 12 in us-east-1.',
    )
    expect(shown(traffic([west], [silent])).says).toBe('Where db.example resolves to is unknown.')
    expect(shown(traffic([silent], [silent])).says).toBe('Where api.example and db.example resolve to is unknown.')
    expect(shown(traffic([west], [empty])).says).toBe('db.example has no address.')
  })

  test('says that no names are configured', () => {
    const none = { names: [], sessions: [], parts: [] }
    expect(presentTraffic(none, { home: 'us-west-2', down: null, error: 'No DNS names are configured.' })).toEqual({
      ...{ state: 'unknown', word: 'UNKNOWN', says: 'No DNS names are configured.', loud: false },
    })
  })
})
