import { describe, expect, test } from 'vitest'
import type { NameAnswer, NameView, ResolverAnswer } from '../names/types'
import { placeOf, regionOfHost, type TrafficAnswer, type TrafficSource, trafficOf } from './traffic'
import type { NodeView, Reading } from './types'

const reading = <T>(value: T | null, error: string | null = null): Reading<T> => ({
  ...{ value, error, observedAt: 1_000, everyMs: 1_000, failingSince: error === null ? null : 1_000 },
})
const node = (
  id: string,
  region: string,
  host: string,
  application: number | null,
  error: string | null = null,
): NodeView => ({
  ...{ id, region, role: 'reader', state: 'ok', stateDetail: 'OK', zone: `${region}a`, address: { host, port: 5432 } },
  ...{ rdsStatus: reading('available'), instanceClass: null, version: null, position: reading<never>(null) },
  connections: reading({ used: 9, limit: 100, application }, error),
  ...{ lag: reading<never>(null), stream: { alive: null, since: null }, lastBeatAt: null },
})
const home = node('primary', 'us-west-2', '10.0.1.5', 7)
const elsewhere = node('us-east-1/replica', 'us-east-1', '10.9.1.5', 0)

const answer = (alias: string | null, addresses: string[], ttlSeconds = 30): NameAnswer => ({
  ...{ kind: 'answer', alias, addresses, ttlSeconds },
})
const says = (answer: NameAnswer | null, error: string | null = null): ResolverAnswer => ({
  ...{ kind: 'public', address: '198.51.100.1', answer, error },
})
const source = (more: Partial<TrafficSource> = {}): TrafficSource => ({
  environment: { name: 'p', kind: 'production', region: 'us-west-2', drRegion: 'us-east-1', cluster: 'c' },
  names: reading<NameView[]>([]),
  nodes: [home, elsewhere],
  poolers: [],
  workload: reading<never>(null),
  network: reading({ endpoint: 'db.example', resolvesTo: '10.0.1.5', answersAs: 'primary', tlsExpiresAt: null }),
  writerId: 'primary',
  ...more,
})
const named = (answers: ResolverAnswer[]) =>
  trafficOf(source({ names: reading([{ use: 'api', name: 'api.example', answers, agreedSince: null }]) })).names[0]

describe('the region of a host', () => {
  test.each([
    ['of a node that has it', '10.9.1.5', 'us-east-1'],
    ['that is a label of its name', 'api.us-west-2.elb.amazonaws.com', 'us-west-2'],
    ['in capitals', 'DB.cluster-x.US-EAST-1.rds.amazonaws.com', 'us-east-1'],
    ['that is a part of a label only', 'us-west-2-replica.example', null],
    ['that names both', 'us-west-2.us-east-1.example', null],
    ['of another region', 'db.eu-west-1.rds.amazonaws.com', null],
    ['that tells nothing', '203.0.113.7', null],
  ])('%s', (_what, host, region) => {
    expect(regionOfHost(host, source())).toBe(region)
  })
})

describe('where a name resolves to', () => {
  const at = (alias: string | null, ...addresses: string[]) => says(answer(alias, addresses))
  const west = at('api.us-west-2.example', '203.0.113.1')
  const east = at('api.us-east-1.example', '203.0.113.2')
  const silent = says(null, '198.51.100.1 did not answer.')

  test.each<[string, ResolverAnswer[], ReturnType<typeof placeOf>]>([
    ['all resolvers agree', [west, west], { kind: 'one', region: 'us-west-2' }],
    ['one is silent and the others agree', [west, silent], { kind: 'one', region: 'us-west-2' }],
    ['they differ', [west, east], { kind: 'several', regions: ['us-west-2', 'us-east-1'] }],
    ['nobody answers', [silent, silent], { kind: 'unknown' }],
    ['nobody was asked', [], { kind: 'unknown' }],
    ['the address is of no known region', [at(null, '203.0.113.9')], { kind: 'unknown' }],
    ['one address is of no known region', [west, at(null, '203.0.113.9')], { kind: 'unknown' }],
    ['its addresses are of two regions', [at(null, '10.0.1.5', '10.9.1.5')], { kind: 'unknown' }],
    ['its address is a node', [at(null, '10.9.1.5')], { kind: 'one', region: 'us-east-1' }],
    ['it has no address', [says({ kind: 'no-address' }), says({ kind: 'no-such-name' })], { kind: 'none' }],
  ])('when %s', (_when, answers, place) => {
    const name = named(answers)
    expect(name && placeOf(name)).toEqual(place)
  })

  test('each resolver is named with what it answers, and for how long that may be kept', () => {
    expect(named([east, silent])?.answers).toEqual<TrafficAnswer[]>([
      {
        ...{ kind: 'public', address: '198.51.100.1', error: null, region: 'us-east-1', to: '203.0.113.2' },
        ...{ empty: false, ttlSeconds: 30 },
      },
      {
        ...{ kind: 'public', address: '198.51.100.1', error: '198.51.100.1 did not answer.', region: null, to: null },
        ...{ empty: false, ttlSeconds: null },
      },
    ])
  })
})

describe('where the application is', () => {
  test('its sessions are counted by region', () => {
    const second = node('replica-1', 'us-west-2', '10.0.1.6', 3)
    expect(trafficOf(source({ nodes: [home, second, elsewhere] })).sessions).toEqual([
      { region: 'us-west-2', count: 10 },
      { region: 'us-east-1', count: 0 },
    ])
  })

  test.each([
    ['a node of the region does not respond', node('replica-1', 'us-west-2', '10.0.1.6', 3, 'timeout')],
    ['its roles are not named', node('replica-1', 'us-west-2', '10.0.1.6', null)],
  ])('its sessions are unknown, and not none, when %s', (_when, second) => {
    expect(trafficOf(source({ nodes: [home, second] })).sessions).toEqual([{ region: 'us-west-2', count: null }])
  })

  const pool = {
    ...{ present: true, clientsActive: 4, clientsWaiting: 0, serversActive: 2, serversIdle: 3, serversLimit: 60 },
    ...{ maxWaitSeconds: 0, paused: false },
  }
  const pooler = (value: typeof pool & { serversAt?: string }, error: string | null = null) =>
    trafficOf(source({ poolers: [{ name: 'pgbouncer', ...reading(value, error) }] })).parts
  test('a pooler sends to the region of the writer', () => {
    expect(pooler(pool)).toEqual([{ name: 'pgbouncer', region: 'us-west-2', says: '5 servers' }])
  })
  test('where a pooler sends is unknown once the writer is in the other region', () => {
    const poolers = [{ name: 'pgbouncer', ...reading(pool, null) }]
    expect(trafficOf(source({ poolers, writerId: elsewhere.id })).parts[0]?.region).toBeNull()
  })
  test.each([
    ['has no server connection', { ...pool, serversActive: 0, serversIdle: 0 }, null, '0 servers'],
    ['is at a reader', { ...pool, serversAt: 'replica-1' }, null, 'servers at replica-1'],
    ['does not respond', pool, 'refused', 'not responding'],
  ])('where a pooler sends is unknown when it %s', (_when, value, error, words) => {
    expect(pooler(value, error)).toEqual([{ name: 'pgbouncer', region: null, says: words }])
  })

  const workload = {
    ...{ namespace: 'production', deployment: 'castmatch-api', replicas: 4, ready: 4, updated: 4 },
    ...{ rollout: 'complete' as const, rolloutDetail: 'complete', pods: [] },
  }
  test.each([
    ['the endpoint, by the node that answers there', 'db.example', '4 of 4 pods ready, database host in us-west-2'],
    ['a node', '10.9.1.5', '4 of 4 pods ready, database host in us-east-1'],
    ['unknown', 'pooler.example', '4 of 4 pods ready'],
    ['not set', null, '4 of 4 pods ready'],
  ])('the host of its database is %s', (_what, databaseHost, words) => {
    expect(trafficOf(source({ workload: reading({ ...workload, databaseHost }) })).parts).toEqual([
      { name: 'castmatch-api', region: 'us-west-2', says: words },
    ])
  })
  test('pods of the other region are shown in it, also while they are at rest', () => {
    const there = reading({ ...workload, replicas: 0, ready: 0, databaseHost: '10.9.1.5' })
    expect(trafficOf(source({ workloadElsewhere: there })).parts).toContainEqual({
      ...{ name: 'castmatch-api', region: 'us-east-1' },
      says: '0 of 0 pods ready, database host in us-east-1',
    })
  })
  test('pods that cannot be observed are nowhere', () => {
    const parts = trafficOf(source({ workload: reading({ ...workload, databaseHost: null }, 'timeout') })).parts
    expect(parts).toEqual([{ name: 'castmatch-api', region: null, says: 'pods not observed' }])
  })
})
