import { type ChildProcess, execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { giveToServer, spawnAsServer } from '../../lib/embedded-postgres/account'
import { unwatch, watch } from '../../lib/embedded-postgres/guard'
import { LogFile } from '../../lib/embedded-postgres/log-file'
import type { Address } from '../contract'

/** What to do when PgBouncer is missing; `npm start` shows it as it is. */
export const installPgbouncer = 'apt-get install -y pgbouncer'

/** The PgBouncer program: PGBOUNCER_PATH, the PATH, or Debian's place; null when there is none that runs. */
export function findPgbouncer(environment: NodeJS.ProcessEnv = process.env): string | null {
  const onPath = (environment.PATH ?? '').split(':').filter(Boolean)
  const named = environment.PGBOUNCER_PATH
  const candidates = named ? [named] : [...onPath, '/usr/sbin', '/usr/local/sbin'].map((dir) => join(dir, 'pgbouncer'))
  for (const path of candidates) {
    if (!existsSync(path)) continue
    try {
      if (execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('PgBouncer')) return path
    } catch {
      // Not a program that runs here; another place may hold one.
    }
  }
  return null
}

interface PgbouncerOptions {
  program: string
  directory: string
  /** Where the program listens; clients come by the front. */
  listen: Address
  front: { open(): Promise<void>; close(): Promise<void> }
  /** Where it sends work: the cluster's writer endpoint. */
  backend: Address
  database: string
  adminUser: string
  /** Passwords by role, the admin among them: clients and servers are authenticated from this list. */
  passwords: Record<string, string>
}

/** How long a pooler that died by itself stays away. */
const restartMs = 1_000

/** One real PgBouncer in front of the writer endpoint. It ends with our process, whatever ends that. */
export class Pgbouncer {
  private child: ChildProcess | null = null
  /** One that dies by itself is started again while this is so. */
  private wanted = false
  /** Nothing listens for clients, though the process lives. */
  private refusing = false
  private starting: Promise<void> | null = null

  /** Where it sends work now. */
  private backend: Address

  constructor(private readonly options: PgbouncerOptions) {
    this.backend = options.backend
  }

  get pid(): number | null {
    return this.child?.pid ?? null
  }

  /** Does it run with its port closed to clients? */
  get refuses(): boolean {
    return this.refusing && this.child !== null
  }

  /** Starts it and waits until it takes connections. Throws an Error with one clear sentence. */
  start(): Promise<void> {
    this.wanted = true
    this.starting ??= this.startNow().finally(() => {
      this.starting = null
    })
    return this.starting
  }

  private async startNow(): Promise<void> {
    if (this.child) return
    const { directory, listen, program } = this.options
    this.writeFiles()
    if (await answers(listen))
      throw new Error(`PgBouncer cannot listen on ${listen.host}:${listen.port}: another program is there already.`)
    const log = new LogFile(join(directory, 'pgbouncer.log'))
    let said = ''
    const child = spawnAsServer({
      program,
      args: (at) => [join(at(directory), 'pgbouncer.ini')],
      // It finds its list of users beside it; the way to this directory may be closed to it.
      cwd: directory,
      // Its own session: Ctrl-C in the terminal reaches us, and we stop it in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const keep = (chunk: Buffer) => {
      log.write(chunk)
      said = (said + chunk.toString()).slice(-4000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.once('close', () => void log.close())
    this.child = child
    child.once('error', () => undefined)
    child.once('exit', () => {
      if (child.pid) unwatch(child.pid)
      if (this.child !== child) return
      this.child = null
      void this.options.front.close()
      this.startAgain()
    })
    if (child.pid) watch(child.pid)
    const deadline = Date.now() + 10_000
    while (!(await answers(listen))) {
      if (this.child !== child || Date.now() > deadline) {
        await this.end()
        const last = said.trim().split('\n').slice(-1).join()
        throw new Error(`PgBouncer did not start; the last line of ${log.path} is: ${last || '(empty)'}`)
      }
      await new Promise((done) => setTimeout(done, 30))
    }
    if (!this.wanted) return await this.end()
    if (this.refusing) return
    try {
      await this.options.front.open()
    } catch (error) {
      await this.end()
      throw error
    }
  }

  /** As a pooler's pod would be: one that died by itself is started again, without what it remembered. */
  private startAgain(): void {
    setTimeout(() => {
      if (this.wanted && !this.child) this.start().catch(() => this.startAgain())
    }, restartMs)
  }

  /** Kills the process, and leaves it dead until somebody starts it. */
  async kill(): Promise<void> {
    this.wanted = false
    await this.starting?.catch(() => undefined)
    await this.end('SIGKILL')
  }

  /** Closes the port to clients, and ends their connections; the process lives on with what it remembers. */
  async refuse(): Promise<void> {
    this.refusing = true
    await this.options.front.close()
  }

  /** Whatever was done to it: it runs and takes connections. Throws an Error with one clear sentence. */
  async heal(): Promise<void> {
    this.refusing = false
    await this.start()
    await this.options.front.open()
  }

  /** Ends a PAUSE of all databases, as an operator may have typed it; a run pauses only its own. */
  resumeAll(): void {
    this.child?.kill('SIGCONT')
    this.child?.kill('SIGUSR2')
  }

  /** What an operator does manually: another host in the file, then RELOAD, which an ini file's change needs. */
  async leadTo(backend: Address): Promise<void> {
    this.backend = backend
    if (!this.child?.pid) return
    this.writeFiles()
    // SIGHUP reads the file again, as the console's RELOAD does.
    this.child.kill('SIGHUP')
  }

  /** Ends it at once: clients see their connections close. */
  async stop(): Promise<void> {
    this.wanted = false
    this.refusing = false
    await this.starting?.catch(() => undefined)
    await this.end()
  }

  private async end(how: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.options.front.close()
    const child = this.child
    if (!child?.pid) return
    const gone = new Promise<void>((done) => child.once('exit', () => done()))
    child.kill(how)
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
    await gone
    clearTimeout(timer)
  }

  private writeFiles(): void {
    const { backend } = this
    const { directory, listen, database, adminUser, passwords } = this.options
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    giveToServer(directory)
    const users = join(directory, 'users.txt')
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
    const files: [string, string][] = [
      [
        users,
        Object.entries(passwords)
          .map(([user, password]) => `${quoted(user)} ${quoted(password)}`)
          .join('\n'),
      ],
      [
        join(directory, 'pgbouncer.ini'),
        [
          '[databases]',
          `${database} = host=${backend.host} port=${backend.port} dbname=${database}`,
          '[pgbouncer]',
          `listen_addr = ${listen.host}`,
          `listen_port = ${listen.port}`,
          'unix_socket_dir =',
          'auth_type = scram-sha-256',
          'auth_file = users.txt',
          `admin_users = ${adminUser}`,
          `stats_users = ${adminUser}`,
          'pool_mode = transaction',
          'max_client_conn = 500',
          'default_pool_size = 20',
          'reserve_pool_size = 5',
          'query_wait_timeout = 120',
          'server_check_query = select 1',
          'server_check_delay = 5',
          'server_connect_timeout = 3',
          // The lab's clock runs faster than the real one: a lost server is tried again after one second.
          'server_login_retry = 1',
          'server_reset_query = DISCARD ALL',
          'ignore_startup_parameters = extra_float_digits,statement_timeout',
          'dns_max_ttl = 15',
          'log_connections = 0',
          'log_disconnections = 0',
          '',
        ].join('\n'),
      ],
    ]
    for (const [path, text] of files) {
      rmSync(path, { force: true })
      writeFileSync(path, `${text}\n`, { mode: 0o600 })
      chmodSync(path, 0o600)
      giveToServer(path)
    }
  }
}

function answers(address: Address): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection(address.port, address.host)
    const end = (value: boolean) => {
      socket.destroy()
      done(value)
    }
    socket.setTimeout(500, () => end(false))
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
