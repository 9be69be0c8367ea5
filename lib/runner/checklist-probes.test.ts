/* What the ten items find, with a database that lost rows, a run that wrote nothing down, and a cloud that does not answer. */
import { describe, expect, it } from 'vitest'
import type { Survey } from '../domain/cluster/survey'
import { type Baseline, sampledTables, withGoodSample } from '../domain/run/baseline'
import { PortError } from '../ports/port-error'
import { type ProbeContext, type ProbedIncident, probeItem } from './checklist-probes'

const start = Date.UTC(2026, 5, 1, 3)
const survey = (rows: number, more: Partial<Survey> = {}): Survey => ({
  at: start,
  standby: false,
  tables: [
    { table: 'bookings', rows, upTo: '100', within: Math.min(rows, 100), checksum: `sum of ${Math.min(rows, 100)}` },
  ],
  sequences: [{ name: 'bookings_id_seq', table: 'bookings', column: 'id', last: '200', greatest: '100' }],
  slots: [],
  unlogged: [],
  extensions: [],
  invalidIndexes: [],
  collationDrift: [],
  prepared: [],
  indexes: { checked: 1, broken: [] },
  gaps: [],
  ...more,
})
const baseline = (counted: Survey | null): Baseline => ({
  takenAt: start,
  from: { nodeId: 'writer', role: 'writer' },
  survey: counted,
  slots: null,
  nodes: [],
  losses: [],
  cluster: {
    status: 'available',
    engineVersion: '15',
    writerId: 'writer',
    securityGroupIds: [],
    backupRetentionDays: 7,
    instances: [
      {
        id: 'writer',
        status: 'available',
        zone: 'a',
        instanceClass: 'c',
        promotionTier: 1,
        securityGroupIds: ['sg-app', 'sg-ops'],
      },
    ],
  },
  deployments: [],
  gaps: [],
})
const cluster = {
  engine: 'postgres',
  tags: {},
  writerEndpoint: { host: 'w', port: 1 },
  members: [{ id: 'reader', isWriter: true, promotionTier: 1 }],
  securityGroupIds: [],
}
const asked: object[] = []

function context(now: Survey | Error, groups: string[] = ['sg-app', 'sg-ops']): ProbeContext {
  return {
    environment: {
      kind: 'production',
      aws: { clusterId: 'c', region: 'r', crossRegionReplicaId: null, quarantineSecurityGroupId: 'sg-quarantine' },
      database: { criticalTables: ['bookings'] },
      kubernetes: null,
    },
    now: () => start,
    wait: async () => {},
    ports: {
      fleet: {
        guarded: async () => {
          if (now instanceof Error) throw now
          const instance = { id: 'reader', region: 'r', securityGroupIds: groups, certificateValidTill: null }
          return { cluster, instances: [instance] }
        },
      },
      database: {
        survey: async (_address: unknown, request: object) => {
          asked.push(request)
          return now
        },
      },
      workloads: null,
      poolers: [],
      metrics: null,
      snapshot: () => null,
    },
  } as unknown as ProbeContext
}
const incident = (before: Baseline | null): ProbedIncident => ({ impactStartedAt: start, baseline: before })
const integrity = (now: Survey | Error, before: Baseline | null) =>
  probeItem('data-integrity', context(now), incident(before))

describe('data integrity', () => {
  it('holds when the same range has the same rows, and asks for exactly that range', async () => {
    expect(await integrity(survey(120), baseline(survey(100)))).toMatchObject({ state: 'pass' })
    expect(asked.at(-1)).toMatchObject({ upTo: { bookings: '100' }, tables: ['bookings'], indexes: true })
  })

  it('fails when rows are gone, keys would be given out twice, or an index is invalid or damaged', async () => {
    const lost = await integrity(survey(97), baseline(survey(100)))
    expect(lost).toMatchObject({ state: 'fail', says: expect.stringContaining('3 rows fewer') })
    const behind = { ...survey(100).sequences[0], last: '99' } as Survey['sequences'][number]
    for (const more of [
      { sequences: [behind] },
      { invalidIndexes: ['bookings_key'] },
      { indexes: { checked: 1, broken: ['bookings_pkey'] } },
    ])
      expect((await integrity(survey(100, more), baseline(survey(100)))).state).toBe('fail')
  })

  it('is unprovable without a baseline, with a baseline that could not count, and for contents that changed', async () => {
    expect(await integrity(survey(100), null)).toMatchObject({
      state: 'unknown',
      says: expect.stringContaining('Not verifiable: no run of this incident'),
    })
    expect((await integrity(survey(100), baseline(null))).says).toContain('nothing could be counted')
    // Nothing to compare with: the tables are not scanned for it.
    expect(asked.at(-1)).toMatchObject({ tables: [] })
    const changed = survey(100)
    if (changed.tables[0]) changed.tables[0].checksum = 'another'
    expect((await integrity(changed, baseline(survey(100)))).state).toBe('unknown')
  })

  it('compares a table that was dropped before anything was counted with the copy from before that', async () => {
    const counted = survey(100).tables
    const missing = survey(0, { tables: [], gaps: [{ what: 'bookings', why: 'the table does not exist.' }] })
    const without = baseline(missing)
    expect(await integrity(survey(100), without)).toMatchObject({ state: 'unknown' })
    const before = withGoodSample(without, { copy: 'the-copy', tables: counted })
    expect(await integrity(survey(120), before)).toMatchObject({
      state: 'pass',
      request: expect.stringContaining('bookings against the-copy, a validated copy from before the damage'),
    })
    // What did not come back is told, and a table that is still missing cannot pass.
    expect(await integrity(survey(97), before)).toMatchObject({
      state: 'fail',
      says: expect.stringContaining('3 rows fewer'),
    })
    expect(await integrity(missing, before)).toMatchObject({ state: 'unknown' })
  })

  it('does not pass rows that were deleted before anything was counted, unless they came back', async () => {
    const damaged = baseline(survey(40))
    expect(await integrity(survey(40), damaged)).toMatchObject({ state: 'pass' })
    const before = withGoodSample(damaged, { copy: 'the-copy', tables: survey(100).tables })
    expect(await integrity(survey(40), before)).toMatchObject({ state: 'fail' })
    expect(await integrity(survey(100), before)).toMatchObject({ state: 'pass' })
  })

  it('is not known while the cloud does not say where the database is', async () => {
    const away = new PortError('unreachable', 'RDS cannot be reached.', { outcome: 'rejected', probe: 'unreachable' })
    expect(await integrity(away, null)).toMatchObject({ state: 'unknown', says: expect.stringContaining('RDS') })
  })
})

describe('the tables of which a copy tells more than its source', () => {
  it('are critical ones that people call damaged, and those that could not be counted', () => {
    const source = { tables: survey(1).tables }
    const critical = ['bookings', 'audit_logs']
    expect(sampledTables(critical, [], source)).toEqual(['audit_logs'])
    expect(sampledTables(critical, ['public.bookings', 'other'], source)).toEqual(critical)
    expect(sampledTables(critical, [], null)).toEqual([])
    expect(withGoodSample(null, { copy: 'c', tables: source.tables })).toBeNull()
  })
})

describe('security groups', () => {
  const groups = async (now: string[], before: Baseline | null) =>
    (await probeItem('security-groups', context(survey(1), now), incident(before))).says
  it('are those of the writer before, and never the quarantine', async () => {
    expect(await groups(['sg-ops', 'sg-app'], baseline(null))).toContain('of the writer before')
    expect(await groups(['sg-app'], baseline(null))).toContain('sg-ops of the writer before is missing')
    expect(await groups(['sg-app', 'sg-ops', 'sg-x'], baseline(null))).toContain('sg-x was not on the writer before')
    expect(await groups(['sg-quarantine'], null)).toContain('quarantine group.')
  })
})

describe('performance', () => {
  const now = start + 90 * 60_000
  const week = 7 * 24 * 60 * 60_000
  /** The application takes `beforeMs` in the hour before the impact and `weekMs` a week ago, and 100 ms now. */
  const said = async (beforeMs: number | null, weekMs: number | null) => {
    const metrics = {
      application: async (at: number) => ({
        errorRatio: 0,
        p95Ms: at < now - week + 3_600_000 ? weekMs : at < start ? beforeMs : 100,
      }),
    }
    const context = { ports: { metrics }, environment: { kind: 'production' }, now: () => now, cutOver: null }
    return await probeItem('performance', context as unknown as ProbeContext, incident(null))
  }

  it('is compared with the same hour a week before, and says so', async () => {
    expect(await said(10, 90)).toMatchObject({
      state: 'pass',
      says: '0.00 % errors, 95th percentile 100 ms; 90 ms at the same hour a week before. Steady for 10 min.',
    })
    expect(await said(90, 10)).toMatchObject({
      state: 'fail',
      says: 'The 95th percentile is 100 ms; it was 10 ms at the same hour a week before.',
    })
  })

  it('is compared with the hour before the impact where nothing is known of the week before, and says so', async () => {
    expect((await said(90, null)).says).toContain('90 ms in the hour before the impact')
    expect((await said(null, null)).says).toContain('The baseline is unknown')
  })
})

describe('after a cutover', () => {
  const copied = (more: { beat: number; led: string[]; readers: number; names?: string[] }): ProbeContext => {
    const plain = context(survey(100))
    const address = { host: 'w', port: 1 }
    const instances = [{ id: 'reader', region: 'r', securityGroupIds: [], certificateValidTill: null, address }].concat(
      Array.from({ length: more.readers }, (_, i) => ({
        ...{ id: `new-${i}`, region: 'r', securityGroupIds: [], certificateValidTill: null },
        address: { host: `n${i}`, port: 1 },
      })),
    )
    const probe = (_name: string, { host }: { host: string }) => ({
      heartbeat: async () => ({ seq: 7, at: start }),
      position: async () => ({
        ...{ standby: host !== 'w', readOnly: false, timeline: 2, beat: { seq: more.beat, at: start } },
        receiver: host === 'w' ? null : { status: 'streaming', timeline: 2 },
      }),
      replication: async () => [],
      slots: async () => [],
      close: async () => {},
    })
    const read = { observedAt: start, everyMs: 30_000, error: null, failingSince: null }
    const answer = { kind: 'answer', alias: null, addresses: more.names ?? [], ttlSeconds: 1 }
    const name = {
      ...{ use: 'database', name: 'db.internal', agreedSince: start - 60_000 },
      answers: [{ kind: 'authoritative', address: '192.0.2.1', answer, error: null }],
    }
    return {
      ...plain,
      cutOver: true,
      ports: {
        ...plain.ports,
        fleet: { guarded: async () => ({ cluster, instances }) },
        database: { probe },
        resolve: async () => more.led,
        // The picture is of the database that was left: its node is far behind, and its endpoint answers as another.
        snapshot: () => ({
          nodes: [{ id: 'old', lag: { value: { known: true, seconds: 900 }, observedAt: start } }],
          writerId: 'old',
          network: { ...read, value: { answersAs: 'old' } },
          names: { ...read, value: more.names ? [name] : [] },
        }),
      },
    } as unknown as ProbeContext
  }
  const at = (key: 'dns' | 'replication', more: Parameters<typeof copied>[0], before: Baseline | null = null) =>
    probeItem(key, copied(more), incident(before))

  it('a write through the endpoint of the copy must be at its writer', async () => {
    expect(await at('dns', { beat: 7, led: ['192.0.2.7'], readers: 0 })).toMatchObject({ state: 'pass' })
    expect(await at('dns', { beat: 6, led: ['192.0.2.7'], readers: 0 })).toMatchObject({
      state: 'fail',
      says: expect.stringContaining('is not at reader'),
    })
  })

  it('the names of the database must resolve to the copy', async () => {
    const leads = { beat: 7, led: ['192.0.2.7'], readers: 0 }
    expect(await at('dns', { ...leads, names: ['192.0.2.7'] })).toMatchObject({ state: 'pass' })
    expect(await at('dns', { ...leads, names: ['192.0.2.1'] })).toMatchObject({
      state: 'fail',
      says: expect.stringContaining('db.internal does not resolve to w'),
    })
  })

  it('the lag of the database that was left does not count, and the copy needs as many readers', async () => {
    const had = baseline(survey(100))
    const [writer] = had.cluster?.instances ?? []
    if (had.cluster && writer) had.cluster.instances = [writer, { ...writer, id: 'one' }, { ...writer, id: 'two' }]
    const fewer = await at('replication', { beat: 7, led: [], readers: 1 }, had)
    expect(fewer).toMatchObject({ state: 'fail', says: expect.stringContaining('1 of the 2 readers') })
    expect(fewer.says).not.toContain('900 s behind')
    const all = await at('replication', { beat: 7, led: [], readers: 2 }, had)
    expect(all.says).not.toContain('readers of the database before')
    expect(all.says).not.toContain('900 s behind')
  })
})
