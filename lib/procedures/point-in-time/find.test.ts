// A search for the moment of damage, without a database: what it consists of, what one yes covers, and what it refuses to delete.
import { describe, expect, test } from 'vitest'
import { approvalAllows } from '../../domain/run/approval-rule'
import type { Approval } from '../../domain/run/run'
import { PortError } from '../../ports/port-error'
import type { World } from '../contract'
import { readFacts } from '../facts'
import { everything } from '../testing/surroundings'
import { outgrown } from './approval'
import type { Ctx } from './copy'
import { pointFacts } from './facts'
import { searchIn } from './find'
import { askSearch } from './find-approval'
import { pointInTime } from './index'
import { pointInputs, refuses } from './inputs'
import { probeSteps } from './probes'

const environment = {
  ...everything,
  aws: { ...everything.aws, recoverySecurityGroupId: 'sg-rec' },
  database: { ...everything.database, invariants: [{ name: 'owners exist', sql: 'SELECT 1' }] },
}
const minute = 60_000
const now = Date.parse('2026-11-29T04:00:00Z')
const inputs = (more: object = {}) =>
  pointInputs.parse({ goal: 'find', damageCheck: 'table-missing', checkTable: 'bookings', restores: 2, ...more })
const run = '20261129t0400z-0a1b2c'
const search = { fromAt: now - 64 * minute, fromProved: true, badAt: now, withinMs: minute }
const ctx = (more: object = {}): Ctx => ({
  runId: run,
  mode: 'real',
  startedAt: now,
  inputs: inputs(),
  facts: readFacts(pointFacts, {
    nameSuffix: run,
    source: {
      kind: 'cluster',
      id: environment.aws.clusterId,
      attributes: {
        engine: 'aurora-postgresql',
        engineVersion: '15.4',
        port: 5432,
        subnetGroup: null,
        parameterGroup: null,
        securityGroupIds: ['sg-app'],
        encrypted: true,
        kmsKeyId: null,
        storageType: null,
        iops: null,
        storageGiB: 1,
        iamAuthentication: false,
        logExports: [],
        deletionProtection: true,
        copyTagsToSnapshots: true,
        backupRetentionDays: 7,
        multiAz: false,
      },
      instances: [{ instanceClass: 'db.r6g.large', parameterGroup: null, promotionTier: 0, publiclyAccessible: false }],
      tags: {},
    },
    search,
    probes: [{ n: 1, at: now - 32 * minute, verdict: null, says: '', tookMs: null }],
    ...more,
  }).facts,
})
const copy = (n: number) => `${environment.aws.clusterId}-${run}${n > 1 ? `-${n}` : ''}`

describe('the steps', () => {
  const ids = (more: object) => pointInTime.steps(environment, inputs(more)).map(({ id }) => id)
  test('restore, ask and delete one copy after the other, and touch the source never', () => {
    expect(ids({ instanceCount: 1 })).toEqual([
      'choose-interval',
      'approve',
      ...[1, 2].flatMap((n) =>
        ['restore', 'instance', 'ask', 'delete-instance', 'delete'].map((what) => `probe-${n}-${what}`),
      ),
      'report-moment',
    ])
  })
  test('of an instance that stands alone are fewer: it restores itself', () => {
    expect(ids({ instanceCount: 0, restores: 1 })).toEqual([
      'choose-interval',
      'approve',
      'probe-1-restore',
      'probe-1-ask',
      'probe-1-delete',
      'report-moment',
    ])
  })
  test('restore to the moment that was chosen, and send nothing where no further answer is needed', () => {
    const [first] = probeSteps(environment, 1, true)
    expect(first?.call?.(ctx(), environment)).toMatchObject({
      operation: 'RestoreDBClusterToPointInTime',
      input: {
        DBClusterIdentifier: copy(1),
        RestoreToTime: new Date(now - 32 * minute).toISOString(),
        VpcSecurityGroupIds: ['sg-rec'],
        Tags: [{ Key: 'dr-run', Value: run }],
      },
    })
    const [second] = probeSteps(environment, 2, true)
    expect(second?.call?.(ctx(), environment)).toBeNull()
  })
})

describe('the removal of a copy', () => {
  const steps = probeSteps(environment, 1, true)
  const step = steps.at(-1)
  const worldOf = (found: { status: string; tags: Record<string, string> } | null) =>
    ({
      environment,
      now: () => now,
      fleet: {
        async restorable(id: string) {
          if (!found) throw new PortError('missing', 'There is none.', { outcome: 'rejected', probe: 'api' })
          return { id, kind: 'cluster', instances: [], ...found }
        },
      },
    }) as unknown as World
  const ours = { 'dr-run': run }

  test('is dangerous, and named before the copy exists', () => {
    expect(steps.filter(({ effect }) => effect === 'DANGEROUS').map(({ id }) => id)).toEqual([
      'probe-1-delete-instance',
      'probe-1-delete',
    ])
    expect(step?.call?.(ctx(), environment)).toMatchObject({
      operation: 'DeleteDBCluster',
      input: { DBClusterIdentifier: copy(1) },
    })
  })
  test('is sent for this run’s own copy alone', async () => {
    expect(await step?.observe?.(worldOf({ status: 'available', tags: ours }), ctx())).toMatchObject({
      state: 'not-started',
    })
    expect(await step?.guard?.(worldOf({ status: 'available', tags: ours }), ctx())).toBeNull()
    for (const tags of [{}, { 'dr-run': 'another run' }] as Record<string, string>[]) {
      expect(await step?.observe?.(worldOf({ status: 'available', tags }), ctx())).toMatchObject({ state: 'conflict' })
      expect(await step?.guard?.(worldOf({ status: 'available', tags }), ctx())).toContain('was not made by')
    }
  })
  test('is proved when RDS describes nothing under its name, and settles what was owed', async () => {
    const owed = { id: `delete-${copy(1)}`, title: 't', why: 'w', state: 'open' }
    expect(await step?.verify(worldOf({ status: 'deleting', tags: ours }), ctx(), 0)).toMatchObject({
      state: 'not-yet',
    })
    expect(await step?.verify(worldOf(null), ctx({ obligations: [owed] }), 0)).toMatchObject({
      state: 'proved',
      facts: { obligations: [{ ...owed, state: 'met' }] },
    })
  })
})

describe('the approval', () => {
  const world = { environment } as unknown as World
  test('names the check, the interval and every copy, and covers their removal', () => {
    const { covers, facts, bound, loss } = askSearch(world, ctx())
    expect(covers).toEqual(expect.arrayContaining(['probe-1-delete', 'probe-2-delete', 'probe-2-delete-instance']))
    expect(bound.copies).toEqual([copy(1), copy(2)])
    expect(facts.map(({ label }) => label)).toEqual(expect.arrayContaining(['Check', 'Temporary copies', 'Deletion']))
    expect(loss).toBeNull()
  })
  test('falls when check, interval or names change, and is none of a restore', () => {
    const { bound } = askSearch(world, ctx())
    expect(outgrown(bound, askSearch(world, ctx()).bound)).toBeNull()
    for (const change of [{ check: 'x' }, { copies: [] }, { fromAt: 1 }, { badAt: 1 }, { source: 'other' }])
      expect(outgrown(bound, { ...bound, ...change })).toEqual(expect.any(String))
    expect(outgrown(bound, { stage: 'merge', comparison: 'd', batch: 'b' })).toEqual(expect.any(String))
  })
  test('covers the removal for hours, once, and other calls no longer than before', () => {
    const approval = (forMs?: number): Approval =>
      ({
        id: 'a',
        state: 'approved',
        kind: 'second-person',
        decidedBy: { id: 'other', name: 'o' },
        decidedAt: now,
        expiresAt: now + 10 * minute,
        askedForId: null,
        covers: [{ stepId: 's', digest: 'd', ...(forMs !== undefined && { forMs }) }],
      }) as unknown as Approval
    const of = { twoPersons: true, startedBy: { id: 'starter', name: 's' }, effects: [], steps: [], facts: {} }
    const at = (approved: Approval, later: number) =>
      approvalAllows(of, approved, { stepId: 's', digest: 'd' }, now + later)
    expect([at(approval(), 9 * minute), at(approval(), 11 * minute)]).toEqual([true, false])
    expect([at(approval(180 * minute), 170 * minute), at(approval(180 * minute), 181 * minute)]).toEqual([true, false])
    // However much a definition asks for.
    expect(at(approval(48 * 60 * minute), 25 * 60 * minute)).toBe(false)
  })
})

describe('the interval', () => {
  const window = { earliestAt: now - 120 * minute - 300, latestAt: now - minute }
  const of = (more: object = {}, seen = window) => searchIn({ ...ctx(), inputs: inputs(more) }, seen, now)
  test('is the whole window where nobody knows anything, and nothing is called good', () => {
    expect(of()).toEqual({ fromAt: now - 120 * minute, fromProved: false, badAt: now, withinMs: minute })
  })
  test('is what people know', () => {
    expect(of({ lastGoodAt: '2026-11-29T03:00:00Z', firstBadAt: '2026-11-29T03:30:00Z' })).toEqual({
      fromAt: now - 60 * minute,
      fromProved: true,
      badAt: now - 30 * minute,
      withinMs: minute,
    })
  })
  test('begins with the window where the last good moment has left it', () => {
    expect(of({ lastGoodAt: '2026-11-29T01:00:00Z' })).toMatchObject({ fromAt: now - 120 * minute, fromProved: false })
  })
  test.each([
    ['the damage is older than the window', { firstBadAt: '2026-11-29T01:00:00Z' }, window],
    ['nothing can be restored to', {}, { earliestAt: null, latestAt: null as unknown as number }],
    ['nobody knows where the window begins', {}, { earliestAt: null as unknown as number, latestAt: now }],
  ])('is none where %s', (_what, more, seen) => {
    expect(of(more, seen as typeof window)).toEqual(expect.any(String))
  })
})

describe('what was entered', () => {
  test.each([
    ['no check', { damageCheck: '' }],
    ['no table', { checkTable: '' }],
    ['a query that writes', { damageCheck: 'query', checkQuery: 'DELETE FROM bookings' }],
    ['several statements', { damageCheck: 'query', checkQuery: 'SELECT 1; SELECT 2' }],
    ['too many copies', { restores: 9 }],
  ])('is not taken: %s', (_what, more) => {
    const given = { goal: 'find', damageCheck: 'table-missing', checkTable: 'bookings', ...more }
    expect(pointInputs.safeParse(given).success).toBe(false)
  })
  test('must have been good before it was bad', () => {
    const given = inputs({ lastGoodAt: '2026-11-29T03:30:00Z', firstBadAt: '2026-11-29T03:00:00Z' })
    expect(Object.keys(refuses(given, { snapshot: null, now }) ?? {})).toEqual(['lastGoodAt'])
  })
})
