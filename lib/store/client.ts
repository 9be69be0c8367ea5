import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { ExpectedError, notSignedIn, storeUnavailable } from '../domain/errors'
import { PrismaClient } from './generated/client'

interface StoreLimits {
  /** Most connections of this process. */
  connections: number
  /** Longest wait for a connection, ms. */
  connectMs: number
  /** Longest run of one statement, ms. */
  statementMs: number
  /** Longest wait for one lock, ms. Statements of a runner wait briefly and are repeated: they hold its lease meanwhile. */
  lockMs: number
}

/** How long a runner's statement waits for a lock before it lets go of everything and is repeated, ms. */
export const runnerLockMs = 250

const usualLimits: StoreLimits = { connections: 8, connectMs: 3_000, statementMs: 5_000, lockMs: 5_000 }

function open(pool: pg.Pool) {
  return new PrismaClient({
    adapter: new PrismaPg(pool),
    transactionOptions: { maxWait: 3_000, timeout: 10_000 },
    // What people and browsers prove themselves with: the store shows it to neither web nor runner.
    omit: { account: { passwordHash: true }, session: { tokenHash: true } },
  }).$extends({
    query: {
      async $allOperations({ args, query }) {
        try {
          return await query(args)
        } catch (error) {
          throw storeError(error)
        }
      },
    },
  })
}

type StoreClient = ReturnType<typeof open>
/** What a query function takes: the store itself or a transaction on it. */
export type Db = Omit<StoreClient, '$connect' | '$disconnect' | '$transaction' | '$extends' | '$on'>

export interface Store {
  prisma: StoreClient
  /** For the few statements that are written manually; `pool.query` throws the driver's errors, see `storeError`. */
  pool: pg.Pool
  close(): Promise<void>
}

/**
 * Opens the store: one pool for Prisma and for hand-written statements, with limits on waiting and on each statement, so
 * that a sick store makes errors instead of queues. Nothing is connected before the first query. Queries throw
 * ExpectedError 'store-unavailable' when the store is not responding; other errors come through as they are.
 */
export function createStore(url: string, limits: Partial<StoreLimits> = {}): Store {
  const { connections, connectMs, statementMs, lockMs } = { ...usualLimits, ...limits }
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMs,
    // One second later than the server's own limit: it speaks only when the server is silent.
    query_timeout: statementMs + 1_000,
    lock_timeout: lockMs,
    // Whoever stalls in the middle of a transaction may hold the record's head, for which everybody waits.
    idle_in_transaction_session_timeout: 4_000,
    keepAlive: true,
    application_name: 'warroom',
  })
  pool.on('error', () => {}) // an idle connection that died; the next query opens another one or says so
  const prisma = open(pool)
  return {
    prisma,
    pool,
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

const unreachableCodes = new Set([
  // Prisma: cannot reach, refused credentials, time limits, closed connection, pool exhausted, too many connections.
  ...['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1010', 'P1011', 'P1017', 'P2024', 'P2028', 'P2037'],
  // Sockets.
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
  // PostgreSQL: connection exceptions, shutdown, crash, starting up, too many connections, statement too slow.
  ...['08000', '08001', '08003', '08004', '08006', '57P01', '57P02', '57P03', '53300', '57014', '28P01', '3D000'],
  // A lock that was not to be had.
  '55P03',
])
const unreachableMessages =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|query read timeout|can't reach database server|server has closed the connection|cannot use a pool after calling end/i

/** By which the store's functions say that they refuse a person, and why, in a sentence. */
const refusals: Readonly<Record<string, (message: string) => ExpectedError>> = {
  WR401: notSignedIn,
  WR403: (message) => new ExpectedError('not-allowed', message),
  WR404: (message) => new ExpectedError('not-found', message),
  WR409: (message) => new ExpectedError('conflict', message),
}

/** Turns any error by which the store shows that it does not answer, or refuses a person, into the one that we mean. */
export function storeError(error: unknown): unknown {
  if (error instanceof ExpectedError || typeof error !== 'object' || error === null) return error
  const seen = new Set<unknown>()
  for (let at: unknown = error; typeof at === 'object' && at !== null && !seen.has(at); ) {
    seen.add(at)
    const { code, originalCode, originalMessage, message, cause, meta } = at as Record<string, unknown>
    const refused = refusals[String(code)] ?? refusals[String(originalCode)]
    if (refused) return refused(String(originalMessage ?? message))
    if (unreachableCodes.has(String(code)) || unreachableCodes.has(String(originalCode))) return storeUnavailable(error)
    if (typeof message === 'string' && unreachableMessages.test(message)) return storeUnavailable(error)
    at = cause ?? (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError
  }
  return error
}
