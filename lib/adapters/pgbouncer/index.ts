import { readFileSync } from 'node:fs'
import { countInstances } from '../../domain/cluster/pooler'
import type { PoolView } from '../../domain/cluster/types'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { Console, type ConsoleSettings } from './console'

interface PgbouncerSettings extends Omit<ConsoleSettings, 'tls'> {
  name: string
  tls: 'verify-full' | 'disable'
  /** PEM file of the authority that signed its certificate; Node's own list otherwise. */
  caFile?: string | undefined
  /** The pool that is guarded; all pools but the console's own when absent. */
  database?: string
  limits?: { connectMs?: number; queryMs?: number }
}

type Row = Record<string, unknown>

/** PgBouncer quotes nothing for us: a name that is not a plain identifier is refused, then quoted. */
const plainName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/
function quoted(database: string): string {
  if (!plainName.test(database))
    throw new PortError('config', 'That is not a name of a pool that can be sent to PgBouncer.', {
      outcome: 'rejected',
      probe: 'other',
    })
  return `"${database}"`
}

const number = (value: unknown): number => {
  const n = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  return typeof n === 'number' && Number.isFinite(n) ? n : 0
}

/** Of two processes that take connections at random, the chance that all of these reach one is below one in a hundred. */
const sessionsAsked = 8

/** By what a session of the console is known within its process. */
const consoleSession = (row: Row): string[] =>
  row.database === 'pgbouncer' ? [[row.ptr, row.addr, row.port, row.connect_time].join(' ')] : []

const isRefusal = (error: unknown): error is PortError =>
  error instanceof PortError && error.errorClass === 'state' && error.detail.outcome === 'rejected'

/** In its own words: every PAUSE is refused so while all databases are paused. */
const isPausedAlready = (error: unknown) => isRefusal(error) && /already suspended\/paused/i.test(error.message)

/**
 * PgBouncer by its admin console. One connection is kept for reading and for RESUME and KILL; a PAUSE, which answers
 * only when every server is released, goes over a connection of its own. Throws at once when the authority's file cannot be
 * read; all methods throw PortError.
 */
export function createPgbouncer(settings: PgbouncerSettings): Pooler {
  const tls =
    settings.tls === 'verify-full' ? { ca: settings.caFile ? readFileSync(settings.caFile, 'utf8') : undefined } : null
  const who = `PgBouncer at ${settings.host}:${settings.port}`
  const connectMs = settings.limits?.connectMs ?? 3_000
  const queryMs = settings.limits?.queryMs ?? 3_000
  let shared: Promise<Console> | null = null
  let pausing: Console | null = null
  let closed = false
  let tail: Promise<unknown> = Promise.resolve()
  /** Versions before 1.19 have no SHOW STATE; null until it was asked. */
  let showsState: boolean | null = null
  /** A PAUSE of ours was refused because all databases are paused, and nothing has shown since that they are not. */
  let refusedAsPaused = false

  async function open(): Promise<Console> {
    const opened = new Console({ ...settings, tls })
    await opened.connect(connectMs)
    return opened
  }

  async function sharedConsole(): Promise<Console> {
    if (closed)
      throw new PortError('unreachable', 'The connection to PgBouncer was closed by us.', {
        outcome: 'rejected',
        probe: 'closed',
      })
    const current = shared ? await shared.catch(() => null) : null
    if (current?.alive) return current
    const opening = open()
    shared = opening
    try {
      return await opening
    } catch (error) {
      if (shared === opening) shared = null
      throw error
    }
  }

  /** After a PAUSE all is asked over the session that was told it: what it says is said of the pool that was paused. */
  function keep(own: Console): Promise<void> {
    const kept = tail.then(async () => {
      const before = shared ? await shared.catch(() => null) : null
      shared = Promise.resolve(own)
      before?.destroy()
    })
    tail = kept
    return kept
  }

  /** Commands one after the other; each has its own limit, so that the wait is bounded. */
  function run(command: string, mutation = false): Promise<Row[]> {
    const result = tail.then(async () => (await sharedConsole()).run(command, queryMs, mutation))
    tail = result.catch(() => {})
    return result
  }

  const ours = (row: Row): boolean =>
    settings.database ? row.database === settings.database : row.database !== 'pgbouncer'

  async function isPaused(database: string): Promise<boolean> {
    const rows = await run('SHOW DATABASES')
    return rows.some((r) => r.name === database && number(r.paused) === 1)
  }

  /**
   * Are all databases paused? SHOW DATABASES does not tell. Where there is no SHOW STATE, a PAUSE of the console's own database
   * is asked for: PgBouncer never does it, and its refusal says which case it is.
   */
  async function isPausedAll(): Promise<boolean> {
    if (showsState !== false)
      try {
        const rows = await run('SHOW STATE')
        showsState = true
        return rows.some((r) => r.key === 'paused' && r.value === 'yes')
      } catch (error) {
        if (!isRefusal(error)) throw error
        showsState = false
      }
    try {
      await run('PAUSE "pgbouncer"', true)
      return false
    } catch (error) {
      if (!isRefusal(error)) throw error
      return isPausedAlready(error)
    }
  }

  return {
    name: settings.name,
    address: { host: settings.host, port: settings.port },
    async pools(): Promise<PoolView> {
      const pools = (await run('SHOW POOLS')).filter(ours)
      const databases = (await run('SHOW DATABASES')).filter((r) => ours({ database: r.name }))
      const sum = (column: string) => pools.reduce((total, row) => total + number(row[column]), 0)
      const paused = databases.some((row) => number(row.paused) === 1)
      // Asked only when it may be so: clients wait though no server works for any.
      const stuck = !paused && sum('cl_waiting') > 0 && sum('sv_active') === 0
      const pausedAll = stuck || refusedAsPaused ? await isPausedAll() : false
      refusedAsPaused &&= pausedAll
      return {
        present: true,
        clientsActive: sum('cl_active'),
        clientsWaiting: sum('cl_waiting'),
        serversActive: sum('sv_active'),
        serversIdle: sum('sv_idle') + sum('sv_used') + sum('sv_tested'),
        serversLimit: databases.reduce((total, row) => total + number(row.pool_size), 0),
        maxWaitSeconds: pools.reduce(
          (most, row) => Math.max(most, number(row.maxwait) + number(row.maxwait_us) / 1e6),
          0,
        ),
        paused: paused || pausedAll,
        pausedAll,
      }
    },

    async target(database) {
      const row = (await run('SHOW DATABASES')).find((r) => r.name === database)
      return row ? { host: String(row.host), port: number(row.port) } : null
    },

    async instances() {
      const opened = await Promise.allSettled(Array.from({ length: sessionsAsked }, open))
      const consoles = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      try {
        const refused = opened.find((one) => one.status === 'rejected')
        if (refused) throw refused.reason
        const answers = await Promise.all(consoles.map((console) => console.run('SHOW CLIENTS', queryMs, false)))
        return countInstances(answers.map((rows) => rows.flatMap(consoleSession)))
      } finally {
        for (const console of consoles) console.destroy()
      }
    },

    async servers() {
      const rows = (await run('SHOW SERVERS')).filter(ours)
      return rows.map((row) => ({ address: String(row.addr), port: number(row.port), state: String(row.state) }))
    },

    async pause(database, limitMs) {
      const name = quoted(database)
      if (await isPaused(database)) {
        // Paused already, perhaps by an attempt of ours whose answer was lost: done once no server works.
        const busy = (await run('SHOW POOLS')).some((r) => r.database === database && number(r.sv_active) > 0)
        if (!busy) return 'paused'
      }
      const own = await open()
      pausing = own
      try {
        await own.run(`PAUSE ${name}`, limitMs, true)
      } catch (error) {
        own.destroy()
        if (error instanceof PortError && error.errorClass === 'timeout') return 'timed-out'
        // All databases are paused, and this one with them.
        if (isPausedAlready(error)) {
          refusedAsPaused = true
          return 'paused'
        }
        throw error
      } finally {
        if (pausing === own) pausing = null
      }
      await keep(own)
      try {
        if (await isPaused(database)) return 'paused'
      } catch (error) {
        // The session is gone. Its answer to PAUSE counts; whoever needs the proof looks again.
        if (error instanceof PortError) return 'paused'
        throw error
      }
      throw new PortError('state', `${who} confirmed PAUSE, and the pool is not paused.`, {
        outcome: 'unknown',
        probe: 'api',
      })
    },

    async kill(database) {
      await run(`KILL ${quoted(database)}`, true)
    },

    async resume(database) {
      const name = quoted(database)
      try {
        await run(`RESUME ${name}`, true)
      } catch (error) {
        // "not paused" is what we wanted.
        if (isRefusal(error) && !(await isPaused(database))) return
        throw error
      }
    },

    async reconnect(database) {
      await run(`RECONNECT ${quoted(database)}`, true)
    },

    async close() {
      closed = true
      pausing?.destroy()
      const current = shared ? await shared.catch(() => null) : null
      current?.destroy()
    },
  }
}
