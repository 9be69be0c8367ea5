import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, LabStateError } from '../contract'
import { databaseName } from '../postgres/seed'
import { type Login, withClient } from '../postgres/sql'
import { backupBucket, type ObjectVersion, replicaBucket } from '../s3/object'
import type { ObjectStore } from '../s3/object-store'
import { copyDump, dumpRoles } from './copy-dump'
import { pgDump, pgDumpVersion } from './programs'
import { prepareKeys, type Sealed, seal } from './seal'

export const prefix = 'daily/'
export const dumpEnd = '.sql.gz.gpg'
export const rolesEnd = '.globals.sql.gz.gpg'
/** Backups kept in each bucket. */
const keptBackups = 24
const dumpLimitMs = 10 * 60_000
const nameAt = (begun: Date) => `${prefix}${databaseName}-${begun.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`

export interface BackupJobOptions {
  store: ObjectStore
  dataDir: string
  /** Where the writer is, and who may read all of it; null while nobody is. */
  writer: () => { address: Address; login: Login } | null
  everyMs: number
}

/** Writes an encrypted, compressed dump of the writer to the bucket every few minutes, as the customer's job does each night. */
export class BackupJob {
  /** Set by a fault: the job does not run. */
  stopped = false
  readonly keys: string
  readonly #work: string
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()
  #ended = false

  constructor(private readonly options: BackupJobOptions) {
    this.keys = join(options.dataDir, 'backup-keys')
    this.#work = join(options.dataDir, 'backup-job')
  }

  /** The first run comes when the newest backup is old enough, and not while the lab is still starting. */
  start(): void {
    const newest = this.dumps().at(-1)?.lastModified ?? 0
    this.#plan(Math.max(20_000, newest + this.options.everyMs - Date.now()))
  }

  async stop(): Promise<void> {
    this.#ended = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#running
  }

  #plan(afterMs: number): void {
    if (this.#ended) return
    this.#timer = setTimeout(() => {
      const made = this.stopped ? Promise.resolve() : this.run()
      made
        .catch((error: unknown) => {
          if (!this.#ended) console.error('lab: the backup failed:', error instanceof Error ? error.message : error)
        })
        .then(() => this.#plan(this.options.everyMs))
    }, afterMs)
  }

  /** Dumps in the bucket, oldest first. */
  dumps(): ObjectVersion[] {
    return this.options.store
      .current(backupBucket)
      .filter(({ key }) => key.startsWith(prefix) && key.endsWith(dumpEnd) && !key.endsWith(rolesEnd))
      .sort((a, b) => a.lastModified - b.lastModified || a.sequence - b.sequence)
  }

  /**
   * One backup, after those that are being made: roles, dump, and the sidecar with the sum of the dump. Answers the dump's object.
   * Throws LabStateError while there is no writer.
   */
  run(): Promise<ObjectVersion> {
    const made = this.#running.then(() => this.#make())
    this.#running = made.then(
      () => undefined,
      () => undefined,
    )
    return made
  }

  async #make(): Promise<ObjectVersion> {
    const { store } = this.options
    const writer = this.options.writer()
    if (!writer) throw new LabStateError('NoTarget', 'There is no writer to dump.')
    await prepareKeys(this.keys)
    mkdirSync(this.#work, { recursive: true, mode: 0o700 })
    const { address } = writer
    const login = { ...writer.login, database: databaseName }
    const begun = await this.#freshSecond()
    const name = nameAt(begun)
    return withClient(
      address,
      login,
      async (client) => {
        const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
        const version = rows[0]?.version ?? ''
        const program = pgDumpVersion(Number.parseInt(version, 10))
        const facts = {
          'source-environment': 'production',
          database: databaseName,
          'server-version': version,
          'dumped-by': program ? `pg_dump ${program}` : 'copy',
          format: 'plain',
          'started-at': begun.toISOString(),
        }
        const roles = await seal(store, this.keys, one(await dumpRoles(client)))
        await this.put(`${name}${rolesEnd}`, roles, facts)
        const plain = program ? pgDump(this.#work, address, login) : copyDump(client)
        const sealed = await seal(store, this.keys, plain)
        const dump = await this.put(`${name}${dumpEnd}`, sealed, { ...facts, 'finished-at': new Date().toISOString() })
        await this.#putSidecar(dump)
        await this.#prune()
        return dump
      },
      dumpLimitMs,
    )
  }

  /** Now, or the next second where a backup of this one exists: names have whole seconds. */
  async #freshSecond(): Promise<Date> {
    for (;;) {
      const now = new Date()
      if (!this.dumps().some(({ key }) => key === `${nameAt(now)}${dumpEnd}`)) return now
      await new Promise((resolve) => setTimeout(resolve, 1_001 - now.getMilliseconds()))
    }
  }

  /** Stores sealed bytes with their sum as metadata and as S3's own checksum. */
  put(key: string, sealed: Sealed, facts: Record<string, string>): Promise<ObjectVersion> {
    const { sha256 } = sealed.digests
    return this.options.store.put(
      {
        bucket: backupBucket,
        key,
        storageClass: 'STANDARD',
        contentType: 'application/pgp-encrypted',
        metadata: { ...facts, checksum: sha256.toString('hex'), 'plain-bytes': String(sealed.plainBytes) },
        checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value: sha256.toString('base64') },
      },
      sealed,
    )
  }

  /** The sum in the form of sha256sum, beside the dump. */
  async #putSidecar(dump: ObjectVersion): Promise<void> {
    const text = `${dump.metadata.checksum}  ${dump.key.slice(prefix.length)}\n`
    const received = await this.options.store.receive(one(Buffer.from(text)))
    await this.options.store.put(
      {
        bucket: backupBucket,
        key: `${dump.key}.sha256`,
        storageClass: 'STANDARD',
        contentType: 'text/plain',
        metadata: {},
        checksum: null,
      },
      received,
    )
  }

  /** Older backups go, with all that belongs to them, in both buckets. */
  async #prune(): Promise<void> {
    const { store } = this.options
    const stamp = (key: string) => /-(\d{8}T\d{6}Z)\./.exec(key)?.[1] ?? null
    for (const bucket of [backupBucket, replicaBucket]) {
      const all = store.versions(bucket).filter(({ key }) => key.startsWith(prefix) && stamp(key) !== null)
      const kept = [...new Set(all.map(({ key }) => stamp(key)))].sort().slice(-keptBackups)
      for (const { key, versionId } of all) if (!kept.includes(stamp(key))) await store.delete(bucket, key, versionId)
    }
  }
}

async function* one<T extends Buffer | string>(whole: T): AsyncGenerator<T> {
  yield whole
}
