import { rdsArn } from '../../domain/cluster/aws-rights'
import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import type { FleetInstance } from '../../ports/fleet'
import type { Step, Surroundings, Verdict, World } from '../contract'
import { askPosition, fixed, type NodeAnswer } from '../looking'
import { readElsewhere, readOf } from '../previewing'
import { lookAtInstance } from '../steps/copy'
import type { RebuildFacts } from './facts'
import type { RebuildInputs } from './inputs'
import { replicaName } from './replica'

/** The promoted database as RDS and it itself describe it. Throws PortError. */
export async function lookAtSource(
  world: World,
  key: string,
): Promise<{ source: FleetInstance; answer: NodeAnswer; refused: string | null }> {
  const { name, elsewhere } = readNodeKey(key)
  const source = await world.fleet.instance(name, elsewhere ?? world.environment.aws.drRegion)
  const answer = await askPosition(world, source.address)
  return { source, answer, refused: refusal(source, answer) }
}

/** Why no replica can be made of it; null when one can. */
function refusal(source: FleetInstance, answer: NodeAnswer): string | null {
  const name = nodeWords(source.id)
  if (source.replicaSourceId !== null)
    return `${name} is a replica of ${nodeWords(source.replicaSourceId)}. Choose the promoted database.`
  if (source.backupRetentionDays === 0)
    return `${name} keeps no backups; RDS makes no replica of it. Turn them on first.`
  if (answer.ok && answer.position.standby) return `${name} says that it is a standby.`
  return null
}

/**
 * What a replica in the home region does not take from its source, of the database that is there. Its writer may be quarantined: that
 * group is not taken. Throws PortError.
 */
export async function settingsAtHome(world: World): Promise<{
  settings: NonNullable<RebuildFacts['settings']>
  members: string[]
  arn: string
}> {
  const { aws } = world.environment
  const { attributes, instances, tags, arn } = await world.fleet.restorable(aws.clusterId)
  const { subnetGroup, securityGroupIds, kmsKeyId, encrypted } = attributes
  return {
    arn,
    members: instances.map(({ id }) => id),
    settings: {
      ...{ subnetGroup, kmsKeyId, encrypted, tags },
      parameterGroup: instances[0]?.parameterGroup ?? null,
      securityGroupIds: securityGroupIds.filter((id) => id !== aws.quarantineSecurityGroupId),
    },
  }
}

export const arnOf = (homeArn: string, key: string, { aws }: Surroundings): string => {
  const { name, elsewhere } = readNodeKey(key)
  return rdsArn(homeArn, elsewhere ?? aws.drRegion, aws.accountId, { kind: 'db', name })
}

/** Everything is fixed from here on: source, settings and the name. */
export const lookAtBoth: Step<RebuildInputs, RebuildFacts> = {
  id: 'look-at-both-regions',
  title: 'Check both regions',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 120 },
  why: 'A replica of the wrong database, or over an old data directory, would be no copy of what serves.',
  provedBy:
    'The promoted database accepts writes and keeps backups, RDS at home responds, and nothing has the name of the replica.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 120_000,
  shows: ({ inputs }, environment) => [
    readElsewhere(environment, inputs.source),
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
  ],
  async verify(world, ctx): Promise<Verdict<RebuildFacts>> {
    const [{ source, answer, refused }, home] = await Promise.all([
      lookAtSource(world, ctx.inputs.source),
      settingsAtHome(world),
    ])
    if (refused) return { state: 'failed', says: refused }
    const name = nodeWords(source.id)
    if (!answer.ok) return { state: 'not-yet', says: `${name} does not respond: ${answer.why}` }
    if (source.status !== 'available') return { state: 'not-yet', says: `${name} is ${source.status}.` }
    const replica = replicaName(ctx, world.environment)
    const there = await lookAtInstance(world, replica)
    if (there && there.tags['dr-run'] !== ctx.runId)
      return { state: 'failed', says: `${replica} exists already and is not this run's.` }
    return {
      state: 'proved',
      says: `${name} accepts writes on timeline ${answer.position.timeline ?? 'unknown'}. The replica is named ${replica}; ${home.members.join(', ') || 'no old member'} at home ${home.members.length === 1 ? 'stays' : 'stay'} as ${home.members.length === 1 ? 'it is' : 'they are'}.`,
      facts: {
        source: fixed(source, answer),
        sourceArn: arnOf(home.arn, ctx.inputs.source, world.environment),
        settings: home.settings,
        kept: home.members,
      },
    }
  },
}
