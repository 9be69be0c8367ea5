// The deletion of a copy that a recovery has left, without a database: what goes, in which order, and what is never deleted.
import { describe, expect, test } from 'vitest'
import { costWords } from '../../domain/restore/made-copy'
import type { Obligation } from '../../domain/run/obligation'
import { PortError } from '../../ports/port-error'
import type { StepContext, World } from '../contract'
import { readFacts } from '../facts'
import { pointFacts } from '../point-in-time/facts'
import { pointInTime } from '../point-in-time/index'
import { watchCopies } from '../steps/watch-copies'
import { everything } from '../testing/surroundings'
import { removeCopy } from './index'
import { type RemovalInputs, removalInputs, removalOf } from './inputs'

const environment = { ...everything, aws: { ...everything.aws, recoverySecurityGroupId: 'sg-rec' } }
const madeBy = '20261129t0400z-0a1b2c'
const copy = `castmatch-prod-cluster-${madeBy}`
const inputs: RemovalInputs = { copy, madeBy, instances: 2 }
const ours = { 'dr-run': madeBy }
const ctx: StepContext<RemovalInputs, object> = {
  runId: '20261130t0400z-ffffff',
  mode: 'real',
  startedAt: 0,
  inputs,
  facts: { kind: 'cluster', instances: [`${copy}-1`, `${copy}-2`] },
}
const found = (more: object = {}) => ({
  id: copy,
  kind: 'cluster' as const,
  status: 'available',
  tags: ours,
  attributes: { securityGroupIds: ['sg-rec'], deletionProtection: false },
  instances: [1, 2].map((n) => ({ id: `${copy}-${n}`, tags: ours, status: 'available' })),
  ...more,
})
const worldOf = (there: object | null) =>
  ({
    environment,
    now: () => 0,
    fleet: {
      async restorable() {
        if (!there) throw new PortError('missing', 'There is none.', { outcome: 'rejected', probe: 'api' })
        return there
      },
    },
  }) as unknown as World
const steps = removeCopy.steps(environment, inputs)
const last = steps.at(-1)

describe('a deletion', () => {
  test('is approved once, and takes the instances before the copy', () => {
    expect(steps.map(({ id, effect }) => [id, effect])).toEqual([
      ['look-at-removal', 'READ'],
      ['approve-removal', 'READ'],
      ['delete-instance-1', 'DANGEROUS'],
      ['delete-instance-2', 'DANGEROUS'],
      ['delete-copy', 'DANGEROUS'],
    ])
    expect(steps.flatMap((step) => step.call?.(ctx, environment) ?? [])).toMatchObject([
      { operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: `${copy}-1` } },
      { operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: `${copy}-2` } },
      { operation: 'DeleteDBCluster', input: { DBClusterIdentifier: copy, SkipFinalSnapshot: true } },
    ])
  })
  test('asks the second person for the name of the copy, and covers every call', async () => {
    const { covers, typeToConfirm, bound } = await removeCopy.ask(worldOf(found()), ctx, 'approve-removal')
    expect([covers, typeToConfirm]).toEqual([['delete-instance-1', 'delete-instance-2', 'delete-copy'], copy])
    expect(removeCopy.outgrown(bound, bound)).toBeNull()
    expect(removeCopy.outgrown(bound, { ...bound, instances: [`${copy}-1`] })).toBeNull()
    expect(removeCopy.outgrown(bound, { ...bound, copy: 'other' })).toEqual(expect.any(String))
    expect(removeCopy.outgrown(bound, { ...bound, instances: ['added'] })).toContain('added')
  })
  test('is of a copy that nothing but the War Room reaches', async () => {
    expect(await steps[0]?.verify(worldOf(found()), ctx, 0)).toMatchObject({
      state: 'proved',
      facts: { kind: 'cluster', instances: [`${copy}-1`, `${copy}-2`] },
    })
    expect(await last?.guard?.(worldOf(found({ instances: [] })), ctx)).toBeNull()
  })
})

describe('nothing is deleted', () => {
  test.each([
    ['without the tag', found({ tags: {} }), 'was not made by'],
    ['with the tag of another run', found({ tags: { 'dr-run': 'another' } }), 'was not made by'],
    [
      'while it has an instance that a person added',
      found({ instances: [{ id: 'added', tags: {}, status: 'available' }] }),
      'added was not made by',
    ],
    [
      'once the application was let in',
      found({ attributes: { securityGroupIds: ['sg-app'], deletionProtection: true } }),
      'the application may reach it',
    ],
    [
      'while it is protected',
      found({ attributes: { securityGroupIds: ['sg-rec'], deletionProtection: true } }),
      'protected',
    ],
  ])('%s', async (_when, there, why) => {
    expect(await steps[0]?.verify(worldOf(there), ctx, 0)).toMatchObject({
      state: 'failed',
      says: expect.stringContaining(why),
    })
    expect(await last?.guard?.(worldOf(there), ctx)).toContain(why)
  })
  test('that is the database itself, whatever its tag says', async () => {
    const { clusterId } = environment.aws
    const own = { ...ctx, inputs: { ...inputs, copy: clusterId } }
    expect(await steps[0]?.verify(worldOf(found({ id: clusterId })), own, 0)).toMatchObject({ state: 'failed' })
    expect(await last?.guard?.(worldOf(found({ id: clusterId })), own)).toContain('is the source')
  })
  test('where no group tells who reaches it', async () => {
    const world = { ...worldOf(found()), environment: everything } as World
    expect(await steps[0]?.verify(world, ctx, 0)).toMatchObject({ state: 'failed' })
  })
})

describe('what a run owes of its copy', () => {
  const run = (more: object) => ({
    ...{ runId: madeBy, mode: 'real' as const, startedAt: 0 },
    inputs: pointInTime.inputs.parse({ goal: 'inspect', instanceCount: 2 }),
    facts: readFacts(pointFacts, {
      copyId: copy,
      source: {
        kind: 'cluster',
        id: environment.aws.clusterId,
        attributes: { ...attributes },
        instances: [
          { instanceClass: 'db.r6g.large', parameterGroup: null, promotionTier: 0, publiclyAccessible: false },
        ],
        tags: {},
      },
      ...more,
    }).facts,
  })
  const attributes = {
    ...{ engine: 'aurora-postgresql', engineVersion: '15.4', port: 5432, subnetGroup: null, parameterGroup: null },
    ...{ securityGroupIds: ['sg-app'], encrypted: true, kmsKeyId: null, storageType: null, iops: null, storageGiB: 1 },
    ...{ iamAuthentication: false, logExports: [], deletionProtection: true, copyTagsToSnapshots: true },
    ...{ backupRetentionDays: 7, multiAz: false },
  }
  const restore = pointInTime.steps(environment).find(({ id }) => id === 'restore-copy')
  const owed = async (there: object, more: object = {}) =>
    ((await restore?.verify(worldOf(there), run(more), 0))?.facts as { obligations?: Obligation[] } | undefined)
      ?.obligations

  test('is there as soon as the copy is, also while it is made and when it is broken', async () => {
    for (const status of ['creating', 'incompatible-restore', 'available'])
      expect(await owed(found({ status }))).toMatchObject([
        { id: `delete-${copy}`, state: 'open', copy: { id: copy, instances: 2, instanceClass: 'db.r6g.large' } },
      ])
    expect(await owed(found({ tags: {} }))).toBeUndefined()
  })
  test('fills in the form, and says what it costs', () => {
    const made = { id: copy, kind: 'cluster' as const, instances: 2, instanceClass: 'db.r6g.large', madeAt: 0 }
    expect(removalInputs.parse(removalOf(made, madeBy))).toEqual(inputs)
    expect(removalOf({ ...made, kind: 'instance', instances: 1 }, madeBy).instances).toBe(0)
    expect(costWords(made, 7_200_000)).toContain('2 × db.r6g.large')
  })
  test('is met by whoever deletes it, and stays open while that is not known', async () => {
    const { look, after } = watchCopies('restore-copy')
    expect(after.owes).toBe('delete-')
    const facts = { obligations: (await owed(found())) ?? [] }
    const watching = { ...ctx, facts, refused: null }
    expect((await look(worldOf(found()), watching)).news(facts)).toBeNull()
    expect((await look(worldOf(null), watching)).news(facts)).toMatchObject({
      facts: { obligations: [{ id: `delete-${copy}`, state: 'met' }] },
    })
    const away = {
      ...worldOf(null),
      fleet: {
        restorable: () => Promise.reject(new PortError('unreachable', 'no', { outcome: 'rejected', probe: 'api' })),
      },
    } as unknown as World
    await expect(look(away, watching)).rejects.toBeInstanceOf(PortError)
  })
  test('ends when the copy is opened: it is the database then', async () => {
    const obligations = (await owed(found())) ?? []
    const open = pointInTime.steps(environment).find(({ id }) => id === 'open-copy')
    const serving = found({ attributes, instances: [] })
    // As far as it is looked at, it still waits for a role of the application.
    const look = { canLogin: [], readOnlyByDefault: false, write: { refusedWith: null } }
    const world = { ...worldOf(serving), lookAtFence: async () => look } as unknown as World
    const endpoint = { host: 'copy', port: 5432 }
    const verdict = await open?.verify(world, run({ obligations, endpoint }), 0)
    expect(verdict).toMatchObject({ state: 'not-yet', facts: { obligations: [] } })
  })
})
