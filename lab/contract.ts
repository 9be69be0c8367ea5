/**
 * What the rooms of the lab promise each other. `postgres/` owns the servers and their roles; `aws/`, `kubernetes/`,
 * `prometheus/` and `workload/` speak to it only through these types. Ports derive from one base port so that two labs
 * can run side by side; see `ports.ts`.
 */
import type { EventEmitter } from 'node:events'
import type { Spoil } from './faults/spoilt-reply'

export interface Address {
  host: string
  port: number
}

export type LabRole = 'writer' | 'reader' | 'cross-region'

/** Life of a lab node as AWS would name it. */
export type LabNodeStatus =
  | 'creating'
  | 'available'
  | 'modifying'
  | 'rebooting'
  | 'failing-over'
  | 'deleting'
  | 'failed'
  | 'incompatible-restore'

export interface LabNode {
  readonly id: string
  readonly region: string
  readonly zone: string
  readonly role: LabRole
  readonly status: LabNodeStatus
  readonly clusterId: string | null
  /** What clients dial: a proxy in front of the server, so that links can be cut. */
  readonly address: Address
  /** True while the server's process lives (a stopped process is alive). */
  readonly running: boolean
  readonly frozen: boolean
  readonly promotionTier: number
  readonly replicaSourceId: string | null
  /** Free-form attributes that API calls change (class, retention, security groups, tags...). */
  readonly attributes: Record<string, unknown>
}

export interface LabEvent {
  at: number
  sourceId: string
  sourceType: 'db-cluster' | 'db-instance'
  message: string
  categories: string[]
}

export interface LabCluster extends EventEmitter<{ event: [LabEvent]; change: [] }> {
  readonly id: string
  readonly region: string
  /** 'available' | 'failing-over' | ... */
  readonly status: string
  readonly databaseName: string
  readonly masterUsername: string
  /** Follow the roles: writer endpoint and reader endpoint, TCP proxies. */
  readonly writerEndpoint: Address
  readonly readerEndpoint: Address
  nodes(): LabNode[]
  node(id: string): LabNode | undefined
  /** The node that the platform believes to be the writer. */
  writerId(): string
  events(): LabEvent[]
  /** Earliest and latest restorable time, ms. */
  restorable(): { earliest: number | null; latest: number | null }
  /** Starts a failover as RDS would: answers at once, goes on in the background. Throws LabStateError. */
  failover(targetId: string | null): void
  /** Makes a replica a database of its own; its former source and that one's other replicas go on as they are. */
  promoteReadReplica(id: string): void
  reboot(id: string, forceFailover: boolean): void
  /** A lone Multi-AZ instance moves to its standby: the same data and address, in its other zone. */
  failoverToStandby(id: string): void
  /** Sets attributes after the lab's delay; emits the events. */
  modify(id: string, changes: Record<string, unknown>): void
  recordEvent(event: Omit<LabEvent, 'at'>): void
  setAttributes(id: string, changes: Record<string, unknown>): void
}

export interface RestoreWindow {
  earliest: number | null
  latest: number | null
}

/** A cluster that was restored from another one's backups. */
export interface LabRestoredCluster {
  readonly id: string
  readonly region: string
  readonly status: string
  readonly databaseName: string
  readonly masterUsername: string
  readonly writerEndpoint: Address
  readonly readerEndpoint: Address
  /** Null until its first instance is asked for. */
  readonly writerId: string | null
  readonly restorable: RestoreWindow
  readonly attributes: Record<string, unknown>
}

/** An instance that calls of the API have made: a member of a restored cluster, or one that stands alone. */
export interface LabMadeInstance extends LabNode {
  readonly databaseName: string | null
  readonly masterUsername: string
  /** Of an instance that stands alone. */
  readonly restorable: RestoreWindow
  /** Its server's log. */
  readonly logFile: string
}

export interface LabSnapshot {
  readonly id: string
  readonly kind: 'cluster' | 'db'
  /** The cluster or instance whose data it holds. */
  readonly sourceId: string
  readonly region: string
  readonly at: number
  readonly status: 'creating' | 'available' | 'failed'
  readonly attributes: Record<string, unknown>
}

export interface LabRestoreRequest {
  id: string
  sourceId: string
  /** Up to which moment, ms; null is the latest that can be restored. */
  at: number | null
  attributes: Record<string, unknown>
}

export interface LabCreateRequest {
  id: string
  zone: string
  attributes: Record<string, unknown>
}

/**
 * Servers that calls of the API make and delete, beside the guarded cluster. Each method answers at once, shows the state,
 * and goes on in the background. All throw LabStateError.
 */
export interface LabEstate {
  clusters(): LabRestoredCluster[]
  instances(): LabMadeInstance[]
  snapshots(): LabSnapshot[]
  /** What a cluster, or an instance that stands alone, can be restored to. */
  restorable(sourceId: string): RestoreWindow
  restoreCluster(request: LabRestoreRequest): void
  restoreInstance(request: LabRestoreRequest & { zone: string }): void
  createMember(request: LabCreateRequest & { clusterId: string }): void
  createInstance(
    request: LabCreateRequest & { masterUsername: string; password: string; databaseName: string | null },
  ): void
  /** A standby of an instance in any region: a base backup of it, and WAL that is streamed from then on. */
  createReplica(request: LabCreateRequest & { sourceId: string }): void
  /** A replica becomes a database of its own. */
  promoteReplica(id: string): void
  modify(id: string, changes: Record<string, unknown>): void
  setAttributes(id: string, changes: Record<string, unknown>): void
  setClusterAttributes(id: string, changes: Record<string, unknown>): void
  reboot(id: string): void
  deleteInstance(id: string, finalSnapshotId: string | null): void
  deleteCluster(id: string, finalSnapshotId: string | null): void
  createSnapshot(snapshot: Pick<LabSnapshot, 'id' | 'kind' | 'sourceId' | 'region' | 'attributes'>): void
  deleteSnapshot(kind: LabSnapshot['kind'], id: string): void
  /** The password of an instance whose master password the platform keeps; null when it keeps none. */
  masterPassword(id: string): string | null
}

/** The API's modelled refusals, by wire code. */
export class LabStateError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly httpStatus = 400,
  ) {
    super(message)
    this.name = 'LabStateError'
  }
}

/** One line in the log of mutating API calls: the truth against which crash tests count effects. */
export interface EffectLogEntry {
  n: number
  at: number
  service: ApiService | 'pgbouncer'
  operation: string
  parameters: Record<string, unknown>
  /** Did the effect happen, whatever the caller was told? */
  effective: boolean
  answered: 'ok' | 'error' | 'none'
  status: number | null
}

export interface EffectLog {
  append(entry: Omit<EffectLogEntry, 'n' | 'at'>): EffectLogEntry
  list(sinceN?: number): EffectLogEntry[]
}

/** Which policy does not let the caller act: its own by silence, its own by name, its boundary, or the organisation's. */
export const denials = ['implicit', 'explicit', 'boundary', 'organization'] as const
export type Denial = (typeof denials)[number]

/** The services whose calls a fault can strike. */
export type ApiService = 'rds' | 'sts' | 'iam' | 's3' | 'kubernetes' | 'route53' | 'health'

/** Faults at the API front doors; `aws/` and `kubernetes/` ask before and after each call. */
export type ApiFault =
  | { kind: 'hang'; when: 'before' | 'after'; calls: number | null; operation: string | null }
  | { kind: 'error-500'; when: 'before' | 'after'; calls: number | null; operation: string | null }
  | { kind: 'reset'; when: 'before' | 'after'; calls: number | null; operation: string | null }
  | { kind: 'spoilt-reply'; how: Spoil; when: 'after'; calls: number | null; operation: string | null }
  | { kind: 'throttle'; calls: number | null; operation: string | null }
  | { kind: 'expired-token'; calls: number | null; operation: string | null }
  | { kind: 'stale-describes'; forMs: number }

export interface ApiFaults {
  /** Takes the fault that applies to this call (and counts it down), or null. */
  take(service: ApiService, operation: string): ApiFault | null
  /** Describes answer with what was true before this time, while set. */
  staleSince(): number | null
  /** How the caller is denied an action such as `rds:FailoverDBCluster`; null when it is allowed. */
  denied(action: string): Denial | null
}

/** The control plane: RDS, STS, IAM and the Kubernetes API. The data plane: databases, poolers, S3 and Prometheus. */
export type Plane = 'control' | 'data'
export type Silence = 'hang' | 'refuse'

/** The home region as its rooms meet it. */
export interface LabRegion extends EventEmitter<{ change: [] }> {
  readonly region: string
  /** How a plane meets everybody; null while it answers. */
  silence(plane: Plane): Silence | null
  /** Takes a request to a plane of a region when the network keeps it; false when it may go on, after the way's delay. */
  keeps(request: import('node:http').IncomingMessage, region: string, plane: Plane): Promise<boolean>
  /** Is this the name of a pod in the other region? Set by the room that runs them. */
  runsElsewhere: (pod: string) => boolean
}

/** What every HTTP room of the lab gets. It answers true when the request was its own. */
export type LabRoute = (
  request: import('node:http').IncomingMessage,
  response: import('node:http').ServerResponse,
) => boolean | Promise<boolean>

/** Which of AWS's topologies the API shows; `hybrid` (the customer's own mixture) unless said otherwise. */
export type LabShape = 'hybrid' | 'instance' | 'aurora'

export interface LabContext {
  dataDir: string
  /** Absent: taken from LAB_SHAPE, else `hybrid`. */
  shape?: LabShape
  ports: LabPorts
  /** Divides AWS's real delays; 30 by default. */
  speedup: number
  cluster: LabCluster
  estate: LabEstate
  log: EffectLog
  apiFaults: ApiFaults
  /** Whether the home region answers; absent where a lab is of one node only. */
  region?: LabRegion
  /** The present writer itself, and the platform's own account on it; null while it does not run. */
  platform?: () => { address: Address; login: { user: string; password: string; database: string } } | null
}

export interface LabPorts {
  /** HTTP: AWS, Kubernetes, Prometheus, control. */
  http: number
  /** Every node's and endpoint's client port, on their own loopback addresses. */
  postgres: number
  /** The servers themselves, behind the proxies. */
  postgresBehind: number
  pgbouncer: number
  /** The Kubernetes API by TLS: kubectl sends no token over plain HTTP. */
  kubernetes: number
}

/** Passwords of the lab's own roles; generated once per data directory. */
export interface LabSecrets {
  /** `castmatch_admin`, the master user. */
  adminPassword: string
  /** `warroom`, the collector's role: pg_monitor and the heartbeat table. */
  warroomPassword: string
  /** `castmatch_app`, the application's role. */
  applicationPassword: string
  /** The key pair that the AWS API accepts. */
  awsAccessKeyId: string
  awsSecretAccessKey: string
  /** Token of the control API, also in `<dataDir>/token`. */
  token: string
}

/** Something that lives as long as the lab: started in the order of registration, stopped in reverse. */
export interface LabPart {
  start?(): Promise<void> | void
  /** Brings it back when the whole lab is healed, whatever became of it; nothing happens when it is well. */
  repair?(): Promise<void> | void
  stop?(): Promise<void> | void
}

/** A fault that a room adds to the catalogue. */
export interface LabFault {
  id: string
  title: string
  /** Heading under which a panel lists it. */
  group:
    | 'Servers'
    | 'Replication'
    | 'Network'
    | 'Names'
    | 'Data'
    | 'Backups'
    | 'AWS API'
    | 'Kubernetes'
    | 'Load'
    | 'Messages'
  /** What it can strike; empty when it needs no target. The first is the default. */
  targets(): { id: string; title: string }[]
  parameters: {
    name: string
    title: string
    type: 'number' | 'text'
    default: number | string
  }[]
  /** A blow rather than a state: over as soon as it has struck, never shown as active. */
  once?: true
  /** Starts it; a second start replaces the first. Throws LabStateError with a clear sentence. */
  start(target: string | null, parameters: Record<string, number | string>): Promise<void>
  /** Ends it; nothing happens when it is not active. */
  heal(): Promise<void>
  /** False once something else has undone it, such as a failover that made the killed node anew; true when left out. */
  holds?(): boolean
}

export type LabFaultView = Omit<LabFault, 'start' | 'heal' | 'holds' | 'targets'> & {
  targets: { id: string; title: string }[]
  active: { since: number; target: string | null; parameters: Record<string, number | string> } | null
}

/**
 * The lab, to which each room adds itself: `registerAws(lab)`, `registerKubernetes(lab)`... before `start()`.
 * Parts start after the cluster is up; routes are asked in order of registration.
 */
export interface Lab {
  readonly context: LabContext
  readonly secrets: LabSecrets
  addRoute(route: LabRoute): void
  addPart(part: LabPart): void
  addFault(fault: LabFault): void
  /** Something that the control API does when it is asked to, without inputs: `POST /lab/NAME` answers what it comes to. */
  addControl(name: string, act: () => Promise<unknown>): void
  faults(): LabFaultView[]
  startFault(id: string, target: string | null, parameters: Record<string, unknown>): Promise<LabFaultView>
  /** Ends one fault, or all; all brings back one writer, two readers and a cross-region reader, whatever was broken. */
  heal(id: string | null): Promise<void>
  /** A line added to `<dataDir>/env`, such as KUBECONFIG. */
  addEnvironment(name: string, value: string): void
  /** Something that other programs find in `<dataDir>/connection.json`. */
  describe(values: Record<string, unknown>): void
  start(): Promise<void>
  stop(): Promise<void>
}
