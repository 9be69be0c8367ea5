import { hostSettings } from '../../domain/cluster/containers'
import { readNodeKey } from '../../domain/cluster/node-key'
import type { Gap, SlotFact, Survey, SurveyRequest } from '../../domain/cluster/survey'
import type { CandidateView } from '../../domain/cluster/types'
import type { Baseline, BaselineCluster, BaselineLoss, BaselineNode } from '../../domain/run/baseline'
import { PortError } from '../../ports/port-error'
import type { Standing } from '../../ports/standing'
import type { Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { type BaselineFacts, type FixedWorkload, needed, type WriterFacts } from '../facts'
import { addressOf, askPosition, lookAtRds, type NodeAnswer } from '../looking'
import { lastAcknowledged } from '../numbered-commits'
import { readOf, readPositionOf } from '../previewing'

type Counted = WriterFacts & BaselineFacts

/** Counting ends after this, in all, ms: a recovery does not wait for a census. */
const countingMs = 20_000

/** What must be compared afterwards, and what must be put back. */
export const baseline: Step<unknown, Counted> = baselineWith(() => ({}))

/** A baseline that is asked more than the critical tables. It needs no target: what takes over may not exist yet. */
export function baselineWith<I>(
  more: (ctx: StepContext<I, Counted>, environment: Surroundings) => Partial<SurveyRequest>,
): Step<I, Counted> {
  return {
    id: 'baseline',
    title: 'Take the baseline',
    effect: 'READ',
    estimate: { lowSeconds: 5, highSeconds: 60 },
    why: 'Afterwards nobody can tell what was lost or changed unless it was written down before.',
    provedBy:
      'Positions, counts and checksums of critical tables, sequences, slots and settings are stored with the run. What could not be read is named and cannot be verified.',
    undoneBy: null,
    everyMs: 1_000,
    forMs: 60_000,
    serves: ['data-integrity'],
    shows: (ctx, environment) => {
      const { target } = ctx.facts
      const tables = environment.database.criticalTables.map((table) => `SELECT '${table}', count(*) FROM ${table}`)
      return [
        readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
        readPositionOf(environment, target ?? null, [
          ...tables,
          'SELECT schemaname, sequencename, last_value FROM pg_sequences',
          'SELECT slot_name, slot_type, active FROM pg_replication_slots',
          "SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u'",
        ]),
      ]
    },
    async verify(world, ctx): Promise<Verdict<Counted>> {
      const known = ctx.facts
      const { target } = known
      const before = needed(known.writerBefore, 'the writer')
      const gaps: Gap[] = []
      const look = await lookAtRds(world, {})
      // A target in another region is known without the API at home, which may be away with all else there.
      const elsewhere = target !== undefined && readNodeKey(target.id).elsewhere !== null
      if (!look.read && !elsewhere) return { state: 'not-yet', says: look.why }
      if (!look.read) gaps.push({ what: 'cluster', why: look.why })
      const addresses = new Map(look.read ? look.fleet.instances.map((i) => [i.id, i.address]) : [])
      if (target && elsewhere) addresses.set(target.id, addressOf(target))
      const ids = [...(target ? [target.id] : []), ...[...addresses.keys()].filter((id) => id !== target?.id)]
      // One that hangs would be waited for once more, to hear what was heard a moment ago.
      const silent = known.verdict === 'down' && !known.beatBefore ? before.id : null
      const [answers, workloads] = await Promise.all([
        Promise.all(
          ids.map(async (id) => ({
            id,
            answer:
              id === silent
                ? ({ ok: false, refused: false, why: 'it was down when this run confirmed that.' } as const)
                : await askPosition(world, addresses.get(id) ?? null),
          })),
        ),
        readWorkloads(world, gaps),
      ])
      const nodes = answers.map(({ id, answer }) => nodeOf(id, answer))
      for (const node of nodes)
        if (!node.answers) gaps.push({ what: node.id, why: `it did not respond: ${node.why ?? 'no reason known'}` })
      const source = chooseSource(answers, before.id)
      const survey = source
        ? await count(
            world,
            needed(addresses.get(source.id), `the address of ${source.id}`),
            more(ctx, world.environment),
            gaps,
          )
        : null
      if (!source) gaps.push({ what: 'contents', why: 'no node answers, so nothing can be counted.' })
      if (survey) gaps.push(...survey.gaps)
      const slots = source?.role === 'writer' && survey ? survey.slots : lastSlots(world)
      if (slots === null) gaps.push({ what: 'slots', why: 'nobody has seen those of the writer.' })
      const losses = (world.snapshot()?.candidates ?? []).map(lossOf)
      const loss = losses.find((l) => l.nodeId === target?.id)
      if (target && (!loss || loss.why !== null))
        gaps.push({ what: 'loss', why: loss?.why ?? 'the collector has no state of the target yet.' })
      const answer = target ? answers[0]?.answer : null
      const position = answer?.ok ? answer.position : null
      const lsn = position?.haveLsn ?? position?.flushLsn ?? null
      const kept: Baseline = {
        takenAt: world.now(),
        from: source ? { nodeId: source.id, role: source.role } : null,
        survey,
        slots,
        nodes,
        losses,
        cluster: look.read ? clusterOf(look.fleet) : null,
        deployments: workloads,
        gaps,
      }
      const acknowledged = await lastAcknowledged(world)
      return {
        state: 'proved',
        says: words(kept, target?.id ?? before.id),
        facts: {
          workloads,
          ...(acknowledged && { acknowledged }),
          baseline: kept,
          targetBeat: position?.beat ?? known.targetBeat ?? null,
          ...(target && { target: { ...target, lsn: lsn === null ? target.lsn : String(lsn) } }),
        },
      }
    },
  }
}

async function readWorkloads(world: World, gaps: Gap[]): Promise<FixedWorkload[]> {
  const { kubernetes } = world.environment
  if (!kubernetes || !world.workloads) return []
  const workloads: FixedWorkload[] = []
  for (const deployment of kubernetes.deployments)
    try {
      const state = await world.workloads.read(kubernetes.namespace, deployment)
      workloads.push({
        deployment,
        containers: hostSettings(state.containers, kubernetes.hostVariable),
        replicas: state.replicas,
      })
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      gaps.push({ what: deployment, why: error.message })
    }
  return workloads
}

type Answered = { id: string; answer: NodeAnswer }

/** The writer while it answers as one; otherwise the reader that has received most. */
function chooseSource(answers: Answered[], writerId: string) {
  const writer = answers.find(({ id, answer }) => id === writerId && answer.ok && !answer.position.standby)
  if (writer) return { id: writer.id, role: 'writer' as const }
  const have = ({ answer }: Answered) => (answer.ok ? (answer.position.haveLsn ?? answer.position.flushLsn ?? 0n) : -1n)
  const freshest = answers
    .filter(({ answer }) => answer.ok)
    .reduce<Answered | null>((best, next) => (best && have(best) >= have(next) ? best : next), null)
  return freshest ? { id: freshest.id, role: 'reader' as const } : null
}

async function count(
  world: World,
  address: { host: string; port: number },
  more: Partial<SurveyRequest>,
  gaps: Gap[],
): Promise<Survey | null> {
  const tables = world.environment.database.criticalTables
  try {
    return await world.survey(address, { tables, withinMs: countingMs, ...more })
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    gaps.push({ what: 'contents', why: error.message })
    return null
  }
}

/** The writer's slots as the collector saw them last; a reader has its own, which say nothing. */
function lastSlots(world: World): SlotFact[] | null {
  const seen = world.snapshot()?.slots.value ?? null
  return (
    seen?.map(({ name, kind, plugin, active, walStatus }) => ({
      name,
      kind: kind ?? 'physical',
      plugin: plugin ?? null,
      active,
      walStatus,
    })) ?? null
  )
}

function nodeOf(id: string, answer: NodeAnswer): BaselineNode {
  if (!answer.ok) return { id, answers: false, standby: null, timeline: null, lsn: null, why: answer.why }
  const { standby, timeline, flushLsn, haveLsn } = answer.position
  const lsn = flushLsn ?? haveLsn
  return { id, answers: true, standby, timeline, lsn: lsn === null ? null : String(lsn), why: null }
}

function lossOf({ nodeId, loss }: CandidateView): BaselineLoss {
  return loss.known
    ? {
        nodeId,
        atLeastSeconds: loss.atLeast.seconds,
        atLeastBytes: loss.atLeast.bytes,
        atMostSeconds: loss.atMost.seconds,
        atMostBytes: loss.atMost.bytes,
        why: null,
      }
    : { nodeId, atLeastSeconds: null, atLeastBytes: null, atMostSeconds: null, atMostBytes: null, why: loss.why }
}

function clusterOf(fleet: Standing): BaselineCluster {
  const tier = (id: string) => fleet.cluster?.members.find((m) => m.id === id)?.promotionTier ?? null
  return {
    status: fleet.status,
    engineVersion: fleet.cluster?.engineVersion ?? fleet.instances[0]?.engineVersion ?? null,
    writerId: fleet.writerId,
    securityGroupIds: fleet.cluster?.securityGroupIds ?? [],
    backupRetentionDays: fleet.cluster?.backupRetentionDays ?? null,
    instances: fleet.instances.map(({ id, status, zone, instanceClass, securityGroupIds }) => ({
      id,
      status,
      zone,
      instanceClass,
      promotionTier: tier(id),
      securityGroupIds,
    })),
  }
}

function words({ survey, slots, from, gaps, deployments }: Baseline, targetId: string): string {
  const rows = survey?.tables.reduce((sum, t) => sum + t.rows, 0) ?? 0
  const counted = survey
    ? `${survey.tables.length} critical tables (${rows} rows) by ${from?.role === 'writer' ? 'the writer' : `the reader ${from?.nodeId}`}, ${survey.sequences.length} sequences, ${slots?.length ?? 'no'} slots`
    : 'no contents'
  const emptied = survey?.unlogged.length ? ` Unlogged, so empty afterwards: ${survey.unlogged.join(', ')}.` : ''
  const open = gaps.length ? ` Unprovable: ${gaps.map(({ what, why }) => `${what}, ${why}`).join(' ')}` : ''
  return `Stored the position of ${targetId}, ${counted}, and ${deployments.length} ${deployments.length === 1 ? 'deployment' : 'deployments'}.${emptied}${open}`
}
