import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { ServerError } from '../../lib/embedded-postgres/errors'
import { type Address, type LabCluster, type LabEvent, type LabNode, LabStateError } from '../contract'
import { runFailover } from './failover'
import { Followers } from './followers'
import { clusterId, type Member } from './member'
import { modify, moveToStandby, promote, reboot } from './operations'
import type { Platform } from './platform'
import { recall, remember } from './remembered'
import { databaseName, masterUser } from './seed'
import { Topology, type TopologySetup } from './topology'

const keptEvents = 500
const maintainEveryMs = 10 * 60_000

/** The guarded cluster as its platform sees it: states, events, and the operations of its control plane. */
export class Cluster extends EventEmitter<{ event: [LabEvent]; change: [] }> implements LabCluster, Platform {
  readonly id = clusterId
  readonly region = 'us-west-2'
  readonly databaseName = databaseName
  readonly masterUsername = masterUser
  readonly topology: Topology
  readonly followers: Followers
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
    this.followers = new Followers(this)
    this.#file = join(setup.dataDir, 'cluster.json')
    for (const member of this.topology.members) member.server.on('exit', () => this.emit('change'))
  }

  /** The lab is on its way out: nothing begins any more. */
  get stopping(): boolean {
    return this.#stopping.signal.aborted
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
    return this.topology.backups.restorable()
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
    this.followers.tend()
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
    await this.followers.leave()
    await Promise.all(members.map((member) => member.server.stop('immediate', 500)))
  }

  async #resume(): Promise<boolean> {
    const state = recall(this.#file)
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
        error instanceof ServerError && ['damaged-data', 'other-version', 'not-started'].includes(error.reason)
      if (!recoverable) throw error
      console.error(`lab: ${error.message} It is made anew.`)
      await member.server.stop('immediate')
    }
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
    this.#change(member, 'modifying', () => promote(this, member))
  }

  reboot(id: string, forceFailover: boolean): void {
    const member = this.#member(id)
    if (forceFailover) {
      this.failover(null)
      return
    }
    this.#change(member, 'rebooting', () => reboot(this, member))
  }

  failoverToStandby(id: string): void {
    const member = this.#member(id)
    this.#change(member, 'rebooting', () => moveToStandby(this, member))
  }

  modify(id: string, changes: Record<string, unknown>): void {
    const member = this.#member(id)
    this.#change(member, 'modifying', () => modify(this, member, changes))
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
      const leave = () => {
        clearTimeout(timer)
        fail(new Error('the lab is stopping'))
      }
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', leave)
          done()
        },
        (realSeconds * 1000) / this.speedup,
      )
      signal.addEventListener('abort', leave)
    })
  }

  /** Waits until no operation is under way. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.allSettled(this.#tasks)
  }

  #run(task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => {
        if (this.stopping) return
        console.error(`lab: an operation on ${this.id} failed:`, error instanceof Error ? error.message : error)
        // A stuck state would refuse every later operation; what is broken shows by itself.
        this.#status = 'available'
        for (const member of this.topology.members)
          if (member.status !== 'available') member.status = member.running ? 'available' : 'failed'
        this.changed()
      })
      .finally(() => {
        this.#tasks.delete(running)
        if (!this.stopping) this.followers.tend()
      })
    this.#tasks.add(running)
  }

  #member(id: string): Member {
    const member = this.topology.members.find((candidate) => candidate.id === id)
    if (!member) throw new LabStateError('DBInstanceNotFound', `DBInstance ${id} not found.`, 404)
    return member
  }

  /** Shows the instance in a state and changes it meanwhile. Throws LabStateError when it is in another already. */
  #change(member: Member, shownAs: Member['status'], change: () => Promise<void>): void {
    if (member.status !== 'available')
      throw new LabStateError('InvalidDBInstanceState', `DB instance ${member.id} is in state ${member.status}.`)
    this.setNodeStatus(member, shownAs)
    this.#run(change)
  }

  #save(): void {
    remember(this.#file, this.topology, this.#events)
  }
}
