import type { BackupDamage } from '../domain/backups/types'
import type { DatabaseAddress } from './reconcile'

/** Versions such as `15.20`; null where the runner has no such program. None of them is needed for a plain dump. */
export interface LoaderTools {
  /** Decrypts where it is installed; a library does it otherwise. */
  gpg: string | null
  /** Loads plain dumps where it is installed; our own connection does it otherwise. */
  psql: string | null
  /** Loads custom archives; without it they are refused. */
  pgRestore: string | null
}

/** Exactly one version of an object, and what was agreed about it. */
export interface LoadSource {
  bucket: string
  region: string
  key: string
  versionId: string | null
  etag: string
  /** Bytes, as listed. */
  size: number
  /**
   * SHA-256 of the object that was approved, hex. Null: none is known, and only the sum that S3 itself holds is compared. S3's sum and
   * the backup job's are asked for again and compared in either case.
   */
  sha256: string | null
  /** `required`: only what the configured signing key has signed is loaded. */
  signature: 'required' | 'not-looked-at'
}

/** An empty database that exists already, in a server that nothing else uses yet. */
export interface LoadTarget extends DatabaseAddress {
  user: string
  /** Never logged, never in an argument of a program. */
  password: string
  tls: { caFile: string | null } | null
}

/** What the server must have before the first statement. */
export interface LoadNeeds {
  /** Roles that own something in the dump, or are granted something. */
  roles: readonly string[]
  /** Extensions that the dump creates. */
  extensions: readonly string[]
}

export interface LoadRequest {
  source: LoadSource
  target: LoadTarget
  needs: LoadNeeds
}

/**
 * `checking`: object, keys, server and needs, before the first statement. `loading`: bytes come from S3 and rows go to the server.
 * `building`: the whole object was read, and the server still works on what it got (indexes, constraints).
 */
export type LoadPhase = 'checking' | 'loading' | 'building'

/** At most a few times a second. */
export interface LoadProgress {
  phase: LoadPhase
  /** Of the object, as it is in S3. */
  bytesRead: number
  bytesTotal: number
  /** Whole percent of the bytes read; 100 does not mean that it is loaded. */
  percent: number
  /** Decrypted and decompressed so far. */
  plainBytes: number
}

/** Why a dump is not loaded although nothing is wrong with its bytes. */
const loadRefusals = [
  /** The database has tables already. */
  'not-empty',
  'role-missing',
  'extension-missing',
  /** The dump was made by or of a newer PostgreSQL than the server, or than the program that would load it. */
  'too-new',
  /** Made with `--create`: it would leave the database that it is given, and load another. */
  'names-database',
  /** A custom archive, and no pg_restore. */
  'program-missing',
  /** What is configured cannot open it: no key, or a signature is required and no signing key is known. */
  'not-configured',
] as const
export type LoadRefusal = (typeof loadRefusals)[number]

export interface Loaded {
  kind: 'loaded'
  /** Of the object, hex. */
  sha256: string
  plainBytes: number
  /** Tables whose rows were copied; null for a custom archive. */
  tables: number | null
  /** Version of the server that was dumped; null when the dump does not say. */
  dumpedFrom: string | null
  decryptedBy: 'gpg' | 'library' | 'not-encrypted'
  loadedBy: 'psql' | 'pg_restore' | 'connection'
  elapsedMs: number
}

/**
 * Everything but `loaded`. `touched`: statements of the dump may have reached the database, and it must be dropped before another
 * attempt. `says` is a whole sentence for people, without data of the dump.
 */
export type NotLoaded = { touched: boolean; says: string } & (
  | { kind: 'refused'; reason: LoadRefusal; missing: readonly string[] }
  /** The bytes are not what the backup job wrote, or are no dump; another backup is needed. Includes psql meta-commands. */
  | { kind: 'damaged'; damage: Exclude<BackupDamage, 'unreachable'> }
  /** The server refused a statement. 53100: disk full; 42704 and 42501: role or right; 0A000 and 58P01: extension. */
  | { kind: 'failed'; sqlState: string | null }
  /** S3 or the server cannot be reached, or the connection was lost; trying again may help. */
  | { kind: 'unreachable'; who: 's3' | 'server' }
  /** The loading program itself came to an end: killed, or out of memory. */
  | { kind: 'died' }
  | { kind: 'cancelled' }
)

export type LoadResult = Loaded | NotLoaded

export interface LoadOptions {
  /** Ends the load; resolves with `cancelled` once nothing of it is running any more. */
  signal: AbortSignal
  progress: (progress: LoadProgress) => void
}

/**
 * Loads a backup from S3 into an empty database, as one stream: read, summed, decrypted, decompressed, loaded. Nothing of it is written
 * to a disk of the runner.
 *
 * Rows are in the database before the last byte has proved that they are authentic. So nothing in it may be trusted or used unless the
 * answer is `loaded`; whoever called drops the database otherwise, and makes it anew for another attempt.
 */
export interface BackupLoader {
  tools(): Promise<LoaderTools>
  /** Never rejects because of the backup, S3 or the server; each has its result. */
  load(request: LoadRequest, options: LoadOptions): Promise<LoadResult>
  /**
   * Loads the roles that were dumped beside a backup (`*.globals.*`): creates those that are missing, with their rights, memberships and
   * password verifiers, leaves those that exist as they are, and grants no right that only a superuser may grant. Repeating it
   * is harmless. `needs` are not looked at, and the database need not be empty.
   */
  loadRoles(
    request: Omit<LoadRequest, 'needs'>,
    options: LoadOptions,
  ): Promise<{ result: LoadResult; created: readonly string[] }>
}
