import type { DataCount, DataLook, IndexCheck } from '../../domain/cluster/damage-memory'
import { nodeKey } from '../../domain/cluster/node-key'
import type { BlockingView, Heartbeat, NodePosition, SlotView } from '../../domain/cluster/types'
import type { Database, DatabaseProbe } from '../../ports/database'
import type { Fleet, FleetInstance } from '../../ports/fleet'
import type { LagHistoryStore } from '../../ports/history'
import { PortError } from '../../ports/port-error'

const refused = () => new PortError('unreachable', 'Connection refused.', { outcome: 'rejected', probe: 'refused' })
const never = <T>() => new Promise<T>(() => {})

/** How a source behaves: it answers, refuses, swallows everything, or fails as an API does. */
export type Mood = 'well' | 'dead' | 'frozen' | 'failing'

/**
 * A cluster in memory on the test's moved clock: a writer, two readers and one in another region. What tests of the
 * collector need of a database, no more.
 */
export class MemoryCluster {
  readonly moods = new Map<string, Mood>()
  readonly ids = ['w', 'r1', 'r2', 'x']
  writer = 'w'
  /** A second node that takes writes. */
  promoted: string | null = null
  /** What RDS calls "x" in its own region; null when it was deleted there. */
  elsewhere: string | null = 'x'
  /** How the API of the other region behaves. */
  apiElsewhere: Mood = 'well'
  api: Mood = 'well'
  endpointHost = 'endpoint'
  lsn = 1_000_000n
  seq = 0
  timeline = 1
  systemId: string | null = '7300000000000000001'
  resourceId: string | null = 'cluster-A'
  beatAt = 0
  asked = 0
  heartbeats = 0
  /** Readers that stopped receiving: what they hold. */
  readonly cut = new Map<string, bigint>()
  slow: Mood = 'well'
  slots: SlotView[] = []
  data: DataLook = { checksumFailures: 0, tables: [], names: {} }
  index: IndexCheck = { of: 0, index: null, result: 'sound' }
  /** What the writer's server has written into its log so far. */
  serverLog = ''
  counted: DataCount = { tables: [], invariants: [] }
  readonly #lost = new Map<string, Set<() => void>>()
  readonly #diedAt = { lsn: 0n, at: 0 }

  mood(id: string): Mood {
    return this.moods.get(id) ?? 'well'
  }

  set(id: string, mood: Mood): void {
    this.moods.set(id, mood)
    if (id === this.writer) Object.assign(this.#diedAt, { lsn: this.lsn, at: Date.now() })
    if (mood === 'dead') {
      const hosts = id === this.writer ? [id, this.endpointHost] : [id]
      for (const host of hosts) for (const listener of this.#lost.get(host) ?? []) listener()
    }
  }

  async #answer<T>(id: string, value: () => T): Promise<T> {
    const mood = this.mood(id)
    if (mood === 'frozen') return never()
    if (mood !== 'well') throw refused()
    return value()
  }

  position(id: string): NodePosition {
    const now = Date.now()
    const standby = id !== this.writer && id !== this.promoted
    const writerWell = this.mood(this.writer) === 'well'
    const end = writerWell ? this.lsn : this.#diedAt.lsn
    const have = this.cut.get(id) ?? end
    const streams = standby && !this.cut.has(id) && this.mood(this.writer) !== 'dead'
    return {
      standby,
      at: now,
      systemId: this.systemId,
      timeline: this.timeline,
      flushLsn: standby ? null : this.lsn,
      haveLsn: standby ? have : null,
      replayLsn: standby ? have : null,
      replayPaused: standby ? false : null,
      receiver: streams
        ? { status: 'streaming', originLsn: end, heardAt: writerWell ? now : this.#diedAt.at, timeline: this.timeline }
        : null,
      beat: { at: this.beatAt, seq: this.seq },
      connections: { used: 5, limit: 100 },
      version: '15.18',
      readOnly: standby,
    }
  }

  readonly database: Database = {
    survey: () =>
      Promise.reject(new PortError('config', 'Nothing is counted here.', { outcome: 'rejected', probe: 'other' })),
    numbersHeld: () =>
      Promise.reject(new PortError('config', 'Nothing is counted here.', { outcome: 'rejected', probe: 'other' })),
    numberRanges: () =>
      Promise.reject(new PortError('config', 'Nothing is counted here.', { outcome: 'rejected', probe: 'other' })),
    probe: (name, address): DatabaseProbe => {
      const host = address.host
      const id = () => (host === this.endpointHost ? this.writer : host)
      const listeners = new Set<() => void>()
      return {
        address,
        position: () => {
          this.asked += 1
          return this.#answer(id(), () => this.position(id()))
        },
        heartbeat: () => {
          this.heartbeats += 1
          // The fast connection's own limit; the standing one waits for its statement's.
          const limit = name === 'endpoint-fast' ? 200 : 2000
          const answer = this.#answer(id(), (): Heartbeat => {
            this.lsn += 100n
            this.seq += 1
            this.beatAt = Date.now()
            return { at: this.beatAt, seq: this.seq, lsn: this.lsn }
          })
          const late = new Promise<never>((_, reject) =>
            setTimeout(
              () => reject(new PortError('timeout', 'No answer.', { outcome: 'unknown', probe: 'timeout' })),
              limit,
            ),
          )
          return Promise.race([answer, late])
        },
        replication: async () => [],
        blocking: () => (this.slow === 'frozen' ? never<BlockingView[]>() : Promise.resolve([])),
        slots: async () => this.slots,
        dataLook: () => this.#answer(id(), () => this.data),
        countData: () => this.#answer(id(), () => this.counted),
        checkIndex: () => this.#answer(id(), () => this.index),
        auroraReplicas: () =>
          Promise.reject(new PortError('config', 'This is no Aurora.', { outcome: 'rejected', probe: 'other' })),
        onLost: (listener) => {
          const call = () => listener({ kind: 'closed', at: Date.now() })
          listeners.add(call)
          const all = this.#lost.get(host) ?? new Set()
          all.add(call)
          this.#lost.set(host, all)
        },
        close: async () => {
          for (const l of listeners) this.#lost.get(host)?.delete(l)
        },
      }
    },
  }

  #api<T>(value: () => T): Promise<T> {
    if (this.api === 'frozen') return never()
    if (this.api !== 'well')
      return Promise.reject(new PortError('transient', 'The API fails.', { outcome: 'rejected', probe: 'api' }))
    return Promise.resolve(value())
  }

  #instanceElsewhere(name: string): Promise<FleetInstance> {
    if (this.apiElsewhere === 'frozen') return never()
    if (this.apiElsewhere === 'failing')
      return Promise.reject(new PortError('transient', 'The API fails.', { outcome: 'rejected', probe: 'api' }))
    if (name !== this.elsewhere)
      return Promise.reject(new PortError('missing', 'No such instance.', { outcome: 'rejected', probe: 'api' }))
    return Promise.resolve({ ...this.#instance('x'), id: nodeKey(name, 'us-east-1', 'us-west-2') })
  }

  #instance(id: string): FleetInstance {
    return {
      id,
      resourceId: `db-${id}`,
      clusterId: id === 'x' ? null : 'castmatch-prod-cluster',
      status: 'available',
      address: { host: id, port: 5432 },
      region: id === 'x' ? 'us-east-1' : 'us-west-2',
      zone: `zone-${id}`,
      instanceClass: 'db.r6g.2xlarge',
      engine: 'postgres',
      engineVersion: '15.18',
      multiAz: false,
      replicaSourceId: null,
      replicaIds: [],
      replication: null,
      backupRetentionDays: 7,
      latestRestorableAt: null,
      securityGroupIds: [],
      pending: [],
      tags: {},
      deletionProtection: false,
      backupWindow: null,
      certificateValidTill: null,
    }
  }

  readonly fleet: Fleet = {
    identity: () => this.#api(() => ({ account: '1', arn: 'a', serverAt: null })),
    credentials: async () => ({ temporary: false as const }),
    simulate: async () => [],
    maintenance: async () => [],
    cluster: () =>
      this.#api(() => ({
        id: 'castmatch-prod-cluster',
        resourceId: this.resourceId,
        arn: 'a',
        status: 'available',
        engine: 'postgres',
        engineVersion: '15.18',
        writerEndpoint: { host: this.endpointHost, port: 5432 },
        readerEndpoint: null,
        members: this.ids.filter((id) => id !== 'x').map((id) => ({ id, isWriter: id === 'w', promotionTier: 1 })),
        databaseName: 'd',
        masterUsername: 'm',
        backupRetentionDays: 7,
        earliestRestorableAt: null,
        latestRestorableAt: null,
        securityGroupIds: [],
        deletionProtection: true,
        tags: {},
      })),
    instances: () => this.#api(() => this.ids.filter((id) => id !== 'x').map((id) => this.#instance(id))),
    guarded: async (id) => ({ cluster: await this.fleet.cluster(id), instances: await this.fleet.instances(id) }),
    instance: (name, region) =>
      region === 'us-east-1' ? this.#instanceElsewhere(name) : this.#api(() => this.#instance(name)),
    restorable: () => Promise.reject(new Error('The collector restores nothing')),
    serverLog: (node, from) =>
      this.#api(() => ({
        text: from === null ? '' : this.serverLog.slice(Number(from.marker)),
        next: { file: node, marker: String(this.serverLog.length) },
        more: false,
      })),
    events: () => this.#api(() => []),
  }
}

/** A history store in memory that can be taken away. */
export class MemoryHistory implements LagHistoryStore {
  down = false
  readonly points = new Map<number, Parameters<LagHistoryStore['append']>[1][number]>()
  readonly marks: Parameters<LagHistoryStore['appendMarks']>[1] = []
  readonly minutes: Parameters<LagHistoryStore['saveMinutes']>[1] = []

  async #gate(): Promise<void> {
    if (this.down) throw new Error('away')
  }
  async append(_: string, points: Parameters<LagHistoryStore['append']>[1]) {
    await this.#gate()
    for (const p of points) this.points.set(p.at, p)
  }
  async read(_: string, fromMs: number, toMs: number) {
    await this.#gate()
    return [...this.points.values()].filter((p) => p.at >= fromMs && p.at <= toMs)
  }
  async appendMarks(_: string, marks: Parameters<LagHistoryStore['appendMarks']>[1]) {
    await this.#gate()
    this.marks.push(...marks)
  }
  async readMarks() {
    await this.#gate()
    return []
  }
  async saveMinutes(_: string, minutes: Parameters<LagHistoryStore['saveMinutes']>[1]) {
    await this.#gate()
    this.minutes.push(...minutes)
  }
  async readMinutes() {
    await this.#gate()
    return []
  }
}
