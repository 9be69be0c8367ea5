import pg from 'pg'
import type { Address } from '../contract'
import { countNumbers, type Range, withoutNumbers } from './ranges'

export interface Loss {
  /** Acknowledged commits that the database asked does not hold. */
  lost: number
  acknowledged: number
  present: number
  byPod: { pod: string; lost: Range[] }[]
}

interface DatabaseLogin {
  database: string
  user: string
  password: string
}

/**
 * Acknowledged commits minus the rows that a database holds. `acknowledged` must be read before the call: what is
 * acknowledged later may not be in the database's snapshot. Throws what `pg` throws when the database cannot be read.
 */
export async function measureLoss(
  acknowledged: ReadonlyMap<string, readonly Range[]>,
  address: Address,
  login: DatabaseLogin,
): Promise<Loss> {
  const before = new Map([...acknowledged].map(([pod, ranges]) => [pod, ranges.map(([a, b]): Range => [a, b])]))
  const client = new pg.Client({
    ...login,
    host: address.host,
    port: address.port,
    application_name: 'lab loss count',
    connectionTimeoutMillis: 3000,
    query_timeout: 20_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // Rows of one pod as runs of consecutive numbers, so that a long run is one row of the answer.
    const answer = await client.query<{ worker: string; from: string; to: string }>(
      `SELECT worker, min(n) AS from, max(n) AS to
         FROM (SELECT worker, n, n - row_number() OVER (PARTITION BY worker ORDER BY n) AS run
                 FROM commits WHERE worker = ANY ($1)) AS numbered
        GROUP BY worker, run ORDER BY worker, 2`,
      [[...before.keys()]],
    )
    const present = new Map<string, Range[]>()
    for (const row of answer.rows) {
      const ranges = present.get(row.worker) ?? []
      ranges.push([Number(row.from), Number(row.to)])
      present.set(row.worker, ranges)
    }
    const byPod = [...before]
      .map(([pod, ranges]) => ({ pod, lost: withoutNumbers(ranges, present.get(pod) ?? []) }))
      .filter(({ lost }) => lost.length > 0)
    const total = [...before.values()].reduce((sum, ranges) => sum + countNumbers(ranges), 0)
    const lost = byPod.reduce((sum, one) => sum + countNumbers(one.lost), 0)
    return { lost, acknowledged: total, present: total - lost, byPod }
  } finally {
    await client.end().catch(() => undefined)
  }
}
