import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { giveToServer, launchAsServer } from './account'
import { findBinaries } from './binaries'
import { ServerError } from './errors'
import { unwatch, watch } from './guard'
import { continueTree, isAlive, isPostmasterOf, killTree, signal, stopTree } from './processes'

export type Settings = Record<string, string | number | boolean>

export interface ServerOptions {
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
}

export type ServerState = 'stopped' | 'starting' | 'running' | 'frozen' | 'stopping'

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
  readonly dataDir: string
  readonly logFile: string

  constructor(options: ServerOptions) {
    super()
    this.#options = options
    this.dataDir = resolve(options.dataDir)
    this.logFile = `${this.dataDir}.log`
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
      const { file, args, options } = launchAsServer(
        findBinaries().initdb,
        [
          ...['-D', fresh, '-U', superuser, '-E', 'UTF8', '--locale=C', '-k', '-A', 'scram-sha-256'],
          ...['--pwfile', passwordFile, ...sync, '--no-instructions', `--wal-segsize=${walSegmentMegabytes ?? 16}`],
        ],
        fresh,
      )
      const child = spawn(file, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
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
    const launch = launchAsServer(findBinaries().postgres, ['-D', this.dataDir], this.dataDir)
    await this.#endOrphan()
    this.#writeConfiguration()
    this.#state = 'starting'
    const log = openSync(this.logFile, logIsLarge(this.logFile) ? 'w' : 'a', 0o600)
    const logStart = statSync(this.logFile).size
    const child = spawn(launch.file, launch.args, {
      ...launch.options,
      // Its own session: Ctrl-C in the terminal reaches us, and we stop it in order.
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#child = child
    const failed = new Promise<Error | null>((done) => child.once('error', done))
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
      if (this.#child !== child) throw explain(this.#options, this.dataDir, readLog(this.logFile, logStart))
      if (Date.now() > deadline) {
        const lines = readLog(this.logFile, logStart)
        await this.stop('immediate')
        throw new ServerError(
          'not-started',
          `${this.#options.name} did not take connections within ${Math.round(timeoutMs / 1000)} s; its log is ${this.logFile}.`,
          lines,
        )
      }
      await new Promise((done) => setTimeout(done, 15))
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

  /** A server that an earlier process of ours left behind would hold the port and the directory. */
  async #endOrphan(): Promise<void> {
    const pid = readPidFile(this.dataDir)?.pid
    if (!pid) return
    if (isPostmasterOf(pid, this.dataDir)) {
      continueTree(pid)
      signal(pid, 'SIGQUIT')
      const deadline = Date.now() + 5000
      while (isAlive(pid) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20))
      if (isAlive(pid)) killTree(pid)
    }
    // The number may belong to another program by now, which PostgreSQL would take for a rival.
    rmSync(join(this.dataDir, 'postmaster.pid'), { force: true })
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

function logIsLarge(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 20_000_000
}

function readLog(file: string, from: number): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8').split('\n').slice(-30).join('\n').trim()
  } catch {
    return ''
  }
}

/** Turns the server's own words into one clear sentence. */
function explain(options: ServerOptions, dataDir: string, log: string): ServerError {
  const { name, host, port } = options
  if (/could not bind|Address already in use/.test(log))
    return new ServerError(
      'port-in-use',
      `${name} cannot listen on ${host}:${port}: another program uses the port.`,
      log,
    )
  if (/error while loading shared libraries|Library not loaded/.test(log))
    return new ServerError(
      'missing-library',
      `PostgreSQL lacks a library: ${/(?:libraries|loaded): ([^\n]*)/.exec(log)?.[1] ?? 'see its log'}.`,
      log,
    )
  if (/No space left on device/.test(log))
    return new ServerError('no-space', `There is too little disk space for ${name} in ${dataDir}.`, log)
  if (
    /PANIC|invalid (?:checkpoint|primary checkpoint)|not a valid data directory|could not (?:open|read) file|incompatible with server|invalid data in file|contains? incorrect/.test(
      log,
    )
  )
    return new ServerError(
      'damaged-data',
      `The data directory of ${name}, ${dataDir}, is damaged; restore it, or run npm run reset to begin anew.`,
      log,
    )
  const last = /(?:FATAL|PANIC|error): +([^\n]*)/.exec(log)?.[1] ?? 'its log says no more'
  return new ServerError('not-started', `${name} did not start: ${last}.`, log)
}
