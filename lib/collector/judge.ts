import { auroraLagOf } from '../domain/cluster/aurora'
import { diagnose } from '../domain/cluster/diagnosis'
import type { Evidence } from '../domain/cluster/evidence'
import { lagOf } from '../domain/cluster/lag'
import { nodeWords } from '../domain/cluster/node-key'
import { type PoolerSight, poolerTrouble } from '../domain/cluster/pooler'
import { bestKnownPosition, observationsOf, streamOf, type WriterObservation } from '../domain/cluster/position'

import { isWriterElsewhere, servingWorkload } from '../domain/cluster/serving'
import { readersReceiveWal } from '../domain/cluster/topology'

import { emptyTrack } from '../domain/cluster/track'

import type { Diagnosis, Vote } from '../domain/cluster/types'
import { errorWords, type ReceiverSight, votesOf } from '../domain/cluster/votes'
import { followHistory, ofOtherDatabase } from '../domain/cluster/wal-history'
import { answers, laggingSeconds, withoutHeartbeat } from './assemble'
import { apiTroubleOf, failingOverSince, shortName, standingIn } from './inventory'
import { judgeRegion, regionsSeen } from './regions'
import type { Tempo } from './tempo'
import type { Origin, World } from './world'

/** Who is the writer? The node that alone accepts writes; else whom the API names; else whom we knew. */
export function findWriter(world: World, region: string, now: number): string | null {
  const accepting = [...world.nodes.values()].filter((n) => answers(n, now) && n.accepting)
  const named = world.inventory.value ? standingIn(world.inventory.value, world, region).writerId : null
  if (accepting.length === 1) return accepting[0]?.id ?? null
  if (accepting.length > 1) return accepting.find((n) => n.id === world.writerId)?.id ?? named
  return world.writerId ?? named
}

/** Brings position, lag and streams up to date after a round of Q1. */
export function settle(world: World, origin: Origin, now: number): void {
  world.writerId = findWriter(world, origin.environment.region, now)
  const nodes = [...world.nodes.values()]
  beginHistory(world, origin, now)
  const seen = nodes.flatMap((n) =>
    n.seen && answers(n, now) && !ofOtherDatabase(n.seen.value, world.history) ? [n.seen] : [],
  )
  const observations = observationsOf(world.writerId, seen, (id) => shortName(id, origin.environment.cluster))
  const writer = world.writerId ? world.nodes.get(world.writerId) : undefined
  const sent: WriterObservation[] = (writer?.replication.value ?? []).flatMap((row) =>
    row.sentLsn === null || writer?.replication.okAt == null
      ? []
      : [
          {
            at: writer.replication.okAt,
            lsn: row.sentLsn,
            timeline: writer.seen?.value.timeline ?? null,
            systemId: writer.seen?.value.systemId ?? null,
            from: `sent to ${row.application}`,
          },
        ],
  )
  world.writerPosition = bestKnownPosition([
    ...(world.writerPosition ? [world.writerPosition] : []),
    ...observations,
    ...sent,
  ])
  const own = writer?.seen
  if (own && answers(writer, now) && !own.value.standby && own.value.flushLsn !== null)
    world.clock.push(own.value.flushLsn, own.endedAt, own.value.timeline)
  const topology = world.inventory.value
    ? standingIn(world.inventory.value, world, origin.environment.region).topology
    : 'unknown'
  for (const node of nodes) settleNode(node, world, readersReceiveWal(topology), now)
  const readers = nodes.filter((n) => n.id !== world.writerId)
  const lost = readers.length > 0 && readers.every((n) => n.stream.alive === false)
  world.streamsLostSince = lost
    ? (world.streamsLostSince ?? Math.max(...readers.map((n) => n.stream.since ?? now)))
    : null
}

/** After a major upgrade or a restore under the old name, the writer's positions and timelines are of another log. */
function beginHistory(world: World, origin: Origin, now: number): void {
  const writer = world.writerId ? world.nodes.get(world.writerId) : undefined
  const own = writer?.seen && answers(writer, now) && !writer.seen.value.standby ? writer.seen.value : null
  const { cluster, instances } = world.inventory.value ?? { cluster: null, instances: [] }
  const guarded = cluster ?? instances.find((i) => i.id === origin.environment.cluster)
  const told = { systemId: own?.systemId ?? null, resourceId: guarded?.resourceId ?? null }
  const { history, begins } = followHistory(world.history, told)
  world.history = history
  if (!begins) return
  world.writerPosition = null
  world.clock.forget()
}

function settleNode(
  node: World['nodes'] extends Map<string, infer N> ? N : never,
  world: World,
  receives: boolean,
  now: number,
): void {
  const reader = node.seen && answers(node, now) && node.seen.value.standby ? node.seen : null
  const asked = node.seen && answers(node, now)
  const alive = !asked || !receives ? null : reader ? streamOf(reader).alive : null
  if (alive !== node.stream.alive) node.stream = { alive, since: alive === null ? null : now }
  if (reader)
    node.lag = {
      value: receives
        ? lagOf(reader, world.writerPosition, world.clock)
        : auroraLagOf(node.id, world.nodes.get(world.writerId ?? '')?.aurora ?? emptyTrack(), now),
      at: reader.endedAt,
    }
}

function sightsOf(world: World, origin: Origin): ReceiverSight[] {
  const { value } = world.inventory
  if (value && !readersReceiveWal(standingIn(value, world, origin.environment.region).topology)) return []
  const region = new Map((world.inventory.value?.instances ?? []).map((i) => [i.id, i.region]))
  return [...world.nodes.values()].flatMap((node) => {
    if (node.id === world.writerId || (node.seen && !node.seen.value.standby)) return []
    const receiver = node.seen?.value.receiver ?? null
    const silent = receiver?.heardAt == null || !node.seen ? null : Math.max(0, node.seen.value.at - receiver.heardAt)
    return [
      {
        nodeId: node.id,
        crossRegion: region.get(node.id) !== origin.environment.region,
        observedAt: node.position.error ? null : node.position.okAt,
        present: receiver !== null,
        streaming: receiver?.status === 'streaming',
        heardAt: silent === null || !node.seen ? null : node.seen.endedAt - silent,
      },
    ]
  })
}

/** Nodes that accept writes at overlapping times: an old answer of one and a new one of another are a handover. */
export function writersAnswering(world: World, now: number): string[] {
  const accepting = [...world.nodes.values()].flatMap((n) =>
    answers(n, now) && n.accepting ? [{ id: n.id, ...n.accepting }] : [],
  )
  if (accepting.length < 2) return accepting.map((a) => a.id)
  const overlap = accepting.filter((a) => accepting.every((b) => a.lastAt >= b.since && b.lastAt >= a.since))
  return overlap.length > 1 ? overlap.map((a) => a.id) : []
}

function evidenceOf(
  world: World,
  origin: Origin,
  votes: Vote[],
  now: number,
  sights: ReceiverSight[],
  poolerEveryMs: number,
): Omit<Evidence, 'reachedElsewhereAt'> {
  const writer = world.writerId ? world.nodes.get(world.writerId) : undefined
  const write = world.write?.track ?? null
  const failing = write?.failingSince ?? null
  const clusterId = origin.environment.cluster
  const reads = !writer
    ? 'unknown'
    : answers(writer, now) && (failing === null || (writer.position.okAt ?? 0) > failing + 300)
      ? 'ok'
      : writer.position.failures > 0
        ? 'fail'
        : 'unknown'
  const heard = sights.flatMap((s) => (s.heardAt === null || !s.streaming ? [] : [s.heardAt]))
  return {
    now,
    clusterId,
    writer: world.writerId ? { id: world.writerId, name: shortName(world.writerId, clusterId) } : null,
    votes,
    alarm: world.write?.alarm ?? false,
    writeFailingSince: failing,
    writeError: write?.error && write.failures >= 2 ? errorWords(write.error) : null,
    reads,
    heardAt: heard.length ? Math.max(...heard) : null,
    writersAnswering: writersAnswering(world, now).map((id) => nodeWords(id)),
    failingOverSince: failingOverSince(world.clusterStatus, world.events, now),
    readers: [
      ...[...world.nodes.values()].filter((n) => n.id !== world.writerId).map((n) => readerOf(n, clusterId, now)),
      ...addressless(world, clusterId),
    ],
    streamsLostSince: world.streamsLostSince,
    apiTrouble: apiTroubleOf(world),
    noHeartbeat: withoutHeartbeat(world),
    podsTrouble: podsTroubleOf(world),
    poolerTrouble: poolerTrouble(poolerSights(world, now, poolerEveryMs), world.heldByRun),
    blind: isBlind(world, now),
    observed:
      (world.write?.track.endedAt ?? null) !== null ||
      [...world.nodes.values()].some((n) => n.position.endedAt !== null),
  }
}

/** Of the application beside the writer: where the writer has left, pods are not ready, which is no news. */
const servingWatch = (world: World) => servingWorkload(world)?.current() ?? null

/** As the screens call it a problem: at least half of the pods are not ready. */
function podsTroubleOf(world: World): Evidence['podsTrouble'] {
  const watch = servingWatch(world)
  const view = watch?.error === null ? watch.view : null
  if (!view || view.replicas === 0 || view.ready * 2 > view.replicas) return null
  return { ready: view.ready, of: view.replicas, deployment: view.deployment }
}

/** Only from fresh answers: a pooler that no longer answers may have been let go. */
const poolerSights = (world: World, now: number, everyMs: number): PoolerSight[] =>
  world.poolers.map(({ name, address, track, instances }) => {
    const fresh = track.error === null && track.okAt !== null && now - track.okAt <= 3 * everyMs
    return {
      name,
      address,
      pool: fresh ? track.value : null,
      down: track.error?.kind === 'refused' && track.failures >= 2,
      instances: instances.value ?? 1,
    }
  })

/** Nodes that the API names but gives no address to: being made, rebuilt or taken away. */
function addressless(world: World, clusterId: string): Evidence['readers'][number][] {
  return (world.inventory.value?.instances ?? [])
    .filter((i) => i.id !== world.writerId && !world.nodes.has(i.id))
    .map((i) => ({
      name: shortName(i.id, clusterId),
      trouble: `is ${i.status}, as RDS reports`,
      streaming: null,
      lagSeconds: null,
      late: false,
    }))
}

/** Nothing at all answers: then it is this collector that is cut off, whatever else may be wrong. */
function isBlind(world: World, now: number): boolean {
  const nodes = [...world.nodes.values()]
  const controls = [
    world.inventory.error !== null,
    ...(world.workload ? [world.workload.current().error !== null] : []),
    ...(world.metrics ? [world.metrics.error !== null] : []),
  ]
  return (
    world.write?.track.error != null &&
    nodes.length > 0 &&
    nodes.every((n) => !answers(n, now) && n.position.failures > 0) &&
    controls.every(Boolean)
  )
}

function readerOf(
  n: World['nodes'] extends Map<string, infer N> ? N : never,
  clusterId: string,
  now: number,
): Evidence['readers'][number] {
  const lag = n.lag?.value
  const lagSeconds = lag?.known ? lag.seconds + lag.replaySeconds : null
  const name = shortName(n.id, clusterId)
  const base = { name, streaming: n.stream.alive, lagSeconds, late: false }
  if (!answers(n, now)) return { ...base, trouble: n.position.failures >= 2 ? 'is down' : null }
  if (n.seen?.value.replayPaused) return { ...base, trouble: 'has paused its WAL replay' }
  if (n.stream.alive === false) return { ...base, trouble: 'has stopped replicating' }
  if (lagSeconds !== null && lagSeconds > laggingSeconds)
    return { ...base, trouble: `is ${Math.round(lagSeconds)} s behind`, late: true }
  return { ...base, trouble: null }
}

/** One round of judgement: votes from the world, the machine one step on. */
export function judge(
  world: World,
  origin: Origin,
  now: number,
  tempo: Tempo,
): { diagnosis: Diagnosis; votes: Vote[] } {
  const sights = sightsOf(world, origin)
  const inventory = world.inventory
  const watch = servingWatch(world)
  const regions = regionsSeen(world, now, tempo)
  const away = isWriterElsewhere(world)
  // Of the writer, wherever it is.
  const elsewhere = (away ? regions?.elsewhere : regions?.home)?.find(({ service }) => service === 'database') ?? null
  const votes = votesOf({
    now,
    write: {
      track: world.write?.track ?? emptyTrack(),
      everyMs: tempo.writeMs,
    },
    poolers: { tracks: world.poolers.map(({ track }) => track), everyMs: tempo.poolerMs, besideWriter: !away },
    rds: {
      status: {
        ...inventory,
        value: inventory.value && {
          clusterStatus: standingIn(inventory.value, world, origin.environment.region).status,
          writerStatus: inventory.value.instances.find((i) => i.id === world.writerId)?.status ?? null,
        },
      },
      everyMs: tempo.rdsMs,
    },
    receivers: { sights, everyMs: tempo.tickMs },
    workload: watch && { view: watch.view, observedAt: watch.observedAt, everyMs: 5000 },
    metrics: world.metrics && { track: world.metrics, everyMs: tempo.metricsMs },
    elsewhere,
  })
  const { state, diagnosis } = diagnose(
    world.diagnosis,
    {
      ...evidenceOf(world, origin, votes, now, sights, tempo.poolerMs),
      reachedElsewhereAt: elsewhere?.vote === 'ok' ? elsewhere.observedAt : null,
    },
    tempo.times,
  )
  world.diagnosis = state
  return { diagnosis: regions ? judgeRegion(world, origin, regions, diagnosis, now, tempo) : diagnosis, votes }
}
