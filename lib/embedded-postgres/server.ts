import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { giveToServer, spawnAsServer } from './account'
import { type Binaries, findBinaries } from './binaries'
import { explain, ServerError } from './errors'
import { unwatch, watch } from './guard'
import { LogFile, type LogLimits } from './log-file'
import { continueTree, endServer, killTree, signal, stopTree } from './processes'

export type Settings = Record<string, string | number | boolean>

interface ServerOptions {
  /** Name in sentences for people. */
  name: string
  dataDir: string
  host: string
  port: number
  /** Name and password of the superuser that initdb makes. */
  superuser: string
  password: string
  /** Settings over the defaults below. */
  settings?: Settings
  /** Lines of pg_hba.conf instead of "everyone from loopback, by password". */
  hba?: string[]
  /** Size of a WAL segment in MiB, fixed at creation; 16 unless told. */
  walSegmentMegabytes?: number
  /** Whose programs: those of the installed package unless told. */
  binaries?: Binaries
  /** How much of its log is kept on disk. */
  logLimits?: LogLimits
}

type ServerState = 'stopped' | 'starting' | 'running' | 'frozen' | 'stopping'

const defaults: Settings = {
  shared_buffers: '32MB',
  max_connections: 100,
  password_encryption: 'scram-sha-256',
  unix_socket_directories: '',
  jit: false,
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_destination: 'stderr',
  logging_collector: false,
}

/**
 * One PostgreSQL server of ours over one data directory: the store, or a node of the lab. It ends with our process,
 * whatever ends that. Emits `exit` whenever the server has ended.
 */
export class PostgresServer extends EventEmitter<{ exit: [] }> {
  #options: ServerOptions
  #child: ChildProcess | null = null
  #state: ServerState = 'stopped'
  readonly #log: LogFile
  readonly dataDir: string

  constructor(options: ServerOptions) {
    super()
    this.#options = options
    this.dataDir = resolve(options.dataDir)
    this.#log = new LogFile(`${this.dataDir}.log`, options.logLimits)
  }

  get state(): ServerState {
    return this.#state
  }
  get host(): string {
    return this.#options.host
  }
  get port(): number {
    return this.#options.port
  }
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  /** Settings written at the next start, over those given at creation. */
  configure(settings: Settings): void {
    this.#options = { ...this.#options, settings: { ...this.#options.settings, ...settings } }
  }

  /** Is there a data directory that a server could be started over? */
  exists(): boolean {
    return existsSync(join(this.dataDir, 'PG_VERSION'))
  }

  get #binaries(): Binaries {
    return this.#options.binaries ?? findBinaries()
  }

  /** Major version of PostgreSQL that wrote the data directory; null when there is none. */
  dataVersion(): string | null {
    return this.exists() ? readFileSync(join(this.dataDir, 'PG_VERSION'), 'utf8').trim() : null
  }

  /** Makes the data directory unless there is one. Answers whether it was made. Throws ServerError. */
  async initialise(): Promise<boolean> {
    if (this.exists()) return false
    if (existsSync(this.dataDir) && readdirSync(this.dataDir).length > 0)
      throw new ServerError(
        'damaged-data',
        `The data directory of ${this.#options.name}, ${this.dataDir}, holds files but no database; move it away or run npm run reset.`,
      )
    // Made beside its place and moved when whole: a start that is interrupted leaves nothing half-made behind.
    const fresh = `${this.dataDir}.new`
    mkdirSync(dirname(this.dataDir), { recursive: true })
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { mode: 0o700 })
    giveToServer(fresh)
    const passwordFile = join(dirname(this.dataDir), `.password-${randomBytes(6).toString('hex')}`)
    writeFileSync(passwordFile, this.#options.password, { mode: 0o600 })
    giveToServer(passwordFile)
    try {
      const { superuser, walSegmentMegabytes, settings } = this.#options
      const sync = settings?.fsync === false ? ['--no-sync'] : []
      const child = spawnAsServer({
        program: this.#binaries.initdb,
        args: (at) => [
          ...['-D', at(fresh), '-U', superuser, '-E', 'UTF8', '--locale=C', '-k', '-A', 'scram-sha-256'],
          ...['--pwfile', at(passwordFile), ...sync, '--no-instructions', `--wal-segsize=${walSegmentMegabytes ?? 16}`],
        ],
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let complaint = ''
      child.stderr?.on('data', (chunk: Buffer) => {
        complaint += chunk.toString()
      })
      const [code] = (await once(child, 'close')) as [number | null]
      if (code !== 0) {
        rmSync(fresh, { recursive: true, force: true })
        throw explain(this.#options, this.dataDir, complaint)
      }
      if (existsSync(this.dataDir)) rmdirSync(this.dataDir)
      renameSync(fresh, this.dataDir)
    } finally {
      rmSync(passwordFile, { force: true })
    }
    return true
  }

  /** Starts the server and waits until it takes connections. Throws ServerError. */
  async start(timeoutMs = 60_000): Promise<void> {
    if (this.#state !== 'stopped') return
    const { name } = this.#options
    const { postgres, major } = this.#binaries
    const written = this.dataVersion()
    if (written !== null && written !== major)
      throw new ServerError(
        'other-version',
        `The data of ${name} in ${this.dataDir} was written by PostgreSQL ${written}, and this version brings ${major}. docs/operations.md describes the upgrade.`,
      )
    this.#state = 'starting'
    let child: ChildProcess
    try {
      await endServer(this.dataDir)
      this.#writeConfiguration()
      child = spawnAsServer({
        program: postgres,
        args: (at) => ['-D', at(this.dataDir)],
        // Its own session: Ctrl-C in the terminal reaches us, and we stop it in order.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    } catch (error) {
      this.#state = 'stopped'
      throw error instanceof ServerError ? error : explain(this.#options, this.dataDir, String(error))
    }
    this.#child = child
    let said = ''
    const keep = (chunk: Buffer) => {
      this.#log.write(chunk)
      said = (said + chunk.toString()).slice(-8000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    const failed = new Promise<Error | null>((done) => child.once('error', done))
    const closed = new Promise<void>((done) => child.once('close', () => done()))
    void closed.then(() => this.#log.close())
    child.once('exit', () => {
      if (child.pid) unwatch(child.pid)
      if (this.#child !== child) return
      this.#child = null
      this.#state = 'stopped'
      this.emit('exit')
    })
    if (!child.pid) {
      this.#child = null
      this.#state = 'stopped'
      throw explain(this.#options, this.dataDir, String(await failed))
    }
    watch(child.pid)
    const deadline = Date.now() + timeoutMs
    while (!isReady(this.dataDir, child.pid)) {
      if (this.#child !== child) {
        // Its last words may still be on their way; a process that it left behind may keep the pipe open.
        await Promise.race([closed, pause(1_000)])
        throw explain(this.#options, this.dataDir, said)
      }
      if (Date.now() > deadline) {
        await this.stop('immediate')
        throw new ServerError(
          'not-started',
          `${name} did not take connections within ${Math.round(timeoutMs / 1000)} s; its log is ${this.#log.path}.`,
          said,
        )
      }
      await pause(15)
    }
    this.#state = 'running'
  }

  /** Ends the server: `fast` writes a last checkpoint, `immediate` leaves recovery to the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast', timeoutMs = 10_000): Promise<void> {
    const child = this.#child
    if (!child?.pid) return
    this.thaw()
    this.#state = 'stopping'
    const exited = once(child, 'exit')
    signal(child.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    const timer = setTimeout(() => child.pid && killTree(child.pid), timeoutMs)
    await exited
    clearTimeout(timer)
  }

  /** Ends the server as a crashed host would: everything at once, with open sockets closing. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child?.pid) return
    const exited = once(child, 'exit')
    killTree(child.pid)
    await exited
  }

  /** Stops all its processes in their tracks (SIGSTOP): sockets stay open, nothing answers. */
  freeze(): void {
    if (this.#state !== 'running' || !this.#child?.pid) return
    stopTree(this.#child.pid)
    this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen' || !this.#child?.pid) return
    continueTree(this.#child.pid)
    this.#state = 'running'
  }

  /** Removes the data directory; the server must be stopped. */
  remove(): void {
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  #writeConfiguration(): void {
    const { host, port, settings, hba } = this.#options
    const all: Settings = { ...defaults, ...settings, listen_addresses: host, port }
    const lines = Object.entries(all).map(([key, value]) => `${key} = ${quote(value)}`)
    const access = hba ?? ['host all all 127.0.0.0/8 scram-sha-256']
    for (const [file, text] of [
      ['postgresql.conf', lines.join('\n')],
      ['pg_hba.conf', access.join('\n')],
    ] as const) {
      const path = join(this.dataDir, file)
      writeFileSync(path, `${text}\n`, { mode: 0o600 })
      giveToServer(path)
    }
  }
}

/** A server over a data directory; nothing happens until `initialise()` and `start()`. */
export function createServer(options: ServerOptions): PostgresServer {
  return new PostgresServer(options)
}

function quote(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return `'${String(value).replaceAll("'", "''")}'`
}

function readPidFile(dataDir: string): { pid: number; status: string } | null {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), status: (lines[7] ?? '').trim() }
  } catch {
    return null
  }
}

function isReady(dataDir: string, pid: number): boolean {
  const file = readPidFile(dataDir)
  return file?.pid === pid && file.status === 'ready'
}
