import type {
  BackupCatalogue,
  BackupCheck,
  BackupPolicy,
  DamageBounds,
  ObjectHead,
  Place,
} from '../domain/backups/types'
import type { BackupObject, LoadCall } from '../domain/procedure/call'
import type { LoadState } from '../domain/restore/loaded'
import type { LoaderTools, LoadProgress } from './backup-loader'

/** What the head of a dump says, after it was opened with the configured key. */
interface DumpHead {
  format: 'plain' | 'custom' | 'unknown'
  /** "15.13", of the server that was dumped; null when the head does not say. */
  serverVersion: string | null
}

type Verification =
  | { state: 'running'; bytes: number; size: number }
  /** It was read to its end. */
  | { state: 'ended'; check: Pick<BackupCheck, 'ok' | 'says'> }
  /** It could not be read; that says nothing of the backup. */
  | { state: 'broke-off'; says: string }

/** Backups in S3 as a restore looks at them. Changes nothing in the buckets. Throws PortError. */
export interface BackupsLook {
  readonly policy: BackupPolicy
  /** Where signatures are looked at, only what the configured key has signed is loaded. */
  readonly signed: boolean
  readonly buckets: Partial<Record<Place, { bucket: string; region: string }>>
  /** As the buckets were last read, judged as of now; null while nobody has read them. */
  catalogue(damage: DamageBounds | null): Promise<BackupCatalogue | null>
  /** The object as it is now. `missing` when it was deleted or replaced. */
  head(object: BackupObject): Promise<ObjectHead>
  /** The roles that were dumped beside a backup, in its bucket; null where there are none. */
  rolesOf(object: BackupObject): Promise<BackupObject | null>
  /** Opens the first bytes. Throws OpenError, too, when the key does not open it. */
  peek(object: BackupObject): Promise<DumpHead>
  /** What reading all of it has found. Begins to read it when nobody has; that it broke off is told once, and then it begins anew. */
  verification(object: BackupObject): Promise<Verification>
}

/** Databases of servers that a restore has created, seen with the master login that RDS keeps. Throws PortError. */
export interface RestoreReader {
  tools(): Promise<LoaderTools>
  state(call: LoadCall): Promise<LoadState>
}

/** The changing side of a load. */
export interface Restorer extends RestoreReader {
  /**
   * Does what the call says, as often as it is sent: a database that is whole is left. What is not whole at the end is dropped
   * again. `mayGoOn` is asked before each change, and throws when it must not. Throws PortError: `rejected` when nothing is left of it.
   */
  execute(
    call: LoadCall,
    options: { mayGoOn: () => void; signal: AbortSignal; progress: (progress: LoadProgress) => void },
  ): Promise<{ bytes: number; tables: number | null; loadedBy: string; decryptedBy: string; roles: number }>
}

/** One login of a server that nothing else uses yet. */
export interface ServerLogin {
  host: string
  port: number
  user: string
  /** Never logged. */
  password: string
}

/** Roles that may own what is loaded, and those among them of which the master was made a member for it. */
interface Owners {
  all: readonly string[]
  /** An attempt that was cut off leaves the master a member; those are not in this list again. */
  lent: readonly string[]
}

/** Databases of a server, under its master login. Throws PortError. */
export interface DatabaseAdmin {
  databases(login: ServerLogin): Promise<{ name: string; comment: string | null }[]>
  create(login: ServerLogin, name: string): Promise<void>
  /** Ends the sessions in it; one that is not there is no error. */
  drop(login: ServerLogin, name: string): Promise<void>
  /** Counts the statistics of all its tables anew, however long that takes. */
  analyze(login: ServerLogin, name: string, signal: AbortSignal): Promise<void>
  /** Makes the master a member of every role, so that it may give them what they own. */
  lendRoles(login: ServerLogin): Promise<Owners>
  /** Lets them own what is created in the schema public of this database, which has a name of its own, until they are given back. */
  letOwn(login: ServerLogin, name: string, roles: readonly string[]): Promise<void>
  giveRolesBack(login: ServerLogin, name: string, roles: Owners): Promise<void>
  /** Gives it its comment and then, in one transaction with it, its name. */
  complete(login: ServerLogin, partial: string, name: string, comment: string): Promise<void>
  /** By the verifier alone, so that no log of the server has the password. A role that is not there is an error. */
  giveRole(login: ServerLogin, role: string, rolePassword: string): Promise<void>
}

/** The master login that RDS keeps for an instance. Throws PortError. */
export interface MasterLogins {
  passwordOf(instance: string, region: string): Promise<string>
}
