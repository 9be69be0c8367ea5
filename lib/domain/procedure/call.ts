import type { Place } from '../backups/types'
import type { MergePass } from '../reconcile/merge'
import type { CopyWork, Outbox } from '../restore/copy-work'
import type { ApplyCall } from './apply-call'
import type { NamesCall } from './names-call'

/**
 * An effect on the outside world as a value. The very same value is sent by an adapter, shown as a command and covered by
 * an approval's digest, so that what was shown is what is done.
 */
export type Call =
  | AwsCall
  | NamesCall
  | KubernetesCall
  | ScaleCall
  | ApplyCall
  | PoolerCall
  | SqlCall
  | SessionsCall
  | RowsCall
  | LoadCall

/** Changes at the managed database API and what each takes, as the API names them. A time is an ISO 8601 text. */
export interface AwsChanges {
  FailoverDBCluster: { DBClusterIdentifier: string; TargetDBInstanceIdentifier: string }
  PromoteReadReplica: { DBInstanceIdentifier: string; BackupRetentionPeriod?: number; PreferredBackupWindow?: string }
  RebootDBInstance: { DBInstanceIdentifier: string; ForceFailover: boolean }
  ModifyDBInstance: AwsSettings & { DBInstanceIdentifier: string; ApplyImmediately: boolean; MultiAZ?: boolean }
  ModifyDBCluster: AwsSettings & { DBClusterIdentifier: string; ApplyImmediately: boolean }
  RestoreDBClusterToPointInTime: AwsPlace & {
    DBClusterIdentifier: string
    SourceDBClusterIdentifier: string
    RestoreToTime?: string
    UseLatestRestorableTime?: boolean
    DBClusterParameterGroupName?: string
    DBClusterInstanceClass?: string
  }
  /** The key is the source's: the API takes no other. */
  RestoreDBInstanceToPointInTime: Omit<AwsPlace, 'KmsKeyId'> & {
    TargetDBInstanceIdentifier: string
    SourceDBInstanceIdentifier: string
    RestoreTime?: string
    UseLatestRestorableTime?: boolean
    DBInstanceClass?: string
    DBParameterGroupName?: string
    MultiAZ?: boolean
  }
  CreateDBInstance: AwsPlace & {
    DBInstanceIdentifier: string
    DBInstanceClass: string
    Engine: string
    EngineVersion?: string
    DBClusterIdentifier?: string
    DBParameterGroupName?: string
    PromotionTier?: number
    AllocatedStorage?: number
    MasterUsername?: string
    ManageMasterUserPassword?: boolean
    MultiAZ?: boolean
    BackupRetentionPeriod?: number
    StorageEncrypted?: boolean
  }
  CreateDBInstanceReadReplica: AwsPlace & {
    DBInstanceIdentifier: string
    SourceDBInstanceIdentifier: string
    DBInstanceClass?: string
    DBParameterGroupName?: string
    MultiAZ?: boolean
  }
  DeleteDBInstance: { DBInstanceIdentifier: string; SkipFinalSnapshot: boolean; FinalDBSnapshotIdentifier?: string }
  DeleteDBCluster: { DBClusterIdentifier: string; SkipFinalSnapshot: boolean; FinalDBSnapshotIdentifier?: string }
  AddTagsToResource: { ResourceName: string; Tags: AwsTag[] }
}

/** Questions to the same API: they are shown as commands, and no sender takes them. */
export interface AwsQuestions {
  DescribeDBClusters: { DBClusterIdentifier: string }
  DescribeDBInstances: { DBInstanceIdentifier: string }
  DescribeEvents: { SourceType: 'db-cluster' | 'db-instance'; SourceIdentifier: string; Duration: number }
}

interface AwsSettings {
  VpcSecurityGroupIds?: string[]
  BackupRetentionPeriod?: number
  PreferredBackupWindow?: string
  DeletionProtection?: boolean
}

/** Where a new cluster or instance is put, and what it is given. */
interface AwsPlace {
  DBSubnetGroupName?: string
  VpcSecurityGroupIds?: string[]
  Port?: number
  KmsKeyId?: string
  StorageType?: string
  Iops?: number
  DeletionProtection?: boolean
  PubliclyAccessible?: boolean
  CopyTagsToSnapshot?: boolean
  EnableIAMDatabaseAuthentication?: boolean
  EnableCloudwatchLogsExports?: string[]
  Tags?: AwsTag[]
}

type AwsTag = { Key: string; Value: string }

export type AwsOperation = keyof AwsChanges
export type AwsCall = AwsRequests<AwsChanges>
export type AwsQuestion = AwsRequests<AwsQuestions>
type AwsRequests<Inputs> = { [O in keyof Inputs]: AwsRequest<O, Inputs[O]> }[keyof Inputs]

export interface AwsRequest<Operation, Input> {
  kind: 'aws'
  service: 'rds'
  operation: Operation
  region: string
  input: Input
}

export interface KubernetesCall {
  kind: 'kubernetes'
  context: string
  namespace: string
  deployment: string
  /** One strategic-merge patch of the containers' environments, by name, and of the deployment's annotations. */
  patch: { containers: ContainerChange[]; annotations: Record<string, string> }
}

/** How many pods a deployment should have. Scaling does not roll its pods out anew. */
export interface ScaleCall {
  kind: 'scale'
  context: string
  namespace: string
  deployment: string
  /** Null before any run has stored how many there were: shown as such, and never sent. */
  replicas: number | null
}

interface ContainerChange {
  name: string
  /** It is one of the init containers. */
  init: boolean
  env: Record<string, string>
}

export interface PoolerCall {
  kind: 'pooler'
  /** To all of them at once; one that fails keeps none of the others from its commands. */
  poolers: PoolerAddress[]
  /** In this order at each, each waited for; all of them may be repeated. */
  commands: PoolerCommand[]
}

/** One PgBouncer process, by the name that the configuration gives it, with its pool and the user of its console. */
export interface PoolerAddress {
  name: string
  host: string
  port: number
  user: string
  database: string
}

export type PoolerCommand =
  /** Waits for running work. At its limit it becomes `atLimit`: a server that is gone never releases its clients. */
  | { command: 'PAUSE'; limitMs: number; atLimit: 'KILL' }
  | { command: 'KILL' }
  | { command: 'RECONNECT' }
  | { command: 'RESUME' }

export interface SqlCall {
  kind: 'sql'
  host: string
  port: number
  user: string
  database: string
  statements: string[]
}

/** Rows of one database compared with another's, merged into it, or a merge taken back. May be sent again: what is done is left. */
export interface RowsCall {
  kind: 'rows'
  user: string
  /** By which what was compared is found again, in the target's schema dr_stage. */
  batch: string
  target: { host: string; port: number; database: string }
  work:
    | { action: 'compare'; source: { host: string; port: number; database: string }; tables: string[] }
    | { action: 'merge' | 'undo'; passes: MergePass[] }
    /** Of a whole copy: what works by itself is put to rest or started again, or statistics are made. */
    | CopyWork
  /** Longest that it may take in all, ms. */
  limitMs: number
}

/**
 * Loads one version of a backup into a database that is made for it. Until the last byte has proved authentic the database has a name
 * of its own, `<database>_partial_...`; what an earlier attempt left under such a name is dropped first. May be sent again.
 */
export interface LoadCall {
  kind: 'load'
  /** The run, which the loaded database is known by afterwards. */
  run: string
  /** `sha256` as the job or S3 recorded it; null where neither did. */
  backup: BackupObject & { sha256: string | null }
  /** The roles that were dumped with it, loaded first; null: the server must have them. */
  roles: BackupObject | null
  target: { instance: string; region: string; host: string; port: number; user: string; database: string }
  /** Roles that the server must have, and our own among them, which get the passwords of this environment. */
  needs: { roles: string[]; own: string[]; extensions: string[] }
  /** Before the database has its name, its jobs and outbox are put to rest; `by` is the role of ours that starts them again. */
  rest: { outbox: Outbox | null; by: string | null }
  /** Longest that it may take in all, ms. */
  limitMs: number
}

/** Exactly one version of an object in one of the two buckets. */
export interface BackupObject {
  place: Place
  bucket: string
  region: string
  key: string
  versionId: string | null
  etag: string
  size: number
}

/** Ends exactly these sessions of the database; one that has ended by itself, or whose pid is another's by now, is left. */
export interface SessionsCall {
  kind: 'sessions'
  user: string
  database: string
  nodes: { id: string; host: string; port: number; backends: Backend[] }[]
}

/** A session as a server knows it: a pid is used again, and tells with its start only whose it is. */
export interface Backend {
  pid: number
  /** As the server writes it, to the microsecond. */
  startedAt: string
}

/** Members that could carry a secret; a call that has one cannot be made, so none can be shown or recorded. */
const secretMember = /pass(word|wd)|secret|credential|private.?key|access.?key|session.?token|auth.?token/i
/** Switches that only sound like secrets, and references to them by name. */
const harmless = new Set(['ManageMasterUserPassword', 'RotateMasterUserPassword'])
const references = new Set(['secretKeyRef', 'secretRef', 'imagePullSecrets', 'secretName', 'secret'])
/** What a reference to a secret may say of it: never what it holds. */
const ofReference = new Set(['name', 'key', 'optional', 'secretName', 'defaultMode', 'items', 'path', 'mode'])
const isReference = (key: string, member: unknown): boolean =>
  references.has(key) &&
  (key === 'secretName'
    ? typeof member === 'string'
    : [member].flat().every((one) => isPlainObject(one) && Object.keys(one).every((name) => ofReference.has(name))))
const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const secretText = new RegExp(
  [
    String.raw`(password|passwd|pwd)\s*(=\s*\S|\s['"$])`,
    String.raw`:\/\/[^/\s:@]+:[^/\s@]+@`,
    String.raw`\b(AKIA|ASIA)[0-9A-Z]{16}`,
    // What stands in for a password: hashes that a server takes as one, tokens, keys.
    String.raw`SCRAM-SHA-256\$`,
    String.raw`\bmd5[0-9a-f]{32}\b`,
    String.raw`\bBearer\s+[\w.~+/-]{8,}`,
    'X-Amz-(Signature|Security-Token)=',
    '-----BEGIN [A-Z ]*PRIVATE KEY',
  ].join('|'),
  'i',
)

export class SecretInCallError extends Error {
  constructor(path: string) {
    super(`A call must not carry a secret, and ${path} could be one.`)
    this.name = 'SecretInCallError'
  }
}

/** Refuses a call in which any member's name or text could be a secret. Throws SecretInCallError, naming the place only. */
export function assertNoSecret(value: unknown, path = 'call'): void {
  if (typeof value === 'string') {
    if (secretText.test(value)) throw new SecretInCallError(path)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (secretMember.test(key) && !harmless.has(key) && !isReference(key, member))
      throw new SecretInCallError(`${path}.${key}`)
    assertNoSecret(member, `${path}.${key}`)
  }
}
