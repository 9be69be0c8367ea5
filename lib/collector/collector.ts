import { lookup } from 'node:dns/promises'
import { monthOf } from '../domain/cluster/availability'
import { track } from '../domain/cluster/track'
import type { Diagnosis, Heartbeat, LagPoint, Mark, Sample, Snapshot, Vote } from '../domain/cluster/types'
import { onOurClock } from '../domain/cluster/wal-clock'
import type { Clock } from '../ports/clock'
import type { Database } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { LagHistoryStore } from '../ports/history'
import type { Metrics } from '../ports/metrics'
import type { Pooler } from '../ports/pooler'
import type { Workloads } from '../ports/workloads'
import { answers, assemble, type Objectives } from './assemble'
import { HistoryWriter } from './history-writer'
import { type Inventory, mergeEvents } from './inventory'
import { judge, settle } from './judge'
import { LagRing } from './lag-ring'
import { Loop } from './loop'
import { NodeProbe } from './node-probe'
import { sample } from './sample'
import type { StoreHealth } from './store-health'
import type { Tempo } from './tempo'
import { emptyWorld, type Origin, type World } from './world'
import { WriteProbe } from './write-probe'

export interface CollectorPorts {
  fleet: Fleet
  database: Database
  workloads: { port: Workloads; namespace: string; deployment: string } | null
  pooler: Pooler | null
  metrics: Metrics | null
  history: LagHistoryStore | null
  /** What the API last said, kept across restarts: a runner that starts while the API is down still knows its nodes. */
  remembered?: { load(): { at: number; inventory: Inventory } | null; save(at: number, inventory: Inventory): void }
}

export interface CollectorSettings {
  name: string
  environment: Origin['environment'] & { crossRegionReplicaId: string | null }
  objectives: Objectives
  tempo: Tempo
}

/** Whom the collector tells. None of these may throw or wait. */
export interface CollectorOutput {
  snapshot(snapshot: Snapshot): void
  lag(point: LagPoint): void
  mark(mark: Mark): void
}

export interface CollectorLog {
  warn(fields: Record<string, unknown>, message: string): void
  info(fields: Record<string, unknown>, message: string): void
}

/** A round of Q1 is told on when all have answered or after this time. */
const roundMs = 100

/**
 * Watches one environment: every source by its own loop and time limit, one picture a second and one at once when the
 * verdict changes. Started when this process leads the collection, stopped when it does not.
 */
export class Collector {
  readonly ring = new LagRing()
  #world: World
  #origin: Origin
  #seq = 0
  #latest: Snapshot | null = null
  #loops: Loop[] = []
  #rounds: Loop | null = null
  #slowSources: Loop[] = []
  #history: HistoryWriter | null = null
  #running = false
  #told = ''
  #publishSoon = false
  #roundAt = 0
  #saved: unknown = null

  constructor(
    private readonly clock: Clock,
    private readonly ports: CollectorPorts,
    private readonly settings: CollectorSettings,
    private readonly storeHealth: StoreHealth,
    private readonly output: CollectorOutput,
    private readonly log: CollectorLog,
  ) {
    const { crossRegionReplicaId: _, ...environment } = settings.environment
    this.#origin = { collector: settings.name, epoch: 0, environment }
    this.#world = this.#freshWorld()
  }

  #freshWorld(): World {
    return emptyWorld(this.clock.now(), { pooler: this.ports.pooler !== null, metrics: this.ports.metrics !== null })
  }

  latest(): Snapshot | null {
    return this.#latest
  }

  get running(): boolean {
    return this.#running
  }

  /** Begins a term of collecting. Needs nothing outside to be up. */
  start(epoch: number): void {
    if (this.#running) return
    this.#running = true
    this.#seq = 0
    this.#told = ''
    this.#origin = { ...this.#origin, epoch }
    this.#world = this.#freshWorld()
    const { tempo } = this.settings
    const onError = (error: unknown) => this.log.warn({ err: error }, 'a probe loop failed')
    const alarmed = (calm: number, busy: number) => () => (this.#suspicious() ? busy : calm)
    const loop = (run: () => Promise<void>, everyMs: () => number, phaseMs?: number) => {
      const made = new Loop(
        this.clock,
        run,
        phaseMs === undefined ? { everyMs, onError } : { everyMs, phaseMs, onError },
      )
      this.#loops.push(made)
      return made
    }
    const remembered = this.ports.remembered?.load()
    if (remembered) {
      const { at, inventory } = remembered
      this.#world.inventory = track(this.#world.inventory, {
        source: 'rds',
        vantage: 'rds-api',
        startedAt: at,
        endedAt: at,
        ok: true,
        value: inventory,
      })
      this.#adopt(inventory)
    }
    this.#rounds = loop(() => this.#round(), alarmed(tempo.tickMs, tempo.positionAlarmedMs), 0)
    this.#slowSources = [
      loop(() => this.#askFleet(), alarmed(tempo.rdsMs, tempo.rdsAlarmedMs)),
      loop(() => this.#askEvents(), alarmed(tempo.rdsMs, tempo.rdsAlarmedMs)),
      loop(() => this.#askPooler(), alarmed(tempo.poolerMs, 1000)),
      loop(() => this.#askMetrics(), alarmed(tempo.metricsMs, 2000)),
    ]
    loop(
      () => this.#askNetwork(),
      () => tempo.networkMs,
    )
    loop(
      () => this.#askSlow(),
      () => tempo.replicationMs,
    )
    if (this.ports.workloads) {
      const { port, namespace, deployment } = this.ports.workloads
      const watch = port.watch(namespace, deployment)
      this.#world.workload = watch
      watch.onChange(() => this.#evaluate())
    }
    if (this.ports.history) {
      this.#history = new HistoryWriter(
        this.clock,
        this.ports.history,
        this.settings.environment.name,
        this.storeHealth,
        (error) => this.log.warn({ err: error }, 'history was not written; it is kept and tried again'),
      )
      this.#history.start()
      void this.#recall(this.ports.history)
    }
    for (const l of this.#loops) l.start()
    this.log.info({ epoch }, 'collecting')
  }

  /** Ends the term: closes every connection of the collector. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    for (const l of this.#loops) l.stop()
    this.#loops = []
    this.#slowSources = []
    this.#rounds = null
    this.#history?.stop()
    this.#history = null
    this.#world.workload?.stop()
    const world = this.#world
    await Promise.allSettled([world.write?.close(), ...[...world.nodes.values()].map((n) => n.close())])
  }

  #suspicious(): boolean {
    const { kind } = this.#world.diagnosis
    return (this.#world.write?.alarm ?? false) || (kind !== 'healthy' && kind !== 'degraded' && kind !== 'unknown')
  }

  // Probes

  async #round(): Promise<void> {
    const world = this.#world
    const startedAt = this.clock.now()
    const { missMs } = this.settings.tempo
    const asked = [...world.nodes.values()].map((n) => {
      // The writer's read probe falls between two write probes: a freeze is noticed by whichever comes first.
      const miss =
        n.id === world.writerId &&
        setTimeout(() => {
          if (this.clock.now() - startedAt < 1.5 * missMs) world.write?.suspect(true)
        }, missMs)
      return n.ask().then((s) => {
        if (miss) clearTimeout(miss)
        // A late answer counts as soon as it is there, without waiting for the next round.
        if (s && this.clock.now() - startedAt > roundMs) this.#settle()
      })
    })
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      Promise.allSettled(asked),
      new Promise((resolve) => {
        timer = setTimeout(resolve, roundMs)
      }),
    ])
    clearTimeout(timer)
    if (!this.#running || world !== this.#world) return
    this.#settle()
    const second = Math.floor(startedAt / 1000) * 1000
    if (second > this.#roundAt) {
      this.#roundAt = second
      this.#tick(second)
    }
  }

  #settle(): void {
    if (!this.#running) return
    settle(this.#world, this.#origin, this.clock.now())
    this.#evaluate()
  }

  #takeBeat(s: Sample<Heartbeat>): void {
    if (!this.#running) return
    if (s.ok) {
      const at = onOurClock(s.value.at, s.startedAt, s.endedAt)
      this.#world.clock.push(s.value.lsn, at, null)
    }
    this.#evaluate()
  }

  #onLost(id: string): void {
    if (!this.#running) return
    if (id === this.#world.writerId) this.#world.write?.suspect()
    this.#rounds?.kick()
  }

  #onAlarm(): void {
    this.#evaluate()
    if (!this.#world.write?.alarm) return
    // Ask everyone at once: the vote should not wait for anybody's turn.
    this.#rounds?.kick()
    for (const l of this.#slowSources) l.kick()
  }

  async #askFleet(): Promise<void> {
    const { environment, tempo } = this.settings
    const s = await sample(this.clock, 'rds', 'rds-api', tempo.rdsLimitMs, async (signal): Promise<Inventory> => {
      const [cluster, members, other] = await Promise.all([
        this.ports.fleet.cluster(environment.cluster, signal),
        this.ports.fleet.instances(environment.cluster, signal),
        environment.crossRegionReplicaId
          ? this.ports.fleet.instance(environment.crossRegionReplicaId, environment.drRegion, signal).catch(() => null)
          : null,
      ])
      const known =
        other ?? this.#world.inventory.value?.instances.find((i) => i.id === environment.crossRegionReplicaId) ?? null
      return { cluster, instances: [...members.filter((m) => m.id !== known?.id), ...(known ? [known] : [])] }
    })
    if (!this.#running) return
    const world = this.#world
    const before = world.inventory.error
    world.inventory = track(world.inventory, s)
    if (!s.ok) {
      if (before === null)
        this.log.warn({ kind: s.error.kind }, 'the RDS API does not answer; the last known nodes stay')
      this.#evaluate()
      return
    }
    const status = s.value.cluster.status
    if (world.clusterStatus?.status !== status) world.clusterStatus = { status, statusSince: s.endedAt }
    if (JSON.stringify(this.#saved) !== JSON.stringify(shapeOf(s.value))) {
      this.#saved = shapeOf(s.value)
      this.ports.remembered?.save(s.endedAt, s.value)
    }
    this.#adopt(s.value)
    this.#evaluate()
  }

  /** Opens probes to what is new, closes those of what is gone or moved. */
  #adopt(inventory: Inventory): void {
    const world = this.#world
    const wanted = new Map(inventory.instances.flatMap((i) => (i.address ? [[i.id, i.address] as const] : [])))
    for (const [id, node] of world.nodes) {
      const address = wanted.get(id)
      if (address && address.host === node.address.host && address.port === node.address.port) continue
      world.nodes.delete(id)
      void node.close()
    }
    let added = false
    for (const [id, address] of wanted) {
      if (world.nodes.has(id)) continue
      world.nodes.set(id, new NodeProbe(this.clock, this.ports.database, id, address, (lost) => this.#onLost(lost)))
      added = true
    }
    const endpoint = inventory.cluster.writerEndpoint
    if (world.write?.address.host !== endpoint.host || world.write.address.port !== endpoint.port) {
      void world.write?.close()
      world.write = new WriteProbe(
        this.clock,
        this.ports.database,
        endpoint,
        this.settings.tempo,
        (s) => this.#takeBeat(s),
        () => this.#onAlarm(),
        (error) => this.log.warn({ err: error }, 'the write probe failed'),
      )
      world.write.start()
    }
    if (added) this.#rounds?.kick()
  }

  async #askEvents(): Promise<void> {
    const ids = this.#world.inventory.value
    if (!ids) return
    const world = this.#world
    const since = Math.min((world.eventsAt ?? this.clock.now() - 3_600_000) - 120_000, this.clock.now())
    const sources = [ids.cluster.id, ...ids.instances.map((i) => i.id)]
    const s = await sample(this.clock, 'rds-events', 'rds-api', this.settings.tempo.rdsLimitMs, (signal) =>
      this.ports.fleet.events(sources, since, signal),
    )
    if (!this.#running || !s.ok) return
    const first = world.eventsAt === null
    world.eventsAt = s.startedAt
    const { all, fresh } = mergeEvents(world.events, s.value)
    world.events = all
    for (const e of fresh)
      if (!first || s.endedAt - e.at < 60_000)
        this.#mark({ at: e.at, kind: 'event', text: `${e.source}: ${e.message}` })
    if (fresh.length) this.#evaluate()
  }

  async #askPooler(): Promise<void> {
    const { pooler } = this.ports
    const world = this.#world
    if (!pooler || !world.pooler) return
    world.pooler = track(world.pooler, await sample(this.clock, 'pooler', 'pooler', 3000, () => pooler.pools()))
    this.#evaluate()
  }

  async #askMetrics(): Promise<void> {
    const { metrics } = this.ports
    const world = this.#world
    if (!metrics || !world.metrics) return
    world.metrics = track(
      world.metrics,
      await sample(this.clock, 'prometheus', 'metrics', 5000, (signal) => metrics.overview(signal)),
    )
    this.#evaluate()
  }

  async #askNetwork(): Promise<void> {
    const world = this.#world
    const inventory = world.inventory.value
    if (!inventory) return
    const endpoint = inventory.cluster.writerEndpoint
    const s = await sample(this.clock, 'dns', 'collector', 3000, async () => (await lookup(endpoint.host)).address)
    const expiries = inventory.instances.flatMap((i) =>
      i.certificateValidTill === null ? [] : [i.certificateValidTill],
    )
    const writes = world.write?.track.error === null && world.write.track.okAt !== null
    const base = {
      endpoint: `${endpoint.host}:${endpoint.port}`,
      answersAs:
        writes && world.writerId && answers(world.nodes.get(world.writerId), this.clock.now()) ? world.writerId : null,
      tlsExpiresAt: expiries.length ? Math.min(...expiries) : null,
    }
    world.network = track(world.network, s.ok ? { ...s, value: { ...base, resolvesTo: s.value } } : s)
  }

  async #askSlow(): Promise<void> {
    const world = this.#world
    await Promise.allSettled([...world.nodes.values()].map((n) => n.askSlow(n.id === world.writerId)))
  }

  // Telling

  /** Once a second: a lag point, a minute's count and a picture. */
  #tick(at: number): void {
    const now = this.clock.now()
    const point: LagPoint = { at, byNode: {} }
    for (const node of this.#world.nodes.values()) {
      if (node.id === this.#world.writerId) continue
      const lag = node.lag
      const fresh = lag && now - lag.at <= 2500 && answers(node, now)
      point.byNode[node.id] = fresh && lag.value.known ? { seconds: lag.value.seconds, bytes: lag.value.bytes } : null
    }
    this.ring.push(point)
    this.#history?.point(point)
    this.output.lag(point)
    this.#countMinute(at)
    this.#publish()
  }

  #countMinute(at: number): void {
    const write = this.#world.write?.track
    if (!write || write.endedAt === null) return
    const start = Math.floor(at / 60_000) * 60_000
    const minute = this.#world.minutes.get(start) ?? { minute: start, probes: 0, failed: 0 }
    minute.probes += 1
    if (write.failures > 0) minute.failed += 1
    this.#world.minutes.set(start, minute)
    if (at - start >= 55_000 || minute.probes % 10 === 0) this.#history?.minute(minute)
    const { fromMs } = monthOf(at)
    if (this.#world.minutes.size > 45_000)
      for (const key of this.#world.minutes.keys()) if (key < fromMs) this.#world.minutes.delete(key)
  }

  /** Judges again; tells at once when the verdict or a vote changed, else with the next tick. */
  #evaluate(): void {
    if (!this.#running) return
    const verdict = this.#judge()
    const now = `${verdict.diagnosis.kind}/${verdict.diagnosis.certainty}`
    const votes = `${verdict.diagnosis.recommend} ${verdict.votes.map((v) => v.vote).join()}`
    if (`${now} ${votes}` === this.#told) return
    const changed = this.#told !== '' && !this.#told.startsWith(`${now} `)
    this.#told = `${now} ${votes}`
    if (changed) {
      this.#mark({ at: this.clock.now(), kind: 'detection', text: markText(verdict.diagnosis) })
      this.#publish(verdict)
    } else this.#publishVotesSoon()
  }

  /** Votes that change one after the other within a moment make one picture. */
  #publishVotesSoon(): void {
    if (this.#publishSoon) return
    this.#publishSoon = true
    setTimeout(() => {
      this.#publishSoon = false
      if (this.#running) this.#publish()
    }, 30)
  }

  #judge(): { diagnosis: Diagnosis; votes: Vote[] } {
    return judge(this.#world, this.#origin, this.clock.now(), this.settings.tempo)
  }

  #publish(verdict = this.#judge()): void {
    this.#seq += 1
    this.#latest = assemble(
      this.#world,
      this.#origin,
      this.#seq,
      this.clock.now(),
      this.settings.tempo,
      verdict,
      this.settings.objectives,
      this.storeHealth.state,
    )
    this.output.snapshot(this.#latest)
  }

  #mark(mark: Mark): void {
    this.ring.mark(mark)
    this.#history?.mark(mark)
    this.output.mark(mark)
  }

  /** Reads what the store remembers; tried until it answers, while collecting goes on. */
  async #recall(history: LagHistoryStore): Promise<void> {
    const world = this.#world
    const now = this.clock.now()
    const name = this.settings.environment.name
    try {
      const known = this.ring.newestAt() ?? 0
      const { fromMs } = monthOf(now)
      const [points, marks, minutes] = await Promise.all([
        known ? [] : history.read(name, now - 6 * 3_600_000, now, this.ring.capacity),
        known ? [] : history.readMarks(name, now - 6 * 3_600_000, now),
        history.readMinutes(name, fromMs, now),
      ])
      this.ring.prepend(points)
      for (const m of marks) this.ring.mark(m)
      for (const m of minutes) {
        const own = world.minutes.get(m.minute)
        world.minutes.set(m.minute, own && own.probes >= m.probes ? own : { ...m })
      }
      this.storeHealth.answered()
    } catch (error) {
      this.storeHealth.failed(error)
      setTimeout(() => {
        if (this.#running && world === this.#world) void this.#recall(history)
      }, 5000).unref()
    }
  }
}

/** What must change for the inventory to be worth writing down again. */
function shapeOf(inventory: Inventory): unknown {
  const { writerEndpoint, members } = inventory.cluster
  return [writerEndpoint, members, inventory.instances.map((i) => [i.id, i.address, i.region])]
}

function markText(diagnosis: Diagnosis): string {
  const grade = diagnosis.certainty === 'none' ? '' : `, ${diagnosis.certainty}`
  const words: Record<Diagnosis['kind'], string> = {
    healthy: 'Healthy',
    'primary-suspected': 'Writer',
    'primary-down': 'Writer down',
    'own-partition': 'Our own partition',
    'wedged-writer': 'Writer takes no writes',
    'split-brain': 'Two writers',
    'failing-over': 'RDS fails over',
    degraded: 'Degraded',
    unknown: 'Nothing is known',
  }
  return `${words[diagnosis.kind]}${grade}`
}
