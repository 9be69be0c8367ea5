import { EventEmitter } from 'node:events'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Address, type LabCluster, type LabEvent, type LabNode, LabStateError } from '../contract'
import { ServerError } from './errors'
import { runFailover } from './failover'
import { clusterId, type Member } from './member'
import { readPosition, until } from './position'
import { databaseName, masterUser } from './seed'
import { withClient } from './sql'
import { Topology, type TopologySetup } from './topology'

const eventSchema = z.object({
  at: z.number(),
  sourceId: z.string(),
  sourceType: z.enum(['db-cluster', 'db-instance']),
  message: z.string(),
  categories: z.array(z.string()),
})
const stateSchema = z.object({
  writerId: z.string(),
  events: z.array(eventSchema),
  nodes: z.record(
    z.string(),
    z.object({
      replicates: z.boolean(),
      source: z.string().nullable().optional(),
      attributes: z.record(z.string(), z.unknown()),
    }),
  ),
})

const keptEvents = 500
const maintainEveryMs = 10 * 60_000

/** The guarded cluster as its platform sees it: states, events, and the operations of its control plane. */
export class Cluster extends EventEmitter<{ event: [LabEvent]; change: [] }> implements LabCluster {
  readonly id = clusterId
  readonly region = 'us-west-2'
  readonly databaseName = databaseName
  readonly masterUsername = masterUser
  readonly topology: Topology
  readonly #file: string
  #status = 'creating'
  #events: LabEvent[] = []
  #tasks = new Set<Promise<void>>()
  #stopping = new AbortController()
  #maintenance: NodeJS.Timeout | null = null

  constructor(
    setup: TopologySetup,
    /** Divides the platform's real delays. */
    readonly speedup: number,
  ) {
    super()
    this.setMaxListeners(0)
    this.topology = new Topology(setup)
    this.#file = join(setup.dataDir, 'cluster.json')
    for (const member of this.topology.members) member.server.on('exit', () => this.emit('change'))
  }

  get status(): string {
    return this.#status
  }
  get writerEndpoint(): Address {
    return this.topology.writerEndpoint.listen
  }
  get readerEndpoint(): Address {
    return this.topology.readerEndpoint.listen
  }
  nodes(): LabNode[] {
    return [...this.topology.members]
  }
  node(id: string): LabNode | undefined {
    return this.topology.members.find((member) => member.id === id)
  }
  writerId(): string {
    return this.topology.writer.id
  }
  events(): LabEvent[] {
    return [...this.#events]
  }
  restorable(): { earliest: number | null; latest: number | null } {
    return this.topology.restorable()
  }

  /** Starts every node in its remembered role; a cluster that cannot be recovered is made anew. Throws ServerError. */
  async start(): Promise<void> {
    await this.topology.prepareDirectories()
    await this.topology.openNetwork()
    if (!(await this.#resume())) {
      for (const member of this.topology.members) await member.server.stop('immediate')
      await this.topology.build()
      this.#events = []
      this.recordEvent({
        sourceId: this.id,
        sourceType: 'db-cluster',
        message: 'DB cluster created',
        categories: ['creation'],
      })
    }
    this.#status = 'available'
    this.changed()
    for (const member of this.topology.followers) void this.#repairFollower(member)
    this.#maintenance = setInterval(() => {
      // A broken cluster has no backup to offer; the next round tries again.
      if (this.#status === 'available') this.topology.maintain().catch(() => undefined)
    }, maintainEveryMs)
  }

  /** Stops everything in order; the writer last, so that its readers have all it wrote. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    if (this.#maintenance) clearInterval(this.#maintenance)
    await this.topology.closeNetwork()
    const { members, writer } = this.topology
    await Promise.all(members.filter((member) => member !== writer).map((member) => member.server.stop('fast', 1500)))
    await writer.server.stop('fast', 1500)
    await Promise.allSettled(this.#tasks)
    await Promise.all(members.map((member) => member.server.stop('immediate', 500)))
  }

  async #resume(): Promise<boolean> {
    const state = this.#load()
    const writer = state && this.topology.members.find((member) => member.id === state.writerId)
    if (!state || !writer?.server.exists() || this.topology.isStandby(writer)) return false
    this.#events = state.events
    for (const member of this.topology.members) {
      const kept = state.nodes[member.id]
      if (kept) Object.assign(member, { replicates: kept.replicates, attributes: kept.attributes })
      this.topology.applySecurityGroups(member)
    }
    const sources = new Map(Object.entries(state.nodes).map(([id, kept]) => [id, kept.source ?? null]))
    this.topology.setWriter(writer, sources)
    const outcomes = await Promise.allSettled(this.topology.members.map((member) => this.#resumeMember(member)))
    const taken = outcomes.find((outcome) => outcome.status === 'rejected')
    if (taken) throw taken.reason
    // Only a writer whose data cannot be recovered is a reason to begin anew.
    if (!writer.running) return false
    const broken = this.topology.members.filter((member) => !member.running)
    for (const member of broken) member.replicates = true
    this.topology.setWriter(writer, sources)
    await this.topology.ensureSlots()
    if (broken.length) {
      for (const member of broken) sources.delete(member.id)
      this.topology.setWriter(writer, sources)
      await this.topology.cloneAll(broken)
    }
    return true
  }

  /** Starts a node over the data it has; leaves it stopped when that is not possible. Throws when a port is taken. */
  async #resumeMember(member: Member): Promise<void> {
    const shouldFollow = member.source !== null
    if (!member.server.exists() || (shouldFollow && !this.topology.isStandby(member))) return
    try {
      await this.topology.startMember(member)
      member.status = 'available'
    } catch (error) {
      const recoverable =
        error instanceof ServerError && (error.reason === 'damaged-data' || error.reason === 'not-started')
      if (!recoverable) throw error
      console.error(`lab: ${error.message} It is made anew.`)
      await member.server.stop('immediate')
    }
  }

  /** After a start, a follower that cannot find its way is made anew; one that somebody disturbs is left alone. */
  async #repairFollower(member: Member): Promise<void> {
    const { writer } = this.topology
    const undisturbed = () =>
      !this.#stopping.signal.aborted &&
      this.topology.writer === writer &&
      writer.server.state === 'running' &&
      member.server.state === 'running' &&
      member.status === 'available' &&
      member.link.isNatural
    const streams = async () => (await readPosition(member, this.topology.login))?.streaming === true
    const settled = await until(async () => !undisturbed() || (await streams()), 8000)
    if (!settled && undisturbed()) this.#run(() => this.topology.cloneAll([member]))
  }

  failover(targetId: string | null): void {
    if (this.#status !== 'available')
      throw new LabStateError('InvalidDBClusterStateFault', `DB cluster ${this.id} is in state ${this.#status}.`)
    if (targetId !== null) {
      const target = this.node(targetId)
      if (!target || target.clusterId !== this.id)
        throw new LabStateError('DBInstanceNotFound', `DB instance ${targetId} is not a member of ${this.id}.`, 404)
      if (targetId === this.writerId())
        throw new LabStateError('InvalidDBInstanceState', `DB instance ${targetId} is already the writer.`)
      if (target.status !== 'available')
        throw new LabStateError('InvalidDBInstanceState', `DB instance ${targetId} is in state ${target.status}.`)
    }
    this.startFailover(targetId, 'customer initiated ')
  }

  /** Begins a failover whoever wished it; `by` is the phrase that the platform's event carries. */
  startFailover(targetId: string | null, by: '' | 'customer initiated '): void {
    this.setStatus('failing-over')
    this.#run(() => runFailover(this, targetId, by))
  }

  promoteReadReplica(id: string): void {
    const member = this.#member(id)
    if (member.source === null)
      throw new LabStateError('InvalidDBInstanceState', `DB instance ${id} is not a read replica.`)
    this.#requireAvailable(member)
    this.setNodeStatus(member, 'modifying')
    this.#run(async () => {
      await this.delay(60)
      await withClient(member.behind, this.topology.login, async (client) => {
        await client.query('SELECT pg_wal_replay_resume()')
        await client.query('SELECT pg_promote(true, 60)')
      })
      if (member.plan.crossRegion) {
        member.replicates = false
        member.source = null
        member.link.point([])
      } else this.topology.separate(member)
      this.setNodeStatus(member, 'rebooting')
      await this.delay(30)
      await member.server.stop()
      await this.topology.startMember(member)
      await this.delay(30)
      this.setNodeStatus(member, 'available')
      this.instanceEvent(id, 'Promoted Read Replica instance to a stand-alone database instance.', 'read replica')
    })
  }

  reboot(id: string, forceFailover: boolean): void {
    const member = this.#member(id)
    if (forceFailover) {
      this.failover(null)
      return
    }
    this.#requireAvailable(member)
    this.setNodeStatus(member, 'rebooting')
    this.#run(async () => {
      this.instanceEvent(id, 'DB instance shutdown', 'availability')
      await member.server.stop()
      await this.delay(20)
      await this.topology.startMember(member)
      this.instanceEvent(id, 'DB instance restarted', 'availability')
      this.setNodeStatus(member, 'available')
    })
  }

  /** Block storage is copied in step, so the standby recovers like the crashed server itself: no promotion, no new timeline. */
  failoverToStandby(id: string): void {
    const member = this.#member(id)
    this.#requireAvailable(member)
    this.setNodeStatus(member, 'rebooting')
    this.#run(async () => {
      this.instanceEvent(id, 'Multi-AZ instance failover started.', 'failover')
      if (member.frozen) await member.server.kill()
      else await member.server.stop('immediate', 3000)
      await this.delay(30)
      const { zone, attributes } = member
      const other = attributes.SecondaryAvailabilityZone
      const spare = `${member.region}${zone.endsWith('b') ? 'a' : 'b'}`
      this.setAttributes(id, {
        AvailabilityZone: typeof other === 'string' ? other : spare,
        SecondaryAvailabilityZone: zone,
      })
      await this.topology.startMember(member)
      this.instanceEvent(id, 'DB instance restarted', 'availability')
      this.instanceEvent(id, 'Multi-AZ instance failover completed', 'failover')
      this.setNodeStatus(member, 'available')
    })
  }

  modify(id: string, changes: Record<string, unknown>): void {
    const member = this.#member(id)
    this.#requireAvailable(member)
    this.setNodeStatus(member, 'modifying')
    this.#run(async () => {
      await this.delay(60)
      this.setAttributes(id, changes)
      this.instanceEvent(id, 'Finished applying modification to the DB instance', 'configuration change')
      this.setNodeStatus(member, 'available')
    })
  }

  recordEvent(event: Omit<LabEvent, 'at'>): void {
    const full = { at: Date.now(), ...event }
    this.#events = [...this.#events, full].slice(-keptEvents)
    this.#save()
    this.emit('event', full)
  }

  setAttributes(id: string, changes: Record<string, unknown>): void {
    const member = this.#member(id)
    member.attributes = { ...member.attributes, ...changes }
    if ('VpcSecurityGroupIds' in changes) this.topology.applySecurityGroups(member)
    this.changed()
  }

  /** The platform's own view of the cluster changed: keep it and tell. */
  changed(): void {
    this.#save()
    this.emit('change')
  }

  setStatus(status: string): void {
    this.#status = status
    this.changed()
  }

  setNodeStatus(member: Member, status: Member['status']): void {
    member.status = status
    this.topology.refreshEndpoints()
    this.changed()
  }

  instanceEvent(sourceId: string, message: string, ...categories: string[]): void {
    this.recordEvent({ sourceId, sourceType: 'db-instance', message, categories })
  }

  /** Waits as long as the platform would take, divided by the speed-up. Ends early, by an error, when the lab stops. */
  async delay(realSeconds: number): Promise<void> {
    const { signal } = this.#stopping
    signal.throwIfAborted()
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(done, (realSeconds * 1000) / this.speedup)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        fail(new Error('the lab is stopping'))
      })
    })
  }

  /** Waits until no operation is under way. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.allSettled(this.#tasks)
  }

  #run(task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return
        console.error(`lab: an operation on ${this.id} failed:`, error instanceof Error ? error.message : error)
        // A stuck state would refuse every later operation; what is broken shows by itself.
        this.#status = 'available'
        for (const member of this.topology.members)
          if (member.status !== 'available') member.status = member.running ? 'available' : 'failed'
        this.changed()
      })
      .finally(() => this.#tasks.delete(running))
    this.#tasks.add(running)
  }

  #member(id: string): Member {
    const member = this.topology.members.find((candidate) => candidate.id === id)
    if (!member) throw new LabStateError('DBInstanceNotFound', `DBInstance ${id} not found.`, 404)
    return member
  }

  #requireAvailable(member: Member): void {
    if (member.status !== 'available')
      throw new LabStateError('InvalidDBInstanceState', `DB instance ${member.id} is in state ${member.status}.`)
  }

  #load(): z.infer<typeof stateSchema> | null {
    if (!existsSync(this.#file)) return null
    try {
      return stateSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8')))
    } catch {
      return null
    }
  }

  #save(): void {
    const nodes = Object.fromEntries(
      this.topology.members.map(({ id, replicates, replicaSourceId: source, attributes }) => [
        id,
        { replicates, source, attributes },
      ]),
    )
    const text = JSON.stringify({ writerId: this.topology.writer.id, events: this.#events, nodes })
    writeFileSync(`${this.#file}.part`, text, { mode: 0o600 })
    renameSync(`${this.#file}.part`, this.#file)
  }
}
