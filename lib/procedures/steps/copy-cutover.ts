import type { AwsCall } from '../../domain/procedure/call'
import { differenceWords } from '../../domain/restore/compare'
import { deletionOf } from '../../domain/restore/made-copy'
import { days, utcWords } from '../../domain/units'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { duty, needed, type Obligation, withObligation } from '../facts'
import { readOf } from '../previewing'
import { backupDuties, guardDuties, lateReaders, nameDuties, pastPoolers, readerDuties } from './after-cutover'
import { keepers } from './close'
import { type CopyMaker, copyDifferences, copyMade, ownCopy } from './copy'
import type { CopyFacts } from './copy-facts'
import { lookAtOldWriter } from './fence'
import { frozenDuty } from './freeze-source'

/** The copy always has an address of its own: every name that leads to the source still does. */
export const newAddress = () => true

function openCall<I>(maker: CopyMaker<I>, ctx: StepContext<I, CopyFacts>, environment: Surroundings): AwsCall {
  const { securityGroupIds, deletionProtection, multiAz } = maker.expected(ctx, environment, true).source
  const copy = needed(ctx.facts.copyId, 'the copy')
  const settings = {
    VpcSecurityGroupIds: securityGroupIds,
    DeletionProtection: deletionProtection,
    ApplyImmediately: true,
  }
  const aws = { kind: 'aws', service: 'rds', region: environment.aws.region } as const
  return maker.kind(ctx.facts) === 'cluster'
    ? { ...aws, operation: 'ModifyDBCluster', input: { DBClusterIdentifier: copy, ...settings } }
    : { ...aws, operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: copy, MultiAZ: multiAz, ...settings } }
}

/** Why the application could not write on the copy, though it reaches it; null when it could. */
async function shutInside(world: World, ctx: { facts: CopyFacts }): Promise<string | null> {
  const { applicationRoles } = world.environment.database
  const look = await world.lookAtFence(needed(ctx.facts.endpoint, 'the address of the copy'))
  if (!look) return null
  const shut = applicationRoles.filter((role) => !look.canLogin.includes(role))
  if (shut.length > 0) return `${shut.join(', ')} cannot log in on the copy. Allow it there, then retry.`
  // Our own role may lack rights on a table of the application; read-only is what closes it to everybody.
  return look.readOnlyByDefault || look.write.refusedWith === '25006'
    ? 'The copy is read-only by default. Reset default_transaction_read_only of its database, then retry.'
    : null
}

/** From here on the copy holds writes that nothing else holds. */
export const openCopy = <I>(environment: Surroundings, maker: CopyMaker<I>): Step<I, CopyFacts> => ({
  id: 'open-copy',
  title: 'Open the copy to the application (point of no return)',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 5, highSeconds: 180 },
  why: 'After the first write on the copy, a return to the source is impossible.',
  provedBy:
    'The copy has the same settings as the source, including security groups and deletion protection. The application roles may log in, and writes are allowed.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 300_000,
  settleMs: 60_000,
  serves: ['security-groups', 'connectivity'],
  call: (ctx) => openCall(maker, ctx, environment),
  async observe(world, ctx): Promise<Observation<CopyFacts>> {
    const seen = await ownCopy(world, ctx)
    if ('says' in seen) return { state: 'conflict', says: seen.says }
    const left = copyDifferences(maker, ctx, world.environment, seen.copy, true)
    return left.length === 0
      ? { state: 'done', says: `${seen.copy.id} has every setting of the source.` }
      : { state: 'not-started', says: `${seen.copy.id} is in quarantine.` }
  },
  async guard(world, ctx) {
    const old = await lookAtOldWriter(world, ctx)
    if (old.kind !== 'fenced' && old.kind !== 'gone')
      return `The source is not fenced, and two writers would split the data. ${old.says}`
    return await shutInside(world, ctx)
  },
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const seen = await ownCopy(world, ctx)
    if ('says' in seen) return { state: 'failed', says: seen.says }
    const differences = copyDifferences(maker, ctx, world.environment, seen.copy, true)
    // It is the database from now on: nobody is asked to delete it any more.
    const obligations = (ctx.facts.obligations ?? []).filter(({ id }) => id !== deletionOf(seen.copy.id))
    if (differences.length > 0)
      return {
        state: 'not-yet',
        says: differences.map(differenceWords).join(' '),
        facts: { differences, obligations },
      }
    const shut = await shutInside(world, ctx)
    if (shut) return { state: 'not-yet', says: shut, facts: { obligations } }
    return {
      state: 'proved',
      says: `${seen.copy.id} has every setting of the source, the application may log in, and it is not read-only.`,
      facts: { differences, obligations, openedAt: ctx.facts.openedAt ?? world.now() },
    }
  },
})

/** New readers may take so long to connect, ms. */
const readersWithinMs = 30_000

/** The old database stays as it is: evidence, and what the copy is compared with. */
export const retainSource = <I extends { retainOldDays: number }>(maker: CopyMaker<I>): Step<I, CopyFacts> => ({
  id: 'retain-source',
  title: 'Retain the old database and list what remains',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: `The old database is the only place of what was written after ${maker.upTo}. Nothing deletes it automatically.`,
  provedBy:
    'The old database exists and is fenced. Remaining work is stored with the run until it is done or accepted.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  serves: ['backups', 'replication'],
  shows: (ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: ctx.facts.copyId ?? '' }),
  ],
  async verify(world, ctx, elapsedMs): Promise<Verdict<CopyFacts>> {
    const { facts, inputs } = ctx
    const source = needed(facts.source, 'the source')
    const seen = await ownCopy(world, ctx)
    if ('says' in seen) return { state: 'failed', says: seen.says }
    const { copy } = seen
    const late = await lateReaders(world, facts, copy)
    if (late.length > 0 && elapsedMs < readersWithinMs)
      return {
        state: 'not-yet',
        says: late.map(({ id, why }) => `${id}: ${why}.`).join(' '),
        waitsMs: readersWithinMs,
      }
    const old = await lookAtOldWriter(world, ctx)
    const until = utcWords(world.now() + days(inputs.retainOldDays)).slice(0, 10)
    const { crossRegionReplicaId } = world.environment.aws
    const found = [
      duty(
        'retain-source',
        `Keep ${source.id} until ${until}, then decide about it`,
        `It holds what was written after ${maker.upTo}. It is fenced, and nothing deletes it automatically.`,
      ),
      ...guardDuties(world, facts),
      ...maker.duties(ctx),
      ...(await pastPoolers(world, facts)),
      ...(await keepers(world, facts)),
      ...(await nameDuties(world, facts)),
      ...readerDuties(facts, copy, late),
      ...backupDuties(copy),
      ...(crossRegionReplicaId
        ? [
            duty(
              'dr-replica',
              `Create a replica of ${copy.id} in ${world.environment.aws.drRegion}`,
              `${crossRegionReplicaId} replicates ${source.id}, not the copy.`,
              ['replication'],
            ),
          ]
        : []),
      ...(old.kind === 'open' ? [duty('fence', `Fence ${source.id}`, old.says)] : []),
    ]
    const obligations = found.reduce((all, each) => withObligation({ obligations: all }, each), kept(facts))
    return {
      state: 'proved',
      says: `${source.id} is retained. Open: ${obligations
        .filter((o) => o.state === 'open')
        .map((o) => o.title)
        .join('; ')}.`,
      facts: { obligations },
    }
  },
})

/** The old writer is never cloned anew as after a failover: its whole cluster is retained. */
const kept = ({ obligations = [] }: CopyFacts): Obligation[] =>
  obligations.filter(({ id }) => id !== 'rejoin-old-writer' && id !== frozenDuty)

/** A copy that was only looked at is left to people, and named until it is gone. */
export const keepCopy = <I>(maker: CopyMaker<I>): Step<I, CopyFacts> => ({
  id: 'keep-copy',
  title: 'Keep the copy and list what remains',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'A copy that nobody remembers costs money and holds personal data.',
  provedBy: 'The copy exists and is closed to the application. Its deletion is stored with the run as an open item.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  async verify(world, ctx): Promise<Verdict<CopyFacts>> {
    const seen = await ownCopy(world, ctx)
    if ('says' in seen) return { state: 'failed', says: seen.says }
    const { endpoint, instances } = seen.copy
    // Seen at the restore already, unless an earlier version made it.
    const owed = copyMade(
      world,
      ctx,
      maker.kind(ctx.facts),
      instances.length,
      instances[0]?.instanceClass ?? 'instance',
    )
    return {
      state: 'proved',
      says: `${seen.copy.id} is kept in quarantine${endpoint ? ` at ${endpoint.host}:${endpoint.port}` : ''}. Delete it when nobody needs it any more.`,
      facts: owed,
    }
  },
})
