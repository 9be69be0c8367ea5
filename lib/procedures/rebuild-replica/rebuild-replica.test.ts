// A replica in the home region, without a database: what is sent, what is never touched, and when it has caught up.
import { describe, expect, test } from 'vitest'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import { everything } from '../testing/surroundings'
import type { RebuildFacts } from './facts'
import { rebuildReplica } from './index'
import { rebuildInputs } from './inputs'
import { lookAtBoth } from './look'
import { catchUp, createReplica, replicaName } from './replica'
import { watchWayHome } from './watch-way-home'

const runId = '20261129t1200z-0a1b2c'
const source = 'us-east-1/castmatch-xregion-replica'
const ctx = (facts: RebuildFacts = {}): StepContext<{ source: string; instanceClass: string }, RebuildFacts> => ({
  ...{ runId, mode: 'real', startedAt: 0, facts, inputs: { source, instanceClass: '' } },
})
const name = replicaName(ctx(), everything)

interface Case {
  source?: { replicaSourceId?: string | null; backupRetentionDays?: number; status?: string; standby?: boolean }
  replica?: {
    tags?: Record<string, string>
    status?: string
    replicaSourceId?: string | null
    standby?: boolean
  } | null
  lag?: { flush?: bigint; replay?: bigint; streaming?: boolean; timeline?: number; systemId?: string }
}
const instance = (id: string, more: object) => ({
  id,
  status: 'available',
  address: { host: id, port: 5432 },
  zone: 'a',
  instanceClass: 'db.r6g.2xlarge',
  multiAz: false,
  securityGroupIds: ['sg-1'],
  replicaSourceId: null,
  backupRetentionDays: 7,
  tags: {},
  ...more,
})
function worldOf(c: Case): World {
  const { lag = {} } = c
  return {
    environment: everything,
    pace: 1,
    now: () => 9_000,
    fleet: {
      async instance(asked: string, region: string) {
        if (region === 'us-east-1' && asked === 'castmatch-xregion-replica') return instance(source, c.source ?? {})
        if (asked === name && c.replica)
          return instance(name, { tags: { 'dr-run': runId }, replicaSourceId: source, ...c.replica })
        throw new PortError('missing', 'There is none.', { outcome: 'rejected', probe: 'api' })
      },
      restorable: async () => ({
        arn: 'arn:aws:rds:us-west-2:123456789012:cluster:castmatch-prod-cluster',
        instances: [{ id: 'castmatch-prod-primary', parameterGroup: 'pg15' }, { id: 'castmatch-prod-replica-1' }],
        tags: { service: 'castmatch', 'dr-run': 'another', 'aws:x': 'y' },
        attributes: {
          subnetGroup: 'subnets',
          securityGroupIds: ['sg-db', 'sg-1'],
          kmsKeyId: 'arn:aws:kms:us-west-2:1:key/1',
          encrypted: true,
        },
      }),
    },
    ask: async ({ host }: { host: string }) =>
      host === source
        ? { standby: c.source?.standby ?? false, timeline: 2, systemId: 'A', flushLsn: lag.flush ?? 5_000_000n }
        : {
            ...{ standby: c.replica?.standby ?? true, timeline: lag.timeline ?? 2, systemId: lag.systemId ?? 'A' },
            ...{ replayLsn: lag.replay ?? 5_000_000n, readOnly: false },
            receiver: { status: lag.streaming === false ? 'stopped' : 'streaming' },
          },
  } as unknown as World
}
const node = (id: string) => ({
  ...{ id, host: id, port: 5432, zone: 'a', instanceClass: 'db.r6g.2xlarge', timeline: 2, lsn: null },
  ...{ multiAz: false, securityGroupIds: [] },
})
const streaming: RebuildFacts = { source: node(source), replica: node(name) }

describe('the call', () => {
  test('is made of the promoted database, with what the database at home has, under a name of the run', async () => {
    const seen = await lookAtBoth.verify(worldOf({}), ctx(), 0)
    expect(seen.state).toBe('proved')
    expect(seen.facts?.kept).toEqual(['castmatch-prod-primary', 'castmatch-prod-replica-1'])
    expect(name).toBe(`castmatch-prod-cluster-${runId}`)
    expect(createReplica.call?.(ctx(seen.facts), everything)).toEqual({
      kind: 'aws',
      service: 'rds',
      operation: 'CreateDBInstanceReadReplica',
      region: 'us-west-2',
      input: {
        DBInstanceIdentifier: name,
        SourceDBInstanceIdentifier: 'arn:aws:rds:us-east-1:123456789012:db:castmatch-xregion-replica',
        DBInstanceClass: 'db.r6g.2xlarge',
        DBSubnetGroupName: 'subnets',
        DBParameterGroupName: 'pg15',
        // The quarantine group of the old writer is not taken.
        VpcSecurityGroupIds: ['sg-db'],
        KmsKeyId: 'arn:aws:kms:us-west-2:1:key/1',
        MultiAZ: false,
        PubliclyAccessible: false,
        CopyTagsToSnapshot: true,
        Tags: [
          { Key: 'service', Value: 'castmatch' },
          { Key: 'dr-run', Value: runId },
        ],
      },
    })
  })
  test('is the only effect, and a second person approves it', async () => {
    expect(rebuildReplica.steps(everything).map(({ id, effect }) => [id, effect])).toEqual([
      ['look-at-both-regions', 'READ'],
      ['approve-replica', 'READ'],
      ['create-replica', 'SAFE'],
      ['catch-up', 'READ'],
      ['close-rebuild', 'READ'],
    ])
    const asked = await rebuildReplica.ask(worldOf({}), ctx({ source: node(source), kept: [] }), 'approve-replica')
    expect([asked.covers, asked.typeToConfirm]).toEqual([['create-replica'], name])
    expect(rebuildReplica.outgrown(asked.bound, { ...asked.bound, timeline: 3 })).toMatch(/another timeline/)
  })
  test.each<[string, Case, string]>([
    ['a replica', { source: { replicaSourceId: 'castmatch-prod-primary' } }, 'failed'],
    ['a database without backups', { source: { backupRetentionDays: 0 } }, 'failed'],
    ['a standby', { source: { standby: true } }, 'failed'],
    ['a name that somebody else has', { replica: { tags: {} } }, 'failed'],
    ['a database that is still changed', { source: { status: 'modifying' } }, 'not-yet'],
  ])('is not made for %s', async (_name, c, state) => {
    expect((await lookAtBoth.verify(worldOf(c), ctx(), 0)).state).toBe(state)
  })
})

describe('what stands under the name', () => {
  test.each<[string, Case['replica'], string]>([
    ['nothing', null, 'not-started'],
    ['the run’s own replica, being made', { status: 'creating' }, 'in-flight'],
    ['the run’s own replica', {}, 'done'],
    ['somebody else’s instance', { tags: { 'dr-run': 'another' } }, 'conflict'],
  ])('%s', async (_name, replica, state) => {
    expect((await createReplica.observe?.(worldOf({ replica }), ctx()))?.state).toBe(state)
  })
  test.each<[string, Case['replica'], string]>([
    ['a replica of it', {}, 'proved'],
    ['one that is being made', { status: 'creating' }, 'not-yet'],
    ['one that failed', { status: 'failed' }, 'failed'],
    ['a replica of another database', { replicaSourceId: 'other' }, 'failed'],
    ['a database of its own', { replicaSourceId: null }, 'failed'],
    ['one that takes writes', { standby: false }, 'failed'],
  ])('is proved only by %s: %s', async (_name, replica, state) => {
    expect((await createReplica.verify(worldOf({ replica }), ctx(), 0)).state).toBe(state)
  })
})

describe('the replica has caught up', () => {
  test.each<[string, Case, string]>([
    ['when it streams and is level', { replica: {} }, 'proved'],
    ['not while it is 2 MB behind', { replica: {}, lag: { replay: 3_000_000n } }, 'not-yet'],
    ['not while it does not stream', { replica: {}, lag: { streaming: false } }, 'not-yet'],
    ['not on another timeline', { replica: {}, lag: { timeline: 1 } }, 'not-yet'],
    ['never with another database', { replica: {}, lag: { systemId: 'B' } }, 'failed'],
    ['never when it takes writes', { replica: { standby: false } }, 'failed'],
  ])('%s', async (_name, c, state) => {
    expect((await catchUp.verify(worldOf(c), ctx(streaming), 0)).state).toBe(state)
  })
})

test('a database at home, or none, has no way back', () => {
  expect(rebuildInputs.safeParse({ source: 'castmatch-prod-replica-1' }).success).toBe(false)
  expect(rebuildInputs.safeParse({ source: '' }).success).toBe(false)
})

test.each<[string, Case['replica'], boolean]>([
  ['while it is a replica', {}, false],
  ['once it is a database of its own', { replicaSourceId: null, standby: false }, true],
  ['while only RDS says so', { replicaSourceId: null }, false],
])('the item about the way home is met %s: %s', async (_name, replica, met) => {
  const facts: RebuildFacts = {
    ...streaming,
    obligations: [{ id: 'fail-back', title: 'Switch over', why: '', state: 'open' }],
  }
  const sight = await watchWayHome.look(worldOf({ replica }), { ...ctx(facts), refused: null })
  expect(sight.news(facts)?.facts.obligations?.[0]?.state).toBe(met ? 'met' : undefined)
})
