import { readFileSync } from 'node:fs'
import type { Database, DatabaseProbe, ProbeLimits } from '../../ports/database'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { Connection } from './connection'
import { checkIndex, countData, integrityQuery, toDataLook } from './integrity'
import { readNumbers } from './numbers'
import {
  auroraQuery,
  blockingQuery,
  heartbeatQuery,
  positionQuery,
  replicationQuery,
  rolePositionQuery,
  slotsQuery,
  toAuroraReplica,
  toBlocking,
  toHeartbeat,
  toPosition,
  toReplication,
  toSlot,
} from './queries'
import { SessionBudget, type SessionsOf } from './sessions'
import { takeSurvey } from './survey'

interface PostgresSettings {
  user: string
  password: string
  database: string
  tls: 'verify-full' | 'disable'
  /** PEM file of the authority that signed the servers' certificates; Node's own list otherwise. */
  caFile?: string | undefined
  applicationName?: string
  /** The sessions that these probes may have; a usual share of their own when it is not given. */
  sessions?: SessionsOf
}

/** Most that a statement of ours may take on the server (procedures, section 3). */
const statementMs = 2_000
/** How long a heartbeat table or an identifier that is missing is not asked for again. */
const beatRetryMs = 15_000
/** SQLSTATEs of a function that is denied, absent or not supported. */
const refusedFunction = new Set(['42501', '42883', '0A000'])

/**
 * Probes of the guarded database by `pg`. Throws at once when the authority's file cannot be read; every call of a probe
 * throws PortError. Give a probe that writes and one that reads the same address each their own name and connection.
 */
export function createPostgres(settings: PostgresSettings): Database {
  const tls =
    settings.tls === 'verify-full' ? { ca: settings.caFile ? readFileSync(settings.caFile, 'utf8') : undefined } : null
  const sessions = settings.sessions ?? new SessionBudget().for('collector')
  const connect = (address: { host: string; port: number }, limits: ProbeLimits, mostMs: number) =>
    new Connection({
      sessions,
      address,
      user: settings.user,
      password: settings.password,
      database: settings.database,
      applicationName: settings.applicationName ?? 'castmatch-warroom',
      tls,
      limits,
      statementMs: mostMs,
    })
  return {
    async survey(address, request, limits) {
      const connection = connect(address, limits, limits.queryMs)
      try {
        return await takeSurvey((sql) => connection.rows(sql, false), request)
      } finally {
        await connection.close()
      }
    },
    async numbersHeld(address, table, upTo, limits) {
      const connection = connect(address, limits, limits.queryMs)
      try {
        return await readNumbers((sql) => connection.rows(sql, false), table, upTo)
      } finally {
        await connection.close()
      }
    },
    probe(_name, address, limits: ProbeLimits): DatabaseProbe {
      const connection = connect(address, limits, statementMs)
      let noBeatUntil = 0
      let noSystemUntil = 0
      let noWalFunctions = false

      async function positionRow(): Promise<Record<string, unknown> | undefined> {
        if (noWalFunctions) return (await connection.rows(rolePositionQuery, false))[0]
        try {
          const now = Date.now()
          return (await connection.rows(positionQuery(now >= noBeatUntil, now >= noSystemUntil), false))[0]
        } catch (error) {
          const code = error instanceof PortError ? error.detail.code : undefined
          // A platform may keep its control file to itself; the rest is asked without it before anything else is given up.
          if (code !== undefined && refusedFunction.has(code) && Date.now() >= noSystemUntil) {
            noSystemUntil = Date.now() + beatRetryMs
            return positionRow()
          }
          // No heartbeat table, or no right to read it: the position is known all the same.
          if ((code === '42P01' || code === '42501') && Date.now() >= noBeatUntil) {
            noBeatUntil = Date.now() + beatRetryMs
            return positionRow()
          }
          if (code === '0A000') {
            noWalFunctions = true
            return positionRow()
          }
          throw error
        }
      }

      return {
        address,
        async position() {
          const row = await positionRow()
          if (!row) throw unreadableAnswer(`${address.host}:${address.port}`, null, false)
          return toPosition(row)
        },
        async heartbeat() {
          const beat = toHeartbeat((await connection.rows(heartbeatQuery, true))[0])
          if (!beat)
            throw new PortError('missing', 'The heartbeat row (dr_heartbeat, id 1) is missing.', {
              outcome: 'rejected',
              probe: 'other',
            })
          return beat
        },
        replication: async () => (await connection.rows(replicationQuery, false)).map(toReplication),
        blocking: async () => (await connection.rows(blockingQuery, false)).map(toBlocking),
        slots: async () => (await connection.rows(slotsQuery, false)).map(toSlot),
        async dataLook(tables, known) {
          const look = toDataLook((await connection.rows(integrityQuery(tables, known), false))[0])
          if (!look) throw unreadableAnswer(`${address.host}:${address.port}`, null, false)
          return look
        },
        countData: (questions) => countData((sql) => connection.rows(sql, false), questions),
        checkIndex: (tables, after) => checkIndex((sql) => connection.rows(sql, false), tables, after),
        auroraReplicas: async () => (await connection.rows(auroraQuery, false)).map(toAuroraReplica),
        onLost: (listener) => connection.onLost(listener),
        close: () => connection.close(),
      }
    },
  }
}
