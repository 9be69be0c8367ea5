import { lookup } from 'node:dns/promises'
import { catalogueOf } from '../domain/backups/catalogue'
import { summaryOf } from '../domain/backups/summary'
import type { BackupCheck } from '../domain/backups/types'
import { nodeKey, nodeWords } from '../domain/cluster/node-key'
import { serversElsewhere, severalInstancesWords } from '../domain/cluster/pooler'
import { track } from '../domain/cluster/track'
import type { Heartbeat, Mark, PoolView, Sample } from '../domain/cluster/types'
import { onOurTime } from '../domain/cluster/vantage'
import { onOurClock } from '../domain/cluster/wal-clock'
import type { Clock } from '../ports/clock'
import type { FleetInstance } from '../ports/fleet'
import type { Pooler } from '../ports/pooler'
import { PortError } from '../ports/port-error'
import { answers } from './assemble'
import { readBuckets } from './buckets'
import type { CollectorLog, CollectorPorts, CollectorSettings } from './contract'
import { type Inventory, mergeEvents, notFound, standingIn, withKeys, withReplica, writeAddress } from './inventory'
import { readNames } from './names'
import { NodeProbe } from './node-probe'
import { sample } from './sample'
import type { World } from './world'
import { WriteProbe } from './write-probe'

/** An address is configured, and changes seldom; eight sessions are opened each time. */
export const instancesEveryMs = 60_000
const instancesLimitMs = 8_000
/** Two attempts at each resolver, all at the same time. */
const namesLimitMs = 10_000
const platformLimitMs = 10_000
/** As AWS Health names them (procedures, P3.1). */
const platformServices = ['RDS', 'EC2', 'S3', 'ELASTICLOADBALANCING']

/** Who wants to hear what a source brought. */
export interface Heard {
  /** Something in the world is another: judge again. */
  changed(): void
  /** The connection to a node broke. */
  lost(nodeId: string): void
  /** The write probe is alarmed or calm again. */
  alarmed(): void
  /** Nodes were added that nobody has asked yet. */
  moreNodes(): void
  mark(mark: Mark): void
}

/**
 * The sources of one term of collecting: asks each once when called, within its own limit, and writes what it heard into
 * the world. Opens probes to nodes as the fleet's inventory names them.
 */
export class Sources {
  #ended = false
  #saved: unknown = null
  /** As the store last told them: without it, what was verified stays verified. */
  #checks: BackupCheck[] = []

  constructor(
    private readonly clock: Clock,
    private readonly ports: CollectorPorts,
    private readonly settings: CollectorSettings,
    private readonly world: World,
    private readonly heard: Heard,
    private readonly log: CollectorLog,
  ) {}

  /** Takes up what the API said before this process began, as old as it is. */
  recall(): void {
    const remembered = this.ports.remembered?.load()
    if (!remembered) return
    const { at } = remembered
    const inventory = withKeys(remembered.inventory, this.settings.environment.region)
    this.world.inventory = track(this.world.inventory, {
      source: 'rds',
      vantage: 'rds-api',
      startedAt: at,
      endedAt: at,
      ok: true,
      value: inventory,
    })
    const { crossRegionReplicaId: name, drRegion, region } = this.settings.environment
    const replica = name === null ? null : inventory.instances.find((i) => i.id === nodeKey(name, drRegion, region))
    if (replica) this.world.elsewhere = { ...this.world.elsewhere, value: replica, okAt: at, endedAt: at }
    this.adopt(inventory)
  }

  /** Ends the term: answers that come later are dropped, and every connection is closed. */
  async end(): Promise<void> {
    this.#ended = true
    await Promise.allSettled([this.world.write?.close(), ...[...this.world.nodes.values()].map((n) => n.close())])
  }

  async askFleet(): Promise<void> {
    const { environment, tempo } = this.settings
    const names = this.world.inventory.value?.instances.map((i) => i.id) ?? []
    const begun = this.clock.now()
    const silent = setTimeout(() => {
      this.world.apiSilentSince ??= begun
      this.heard.changed()
    }, tempo.rdsSilentMs)
    // Each region within its own limit: one that hangs costs the other nothing.
    const [home, away] = await Promise.all([
      sample(this.clock, 'rds', 'rds-api', tempo.rdsLimitMs, (signal) =>
        this.ports.fleet.guarded(environment.cluster, names, signal),
      ).finally(() => clearTimeout(silent)),
      sample(this.clock, 'rds-elsewhere', 'rds-api', tempo.rdsLimitMs, (signal) => this.#replicaElsewhere(signal)),
    ])
    if (this.#ended) return
    const world = this.world
    if (home.ok) world.apiSilentSince = null
    world.elsewhere = track(world.elsewhere, away)
    const before = world.inventory.error
    const s = home.ok ? { ...home, value: withReplica(home.value, world.elsewhere.value) } : home
    world.inventory = track(world.inventory, s)
    if (!s.ok) {
      if (before === null)
        this.log.warn({ kind: s.error.kind }, 'the RDS API is not responding; the last known nodes are kept')
      // What the other region says counts all the same, and most of all when ours is lost.
      if (away.ok && world.inventory.value) {
        const value = withReplica(world.inventory.value, away.value)
        world.inventory = { ...world.inventory, value }
        this.adopt(value)
      }
      this.heard.changed()
      return
    }
    const { status } = standingIn(s.value, world, environment.region)
    if (world.clusterStatus?.status !== status) world.clusterStatus = { status, statusSince: s.endedAt }
    if (JSON.stringify(this.#saved) !== JSON.stringify(shapeOf(s.value))) {
      this.#saved = shapeOf(s.value)
      this.ports.remembered?.save(s.endedAt, s.value)
    }
    this.adopt(s.value)
    this.heard.changed()
  }

  /** The replica in the other region, "not found" when the API there says so; null when none is configured. */
  async #replicaElsewhere(signal: AbortSignal): Promise<FleetInstance | null> {
    const { crossRegionReplicaId: name, drRegion, region } = this.settings.environment
    if (name === null) return null
    try {
      return await this.ports.fleet.instance(name, drRegion, signal)
    } catch (error) {
      if (error instanceof PortError && error.errorClass === 'missing') return notFound(name, drRegion, region)
      throw error
    }
  }

  /** Opens probes to what is new, closes those of what is gone or moved. */
  adopt(inventory: Inventory): void {
    const world = this.world
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
      world.nodes.set(id, new NodeProbe(this.clock, this.ports.database, id, address, (lost) => this.heard.lost(lost)))
      added = true
    }
    if (added) this.heard.moreNodes()
    this.aim(inventory)
  }

  /** Writes go where clients would find the writer. */
  aim(inventory = this.world.inventory.value): void {
    const world = this.world
    const endpoint = inventory && writeAddress(inventory, world, this.settings.environment.region)
    if (this.#ended || !endpoint) return
    if (world.write?.address.host !== endpoint.host || world.write.address.port !== endpoint.port) {
      void world.write?.close()
      world.write = new WriteProbe(
        this.clock,
        this.ports.database,
        endpoint,
        this.settings.tempo,
        (s) => this.#takeBeat(s),
        () => this.heard.alarmed(),
        (error) => this.log.warn({ err: error }, 'the write probe failed'),
      )
      world.write.start()
    }
  }

  async askEvents(): Promise<void> {
    const ids = this.world.inventory.value
    if (!ids) return
    const world = this.world
    const since = Math.min((world.eventsAt ?? this.clock.now() - 3_600_000) - 120_000, this.clock.now())
    const sources = [...(ids.cluster ? [ids.cluster.id] : []), ...ids.instances.map((i) => i.id)]
    const s = await sample(this.clock, 'rds-events', 'rds-api', this.settings.tempo.rdsLimitMs, (signal) =>
      this.ports.fleet.events(sources, since, signal),
    )
    if (this.#ended || !s.ok) return
    const first = world.eventsAt === null
    world.eventsAt = s.startedAt
    const { all, fresh } = mergeEvents(world.events, s.value)
    world.events = all
    for (const e of fresh)
      if (!first || s.endedAt - e.at < 60_000)
        this.heard.mark({ at: e.at, kind: 'event', text: `${nodeWords(e.source)}: ${e.message}` })
    if (fresh.length) this.heard.changed()
  }

  async askPoolers(): Promise<void> {
    const world = this.world
    if (world.poolers.length === 0) return
    // Each within its own limit: one that hangs costs the others nothing.
    const asked = await Promise.all(
      this.ports.poolers.map((pooler) => sample(this.clock, pooler.name, 'pooler', 3000, () => this.#poolsOf(pooler))),
    )
    // The picture goes on without our store: what it does not say in time is not waited for.
    const ours = asked.some((one) => one.ok && one.value.paused) ? (this.ports.heldByRun ?? null) : null
    const held = ours && (await sample(this.clock, 'store', 'collector', 1000, ours))
    world.heldByRun = held?.ok === true && held.value
    asked.forEach((one, i) => {
      const pooler = world.poolers[i]
      if (pooler) pooler.track = track(pooler.track, one)
    })
    this.heard.changed()
  }

  async #poolsOf(pooler: Pooler): Promise<PoolView> {
    const pool = await pooler.pools()
    const { writerId, nodes } = this.world
    const writer = writerId === null ? undefined : nodes.get(writerId)
    if (writerId === null || !writer?.accepting || pool.serversActive + pool.serversIdle === 0) return pool
    const known = await Promise.all(
      [...nodes.values()].map(async ({ id, address: { host, port } }) => {
        const found = await lookup(host, { all: true }).catch(() => [])
        return { id, port, addresses: found.map(({ address }) => address) }
      }),
    )
    const [astray] = serversElsewhere(await pooler.servers(), known, writerId)
    return { ...pool, serversAt: astray ? nodeWords(astray.nodeId) : null }
  }

  /** Do several processes answer at one pooler's address? An answer that does not come leaves what was known. */
  async countPoolers(): Promise<void> {
    const counted = await Promise.all(
      this.ports.poolers.map((pooler) =>
        sample(this.clock, pooler.name, 'pooler', instancesLimitMs, () => pooler.instances()),
      ),
    )
    counted.forEach((one, i) => {
      const pooler = this.world.poolers[i]
      if (!pooler || !one.ok) return
      if (one.value > 1 && pooler.instances.value !== one.value)
        this.log.warn({ pooler: pooler.name }, severalInstancesWords(pooler.address))
      pooler.instances = track(pooler.instances, one)
    })
    this.heard.changed()
  }

  async askMetrics(): Promise<void> {
    const { metrics } = this.ports
    const world = this.world
    if (!metrics || !world.metrics) return
    world.metrics = track(
      world.metrics,
      await sample(this.clock, 'prometheus', 'metrics', 5000, (signal) => metrics.overview(signal)),
    )
    this.heard.changed()
  }

  /** What the collector in the other region sees. One that is silent is a failed sample, and proves nothing of a region. */
  async askVantage(): Promise<void> {
    const { vantage } = this.ports
    const world = this.world
    if (!vantage || !world.vantage) return
    const s = await sample(this.clock, 'dr-collector', 'dr-region', 3 * this.settings.tempo.vantageMs, (signal) =>
      vantage.report(signal),
    )
    if (this.#ended) return
    world.vantage = track(world.vantage, s.ok ? { ...s, value: onOurTime(s.value, s.startedAt, s.endedAt) } : s)
    this.heard.changed()
  }

  async askNetwork(): Promise<void> {
    const world = this.world
    const inventory = world.inventory.value
    if (!inventory) return
    const { endpoint } = standingIn(inventory, world, this.settings.environment.region)
    if (!endpoint) return
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

  async askNames(): Promise<void> {
    const { names } = this.ports
    const world = this.world
    if (!names || !world.names) return
    const before = world.names.value ?? []
    const read = await sample(this.clock, 'names', 'collector', namesLimitMs, (signal) =>
      readNames(names, before, this.clock, signal),
    )
    if (this.#ended) return
    world.names = track(world.names, read)
    this.heard.changed()
  }

  async askPlatform(): Promise<void> {
    const { platformEvents } = this.ports
    const world = this.world
    if (!platformEvents || !world.platformEvents) return
    const { region } = this.settings.environment
    const read = await sample(this.clock, 'health', 'collector', platformLimitMs, (signal) =>
      platformEvents.open([region], platformServices, signal),
    )
    if (this.#ended) return
    world.platformEvents = track(world.platformEvents, read)
    this.heard.changed()
  }

  async askBackups(): Promise<void> {
    const { backups } = this.ports
    const world = this.world
    if (!backups || !world.s3Backups) return
    const { name } = this.settings.environment
    const read = await sample(this.clock, 's3', 'collector', this.settings.tempo.backupsLimitMs, (signal) =>
      readBuckets(backups.port, this.clock.now(), signal),
    )
    if (this.#ended) return
    if (read.ok) {
      try {
        await backups.store.save(name, read.value)
        this.#checks = await backups.store.checks(name)
      } catch (error) {
        this.log.warn({ err: error }, 'the catalogue of backups was not written; it is read again later')
      }
    }
    if (this.#ended) return
    const now = this.clock.now()
    const { policy } = backups
    const summarised = read.ok
      ? {
          ...read,
          value: summaryOf(catalogueOf(read.value, { policy, damage: null, checks: this.#checks, now }), policy),
        }
      : read
    world.s3Backups = track(world.s3Backups, summarised)
    this.heard.changed()
  }

  async askSlow(): Promise<void> {
    const world = this.world
    const { value } = world.inventory
    const aurora = value !== null && standingIn(value, world, this.settings.environment.region).topology === 'aurora'
    await Promise.allSettled([...world.nodes.values()].map((n) => n.askSlow(n.id === world.writerId, aurora)))
  }

  #takeBeat(s: Sample<Heartbeat>): void {
    if (this.#ended) return
    if (s.ok) {
      const at = onOurClock(s.value.at, s.startedAt, s.endedAt)
      this.world.clock.push(s.value.lsn, at, null)
    }
    this.heard.changed()
  }
}

/** What must change for the inventory to be worth writing down again. */
function shapeOf(inventory: Inventory): unknown {
  const { cluster } = inventory
  return [cluster?.writerEndpoint, cluster?.members, inventory.instances.map((i) => [i.id, i.address, i.region])]
}
