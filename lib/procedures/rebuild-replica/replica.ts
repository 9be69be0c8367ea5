import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import { rdsStatus } from '../../domain/cluster/rds-status'
import { ofOtherDatabase } from '../../domain/cluster/wal-history'
import type { AwsCall } from '../../domain/procedure/call'
import { copyName } from '../../domain/restore/names'
import { byteWords, durationWords } from '../../domain/units'
import type { FleetInstance } from '../../ports/fleet'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { duty, needed, withObligation } from '../facts'
import { failBackOf } from '../fail-back/inputs'
import { addressOf, askPosition, fixed } from '../looking'
import { readOf, readPositionOf } from '../previewing'
import { foreign, given, lookAtInstance, optional, tagged } from '../steps/copy'
import type { RebuildFacts } from './facts'
import type { RebuildInputs } from './inputs'

export type Ctx = StepContext<RebuildInputs, RebuildFacts>
type RebuildStep = Step<RebuildInputs, RebuildFacts>

/** By which the run that rebuilt a replica owes the way home. */
export const failBackDutyId = 'fail-back'

/** A replica that is behind by less than this has caught up: a switchover then waits for the rest, bytes. */
export const caughtUpBytes = 1024 * 1024

/** The name follows from the run alone: whoever continues it means the same replica, and an old member is never resumed. */
export const replicaName = ({ runId }: Pick<Ctx, 'runId'>, { aws }: Surroundings): string =>
  copyName(aws.clusterId, runId, 1)

function creation(ctx: Ctx, environment: Surroundings): AwsCall {
  const { inputs, facts, runId } = ctx
  const settings = needed(facts.settings, 'the settings of the database at home')
  return {
    kind: 'aws',
    service: 'rds',
    operation: 'CreateDBInstanceReadReplica',
    region: environment.aws.region,
    input: given({
      DBInstanceIdentifier: replicaName(ctx, environment),
      SourceDBInstanceIdentifier: needed(facts.sourceArn, 'the source'),
      DBInstanceClass: inputs.instanceClass || needed(facts.source, 'the source').instanceClass,
      DBSubnetGroupName: optional(settings.subnetGroup),
      DBParameterGroupName: optional(settings.parameterGroup),
      VpcSecurityGroupIds: settings.securityGroupIds,
      // A key is of one region: an encrypted source needs one of this region.
      KmsKeyId: settings.encrypted ? optional(settings.kmsKeyId) : undefined,
      MultiAZ: false,
      PubliclyAccessible: false,
      CopyTagsToSnapshot: true,
      Tags: tagged(settings.tags, runId),
    }),
  }
}

const described = (ctx: Ctx, environment: Surroundings) => [
  readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: replicaName(ctx, environment) }),
]

/** The replica under the name of this run; null where there is none, a sentence where it is another one. */
async function lookAtOurs(world: World, ctx: Ctx): Promise<{ theirs: string } | { found: FleetInstance } | null> {
  const found = await lookAtInstance(world, replicaName(ctx, world.environment))
  if (!found) return null
  const theirs = foreign(found, ctx.runId)
  return theirs ? { theirs } : { found }
}

/** The replica is made of a base backup that RDS takes of the promoted database. Nothing that is there already is touched. */
export const createReplica: RebuildStep = {
  id: 'create-replica',
  title: 'Create the replica in the home region',
  effect: 'SAFE',
  estimate: { lowSeconds: 20 * 60, highSeconds: 3 * 3_600 },
  why: 'The promoted database has no copy in another region, and a return without loss needs one at home.',
  provedBy:
    'RDS describes the replica as available, with the promoted database as its source, and it answers as a standby.',
  undoneBy: null,
  everyMs: 15_000,
  forMs: 6 * 60 * 60_000,
  settleMs: 60_000,
  call: creation,
  shows: described,
  async observe(world, ctx): Promise<Observation<RebuildFacts>> {
    const name = replicaName(ctx, world.environment)
    const ours = await lookAtOurs(world, ctx)
    if (!ours) return { state: 'not-started', says: `There is no ${name} yet.` }
    if ('theirs' in ours) return { state: 'conflict', says: ours.theirs }
    const { status } = ours.found
    return status === 'available'
      ? { state: 'done', says: `${name} is available.` }
      : { state: 'in-flight', says: `${name} is ${status}.` }
  },
  async guard(world, ctx) {
    const { elsewhere, name } = readNodeKey(ctx.inputs.source)
    const source = await world.fleet.instance(name, elsewhere ?? world.environment.aws.drRegion)
    if (source.replicaSourceId !== null) return `${nodeWords(source.id)} is a replica itself. Nothing was created.`
    if (source.backupRetentionDays === 0)
      return `${nodeWords(source.id)} keeps no backups; RDS makes no replica of it. Turn them on first.`
    const answer = await askPosition(world, source.address)
    return answer.ok && answer.position.standby ? `${nodeWords(source.id)} is a standby. Nothing was created.` : null
  },
  async verify(world, ctx): Promise<Verdict<RebuildFacts>> {
    const name = replicaName(ctx, world.environment)
    const ours = await lookAtOurs(world, ctx)
    if (!ours) return { state: 'not-yet', says: `RDS does not describe ${name} yet.` }
    if ('theirs' in ours) return { state: 'failed', says: ours.theirs }
    const { found } = ours
    if (rdsStatus(found.status).kind === 'broken') return { state: 'failed', says: `${name} is ${found.status}.` }
    if (found.status !== 'available') return { state: 'not-yet', says: `${name} is ${found.status}.` }
    if (found.replicaSourceId !== ctx.inputs.source)
      return {
        state: 'failed',
        says: `${name} has ${found.replicaSourceId === null ? 'no source' : `the source ${nodeWords(found.replicaSourceId)}`}, not ${nodeWords(ctx.inputs.source)}.`,
      }
    const answer = await askPosition(world, found.address)
    if (!answer.ok) return { state: 'not-yet', says: `${name} is available and does not respond yet: ${answer.why}` }
    if (!answer.position.standby) return { state: 'failed', says: `${name} is no standby. Nothing may use it.` }
    return {
      state: 'proved',
      says: `${name} is available in ${found.zone} and answers as a standby of ${nodeWords(ctx.inputs.source)}.`,
      facts: { replica: fixed(found, answer) },
    }
  },
}

/** How the replica stands to its source, by both databases' own words. */
export async function lookAtLag(
  world: World,
  facts: Pick<RebuildFacts, 'source' | 'replica'>,
): Promise<{ bytes: number; says: string } | { why: string; broken?: true }> {
  const source = needed(facts.source, 'the source')
  const replica = needed(facts.replica, 'the replica')
  // One after the other: what the replica holds afterwards is held against what there was before.
  const wrote = await askPosition(world, addressOf(source))
  if (!wrote.ok) return { why: `${nodeWords(source.id)} does not respond: ${wrote.why}` }
  const has = await askPosition(world, addressOf(replica))
  if (!has.ok) return { why: `${replica.id} does not respond: ${has.why}` }
  if (wrote.position.standby) return { why: `${nodeWords(source.id)} is a standby now.`, broken: true }
  if (!has.position.standby) return { why: `${replica.id} is no standby any more.`, broken: true }
  if (ofOtherDatabase(wrote.position, has.position))
    return { why: `${replica.id} holds another database than ${nodeWords(source.id)}.`, broken: true }
  const { receiver, replayLsn, timeline } = has.position
  if (receiver?.status !== 'streaming')
    return { why: `${replica.id} does not stream from ${nodeWords(source.id)} yet.` }
  if (timeline !== null && wrote.position.timeline !== null && timeline !== wrote.position.timeline)
    return { why: `${replica.id} is on timeline ${timeline}, its source on ${wrote.position.timeline}.` }
  const { flushLsn } = wrote.position
  if (flushLsn === null || replayLsn === null) return { why: `The position of ${replica.id} is unknown.` }
  const bytes = Math.max(0, Number(flushLsn - replayLsn))
  return { bytes, says: `${replica.id} streams and is ${byteWords(bytes)} behind ${nodeWords(source.id)}.` }
}

/** A replica that is available has only begun to receive. */
export const catchUp: RebuildStep = {
  id: 'catch-up',
  title: 'Wait until the replica has caught up',
  effect: 'READ',
  estimate: { lowSeconds: 10, highSeconds: 2 * 3_600 },
  why: 'A replica that lags protects nothing, and a switchover would wait for it with the clients held.',
  provedBy: `Three looks in a row: it streams, is on the timeline of its source and less than ${byteWords(caughtUpBytes)} behind.`,
  undoneBy: null,
  everyMs: 5_000,
  forMs: 6 * 60 * 60_000,
  agreeing: 3,
  serves: ['replication'],
  shows: (ctx, environment) => [
    readPositionOf(environment, ctx.facts.source ?? null),
    readPositionOf(environment, ctx.facts.replica ?? null),
  ],
  async verify(world, ctx): Promise<Verdict<RebuildFacts>> {
    const look = await lookAtLag(world, ctx.facts)
    if ('why' in look) return { state: look.broken ? 'failed' : 'not-yet', says: look.why }
    if (look.bytes > caughtUpBytes) return { state: 'not-yet', says: look.says }
    return {
      state: 'proved',
      says: `${look.says} It has caught up after ${durationWords(world.now() - ctx.startedAt)}.`,
      facts: { lagBytes: look.bytes, caughtUpAt: world.now() },
    }
  },
}

/** What is left to be done, and what was left as it was. */
export const closeRebuild: RebuildStep = {
  id: 'close-rebuild',
  title: 'List what remains',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The replica costs money until it is used or deleted, and the old members at home are still there.',
  provedBy: 'Remaining work is stored with the run until it is done or accepted.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  async verify(world, ctx): Promise<Verdict<RebuildFacts>> {
    const replica = needed(ctx.facts.replica, 'the replica')
    const kept = ctx.facts.kept ?? []
    const owed = [
      {
        ...duty(
          failBackDutyId,
          `Switch over to ${replica.id}, or accept that ${world.environment.aws.drRegion} stays`,
          `It streams in ${world.environment.aws.region}. A planned switchover loses nothing; until then the application is served from ${world.environment.aws.drRegion}.`,
        ),
        next: { ...failBackOf(ctx.inputs.source, replica.id), title: 'Fail back' },
      },
      ...(kept.length > 0
        ? [
            duty(
              'old-members',
              `Decide about ${kept.join(', ')}`,
              'They hold the history of before the recovery, and perhaps commits that only they have. This run did not touch them.',
            ),
          ]
        : []),
    ]
    return {
      state: 'proved',
      says: `Open: ${owed.map(({ title }) => title).join('; ')}.`,
      facts: {
        obligations: owed.reduce((all, one) => withObligation({ obligations: all }, one), ctx.facts.obligations ?? []),
      },
    }
  },
}
