import { readFileSync } from 'node:fs'
import { type Received, withReceived } from '../../domain/cluster/received-timeline'
import type { Heartbeat } from '../../domain/cluster/types'
import type { Database, DatabaseProbe, ProbeLimits } from '../../ports/database'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { Connection } from './connection'
import { fromPostgresError } from './errors'
import { checkIndex, countData, integrityQuery, toDataLook } from './integrity'
import { readNumberRanges, readNumbers } from './numbers'
import {
  auroraQuery,
  bareWriteQuery,
  blockingQuery,
  heartbeatQuery,
  positionQuery,
  replicationQuery,
  rolePositionQuery,
  slotsQuery,
  toAuroraReplica,
  toBareWrite,
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
  /** Whose sessions a position counts as the application's; none are counted without. */
  applicationRoles?: readonly string[]
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
  const { applicationRoles = [] } = settings
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
    async numberRanges(address, table, limits) {
      const connection = connect(address, limits, limits.queryMs)
      try {
        return await readNumberRanges((sql) => connection.rows(sql, false), table)
      } finally {
        await connection.close()
      }
    },
    probe(_name, address, limits: ProbeLimits): DatabaseProbe {
      const connection = connect(address, limits, statementMs)
      let noBeatUntil = 0
      let noRowUntil = 0
      let noSystemUntil = 0
      let noWalFunctions = false

      async function positionRow(): Promise<Record<string, unknown> | undefined> {
        if (noWalFunctions) return (await connection.rows(rolePositionQuery(applicationRoles), false))[0]
        try {
          const now = Date.now()
          return (
            await connection.rows(positionQuery(now >= noBeatUntil, now >= noSystemUntil, applicationRoles), false)
          )[0]
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

      /** Null where the table or its row is missing, which is not asked again for a while: the server would log each time. */
      async function beatOfRow(): Promise<Heartbeat | null> {
        try {
          const beat = toHeartbeat((await connection.rows(heartbeatQuery, true))[0])
          if (beat) return beat
        } catch (error) {
          if (!(error instanceof PortError) || error.detail.code !== '42P01') throw error
        }
        noRowUntil = Date.now() + beatRetryMs
        return null
      }

      /** Whether the server takes writes is known without a heartbeat, too. */
      async function bareWrite(): Promise<Heartbeat> {
        const who = `${address.host}:${address.port}`
        const beat = toBareWrite((await connection.rows(bareWriteQuery, true))[0])
        if (!beat) throw fromPostgresError({ code: '25006' }, who, false)
        return beat
      }

      let received: Received | null = null
      return {
        address,
        async position() {
          const row = await positionRow()
          if (!row) throw unreadableAnswer(`${address.host}:${address.port}`, null, false)
          const seen = withReceived(toPosition(row), received)
          received = seen.received
          return seen.position
        },
        async heartbeat() {
          const beat = Date.now() >= noRowUntil ? await beatOfRow() : null
          return beat ?? (await bareWrite())
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
