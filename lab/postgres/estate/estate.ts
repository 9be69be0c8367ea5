import { existsSync, rmSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { giveToServer } from '../../../lib/embedded-postgres/account'
import type { Settings } from '../../../lib/embedded-postgres/server'
import {
  type Address,
  type LabCreateRequest,
  type LabEstate,
  type LabNodeStatus,
  type LabRestoreRequest,
  type LabSnapshot,
  LabStateError,
  type RestoreWindow,
} from '../../contract'
import type { LinkProxy, LinkState } from '../../network/proxy'
import { takeBackup, write } from '../backup'
import { type BackupStore, storeBeside } from '../backup-store'
import type { Cluster } from '../cluster'
import { betweenRegions, type Member } from '../member'
import { nodeSettings, slotName } from '../node-settings'
import { until } from '../position'
import { literal, withClient } from '../sql'
import type { TopologySetup } from '../topology'
import { type InstancePlan, MadeInstance } from './made-instance'
import { IncompatibleRestoreError, recover } from './recover'
import { recallEstate, rememberEstate } from './remembered'
import { RestoredCluster } from './restored-cluster'
import { keepSnapshot } from './snapshot'

const restoreSeconds = 300
const createSeconds = 150
const modifySeconds = 60
const maintainEveryMs = 10 * 60_000
const firstNumber = 20
const mostNumber = 199

interface Source {
  store: BackupStore
  region: string
  databaseName: string
  masterUsername: string
}

/** Clusters and instances that calls of the API have made, each with real servers, an archive and backups of its own. */
export class Estate implements LabEstate {
  #clusters: RestoredCluster[] = []
  #instances: MadeInstance[] = []
  #snapshots: LabSnapshot[] = []
  readonly #tasks = new Set<Promise<void>>()
  readonly #file: string
  #maintenance: NodeJS.Timeout | null = null

  constructor(
    private readonly platform: Cluster,
    private readonly setup: TopologySetup,
  ) {
    this.#file = join(setup.dataDir, 'estate.json')
  }

  clusters(): RestoredCluster[] {
    return [...this.#clusters]
  }
  instances(): MadeInstance[] {
    return [...this.#instances]
  }
  /** The addresses in a region that clients dial. */
  fronts(region: string): LinkProxy[] {
    const here = (one: { region: string }) => one.region === region
    return [
      ...this.#instances.filter(here).map(({ front }) => front),
      ...this.#clusters.filter(here).flatMap(({ endpoints }) => endpoints),
    ]
  }
  /** The ways on which WAL comes to a region from another one, or goes there. */
  links(region: string): LinkProxy[] {
    return this.#instances.flatMap((instance) => {
      const source = instance.plan.sourceId === null ? null : this.#node(instance.plan.sourceId)
      return source && source.region !== instance.region && [source.region, instance.region].includes(region)
        ? [instance.link]
        : []
    })
  }
  snapshots(): LabSnapshot[] {
    return [...this.#snapshots]
  }

  /** Starts again what was there when the lab last stopped; what was half made then has failed. */
  async start(): Promise<void> {
    for (const directory of ['instances', 'volumes', 'stores', 'snapshots']) {
      await mkdir(this.#at(directory), { recursive: true })
      giveToServer(this.#at(directory))
    }
    const state = recallEstate(this.#file)
    this.#snapshots = state.snapshots.map((one) => (one.status === 'creating' ? { ...one, status: 'failed' } : one))
    for (const plan of state.clusters) {
      if (plan.status !== 'available') plan.status = plan.status === 'incompatible-restore' ? plan.status : 'failed'
      this.#addCluster(plan)
    }
    for (const plan of state.instances) this.#addInstance(plan)
    for (const cluster of this.#clusters) {
      const writer = this.#instances.find(({ id }) => id === cluster.writerId)
      for (const instance of this.#members(cluster.id))
        if (writer && instance !== writer) this.#configureFollower(instance, writer)
    }
    await Promise.all(
      this.#instances.map(async (instance) => {
        const wasMade =
          instance.server.exists() && !['creating', 'failed', 'incompatible-restore'].includes(instance.status)
        instance.plan.status = wasMade ? 'available' : instance.status === 'creating' ? 'failed' : instance.status
        if (!wasMade) return
        const source = instance.plan.sourceId === null ? null : this.#node(instance.plan.sourceId)
        if (source) await this.#leadTo(instance, source)
        await instance.start().catch((error: Error) => {
          console.error(`lab: ${error.message}`)
          instance.plan.status = 'failed'
        })
      }),
    )
    await this.#changed()
    this.#maintenance = setInterval(() => void this.#maintain(), maintainEveryMs)
  }

  async stop(): Promise<void> {
    if (this.#maintenance) clearInterval(this.#maintenance)
    await Promise.allSettled(this.#tasks)
    await Promise.all(this.#clusters.map((cluster) => cluster.close()))
    await Promise.all(this.#instances.map((instance) => instance.stop()))
    if (this.#maintenance) rememberEstate(this.#file, this.#state())
  }

  restorable(sourceId: string): RestoreWindow {
    const found = this.#cluster(sourceId) ?? this.#instances.find(({ id }) => id === sourceId)
    if (found) return found.restorable
    const member = this.platform.topology.members.find(({ id }) => id === sourceId)
    if (!member && sourceId !== this.platform.id) throw missingInstance(sourceId)
    return (member ? this.platform.topology.storeOf(member.plan) : this.platform.topology.backups).restorable()
  }

  restoreCluster({ id, sourceId, at, attributes }: LabRestoreRequest): void {
    if (id === this.platform.id || this.#cluster(id))
      throw new LabStateError('DBClusterAlreadyExistsFault', `DB cluster ${id} already exists.`)
    const source = this.#clusterSource(sourceId)
    const target = restoreTarget(source.store, at)
    const cluster = this.#addCluster({
      id,
      region: source.region,
      number: this.#freeNumber(
        this.#clusters.map(({ plan }) => plan.number),
        1,
        100,
      ),
      status: 'creating',
      databaseName: source.databaseName,
      masterUsername: source.masterUsername,
      writerId: null,
      attributes: { ...attributes, createdAt: Date.now() },
    })
    this.#run(
      async () => {
        const status = await this.#recovered(`cluster-${id}`, source.store, target, {
          directory: this.#at('volumes', id),
          address: cluster.spare,
          id,
        })
        cluster.plan.status = status
        this.#clusterEvent(id, status === 'available' ? 'DB cluster created' : incompatible(target), 'creation')
      },
      () => {
        cluster.plan.status = 'failed'
      },
    )
  }

  restoreInstance({ id, sourceId, at, zone, attributes }: LabRestoreRequest & { zone: string }): void {
    this.#refuseExisting(id)
    const source = this.#instanceSource(sourceId)
    const target = restoreTarget(source.store, at)
    const { region, masterUsername, databaseName } = source
    const instance = this.#newInstance({ id, zone, attributes }, { region, masterUsername, databaseName })
    this.#make(instance, async () => {
      const { behind, server } = instance
      const where = { directory: server.dataDir, address: behind, id }
      const status = await this.#recovered(`db-${id}`, source.store, target, where)
      if (status === 'available') await instance.start()
      instance.plan.status = status
      const text = status === 'available' ? `Restored from DB instance ${sourceId} to ${id}.` : incompatible(target)
      this.platform.instanceEvent(id, text, 'restoration')
    })
  }

  createMember({ id, clusterId, zone, attributes }: LabCreateRequest & { clusterId: string }): void {
    this.#refuseExisting(id)
    const cluster = this.#requireCluster(clusterId)
    if (cluster.status !== 'available')
      throw new LabStateError('InvalidDBClusterStateFault', `DB cluster ${clusterId} is in state ${cluster.status}.`)
    const { region, masterUsername, databaseName } = cluster
    const instance = this.#newInstance({ id, zone, attributes }, { region, masterUsername, databaseName, clusterId })
    const begun = Date.now()
    const first = cluster.writerId === null
    if (first) {
      cluster.plan.writerId = id
      instance.plan.isWriter = true
      cluster.writerServes = this.#openVolume(cluster, instance)
      cluster.writerServes.catch(() => undefined)
    }
    this.#make(instance, async () => {
      const writer = await this.#writerOf(cluster)
      if (!first) await this.#follow(instance, writer)
      await this.#delayed(createSeconds, begun)
      instance.plan.status = 'available'
      this.platform.instanceEvent(id, 'DB instance created', 'creation')
      if (first) void this.#maintain()
    })
  }

  createInstance(
    request: LabCreateRequest & { masterUsername: string; password: string; databaseName: string | null },
  ): void {
    this.#refuseExisting(request.id)
    const { id, masterUsername, password, databaseName } = request
    const instance = this.#newInstance(request, { region: request.zone.slice(0, -1), masterUsername, databaseName })
    if (request.attributes.ManageMasterUserPassword === true) instance.plan.managedPassword = password
    const begun = Date.now()
    this.#make(instance, async () => {
      await this.#store(`db-${id}`).prepare()
      await instance.server.initialise()
      await instance.server.start()
      await this.#withNode(instance, async (query) => {
        await query(`CREATE ROLE ${name(masterUsername)} LOGIN CREATEDB CREATEROLE PASSWORD ${literal(password)}`)
        await query(
          `GRANT pg_monitor, pg_signal_backend, pg_read_all_data, pg_write_all_data TO ${name(masterUsername)} WITH ADMIN OPTION`,
        )
        if (databaseName) await query(`CREATE DATABASE ${name(databaseName)} OWNER ${name(masterUsername)}`)
      })
      await this.#delayed(createSeconds, begun)
      await instance.front.open()
      instance.plan.status = 'available'
      this.platform.instanceEvent(id, 'DB instance created', 'creation')
      void this.#maintain()
    })
  }

  createReplica({ sourceId, ...request }: LabCreateRequest & { sourceId: string }): void {
    this.#refuseExisting(request.id)
    const source = this.#node(sourceId)
    if (!source) throw missingInstance(sourceId)
    if (source.server.state !== 'running')
      throw new LabStateError('InvalidDBInstanceState', `DB instance ${sourceId} does not run.`)
    const { masterUsername, databaseName } = this.#instanceSource(sourceId)
    const region = request.zone.slice(0, -1)
    const instance = this.#newInstance(request, { region, masterUsername, databaseName, sourceId })
    const begun = Date.now()
    this.#make(instance, async () => {
      await this.#store(`db-${instance.id}`).prepare()
      await this.#leadTo(instance, source)
      const { login } = this.platform.topology
      const { listen } = instance.link
      await this.#ensureSlot(listen, instance.id)
      // Over the way between the regions: while it is cut, there is no backup.
      await takeBackup({ address: listen, login, dataDir: source.server.dataDir }, [instance.server.dataDir])
      await write(join(instance.server.dataDir, 'standby.signal'), '')
      await instance.server.start()
      await this.#delayed(createSeconds, begun)
      await instance.front.open()
      instance.plan.status = 'available'
      this.platform.instanceEvent(instance.id, 'DB instance created', 'creation')
      this.platform.instanceEvent(instance.id, 'Replication for the Read Replica resumed', 'read replica')
    })
  }

  promoteReplica(id: string): void {
    const instance = this.#available(id)
    if (instance.plan.sourceId === null)
      throw new LabStateError('InvalidDBInstanceState', `DB instance ${id} is not a read replica.`)
    const { sourceId } = instance.plan
    instance.plan.status = 'modifying'
    this.#run(async () => {
      await this.platform.delay(modifySeconds)
      await this.#withNode(instance, async (query) => {
        await query('SELECT pg_wal_replay_resume()')
        await query('SELECT pg_promote(true, 60)')
      })
      instance.plan.sourceId = null
      instance.plan.isWriter = true
      instance.link.point([])
      await this.#dropSlot(sourceId, id)
      instance.plan.status = 'rebooting'
      await this.#changed()
      await instance.stop()
      instance.server.configure(this.#settings(instance, null))
      await this.platform.delay(30)
      await instance.start()
      instance.plan.status = 'available'
      const message = 'Promoted Read Replica instance to a stand-alone database instance.'
      this.platform.instanceEvent(id, message, 'read replica')
      void this.#maintain()
    }, failed(instance))
  }

  modify(id: string, changes: Record<string, unknown>): void {
    const instance = this.#available(id)
    instance.plan.status = 'modifying'
    this.#run(async () => {
      await this.platform.delay(modifySeconds)
      this.setAttributes(id, changes)
      instance.plan.status = 'available'
      this.platform.instanceEvent(id, 'Finished applying modification to the DB instance', 'configuration change')
      void this.#maintain()
    }, failed(instance))
  }

  setAttributes(id: string, changes: Record<string, unknown>): void {
    const instance = this.#requireInstance(id)
    instance.plan.attributes = { ...instance.plan.attributes, ...changes }
    instance.applySecurityGroups()
    void this.#changed()
  }

  setClusterAttributes(id: string, changes: Record<string, unknown>): void {
    const { plan } = this.#requireCluster(id)
    plan.attributes = { ...plan.attributes, ...changes }
    void this.#changed()
  }

  reboot(id: string): void {
    const instance = this.#available(id)
    instance.plan.status = 'rebooting'
    this.platform.instanceEvent(id, 'DB instance shutdown', 'availability')
    this.#run(async () => {
      await instance.stop()
      await this.platform.delay(20)
      await instance.start()
      instance.plan.status = 'available'
      this.platform.instanceEvent(id, 'DB instance restarted', 'availability')
    }, failed(instance))
  }

  deleteInstance(id: string, finalSnapshotId: string | null): void {
    const instance = this.#requireInstance(id)
    if (instance.status === 'deleting')
      throw new LabStateError('InvalidDBInstanceState', `Instance ${id} is already being deleted.`)
    const cluster = instance.clusterId === null ? null : this.#requireCluster(instance.clusterId)
    const wasMade = instance.status === 'available'
    if (finalSnapshotId)
      this.createSnapshot({
        id: finalSnapshotId,
        kind: 'db',
        sourceId: id,
        region: instance.region,
        attributes: instance.attributes,
      })
    instance.plan.status = 'deleting'
    const others = [...this.#tasks]
    this.#run(async () => {
      // A creation, restore or snapshot that is under way comes to its end first.
      await Promise.allSettled(others)
      instance.plan.status = 'deleting'
      await instance.stop()
      if (instance.plan.sourceId !== null) await this.#dropSlot(instance.plan.sourceId, id)
      if (cluster?.writerId === id) await this.#giveWriterAway(cluster, instance, wasMade)
      this.#instances = this.#instances.filter((other) => other !== instance)
      instance.server.remove()
      rmSync(instance.logFile, { force: true })
      if (!cluster) this.#store(`db-${id}`).remove()
      this.platform.instanceEvent(id, 'DB instance deleted', 'deletion')
    }, failed(instance))
  }

  deleteCluster(id: string, finalSnapshotId: string | null): void {
    const cluster = this.#requireCluster(id)
    if (this.#members(id).some((instance) => instance.status !== 'deleting'))
      throw new LabStateError(
        'InvalidDBClusterStateFault',
        'Cluster cannot be deleted, it still contains DB instances in non-deleting state.',
      )
    if (cluster.status === 'deleting')
      throw new LabStateError('InvalidDBClusterStateFault', `DB cluster ${id} is already being deleted.`)
    if (finalSnapshotId)
      this.createSnapshot({
        id: finalSnapshotId,
        kind: 'cluster',
        sourceId: id,
        region: cluster.region,
        attributes: cluster.attributes,
      })
    cluster.plan.status = 'deleting'
    const others = [...this.#tasks]
    this.#run(
      async () => {
        await Promise.allSettled(others)
        await this.platform.delay(modifySeconds)
        await cluster.close()
        this.#clusters = this.#clusters.filter((other) => other !== cluster)
        rmSync(this.#at('volumes', id), { recursive: true, force: true })
        rmSync(this.#at('volumes', `${id}.log`), { force: true })
        this.#store(`cluster-${id}`).remove()
        this.#clusterEvent(id, 'DB cluster deleted', 'deletion')
      },
      () => {
        cluster.plan.status = 'failed'
      },
    )
  }

  createSnapshot(wanted: Pick<LabSnapshot, 'id' | 'kind' | 'sourceId' | 'region' | 'attributes'>): void {
    if (this.#snapshots.some(({ id, kind }) => id === wanted.id && kind === wanted.kind))
      throw wanted.kind === 'cluster'
        ? new LabStateError('DBClusterSnapshotAlreadyExistsFault', `DB cluster snapshot ${wanted.id} already exists.`)
        : new LabStateError('DBSnapshotAlreadyExists', `DB snapshot ${wanted.id} already exists.`)
    const directory = this.#at('snapshots', `${wanted.kind}-${wanted.id}`)
    const source = this.#snapshotSource(wanted)
    this.#snapshots.push({ ...wanted, at: Date.now(), status: 'creating' })
    const settle = (status: LabSnapshot['status']) => {
      this.#snapshots = this.#snapshots.map((one) =>
        one.id === wanted.id && one.kind === wanted.kind ? { ...one, status } : one,
      )
    }
    this.#run(
      async () => {
        await keepSnapshot(source, directory)
        await this.platform.delay(modifySeconds)
        settle('available')
      },
      () => settle('failed'),
    )
  }

  deleteSnapshot(kind: LabSnapshot['kind'], id: string): void {
    const snapshot = this.#snapshots.find((one) => one.id === id && one.kind === kind)
    this.#snapshots = this.#snapshots.filter((one) => one !== snapshot)
    if (snapshot) rmSync(this.#at('snapshots', `${snapshot.kind}-${id}`), { recursive: true, force: true })
    void this.#changed()
  }

  masterPassword(id: string): string | null {
    return this.#instances.find((instance) => instance.id === id)?.plan.managedPassword ?? null
  }

  #at(...path: string[]): string {
    return join(this.setup.dataDir, ...path)
  }
  #store(owner: string): BackupStore {
    return storeBeside(this.#at('stores', owner, 'archive'))
  }
  #cluster(id: string): RestoredCluster | undefined {
    return this.#clusters.find((cluster) => cluster.id === id)
  }
  #requireCluster(id: string): RestoredCluster {
    const cluster = this.#cluster(id)
    if (!cluster) throw new LabStateError('DBClusterNotFoundFault', `DBCluster ${id} not found.`, 404)
    return cluster
  }
  #requireInstance(id: string): MadeInstance {
    const instance = this.#instances.find((candidate) => candidate.id === id)
    if (!instance) throw missingInstance(id)
    return instance
  }
  #available(id: string): MadeInstance {
    const instance = this.#requireInstance(id)
    if (instance.status !== 'available')
      throw new LabStateError('InvalidDBInstanceState', `DB instance ${id} is in state ${instance.status}.`)
    return instance
  }
  #members(clusterId: string): MadeInstance[] {
    return this.#instances.filter((instance) => instance.clusterId === clusterId)
  }
  #refuseExisting(id: string): void {
    if (this.platform.node(id) || this.#instances.some((instance) => instance.id === id))
      throw new LabStateError('DBInstanceAlreadyExists', `DB instance ${id} already exists.`)
  }

  #clusterSource(id: string): Source {
    if (id === this.platform.id) {
      const { region, databaseName, masterUsername } = this.platform
      return { store: this.platform.topology.backups, region, databaseName, masterUsername }
    }
    return { ...pick(this.#requireCluster(id)), store: this.#store(`cluster-${id}`) }
  }

  #instanceSource(id: string): Source {
    const member = this.platform.topology.members.find((candidate) => candidate.id === id)
    if (member) {
      const { databaseName, masterUsername, topology } = this.platform
      return { store: topology.storeOf(member.plan), region: member.region, databaseName, masterUsername }
    }
    const instance = this.#requireInstance(id)
    return { ...pick(instance), store: this.#store(`db-${id}`), databaseName: instance.databaseName ?? '' }
  }

  #snapshotSource({ kind, sourceId }: Pick<LabSnapshot, 'kind' | 'sourceId'>) {
    const { topology } = this.platform
    const writerId =
      kind === 'cluster'
        ? sourceId === this.platform.id
          ? topology.writer.id
          : this.#requireCluster(sourceId).writerId
        : sourceId
    const member = topology.members.find(({ id }) => id === writerId)
    const node = member ?? this.#instances.find(({ id }) => id === writerId)
    if (node?.server.state !== 'running')
      throw new LabStateError('InvalidDBInstanceState', `Nothing serves the data of ${sourceId}.`)
    const archive = member
      ? topology.storeOf(member.plan).archiveDir
      : this.#storeFor(this.#requireInstance(node.id)).archiveDir
    return { address: node.behind, login: topology.login, dataDir: node.server.dataDir, archive }
  }

  #storeFor(instance: MadeInstance): BackupStore {
    return this.#store(instance.clusterId ? `cluster-${instance.clusterId}` : `db-${instance.id}`)
  }

  #addCluster(plan: RestoredCluster['plan']): RestoredCluster {
    const store = this.#store(`cluster-${plan.id}`)
    const cluster = new RestoredCluster(plan, this.setup.ports, () => store.restorable())
    this.#clusters.push(cluster)
    void this.#changed()
    return cluster
  }

  #addInstance(plan: InstancePlan): MadeInstance {
    const owner = plan.clusterId ? `cluster-${plan.clusterId}` : `db-${plan.id}`
    const store = this.#store(owner)
    const dataDir = this.#at('instances', plan.id)
    const { ports, platformPassword } = this.setup
    const { id } = plan
    const ownArchive = store.archiveDir
    const instance = new MadeInstance(plan, {
      dataDir,
      ports,
      platformPassword,
      way: this.#wayTo(plan),
      settings: () => nodeSettings({ id, directory: dataDir, ownArchive, restoreFrom: ownArchive, primary: null }),
      restorable: () => (plan.clusterId ? { earliest: null, latest: null } : store.restorable()),
    })
    instance.server.on('exit', () => void this.#changed())
    this.#instances.push(instance)
    return instance
  }

  #newInstance(
    { id, zone, attributes }: LabCreateRequest,
    of: {
      region: string
      masterUsername: string
      databaseName: string | null
      clusterId?: string
      sourceId?: string
    },
  ): MadeInstance {
    const number = this.#freeNumber(
      this.#instances.map(({ plan }) => plan.number),
      firstNumber,
      mostNumber,
    )
    const isWriter = !of.clusterId && !of.sourceId
    const plan = {
      id,
      zone,
      attributes: { ...attributes, createdAt: Date.now() },
      number,
      clusterId: null,
      sourceId: null,
      isWriter,
      status: 'creating' as const,
    }
    return this.#addInstance({ ...plan, ...of, managedPassword: null })
  }

  #freeNumber(taken: number[], from: number, to: number): number {
    for (let number = from; number <= to; number += 1) if (!taken.includes(number)) return number
    throw new LabStateError(
      'InsufficientDBInstanceCapacity',
      'This environment has no address for another DB instance.',
    )
  }

  async #recovered(
    owner: string,
    from: BackupStore,
    target: { at: number; backup: NonNullable<ReturnType<BackupStore['backupBefore']>> },
    where: { directory: string; address: MadeInstance['behind']; id: string },
  ): Promise<'available' | 'incompatible-restore'> {
    const begun = Date.now()
    const store = this.#store(owner)
    await store.prepare()
    const release = from.hold()
    let status: 'available' | 'incompatible-restore' = 'available'
    try {
      const { login } = this.platform.topology
      await recover({ ...where, ...target, login, archive: from.archiveDir, ownArchive: store.archiveDir })
    } catch (error) {
      if (!(error instanceof IncompatibleRestoreError)) throw error
      status = 'incompatible-restore'
    } finally {
      release()
    }
    await this.#delayed(restoreSeconds, begun)
    return status
  }

  /** The first instance of a cluster serves its volume. */
  async #openVolume(cluster: RestoredCluster, instance: MadeInstance): Promise<MadeInstance> {
    await rename(this.#at('volumes', cluster.id), instance.server.dataDir)
    await instance.start()
    return instance
  }

  async #writerOf(cluster: RestoredCluster): Promise<MadeInstance> {
    const serving = await cluster.writerServes
    const writer = serving ?? this.#members(cluster.id).find((instance) => instance.id === cluster.writerId)
    if (!writer) throw new Error(`cluster ${cluster.id} has no writer`)
    return writer
  }

  /** Makes an instance a standby of the writer, from a fresh base backup. */
  async #follow(instance: MadeInstance, writer: MadeInstance): Promise<void> {
    const { dataDir } = instance.server
    const slot = slotName(instance.id)
    await this.#withNode(writer, (query) =>
      query(
        `SELECT pg_create_physical_replication_slot(${literal(slot)}, true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${literal(slot)})`,
      ),
    )
    const { login } = this.platform.topology
    await takeBackup({ address: writer.behind, login, dataDir: writer.server.dataDir }, [dataDir])
    await write(join(dataDir, 'standby.signal'), '')
    this.#configureFollower(instance, writer)
    await instance.start()
  }

  /** A node of the guarded cluster, or one that a call has made. */
  #node(id: string): Member | MadeInstance | undefined {
    return (
      this.platform.topology.members.find((member) => member.id === id) ?? this.#instances.find((one) => one.id === id)
    )
  }

  #wayTo({ sourceId, region }: InstancePlan): LinkState {
    const source = sourceId === null ? null : this.#node(sourceId)
    return source && source.region !== region ? betweenRegions : { kind: 'up' }
  }

  /** A replica receives from its source over a way of its own, and keeps an archive of its own for what it may become. */
  async #leadTo(instance: MadeInstance, source: Member | MadeInstance): Promise<void> {
    instance.link.point([source.behind])
    await instance.link.open()
    instance.server.configure(this.#settings(instance, source))
  }

  #settings({ id, region, server, link }: MadeInstance, source: Member | MadeInstance | null): Settings {
    const { archiveDir } = this.#store(`db-${id}`)
    // An archive is reached within its region only: elsewhere the slot alone keeps WAL for a replica.
    const from =
      !source || source.region !== region
        ? archiveDir
        : source instanceof MadeInstance
          ? this.#storeFor(source).archiveDir
          : this.platform.topology.storeOf(source.plan).archiveDir
    const primary = source ? { ...link.listen, password: this.platform.topology.login.password } : null
    return nodeSettings({ id, directory: server.dataDir, ownArchive: archiveDir, restoreFrom: from, primary })
  }

  async #ensureSlot(address: Address, id: string): Promise<void> {
    const slot = literal(slotName(id))
    await withClient(address, this.platform.topology.login, (client) =>
      client.query(
        `SELECT pg_create_physical_replication_slot(${slot}, true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${slot})`,
      ),
    )
  }

  /** Kept WAL of a replica that is none any more; a source that is gone keeps nothing. */
  async #dropSlot(sourceId: string, id: string): Promise<void> {
    const source = this.#node(sourceId)
    if (source?.server.state !== 'running') return
    const slot = literal(slotName(id))
    await withClient(source.behind, this.platform.topology.login, async (client) => {
      await client.query(
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = ${slot} AND active`,
      )
      await until(async () => {
        const { rowCount } = await client.query(
          `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${slot} AND NOT active`,
        )
        return rowCount === 1
      }, 2_000)
    }).catch((error: Error) => console.error('lab:', error.message))
  }

  #configureFollower({ id, server }: MadeInstance, writer: MadeInstance): void {
    const { archiveDir } = this.#storeFor(writer)
    const primary = { ...writer.behind, password: this.platform.topology.login.password }
    const directory = server.dataDir
    server.configure(nodeSettings({ id, directory, ownArchive: archiveDir, restoreFrom: archiveDir, primary }))
  }

  /** Before a writer is deleted: a reader takes over, or its data is the cluster's volume again. */
  async #giveWriterAway(cluster: RestoredCluster, writer: MadeInstance, wasMade: boolean): Promise<void> {
    cluster.plan.writerId = null
    cluster.writerServes = null
    const readers = this.#members(cluster.id).filter((other) => other !== writer && other.status === 'available')
    const [next, ...others] = readers
    if (next) {
      await this.#withNode(next, (query) => query('SELECT pg_promote(true, 60)'))
      next.plan.isWriter = true
      cluster.plan.writerId = next.id
      for (const other of others) {
        await other.stop('immediate')
        await this.#follow(other, next)
      }
    } else if (wasMade && existsSync(writer.server.dataDir))
      await rename(writer.server.dataDir, this.#at('volumes', cluster.id))
  }

  async #withNode<T>(node: MadeInstance, work: (query: (text: string) => Promise<unknown>) => Promise<T>): Promise<T> {
    return withClient(node.behind, this.platform.topology.login, (client) => work((text) => client.query(text)), 65_000)
  }

  /** Waits for what is left of the platform's own time for it. */
  #delayed(realSeconds: number, begun: number): Promise<void> {
    return this.platform.delay(Math.max(0, realSeconds - ((Date.now() - begun) / 1000) * this.platform.speedup))
  }

  #make(instance: MadeInstance, work: () => Promise<void>): void {
    this.#run(work, failed(instance))
  }

  #run(work: () => Promise<void>, fail: () => void): void {
    const task = work()
      .catch((error: unknown) => {
        if (this.platform.stopping) return
        console.error('lab: an operation failed:', error instanceof Error ? error.message : error)
        fail()
      })
      .then(() => this.#changed())
      .finally(() => this.#tasks.delete(task))
    this.#tasks.add(task)
    void this.#changed()
  }

  #clusterEvent(id: string, message: string, category: string): void {
    this.platform.recordEvent({ sourceId: id, sourceType: 'db-cluster', message, categories: [category] })
  }

  /** Takes the base backups that are due, one round at a time. */
  #maintain(): Promise<void> {
    this.#round = this.#round.then(() => this.#maintainOnce())
    return this.#round
  }
  #round: Promise<void> = Promise.resolve()

  async #maintainOnce(): Promise<void> {
    for (const instance of this.#instances) {
      if (this.platform.stopping) return
      const keeper = instance.clusterId === null ? instance : this.#cluster(instance.clusterId)
      const isOurs =
        keeper &&
        keeper.attributes.BackupRetentionPeriod !== 0 &&
        instance.plan.sourceId === null &&
        (keeper === instance || this.#cluster(keeper.id)?.writerId === instance.id)
      if (!isOurs || instance.server.state !== 'running' || instance.status !== 'available') continue
      const { login } = this.platform.topology
      const source = { address: instance.behind, login, dataDir: instance.server.dataDir }
      // A node that is being deleted has no backup to offer; the next round tries the others again.
      await this.#storeFor(instance)
        .maintain(source)
        .catch(() => undefined)
    }
    await this.#changed()
  }

  #state() {
    return {
      clusters: this.#clusters.map(({ plan }) => plan),
      instances: this.#instances.map(({ plan }) => plan),
      snapshots: this.#snapshots,
    }
  }

  async #changed(): Promise<void> {
    if (this.platform.stopping) return
    rememberEstate(this.#file, this.#state())
    for (const cluster of this.#clusters)
      await cluster.refresh(this.#members(cluster.id)).catch((error: Error) => console.error('lab:', error.message))
    this.platform.changed()
  }
}

function failed(instance: MadeInstance): () => void {
  return () => {
    instance.plan.status = 'failed' satisfies LabNodeStatus
  }
}

function missingInstance(id: string): LabStateError {
  return new LabStateError('DBInstanceNotFound', `DBInstance ${id} not found.`, 404)
}

function incompatible(target: { at: number }): string {
  return `The restore to ${new Date(target.at).toISOString()} failed: the archived WAL does not reach that time.`
}

const pick = ({
  region,
  masterUsername,
  databaseName,
}: {
  region: string
  masterUsername: string
  databaseName: string | null
}) => ({
  region,
  masterUsername,
  databaseName: databaseName ?? '',
})

const name = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`

/** Throws InvalidRestoreFault when the moment is outside what the store can restore. */
function restoreTarget(store: BackupStore, wanted: number | null) {
  const { earliest, latest } = store.restorable()
  const at = wanted ?? latest
  const backup = at === null ? null : store.backupBefore(at)
  if (at === null || latest === null || earliest === null || !backup || at < earliest || at > latest) {
    const bound = (time: number | null) => (time === null ? 'unknown' : new Date(time).toISOString())
    throw new LabStateError(
      'InvalidRestoreFault',
      `The specified time is not restorable. Earliest: ${bound(earliest)}, latest: ${bound(latest)}.`,
    )
  }
  return { at, backup }
}
