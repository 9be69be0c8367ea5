import type { Member } from './member'
import { type Login, withClient } from './sql'

export interface Position {
  standby: boolean
  have: bigint
  replayed: bigint
  timeline: number | null
  streaming: boolean
  paused: boolean
}

function bytes(lsn: string | null): bigint {
  if (!lsn) return 0n
  const [high, low] = lsn.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** Where a node stands, asked of its own server; null when it does not answer. */
export async function readPosition(member: Member, login: Login): Promise<Position | null> {
  if (member.server.state !== 'running') return null
  try {
    return await withClient(
      member.behind,
      login,
      async (client) => {
        const { rows } = await client.query<{
          standby: boolean
          have: string | null
          replayed: string | null
          timeline: number | null
          status: string | null
          paused: boolean | null
        }>(`
          SELECT r.standby,
            CASE WHEN r.standby THEN GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                 ELSE pg_current_wal_flush_lsn() END AS have,
            CASE WHEN r.standby THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END AS replayed,
            w.received_tli AS timeline, w.status,
            CASE WHEN r.standby THEN pg_is_wal_replay_paused() END AS paused
          FROM (SELECT pg_is_in_recovery() AS standby) r LEFT JOIN pg_stat_wal_receiver w ON true`)
        const row = rows[0]
        if (!row) return null
        return {
          standby: row.standby,
          have: bytes(row.have),
          replayed: bytes(row.replayed),
          timeline: row.timeline,
          streaming: row.status === 'streaming',
          paused: row.paused === true,
        }
      },
      2000,
    )
  } catch {
    return null
  }
}

/** Where the timeline that a server writes branched off from the one before it; null while it has but one. */
export async function readFork(member: Member, login: Login): Promise<bigint | null> {
  return withClient(member.behind, login, async (client) => {
    const { rows } = await client.query<{ history: string | null }>(
      `SELECT pg_read_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.history', 0, 65536, true) AS history`,
    )
    // One line for each former timeline: its number, where it ended, and why.
    const last = rows[0]?.history?.trim().split('\n').at(-1)?.split('\t')
    return last?.[1] ? bytes(last[1]) : null
  })
}

/** Polls until the condition holds; answers whether it did in time. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  timeoutMs: number,
  everyMs = 25,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    if (await condition()) return true
    if (Date.now() > deadline) return false
    await new Promise((done) => setTimeout(done, everyMs))
  }
}
