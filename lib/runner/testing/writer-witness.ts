import pg from 'pg'
import type { Address } from '../../../lab/contract'

/** A write that some way into the database accepted: by which server, and when the answer was here, ms. */
export interface Accepted {
  way: string
  server: string
  at: number
}

export interface WriterWitness {
  /** In the order of the answers, since the last time that it was asked. */
  take(): Accepted[]
  end(): Promise<void>
}

const everyMs = 20
const limitMs = 1_000

/**
 * Writes as the application does, all the time, by each of these ways into the database, and keeps which server accepted.
 * A way that fails is tried again at once: the question is what it lets through, not how often.
 */
export function witnessWriters(
  ways: readonly { way: string; address: Address }[],
  login: { database: string; user: string; password: string },
): WriterWitness {
  let accepted: Accepted[] = []
  let ended = false
  const write = async (way: string, address: Address) => {
    let client: pg.Client | null = null
    while (!ended) {
      try {
        client ??= await connect(address, login)
        const { rows } = await client.query<{ server: string }>(
          "INSERT INTO audit_logs (action, subject) VALUES ('witness', $1) RETURNING host(inet_server_addr()) AS server",
          [way],
        )
        accepted.push({ way, server: rows[0]?.server ?? '', at: performance.now() })
      } catch {
        const failed: pg.Client | null = client
        client = null
        void failed?.end().catch(() => {})
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    await client?.end().catch(() => {})
  }
  const writing = ways.map(({ way, address }) => write(way, address))
  return {
    take() {
      const taken = accepted
      accepted = []
      return taken
    },
    async end() {
      ended = true
      await Promise.all(writing)
    },
  }
}

async function connect(
  address: Address,
  login: { database: string; user: string; password: string },
): Promise<pg.Client> {
  const client = new pg.Client({
    ...login,
    host: address.host,
    port: address.port,
    application_name: 'witness',
    connectionTimeoutMillis: limitMs,
    query_timeout: limitMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    void client.end().catch(() => {})
    throw error
  }
}

/**
 * Two writers at once: a server accepted a write after another had taken over from it. A handover is one server's writes
 * and then another's, whatever the ways.
 */
export function twoWriters(accepted: readonly Accepted[]): Accepted | null {
  const left = new Set<string>()
  let now: string | null = null
  for (const one of accepted) {
    if (one.server === now) continue
    if (left.has(one.server)) return one
    if (now !== null) left.add(now)
    now = one.server
  }
  return null
}
