/** Item 10 looks at the names that are configured too: a resolver with an old answer fails it, and doubt does not pass. */
import { describe, expect, test } from 'vitest'
import type { Reading } from '../../domain/cluster/types'
import type { MovedName } from '../../domain/names/agreement'
import type { NameView } from '../../domain/names/types'
import { minutes } from '../../domain/units'
import { probeItem } from '../checklist-probes'
import type { ProbeContext } from './kit'

const now = Date.parse('2026-11-29T14:00:00Z')
const view = (more: Partial<NameView> = {}, ...addresses: (string | null)[]): NameView => ({
  use: 'database',
  name: 'db.castmatch.internal',
  agreedSince: now - minutes(1),
  answers: addresses.map((address, i) => ({
    kind: i === 0 ? 'authoritative' : 'cluster',
    address: `192.0.2.${i}`,
    answer: address === null ? null : { kind: 'answer', alias: null, addresses: [address], ttlSeconds: 10 },
    error: null,
  })),
  ...more,
})
const read = (value: NameView[] | null, more: Partial<Reading<NameView[]>> = {}): Reading<NameView[]> => ({
  value,
  observedAt: value && now,
  everyMs: 30_000,
  error: null,
  failingSince: null,
  ...more,
})

const item10 = (names: Reading<NameView[]>, answersAs = 'c', movedNames: MovedName[] | null = null) =>
  probeItem(
    'dns',
    {
      environment: {
        kind: 'production',
        aws: { clusterId: 'c', region: 'us-west-2', crossRegionReplicaId: null, quarantineSecurityGroupId: null },
        database: { criticalTables: [] },
        kubernetes: null,
      },
      now: () => now,
      wait: async () => {},
      ports: {
        fleet: {
          guarded: async () => ({
            cluster: null,
            instances: [
              {
                id: 'c',
                region: 'us-west-2',
                replicaSourceId: null,
                backupRetentionDays: 7,
                latestRestorableAt: now,
                securityGroupIds: [],
                address: { host: 'db.example', port: 5432 },
              },
            ],
          }),
        },
        snapshot: () => ({
          nodes: [],
          network: {
            value: { endpoint: 'db.example:5432', resolvesTo: '10.0.0.1', answersAs, tlsExpiresAt: null },
            observedAt: now,
            everyMs: 30_000,
          },
          names,
        }),
      },
    } as unknown as ProbeContext,
    { impactStartedAt: now, baseline: null, movedNames },
  )

test('names on which all resolvers agree pass, and are named', async () => {
  expect(await item10(read([view({}, '10.0.0.1', '10.0.0.1')]))).toMatchObject({
    state: 'pass',
    says: 'The endpoint answers as the writer, c. All 2 resolvers lead db.castmatch.internal to 10.0.0.1.',
  })
})

test('a resolver that keeps its old answer fails it, also while another is silent', async () => {
  const differs = view({ agreedSince: null }, '10.0.0.2', '10.0.0.1', null)
  expect(await item10(read([differs]))).toMatchObject({
    state: 'fail',
    says: expect.stringContaining('The resolvers differ on db.castmatch.internal'),
  })
})

test('what is not known does not pass', async () => {
  const silent = view({ agreedSince: null }, '10.0.0.1', null)
  expect(await item10(read([silent]))).toMatchObject({ state: 'unknown' })
  const fresh = view({ agreedSince: now - 8_000 }, '10.0.0.1', '10.0.0.1')
  expect(await item10(read([fresh]))).toMatchObject({ state: 'unknown', says: expect.stringContaining('have agreed') })
  expect(await item10(read(null))).toMatchObject({ state: 'unknown', says: 'The DNS names have not been read yet.' })
  const old = read([view({}, '10.0.0.1')], { observedAt: now - minutes(5) })
  expect(await item10(old)).toMatchObject({ state: 'unknown', says: 'The last look at the DNS names is too old.' })
})

test('a wrong endpoint fails it, whatever the names say', async () => {
  expect(await item10(read([view({ agreedSince: null }, null)]), 'c-old')).toMatchObject({ state: 'fail' })
})

test('where no names are configured, none are due', async () => {
  const none = read(null, { error: 'No DNS names are configured.' })
  expect(await item10(none)).toMatchObject({ state: 'pass', says: 'The endpoint answers as the writer, c.' })
})

describe('names that a run has moved', () => {
  const moved: MovedName[] = [
    {
      name: 'db.castmatch.internal',
      to: 'us-east-1',
      leads: { from: { names: [], addresses: ['10.0.0.1'] }, to: { names: [], addresses: ['10.1.0.1'] } },
    },
  ]

  test('pass by where they lead, whatever the endpoint of the cluster that was left answers', async () => {
    const there = read([view({}, '10.1.0.1', '10.1.0.1')])
    expect(await item10(there, 'c-old', moved)).toMatchObject({
      state: 'pass',
      says: 'All 2 resolvers lead db.castmatch.internal to 10.1.0.1.',
    })
  })

  test('fail where all resolvers agree on the place that was left', async () => {
    const back = read([view({}, '10.0.0.1', '10.0.0.1')])
    expect(await item10(back, 'c', moved)).toMatchObject({
      state: 'fail',
      says: 'db.castmatch.internal does not point to us-east-1 everywhere (192.0.2.0: 10.0.0.1; 192.0.2.1: 10.0.0.1).',
    })
  })

  test('are not proved by a look that is too old, or before all have agreed for long enough', async () => {
    const old = read([view({}, '10.1.0.1')], { observedAt: now - minutes(5) })
    expect(await item10(old, 'c', moved)).toMatchObject({ state: 'unknown' })
    const fresh = view({ agreedSince: now - 8_000 }, '10.1.0.1', '10.1.0.1')
    expect(await item10(read([fresh]), 'c', moved)).toMatchObject({ state: 'unknown' })
  })
})
