import { availabilityOf } from '../domain/cluster/availability'
import { type CandidateInput, candidateNote, type LossContext, rankCandidates } from '../domain/cluster/candidates'
import { closedAtOf } from '../domain/cluster/closed'
import { aboutWriter } from '../domain/cluster/damage-verdict'
import { formatLsn } from '../domain/cluster/lsn'
import { combinePools, severalInstancesWords } from '../domain/cluster/pooler'
import { readersReceiveWal, type Topology } from '../domain/cluster/topology'
import type { Track } from '../domain/cluster/track'
import type {
  Diagnosis,
  NodeState,
  NodeView,
  PoolView,
  Reading,
  Snapshot,
  Vote,
  WorkloadView,
} from '../domain/cluster/types'
import type { FleetInstance } from '../ports/fleet'
import type { WorkloadWatch } from '../ports/workloads'
import { apiTroubleOf, shortName, standingIn } from './inventory'
import { type NodeProbe, slotsEveryMs } from './node-probe'
import { hiddenByRegion, regionsSeen } from './regions'
import type { Tempo } from './tempo'
import type { Origin, World } from './world'

/** A reader this far behind, received or replayed, is called lagging. */
export const laggingSeconds = 10

export interface Objectives {
  rpo: { targetSeconds: number; maximumSeconds: number }
  monthlyAvailability: number
}

/** The latest whole picture: a value made of the world, at one moment. */
export function assemble(
  world: World,
  origin: Origin,
  seq: number,
  now: number,
  tempo: Tempo,
  verdict: { diagnosis: Diagnosis; votes: Vote[] },
  objectives: Objectives,
  store: Snapshot['store'],
): Snapshot {
  const inventory = world.inventory.value
  const standing = inventory && standingIn(inventory, world, origin.environment.region)
  const topology = standing?.topology ?? 'unknown'
  const instances = inventory?.instances ?? []
  const writerFinding = aboutWriter(verdict.diagnosis)
  const { region } = origin.environment
  const nodes = instances.map((i) =>
    hiddenByRegion(
      nodeView(world, i, topology, writerFinding, now, tempo, origin),
      verdict.diagnosis,
      region,
      answers(world.nodes.get(i.id), now),
    ),
  )
  const { inputs, writerZone, ...loss } = candidateInputs(world, topology, origin, now, objectives)
  const context: LossContext = { ...loss.context, damaged: verdict.diagnosis.damage !== undefined }
  const candidates = rankCandidates(inputs, writerZone, context)
  const writer = world.writerId ? world.nodes.get(world.writerId) : undefined
  return {
    seq,
    epoch: origin.epoch,
    takenAt: now,
    collector: origin.collector,
    environment: origin.environment,
    topology,
    diagnosis: verdict.diagnosis,
    votes: verdict.votes,
    nodes,
    writerId: world.writerId,
    writerPosition: {
      observedAt: world.writerPosition?.at ?? null,
      lsn: world.writerPosition ? formatLsn(world.writerPosition.lsn) : null,
      from: world.writerPosition?.from ?? null,
    },
    lastHeartbeatAt: world.write?.track.okAt ?? null,
    ...(withoutHeartbeat(world) && { noHeartbeat: true }),
    writesSince: world.write?.track.okSince ?? null,
    candidates,
    candidateNote: candidateNote(candidates, inputs, context),
    pool: poolOf(world, tempo.poolerMs),
    poolers: world.poolers.map(({ name, track, instances, address }) => ({
      name,
      ...reading(track, tempo.poolerMs),
      ...((instances.value ?? 1) > 1 && { error: severalInstancesWords(address) }),
    })),
    workload: watched(world.workload) ?? absent('No Kubernetes is set up.', watchMs),
    ...(world.workloadElsewhere && { workloadElsewhere: watched(world.workloadElsewhere) }),
    backups: {
      ...reading(world.inventory, tempo.rdsMs),
      value: standing && {
        retentionDays: standing.backupRetentionDays,
        earliestRestorableAt: standing.earliestRestorableAt,
        latestRestorableAt: standing.latestRestorableAt,
      },
    },
    s3Backups: world.s3Backups
      ? reading(world.s3Backups, tempo.backupsMs)
      : absent('No backups in S3 are configured.', tempo.backupsMs),
    metrics: world.metrics
      ? reading(world.metrics, tempo.metricsMs)
      : absent('No Prometheus is set up.', tempo.metricsMs),
    regions: world.vantage
      ? { ...reading<unknown>(world.vantage, tempo.vantageMs), value: regionsSeen(world, now, tempo) }
      : absent('No collector in the other region is set up.', tempo.vantageMs),
    network: reading(world.network, tempo.networkMs),
    names: world.names
      ? reading(world.names, tempo.networkMs)
      : absent('No DNS names are configured.', tempo.networkMs),
    availability: {
      value: availabilityOf(
        [...world.minutes.values()],
        now,
        objectives.monthlyAvailability,
        world.write?.track.failingSince ?? null,
      ),
      observedAt: world.write?.track.endedAt ?? null,
      everyMs: tempo.writeMs,
      error: null,
      failingSince: null,
    },
    blocking: writer
      ? reading(writer.blocking, tempo.replicationMs)
      : absent('The writer is not yet known.', tempo.replicationMs),
    slots: writer ? reading(writer.slots, slotsEveryMs) : absent('The writer is not yet known.', slotsEveryMs),
    events: world.events.slice(-30),
    rdsObservedAt: world.inventory.okAt,
    store,
  }
}

const watchMs = 5000

function watched(watch: WorkloadWatch): Reading<WorkloadView>
function watched(watch: WorkloadWatch | null): Reading<WorkloadView> | null
function watched(watch: WorkloadWatch | null): Reading<WorkloadView> | null {
  if (!watch) return null
  const { view, observedAt, error, failingSince } = watch.current()
  return { value: view, observedAt, everyMs: watchMs, error, failingSince }
}

function reading<T>(t: Track<T>, everyMs: number): Reading<T> {
  return { value: t.value, observedAt: t.okAt, everyMs, error: t.error?.message ?? null, failingSince: t.failingSince }
}

/** All poolers as one reading: as old as the oldest answer, and failing while one fails. */
function poolOf({ poolers }: World, everyMs: number): Reading<PoolView> {
  if (poolers.length === 0) return absent('No pooler is set up: clients go straight to the database.', everyMs)
  const tracks = poolers.map(({ track }) => track)
  const answered = tracks.flatMap(({ value }) => (value === null ? [] : [value]))
  const times = tracks.flatMap(({ okAt }) => (okAt === null ? [] : [okAt]))
  const failing = poolers.filter(({ track }) => track.error !== null)
  const since = failing.flatMap(({ track }) => (track.failingSince === null ? [] : [track.failingSince]))
  return {
    value: answered.length > 0 ? combinePools(answered) : null,
    observedAt: times.length > 0 ? Math.min(...times) : null,
    everyMs,
    error: failing.map(({ track }) => track.error?.message).join(' ') || null,
    failingSince: since.length > 0 ? Math.min(...since) : null,
  }
}

function absent<T>(why: string, everyMs: number): Reading<T> {
  return { value: null, observedAt: null, everyMs, error: why, failingSince: null }
}

/** The last write that was acknowledged left no heartbeat. */
export const withoutHeartbeat = ({ write }: World): boolean => write?.track.value?.seq === null

export function lossContext(world: World, topology: Topology, now: number, objectives: Objectives): LossContext {
  const lastProof = [world.writerPosition?.at, world.write?.track.okAt].filter((at) => at != null)
  return {
    now,
    topology,
    writer: world.writerPosition,
    closedAt: closedAtOf(world.events, world.writerId, lastProof.length ? Math.max(...lastProof) : null),
    clock: world.clock,
    objectives: objectives.rpo,
    apiTrouble: apiTroubleOf(world),
    noHeartbeat: withoutHeartbeat(world),
    lateAfterSeconds: laggingSeconds,
  }
}

function candidateInputs(world: World, topology: Topology, origin: Origin, now: number, objectives: Objectives) {
  const inventory = world.inventory.value
  const writer = inventory?.instances.find((i) => i.id === world.writerId) ?? null
  const inputs: CandidateInput[] = (inventory?.instances ?? [])
    .filter((i) => i.id !== world.writerId)
    .map((i) => {
      const node = world.nodes.get(i.id)
      return {
        nodeId: i.id,
        name: shortName(i.id, origin.environment.cluster),
        crossRegion: i.region !== origin.environment.region,
        seen: node?.seen ?? null,
        reachable: answers(node, now),
        rdsStatus: i.status,
        tier: inventory?.cluster?.members.find((m) => m.id === i.id)?.promotionTier ?? null,
        zone: i.zone,
        ...(readersReceiveWal(topology) ? {} : { cache: node?.lag?.value ?? null }),
      }
    })
  if (writer && topology === 'instance' && writer.multiAz)
    inputs.push({
      nodeId: writer.id,
      name: shortName(writer.id, origin.environment.cluster),
      crossRegion: false,
      seen: world.nodes.get(writer.id)?.seen ?? null,
      reachable: false,
      rdsStatus: writer.status,
      tier: null,
      zone: '',
      standby: true,
    })
  return { inputs, context: lossContext(world, topology, now, objectives), writerZone: writer?.zone ?? null }
}

/** A node answers when its newest Q1 is good and not older than three periods. */
export function answers(node: NodeProbe | undefined, now: number): boolean {
  return node?.position.okAt != null && node.position.error === null && now - node.position.okAt <= 3000
}

function nodeView(
  world: World,
  instance: FleetInstance,
  topology: Topology,
  diagnosis: Diagnosis,
  now: number,
  tempo: Tempo,
  origin: Origin,
): NodeView {
  const node = world.nodes.get(instance.id)
  const value = node?.position.value ?? null
  const isWriter = world.writerId === instance.id
  const crossRegion = instance.region !== origin.environment.region
  const at = { observedAt: node?.position.okAt ?? null, everyMs: tempo.tickMs }
  const failing = { error: node?.position.error?.message ?? null, failingSince: node?.position.failingSince ?? null }
  return {
    id: instance.id,
    role: isWriter ? 'writer' : value && !value.standby ? 'unknown' : crossRegion ? 'cross-region' : 'reader',
    ...nodeState(world, node, isWriter, topology, diagnosis, now, instance.status),
    region: instance.region,
    zone: instance.zone,
    address: instance.address,
    rdsStatus: {
      ...reading<unknown>(crossRegion ? world.elsewhere : world.inventory, tempo.rdsMs),
      value: instance.status,
    },
    instanceClass: instance.instanceClass || null,
    version: value?.version ?? instance.engineVersion ?? null,
    connections: { value: value?.connections ?? null, ...at, ...failing },
    position: {
      value: value && positionOf(value),
      ...at,
      ...failing,
    },
    lag: {
      // What was so when it was last seen is no figure of one that is down.
      value: isWriter
        ? null
        : node?.position.error
          ? { known: false, why: 'it does not respond' }
          : (node?.lag?.value ?? null),
      observedAt: node?.lag?.at ?? null,
      everyMs: tempo.tickMs,
      ...failing,
    },
    stream: node?.stream ?? { alive: null, since: null },
    lastBeatAt: isWriter ? (world.write?.track.okAt ?? null) : (value?.beat?.at ?? null),
  }
}

function positionOf(
  value: NonNullable<NodeProbe['position']['value']>,
): { lsn: string; timeline: number | null; standby: boolean } | null {
  const lsn = value.standby ? value.haveLsn : value.flushLsn
  return lsn === null
    ? null
    : { lsn: formatLsn(lsn), timeline: value.receiver?.timeline ?? value.timeline, standby: value.standby }
}

function nodeState(
  world: World,
  node: NodeProbe | undefined,
  isWriter: boolean,
  topology: Topology,
  diagnosis: Diagnosis,
  now: number,
  rdsStatus: string,
): { state: NodeState; stateDetail: string } {
  const is = (state: NodeState, stateDetail: string) => ({ state, stateDetail })
  const troubled = diagnosis.kind === 'primary-suspected' || diagnosis.kind === 'primary-down'
  if (isWriter) {
    if (diagnosis.kind === 'primary-suspected') return is('suspected', 'suspected')
    if (diagnosis.kind === 'primary-down')
      return world.write?.track.error === null ? is('suspected', 'responds again') : is('down', 'down')
    if (diagnosis.kind === 'own-partition') return is('unknown', 'out of our sight')
    if (diagnosis.kind === 'wedged-writer') return is('problem', 'no writes')
    if (diagnosis.kind === 'split-brain') return is('problem', 'two writers')
  }
  if (!node) return is('unknown', rdsStatus)
  if (node.position.endedAt === null) return is('unknown', 'not asked yet')
  if (!answers(node, now)) {
    if (node.position.okAt === null && node.position.failures < 2) return is('unknown', 'no answer yet')
    return is(node.position.failures >= 2 ? 'problem' : 'unknown', 'no answer')
  }
  const value = node.position.value
  if (isWriter) return is('ok', 'OK')
  if (value && !value.standby) return is('problem', 'accepts writes')
  if (!readersReceiveWal(topology)) {
    const cache = node.lag?.value
    return cache?.known && cache.seconds > laggingSeconds ? is('lagging', 'cache lagging') : is('ok', 'OK')
  }
  if (value?.replayPaused) return is('lagging', 'replay paused')
  if (node.stream.alive === false) return is(troubled ? 'lagging' : 'problem', 'no stream')
  const lag = node.lag?.value
  if (lag?.known && Math.max(lag.seconds, lag.replaySeconds) > laggingSeconds) return is('lagging', 'lagging')
  return lag?.known ? is('ok', 'OK') : is('unknown', 'lag unknown')
}
