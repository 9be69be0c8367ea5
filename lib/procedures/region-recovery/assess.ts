import { aboutWriter } from '../../domain/cluster/damage-verdict'
import { nodeWords } from '../../domain/cluster/node-key'
import type { NodeView } from '../../domain/cluster/types'
import { PortError } from '../../ports/port-error'
import type { Step, StepContext, Verdict, World } from '../contract'
import type { FixedNode } from '../facts'
import { addressOf, askPosition, fixed, lookAtRds } from '../looking'
import { readOf, readPositionOf } from '../previewing'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'
import { lookAtReplica, placeOf } from './replica'

/** Is the region away, and is the replica there to take over? Everything is fixed from here on. */
export const assess: Step<RegionInputs, RegionFacts> = {
  id: 'assess',
  title: 'Assess the region and the replica',
  effect: 'READ',
  estimate: { lowSeconds: 10, highSeconds: 300 },
  why: 'A promotion in another region cannot be undone, and splits the data when the home region still serves.',
  provedBy:
    'The writer at home does not respond. RDS in the other region and the replica itself report that it can take over.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 600_000,
  shows: (ctx, environment) => {
    const replica = placeOf(ctx.inputs.target, environment)
    return [
      readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
      { ...readOf(environment, 'DescribeDBInstances', { DBInstanceIdentifier: replica.name }), region: replica.region },
      readPositionOf(environment, ctx.facts.target ?? null),
    ]
  },
  verify: assessNow,
}

async function assessNow(world: World, ctx: StepContext<RegionInputs, RegionFacts>): Promise<Verdict<RegionFacts>> {
  const known = ctx.facts
  const key = ctx.inputs.target
  const name = nodeWords(key)
  const replica = await describedReplica(world, key)
  if ('says' in replica) return { state: replica.missing ? 'failed' : 'not-yet', says: replica.says }
  const snapshot = world.snapshot()
  const [home, answer] = await Promise.all([lookAtRds(world, known), askPosition(world, replica.address)])
  const described = home.read ? home.fleet.instances.find(({ id }) => id === home.fleet.writerId) : undefined
  const writer =
    known.writerBefore ??
    (described && fixed(described, null)) ??
    writerIn(snapshot?.nodes ?? [], snapshot?.writerId ?? null)
  if (!writer) return { state: 'not-yet', says: 'Which node was the writer at home is unknown: nobody has seen it.' }
  const writerAnswer = await askPosition(world, addressOf(writer))
  if (!answer.ok) return { state: 'not-yet', says: `${name} does not respond: ${answer.why}` }
  if (!answer.position.standby)
    return { state: 'failed', says: `${name} is no replica: it accepts writes already. Check who promoted it.` }
  const found = snapshot && aboutWriter(snapshot.diagnosis)
  if (found?.kind === 'own-partition')
    return { state: 'not-yet', says: `We seem to be cut off ourselves: ${found.headline} Run from another place.` }
  const says = home.read ? `RDS at home reports ${home.fleet.status}.` : home.why
  const target = fixed(replica, answer)
  const facts: RegionFacts = {
    topology: home.read ? home.fleet.topology : (snapshot?.topology ?? 'unknown'),
    clusterId: world.environment.aws.clusterId,
    endpoint: addressOf(target) ?? undefined,
    readerEndpoint: null,
    writerBefore: writerAnswer.ok ? { ...writer, timeline: writerAnswer.position.timeline ?? writer.timeline } : writer,
    target,
    impactAt: known.impactAt ?? snapshot?.lastHeartbeatAt ?? null,
    detectedAt:
      known.detectedAt ?? (snapshot && snapshot.diagnosis.kind !== 'healthy' ? snapshot.diagnosis.since : null),
    beatBefore: known.beatBefore ?? (writerAnswer.ok ? writerAnswer.position.beat : null),
    targetBeat: answer.position.beat,
    confirmedAt: world.now(),
    home: says,
    evidence: target.lsn,
  }
  if (writerAnswer.ok && !writerAnswer.position.standby) {
    if (ctx.mode === 'real' && !ctx.inputs.overrideReason)
      return {
        state: 'failed',
        says: `${writer.id} answers and is the writer: the home region still serves. Use a failover there, or start a drill.`,
      }
    const why = ctx.inputs.overrideReason ? `continues anyway: ${ctx.inputs.overrideReason}` : 'this is a rehearsal'
    return {
      state: 'proved',
      says: `${writer.id} answers; ${why}. ${name} can take over.`,
      facts: { ...facts, verdict: 'healthy' },
    }
  }
  // Who still receives proves that the writer lives, whatever we can reach.
  const { receiver } = answer.position
  if (receiver?.status === 'streaming' && receiver.heardAt !== null && answer.position.at - receiver.heardAt < 15_000)
    return { state: 'not-yet', says: `${writer.id} does not respond to us, but ${name} still receives from it. Waits.` }
  return {
    state: 'proved',
    says: `${writer.id} does not respond. ${says} ${name} answers as a standby and can take over.`,
    facts: { ...facts, verdict: 'down' },
  }
}

async function describedReplica(world: World, key: string) {
  try {
    return await lookAtReplica(world, key)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    const { region } = placeOf(key, world.environment)
    return error.errorClass === 'missing'
      ? { missing: true, says: `RDS in ${region} knows no ${nodeWords(key)}.` }
      : { missing: false, says: `RDS in ${region} could not be read: ${error.message}` }
  }
}

/** The writer at home as the collector saw it last: nobody can be asked for it now. */
function writerIn(nodes: readonly NodeView[], writerId: string | null): FixedNode | null {
  const node = nodes.find(({ id }) => id === writerId)
  if (!node) return null
  const { value } = node.position
  return {
    id: node.id,
    host: node.address?.host ?? null,
    port: node.address?.port ?? null,
    zone: node.zone,
    instanceClass: node.instanceClass ?? '',
    timeline: value?.timeline ?? null,
    lsn: value?.lsn ?? null,
    multiAz: false,
    securityGroupIds: [],
  }
}
