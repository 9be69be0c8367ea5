import { nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import { rdsStatus } from '../../domain/cluster/rds-status'
import type { Verdict, World } from '../contract'
import { askPosition, fixed } from '../looking'
import { readElsewhere, readOf } from '../previewing'
import { caughtUpBytes, lookAtLag } from '../rebuild-replica/replica'
import { lookAtReplica } from '../region-recovery/replica'
import { takesApplication } from '../steps/takes-application'
import { lookAtHomeApplication } from './application'
import type { FailBackFacts } from './facts'
import type { FailBackInputs } from './inputs'
import type { FailBackStep } from './step'

type Look = { facts: FailBackFacts; says: string } | { why: string; never?: true }

/** Both databases as they are now: may the one be left for the other? Throws PortError. */
export async function lookAtWayHome(world: World, { source, target }: FailBackInputs): Promise<Look> {
  const never = (why: string): Look => ({ why, never: true })
  if (!world.environment.database.recovery)
    return never('No recovery role is configured, so writes cannot be stopped for certain.')
  const [left, replica] = await Promise.all([lookAtReplica(world, source), lookAtReplica(world, target)])
  if (left.replicaSourceId !== null) return never(`${nodeWords(left.id)} is a replica, not the database that serves.`)
  if (replica.replicaSourceId !== left.id)
    return never(
      `${target} is ${replica.replicaSourceId === null ? 'no replica' : `a replica of ${nodeWords(replica.replicaSourceId)}`}. Rebuild one of ${nodeWords(left.id)} first.`,
    )
  for (const { id, status } of [left, replica])
    if (rdsStatus(status).kind !== 'usable') return { why: `${nodeWords(id)} is ${status}.` }
  const [leftAnswer, answer] = await Promise.all([
    askPosition(world, left.address),
    askPosition(world, replica.address),
  ])
  const [from, to] = [fixed(left, leftAnswer), fixed(replica, answer)]
  const lag = await lookAtLag(world, { source: from, replica: to })
  if ('why' in lag) return lag.broken ? never(lag.why) : { why: lag.why }
  if (lag.bytes > caughtUpBytes) return { why: lag.says }
  const open = await openAtHome(world, target)
  if (open.length > 0)
    return never(`${open.join(', ')} at home accepts the application. Fence it first: there would be two writers.`)
  return {
    says: `${lag.says} No other database at home accepts the application.`,
    facts: {
      topology: 'instance',
      clusterId: world.environment.aws.clusterId,
      endpoint: replica.address ?? undefined,
      readerEndpoint: null,
      writerBefore: from,
      target: to,
      verdict: 'healthy',
    },
  }
}

/** Other nodes at home that take writes of the application: the old writer, where nothing has fenced it. */
async function openAtHome(world: World, target: string): Promise<string[]> {
  const nodes = (world.snapshot()?.nodes ?? []).filter(({ id }) => id !== target && readNodeKey(id).elsewhere === null)
  const looks = await Promise.all(
    nodes.map(async ({ id, address }) => {
      const answer = await askPosition(world, address)
      if (!answer.ok || answer.position.standby || !address) return []
      // What cannot be known counts as open: two writers are worse than none.
      return (await takesApplication(world, address)) === false ? [] : [id]
    }),
  )
  return looks.flat()
}

export const lookAtBothEnds: FailBackStep = {
  id: 'look-at-both-ends',
  title: 'Check both databases',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 120 },
  why: 'A planned switchover needs a replica that has caught up, and no third database that accepts writes.',
  provedBy:
    'The replica at home streams from the database that serves, and no other database at home accepts the application.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 120_000,
  shows: ({ inputs }, environment) => [
    readElsewhere(environment, inputs.source),
    readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: inputs.target }),
  ],
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const look = await lookAtWayHome(world, ctx.inputs)
    if ('why' in look) return { state: look.never ? 'failed' : 'not-yet', says: look.why }
    return { state: 'proved', says: look.says, facts: { ...look.facts, ...(await lookAtHomeApplication(world)) } }
  },
}
