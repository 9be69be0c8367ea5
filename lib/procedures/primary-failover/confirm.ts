import { aboutWriter } from '../../domain/cluster/damage-verdict'
import { isFailingOver } from '../../domain/cluster/rds-status'
import { PortError } from '../../ports/port-error'
import type { Step, StepContext, Verdict, World } from '../contract'
import { addressOf, askPosition, failoverEvents, fixed, lookAtFleet } from '../looking'
import { readOf, readPositionOf } from '../previewing'
import type { FailoverFacts } from './facts'
import type { FailoverInputs } from './inputs'
import { wayOf } from './way'

const minute = 60_000

/** Is the writer down, is the platform failing over already, or is it ourselves who are cut off? */
export const confirm: Step<FailoverInputs, FailoverFacts> = {
  id: 'confirm',
  title: 'Confirm the failure',
  effect: 'READ',
  estimate: { lowSeconds: 10, highSeconds: 120 },
  why: 'A failover of a working writer, or because of our own network, causes an outage.',
  provedBy: 'Members, events and roles from RDS, the responses of every node, and the votes of all checks.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 10 * minute,
  shows: (ctx, environment) => {
    const { clusterId } = environment.aws
    const facts = ctx.facts
    return [
      readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: clusterId }),
      readOf(environment, 'DescribeEvents', { SourceType: 'db-cluster', SourceIdentifier: clusterId, Duration: 30 }),
      readPositionOf(environment, facts.writerBefore ?? null),
      readPositionOf(environment, facts.target ?? null),
    ]
  },
  verify: confirmNow,
}

async function confirmNow(
  world: World,
  ctx: StepContext<FailoverInputs, FailoverFacts>,
  elapsedMs: number,
): Promise<Verdict<FailoverFacts>> {
  const known = ctx.facts
  const fleet = await lookAtFleet(world, known)
  if (fleet.topology === 'unknown')
    return { state: 'failed', says: 'The database topology is unknown; no procedure can run on it.' }
  const writer = fleet.instances.find((i) => i.id === (known.writerBefore?.id ?? fleet.writerId))
  const target = fleet.instances.find((i) => i.id === ctx.inputs.target)
  if (!writer) return { state: 'not-yet', says: 'RDS names no writer at this moment.' }
  if (!target) return { state: 'failed', says: `${ctx.inputs.target} is not a member of this cluster.` }
  const [writerAnswer, targetAnswer, events, identity] = await Promise.all([
    askPosition(world, writer.address),
    askPosition(world, target.address),
    failoverEvents(world, ctx.startedAt - 30 * minute, [writer.id]),
    known.identity ?? whoWeAre(world),
  ])
  const snapshot = world.snapshot()
  const found = snapshot && aboutWriter(snapshot.diagnosis)
  const before = fixed(writer, writerAnswer)
  const position = snapshot?.writerPosition
  const facts: FailoverFacts = {
    topology: fleet.topology,
    clusterId: fleet.cluster?.id ?? world.environment.aws.clusterId,
    // A promoted replica keeps its own address, and that is where everybody must go.
    endpoint:
      (wayOf({ topology: fleet.topology, target, writerBefore: before }) === 'promotion'
        ? target.address
        : fleet.endpoint) ??
      addressOf(before) ??
      undefined,
    readerEndpoint: fleet.readerEndpoint,
    writerBefore: {
      ...before,
      timeline: before.timeline ?? (targetAnswer.ok ? targetAnswer.position.timeline : null),
      lsn: before.lsn ?? position?.lsn ?? null,
    },
    target: fixed(target, targetAnswer),
    members: fleet.instances.map((i) => i.id),
    impactAt: known.impactAt ?? snapshot?.lastHeartbeatAt ?? null,
    detectedAt: known.detectedAt ?? (found && found.kind !== 'healthy' ? found.since : null),
    beatBefore: known.beatBefore ?? beat(writerAnswer),
    targetBeat: beat(targetAnswer),
    confirmedAt: world.now(),
    identity,
  }
  if (found?.kind === 'own-partition')
    return {
      state: 'not-yet',
      says: `We seem to be cut off ourselves: ${found.headline} Run from another place.`,
    }
  const underWay =
    isFailingOver(fleet.status) ||
    (events.started &&
      events.started.at > (events.completed?.at ?? 0) &&
      events.started.at > ctx.startedAt - 2 * minute)
  if (underWay) {
    if (ctx.inputs.kind === 'switchover')
      return {
        state: 'failed',
        says: `RDS is failing over by itself, to ${events.started?.target ?? 'a reader of its choice'}. Plan the switchover again when that is over.`,
      }
    const says = `RDS is failing over already, to ${events.started?.target ?? 'a reader of its choice'}; this run adopts it.`
    return { state: 'proved', says, facts: { ...facts, verdict: 'failing-over', adopted: says } }
  }
  const planned = ctx.inputs.kind === 'switchover'
  if (writerAnswer.ok && !writerAnswer.position.standby) {
    if (planned)
      return {
        state: 'proved',
        says: `${writer.id} is the writer and answers. This is a planned switchover to ${target.id}.`,
        facts: { ...facts, verdict: 'healthy' },
      }
    if (ctx.mode === 'real' && found?.kind !== 'wedged-writer' && !ctx.inputs.overrideReason)
      return {
        state: 'failed',
        says: `${writer.id} answers and is the writer: there is nothing to fail over. Start a drill to rehearse.`,
      }
    const why =
      ctx.mode === 'drill'
        ? 'this is a drill'
        : ctx.mode === 'dry-run'
          ? 'this is a rehearsal of the steps'
          : ctx.inputs.overrideReason
            ? `continues anyway: ${ctx.inputs.overrideReason}`
            : 'it commits no writes'
    const says = `${writer.id} is the writer and answers; ${why}.`
    return { state: 'proved', says, facts: { ...facts, verdict: 'healthy' } }
  }
  if (planned)
    return {
      state: 'failed',
      says: `${writer.id} does not respond as the writer (${writerAnswer.ok ? 'it is a standby' : writerAnswer.why}). A planned switchover needs a healthy writer; start a failover instead.`,
      facts,
    }
  const streaming =
    targetAnswer.ok && targetAnswer.position.receiver?.status === 'streaming' && heardLately(targetAnswer.position)
  if (streaming)
    return {
      state: 'not-yet',
      says: `${writer.id} does not respond us, but ${target.id} still receives from it. Waits.`,
    }
  const hard = !writerAnswer.ok && writerAnswer.refused
  const confirmed = hard || (found?.kind === 'primary-down' && found.certainty === 'confirmed')
  if (!confirmed)
    return {
      state: 'not-yet',
      says: `${writer.id} does not respond (${writerAnswer.ok ? 'it is a standby now' : writerAnswer.why}). Not confirmed yet.`,
    }
  const waitMs = ctx.inputs.waitForAutomaticSeconds * 1000
  if (elapsedMs < waitMs)
    return {
      state: 'not-yet',
      says: `${writer.id} is down. Gives RDS ${Math.ceil((waitMs - elapsedMs) / 1000)} s more to begin by itself.`,
      facts: facts,
    }
  return {
    state: 'proved',
    says: `${writer.id} is down: ${writerAnswer.ok ? 'it is no writer any more' : writerAnswer.why} ${events.unread ? `Whether RDS has started a failover is unknown: ${events.unread}` : 'RDS has not started a failover.'}`,
    facts: { ...facts, verdict: 'down' },
  }
}

/** Under which name the API knows us: what it accepts from this name is proof of its rights for later runs. */
async function whoWeAre(world: World): Promise<string | null> {
  try {
    return (await world.fleet.identity()).arn
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return null
  }
}

const beat = (answer: Awaited<ReturnType<typeof askPosition>>) => (answer.ok ? answer.position.beat : null)
const heardLately = (p: { at: number; receiver: { heardAt: number | null } | null }) =>
  p.receiver?.heardAt !== null && p.receiver?.heardAt !== undefined && p.at - p.receiver.heardAt < 15_000
