import pg from 'pg'
import type { Address } from '../contract'

export interface Login {
  user: string
  password: string
  database: string
}

/** One connection for one piece of work. Connecting and each statement are limited to `timeoutMs`. */
export async function withClient<T>(
  address: Address,
  login: Login,
  work: (client: pg.Client) => Promise<T>,
  timeoutMs = 10_000,
): Promise<T> {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    ...login,
    application_name: 'rehearsal-lab',
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs + 1000,
  })
  // A server that dies in the middle is an ordinary event here: the query's own error tells of it.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** A name or text put into a statement that takes no parameters. */
export function literal(text: string): string {
  return pg.escapeLiteral(text)
}
