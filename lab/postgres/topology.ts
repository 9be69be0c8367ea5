import { existsSync, rmSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { giveToServer } from '../../lib/embedded-postgres/account'
import type { Address, LabPorts, LabSecrets } from '../contract'
import { LinkProxy, type LinkState } from '../network/proxy'
import { labEndpoints } from '../ports'
import { takeBackup, write } from './backup'
import { type BackupSource, type BackupStore, storeBeside } from './backup-store'
import { Member, type MemberPlan, ownArchive, plans } from './member'
import { slotName } from './node-settings'
import { readPosition, until } from './position'
import { pathThroughGroups } from './security-groups'
import { createRoles, createTables, databaseName, platformUser } from './seed'
import { type Login, withClient } from './sql'

export interface TopologySetup {
  dataDir: string
  ports: LabPorts
  secrets: LabSecrets
  platformPassword: string
}

/** The servers, their links and endpoints: who writes, who follows, and how a node is made anew. */
export class Topology {
  readonly members: Member[]
  readonly writerEndpoint: LinkProxy
  readonly readerEndpoint: LinkProxy
  readonly login: Login
  readonly archiveDir: string
  /** What the cluster can be restored from. */
  readonly backups: BackupStore
  #writer: Member

  constructor(private readonly setup: TopologySetup) {
    this.archiveDir = join(setup.dataDir, 'archive')
    this.backups = storeBeside(this.archiveDir)
    this.members = plans.map(
      (plan) =>
        new Member(plan, {
          dataDir: setup.dataDir,
          archiveDir: this.archiveDir,
          ports: setup.ports,
          secrets: setup.secrets,
          platformPassword: setup.platformPassword,
        }),
    )
    const endpoint = (host: string): Address => ({ host, port: setup.ports.postgres })
    this.writerEndpoint = new LinkProxy(endpoint(labEndpoints.writer))
    this.readerEndpoint = new LinkProxy(endpoint(labEndpoints.reader))
    this.login = { user: platformUser, password: setup.platformPassword, database: 'postgres' }
    this.#writer = this.member(plans[0].id)
    for (const member of this.members)
      member.server.on('exit', () => {
        void member.front.close()
        this.refreshEndpoints()
      })
    this.setWriter(this.#writer)
  }

  member(id: string): Member {
    const member = this.members.find((candidate) => candidate.id === id)
    if (!member) throw new Error(`the lab has no node ${id}`)
    return member
  }

  get writer(): Member {
    return this.#writer
  }
  get readers(): Member[] {
    return this.members.filter((member) => !member.plan.crossRegion && member !== this.#writer)
  }
  /** Nodes that follow the writer, in whichever region. */
  get followers(): Member[] {
    return this.members.filter((member) => member.source === this.#writer)
  }

  /**
   * Makes a node the writer in the platform's eyes; links and endpoints follow. All that replicate follow it, or with
   * `sources` whom these name.
   */
  setWriter(writer: Member, sources: ReadonlyMap<string, string | null> = new Map()): void {
    this.#writer = writer
    for (const member of this.members) {
      member.isWriter = member === writer
      const source = sources.get(member.id)
      const follows = member !== writer && member.replicates
      member.source = follows ? (source && this.members.find((other) => other.id === source)) || writer : null
      member.link.point(member.source ? [member.source.behind] : [])
    }
    // A fault on the way to a node concerns whoever dials it, by whichever name.
    this.writerEndpoint.setState(writer.front.state)
    this.refreshEndpoints()
  }

  /** A promoted replica becomes the writer; the source that it leaves, and that one's other replicas, stay as they are. */
  separate(promoted: Member): void {
    const sources = new Map(this.members.map((member) => [member.id, member.source?.id ?? null]))
    this.#writer.replicates = false
    this.setWriter(promoted, sources)
  }

  /** Endpoints take connections while a server that fits their role lives. */
  refreshEndpoints(): void {
    const writers = this.#writer.running ? [this.#writer] : []
    const readers = this.readers.filter((member) => member.running && member.status !== 'creating')
    for (const [endpoint, targets] of [
      [this.writerEndpoint, writers],
      // RDS lets the reader endpoint lead to the writer when there is no reader.
      [this.readerEndpoint, readers.length ? readers : writers],
    ] as const) {
      endpoint.point(targets.map((member) => member.behind))
      const settled = targets.length && this.#open ? endpoint.open() : endpoint.close()
      settled.catch((error: unknown) => console.error('lab:', error instanceof Error ? error.message : error))
    }
  }
  #open = false

  /** Opens every link and endpoint. Throws when an address is in use. */
  async openNetwork(): Promise<void> {
    this.#open = true
    const early = [...this.members.map((member) => member.link), this.writerEndpoint, this.readerEndpoint]
    await Promise.all(early.map((proxy) => proxy.open()))
    // Opened only to learn now whether their addresses are free; without a server behind them they refuse.
    this.refreshEndpoints()
  }

  async closeNetwork(): Promise<void> {
    this.#open = false
    const proxies = this.members.flatMap((member) => [member.front, member.link])
    await Promise.all([...proxies, this.writerEndpoint, this.readerEndpoint].map((proxy) => proxy.close()))
  }

  /** Starts a node's server and lets clients reach it. */
  async startMember(member: Member): Promise<void> {
    await member.server.start()
    await member.front.open()
    this.refreshEndpoints()
  }

  /** A network fault between clients and one node: its own address, and the writer endpoint while it is the writer. */
  setClientPath(member: Member, fault: LinkState): void {
    this.#faults.set(member, fault)
    this.applySecurityGroups(member)
  }
  readonly #faults = new Map<Member, LinkState>()

  /** What the groups do not let in is dropped, whether or not there is a fault besides. */
  applySecurityGroups(member: Member): void {
    const path = pathThroughGroups(member.attributes)
    const state = path.kind === 'up' ? (this.#faults.get(member) ?? path) : path
    member.front.setState(state)
    if (member === this.#writer) this.writerEndpoint.setState(state)
  }

  /** The doors of a region: the addresses that clients there dial, and the links on which it sends WAL to another region. */
  doorsOf(region: string): { fronts: LinkProxy[]; links: LinkProxy[] } {
    const own = this.members.filter((member) => member.region === region)
    const endpoints = region === plans[0].region ? [this.writerEndpoint, this.readerEndpoint] : []
    return {
      fronts: [...own.map((member) => member.front), ...endpoints],
      links: this.members.flatMap((member) => (member.region === region ? [] : [member.link])),
    }
  }

  /** Makes a whole fresh cluster in an empty directory. */
  async build(): Promise<void> {
    for (const { server } of this.members)
      for (const directory of [server.dataDir, `${server.dataDir}.old`])
        rmSync(directory, { recursive: true, force: true })
    for (const { plan } of this.members) this.storeOf(plan).remove()
    await this.prepareDirectories()
    const writer = this.member(plans[0].id)
    for (const member of this.members) member.replicates = true
    this.setWriter(writer)
    await writer.server.initialise()
    await this.startMember(writer)
    await withClient(writer.behind, this.login, (client) => createRoles(client, this.setup.secrets))
    await withClient(writer.behind, { ...this.login, database: databaseName }, createTables, 30_000)
    writer.status = 'available'
    await this.cloneAll(this.followers, true)
  }

  async prepareDirectories(): Promise<void> {
    const archives = this.members.map((member) => ownArchive(member.plan, this.archiveDir))
    for (const directory of [this.setup.dataDir, this.backups.backupDir, ...archives])
      await mkdir(directory, { recursive: true })
    // A node reaches the archive from its own directory, which lies beside it.
    for (const directory of [this.setup.dataDir, ...archives]) giveToServer(directory)
  }

  /** Physical slots on the present writer, so that a follower that is away finds its WAL again. */
  async ensureSlots(): Promise<void> {
    await withClient(this.#writer.behind, this.login, async (client) => {
      const wanted = this.followers.map((member) => member.slot)
      const present = (await client.query<{ slot_name: string }>('SELECT slot_name FROM pg_replication_slots')).rows
      for (const slot of wanted)
        if (!present.some((row) => row.slot_name === slot))
          await client.query('SELECT pg_create_physical_replication_slot($1, true)', [slot])
      const own = slotName(this.#writer.id)
      if (present.some((row) => row.slot_name === own))
        await client.query(
          'SELECT pg_drop_replication_slot($1) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
          [own],
        )
    })
  }

  /** Drops and makes a node's slot: one that fell too far behind is lost for good. */
  async #freshSlots(members: Member[]): Promise<void> {
    await withClient(this.#writer.behind, this.login, async (client) => {
      for (const member of members) {
        await client.query(
          `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active`,
          [member.slot],
        )
        await until(async () => {
          try {
            await client.query('SELECT pg_drop_replication_slot($1) FROM pg_replication_slots WHERE slot_name = $1', [
              member.slot,
            ])
            return true
          } catch {
            return false
          }
        }, 2000)
        await client.query('SELECT pg_create_physical_replication_slot($1, true)', [member.slot])
      }
    })
  }

  /** Makes nodes anew as followers of the present writer, and starts them. With `keep`, a base backup is kept too. */
  async cloneAll(members: Member[], keep = false): Promise<void> {
    for (const member of members) {
      member.status = 'creating'
      await member.server.stop('immediate')
      // The history that a promoted replica wrote ends here.
      if (member.plan.crossRegion) this.storeOf(member.plan).remove()
    }
    await this.prepareDirectories()
    await this.#freshSlots(members)
    const kept = keep ? [this.backups.nextBackup()] : []
    const targets = members.map((member) => member.server.dataDir)
    const facts = await takeBackup(this.#sourceOf(this.#writer), [...targets, ...kept])
    for (const target of targets) await write(join(target, 'standby.signal'), '')
    for (const directory of kept) await this.backups.keep(directory, facts)
    await Promise.all(members.map((member) => this.startMember(member)))
    for (const member of members) member.status = 'available'
    this.refreshEndpoints()
  }

  /** What a node's history can be restored from: the cluster's, or that of a promoted cross-region replica. */
  storeOf(plan: MemberPlan): BackupStore {
    return plan.crossRegion ? storeBeside(ownArchive(plan, this.archiveDir)) : this.backups
  }

  #sourceOf(member: Member): BackupSource {
    return { address: member.behind, login: this.login, dataDir: member.server.dataDir }
  }

  /** Takes the base backups that are due, and drops what no kept backup needs. */
  async maintain(): Promise<void> {
    const running = (member: Member) => (member.server.state === 'running' ? this.#sourceOf(member) : null)
    await this.backups.maintain(running(this.#writer))
    for (const member of this.members)
      if (member.plan.crossRegion && !member.replicates) await this.storeOf(member.plan).maintain(running(member))
  }

  /** Puts a stopped node's data aside: it is what a returning old primary would come back with. */
  async keepOld(member: Member): Promise<void> {
    const old = `${member.server.dataDir}.old`
    await rm(old, { recursive: true, force: true })
    if (existsSync(member.server.dataDir)) await rename(member.server.dataDir, old)
  }

  hasOld(member: Member): boolean {
    return existsSync(`${member.server.dataDir}.old`)
  }

  async bringBackOld(member: Member): Promise<boolean> {
    const old = `${member.server.dataDir}.old`
    if (!existsSync(old)) return false
    await member.server.stop('immediate')
    member.server.remove()
    await rename(old, member.server.dataDir)
    return true
  }

  isStandby(member: Member): boolean {
    return existsSync(join(member.server.dataDir, 'standby.signal'))
  }

  /** Does this follower stream from the present writer? */
  async follows(member: Member): Promise<boolean> {
    const position = await readPosition(member, this.login)
    return position?.standby === true && position.streaming && !position.paused
  }
}
