/** A probe on a real server: what it reads, what it writes, and what it says when the server says no. */
import { Client } from 'pg'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { DatabaseProbe } from '../../ports/database'
import { createPostgres } from './index'
import { ownDatabase } from './testing-database'

const { name, password, address, url, root, own } = ownDatabase('probe')
const limits = { connectMs: 3_000, queryMs: 2_000 }
let probe: DatabaseProbe

const open = (
  more: { password?: string; database?: string; tls?: 'verify-full'; applicationRoles?: string[] } = {},
  limit = limits,
) => createPostgres({ user: name, password, database: name, tls: 'disable', ...more }).probe('node', address, limit)

beforeAll(async () => {
  await root.query(`GRANT pg_monitor TO ${name}`)
})
beforeEach(async () => {
  await own.query(`DROP TABLE IF EXISTS dr_heartbeat;
    CREATE TABLE dr_heartbeat (id int PRIMARY KEY, beat timestamptz NOT NULL, seq bigint NOT NULL);
    INSERT INTO dr_heartbeat VALUES (1, '2026-01-02 03:04:05.678+00', 7);
    GRANT SELECT, UPDATE ON dr_heartbeat TO ${name}`)
  probe = open()
})
afterEach(() => probe.close())

describe('a probe of a writer', () => {
  test('reads role, position, timeline, heartbeat and load', async () => {
    const position = await probe.position()
    expect(position).toMatchObject({
      standby: false,
      timeline: 1,
      haveLsn: null,
      replayLsn: null,
      replayPaused: null,
      receiver: null,
      readOnly: false,
      beat: { at: Date.UTC(2026, 0, 2, 3, 4, 5, 678), seq: 7 },
    })
    expect(position.flushLsn).toBeGreaterThan(0n)
    expect(position.version).toMatch(/^\d+\.\d+/)
    expect(position.connections?.used).toBeGreaterThanOrEqual(1)
    expect(position.connections?.limit).toBe(200)
    expect(Math.abs(position.at - Date.now())).toBeLessThan(60_000)
  })

  test('counts the sessions of the application apart from all others, and of no named role none', async () => {
    expect((await probe.position()).connections?.application).toBeNull()
    const others = open({ applicationRoles: ["it's nobody"] })
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      const { rows } = await client.query<{ user: string }>('SELECT current_user AS user')
      const mine = open({ applicationRoles: [String(rows[0]?.user)] })
      expect((await mine.position()).connections?.application).toBeGreaterThanOrEqual(1)
      expect((await others.position()).connections?.application).toBe(0)
      await mine.close()
    } finally {
      await Promise.all([client.end(), others.close()])
    }
  })

  test('commits heartbeats that rise and that others see', async () => {
    const first = await probe.heartbeat()
    const second = await probe.heartbeat()
    expect([first.seq, second.seq]).toEqual([8, 9])
    expect(second.lsn).toBeGreaterThan(first.lsn)
    const seen = await own.query('SELECT seq::int AS seq FROM dr_heartbeat')
    expect(seen.rows).toEqual([{ seq: 9 }])
  })

  test('carries its name and leaves no transaction open', async () => {
    await probe.heartbeat()
    const seen = await root.query(`SELECT application_name, state FROM pg_stat_activity WHERE usename = $1`, [name])
    expect(seen.rows).toEqual([{ application_name: 'castmatch-warroom', state: 'idle' }])
  })

  test('has no replicas or slots to tell of', async () => {
    expect(await probe.replication()).toEqual([])
    expect((await probe.slots()).filter((slot) => slot.name === name)).toEqual([])
  })

  test.each([
    ['is gone', 'DROP TABLE dr_heartbeat'],
    ['has no row', 'DELETE FROM dr_heartbeat'],
    [
      'drops what is written into it',
      `CREATE OR REPLACE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER frozen BEFORE UPDATE ON dr_heartbeat FOR EACH ROW EXECUTE FUNCTION frozen()`,
    ],
    [
      'keeps the beat of before',
      `CREATE OR REPLACE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.beat = OLD.beat; RETURN NEW; END';
       CREATE TRIGGER frozen BEFORE UPDATE ON dr_heartbeat FOR EACH ROW EXECUTE FUNCTION frozen()`,
    ],
  ])('still proves that writes commit when the heartbeat table %s, and that no beat was kept', async (_how, breaks) => {
    await own.query(breaks)
    const first = await probe.heartbeat()
    const second = await probe.heartbeat()
    expect([first.seq, second.seq]).toEqual([null, null])
    expect(second.at).toBeGreaterThan(first.at)
    expect(Math.abs(second.at - Date.now())).toBeLessThan(60_000)
    // The write is in the log: whoever has received up to there has it.
    expect(second.lsn).toBeGreaterThan(first.lsn)
    await expect.poll(async () => (await probe.position()).flushLsn ?? 0n).toBeGreaterThanOrEqual(second.lsn)
  })

  test('without the heartbeat table is refused as read-only where nothing may be written', async () => {
    await own.query(`DROP TABLE dr_heartbeat; ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    const other = open()
    try {
      expect(await other.position()).toMatchObject({ standby: false, beat: null })
      await expect(other.heartbeat()).rejects.toMatchObject({ detail: { probe: 'read-only', outcome: 'rejected' } })
    } finally {
      await other.close()
      await own.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
    }
  })

  test('still knows position and heartbeat when the platform keeps the identifier to itself', async () => {
    expect((await probe.position()).systemId).toMatch(/^\d{10,}$/)
    const other = open()
    await own.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
    try {
      expect(await other.position()).toMatchObject({ systemId: null, timeline: 1, beat: { seq: 7 } })
    } finally {
      await own.query('GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC')
      await other.close()
    }
  })
})

describe('an Aurora writer', () => {
  afterEach(() => own.query('DROP FUNCTION IF EXISTS aurora_replica_status()'))

  test('tells of all nodes of its cluster, with positions beyond what a number holds', async () => {
    await own.query(`CREATE FUNCTION aurora_replica_status() RETURNS TABLE (server_id text, session_id text, durable_lsn bigint,
        highest_lsn_rcvd bigint, replica_lag_in_msec integer, last_update_timestamp timestamptz) LANGUAGE sql AS $$
      VALUES ('w', 'MASTER_SESSION_ID', 9007199254740993, NULL::bigint, NULL::int, clock_timestamp()),
             ('r', 'b2f1', 9007199254740993, 9007199254740991, 18, clock_timestamp() - interval '2 seconds') $$`)
    const [writer, reader] = await probe.auroraReplicas()
    expect(writer).toMatchObject({ serverId: 'w', writer: true, durableLsn: 9007199254740993n, lagMs: null })
    expect(reader).toMatchObject({ serverId: 'r', writer: false, receivedLsn: 9007199254740991n, lagMs: 18 })
    expect(reader?.silentMs).toBeGreaterThanOrEqual(2000)
  })

  test('is told from a plain server by what it lacks', async () => {
    await expect(probe.auroraReplicas()).rejects.toMatchObject({ errorClass: 'config', detail: { code: '42883' } })
  })
})

describe('a server that says no', () => {
  test('a locked heartbeat is busy, which is no sign of death', async () => {
    await own.query('BEGIN; LOCK TABLE dr_heartbeat IN ACCESS EXCLUSIVE MODE')
    try {
      await expect(probe.heartbeat()).rejects.toMatchObject({ detail: { probe: 'busy', code: '57014' } })
      // The sessions that wait are seen by a probe of their own.
      const waiting = open()
      const beat = probe.heartbeat().catch(() => {})
      await vi.waitFor(async () => {
        const tree = await waiting.blocking()
        expect(tree.map((row) => row.depth)).toEqual([0, 1])
        expect(tree[1]).toMatchObject({ user: name, application: 'castmatch-warroom', root: tree[0]?.pid })
      }, 10_000)
      await beat
      await waiting.close()
    } finally {
      await own.query('ROLLBACK')
    }
  })

  test('of sessions that wait for each other nothing of their statements is read but the first word', async () => {
    const secret = 'canary-078-05-1120'
    const [holder, aborted, first, second] = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const client = new Client({ connectionString: url })
        await client.connect()
        return client
      }),
    )
    if (!holder || !aborted || !first || !second) throw new Error('four sessions were opened')
    const held = [holder, aborted, first, second]
    try {
      await holder.query(`SELECT pg_advisory_lock(1), '${secret}'`)
      await aborted.query('SELECT pg_advisory_lock(2)')
      // What is no SQL at all is kept as a session's last statement too.
      await expect(aborted.query(`canary '${secret}'`)).rejects.toThrow()
      const waits = [
        first.query(`/* ${secret} */ SELECT pg_advisory_lock(1)`),
        second.query(`select pg_advisory_lock(2), '${secret}'`),
      ]
      await vi.waitFor(async () => {
        const rows = await probe.blocking()
        expect(rows).toHaveLength(4)
        expect(JSON.stringify(rows)).not.toMatch(/canary/i)
        expect(rows.map(({ depth, statement }) => `${depth} ${statement}`).toSorted()).toEqual([
          '0 SELECT',
          '0 null',
          '1 SELECT',
          '1 null',
        ])
      }, 10_000)
      await Promise.all([holder, aborted].map((client) => client.query('SELECT pg_advisory_unlock_all()')))
      await Promise.all(waits)
    } finally {
      await Promise.all(held.map((client) => client.end()))
    }
  })

  test('a database frozen against writes refuses the heartbeat as read-only and shows it in its position', async () => {
    await root.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    try {
      expect((await probe.position()).readOnly).toBe(true)
      await expect(probe.heartbeat()).rejects.toMatchObject({ detail: { probe: 'read-only', outcome: 'rejected' } })
    } finally {
      await root.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
    }
  })

  test('a wrong password is a matter of rights', async () => {
    const wrong = open({ password: 'another' })
    await expect(wrong.position()).rejects.toMatchObject({ errorClass: 'auth', detail: { probe: 'auth' } })
    await wrong.close()
  })

  test('a server without TLS is not spoken to when TLS is required', async () => {
    const strict = open({ tls: 'verify-full' })
    await expect(strict.position()).rejects.toMatchObject({ errorClass: 'config' })
    await strict.close()
  })

  test('a session ended by an administrator is lost at once and made again on the next call', async () => {
    const lost: string[] = []
    probe.onLost(({ kind }) => lost.push(kind))
    await probe.position()
    await root.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [name])
    await vi.waitFor(() => expect(lost).toEqual(['closed']), 10_000)
    expect((await probe.heartbeat()).seq).toBe(8)
    expect(lost).toEqual(['closed'])
  })
})
