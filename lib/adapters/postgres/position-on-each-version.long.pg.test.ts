/**
 * A writer and a reader of PostgreSQL 15, 16, 17 or 18 are asked what the collector and a recovery ask: every column that they
 * need is there under its name and means the same, also across a promotion.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DatabaseProbe } from '../../ports/database'
import { createPostgres } from './index'
import { guardedMajors, type Pair, startPair } from './testing-pair'

const database = 'd'
const role = 'collector'
const limits = { connectMs: 5_000, queryMs: 5_000 }

describe.each(guardedMajors)('on PostgreSQL %i', (major) => {
  let pair: Pair
  let follower: Awaited<ReturnType<Pair['follow']>>
  let writer: DatabaseProbe
  let reader: DatabaseProbe
  let postgres: ReturnType<typeof createPostgres>

  beforeAll(async () => {
    pair = await startPair(major)
    await pair.as(pair.writer, 'postgres', `CREATE ROLE ${role} LOGIN PASSWORD '${pair.password}'`)
    await pair.as(pair.writer, 'postgres', `GRANT pg_monitor, pg_read_all_data TO ${role}`)
    await pair.as(pair.writer, 'postgres', `CREATE DATABASE ${database}`)
    await pair.as(
      pair.writer,
      database,
      `CREATE TABLE dr_heartbeat (id int PRIMARY KEY, beat timestamptz NOT NULL, seq bigint NOT NULL);
       INSERT INTO dr_heartbeat VALUES (1, clock_timestamp(), 0); GRANT SELECT, UPDATE ON dr_heartbeat TO ${role};
       CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
       INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 100) n; CREATE UNLOGGED TABLE scratch ();
       CREATE EXTENSION amcheck; GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO ${role}`,
    )
    follower = await pair.follow()
    await pair.as(pair.writer, database, `SELECT pg_create_logical_replication_slot('changes', 'pgoutput')`)
    postgres = createPostgres({ user: role, password: pair.password, database, tls: 'disable' })
    writer = postgres.probe('writer', pair.writer, limits)
    reader = postgres.probe('reader', follower, limits)
    await vi.waitFor(async () => expect((await reader.position()).receiver?.status).toBe('streaming'), 20_000)
  }, 180_000)
  afterAll(async () => {
    await Promise.all([writer?.close(), reader?.close()])
    await pair?.stop()
  })

  test('the writer tells its version, timeline and position', async () => {
    const position = await writer.position()
    expect(position).toMatchObject({ standby: false, timeline: 1, receiver: null, readOnly: false, haveLsn: null })
    expect(position.version).toMatch(new RegExp(`^${major}\\.\\d+$`))
    expect(position.flushLsn).toBeGreaterThan(0n)
    expect(position.connections?.used).toBeGreaterThan(0)
  })

  test('a heartbeat reaches the reader, which then holds the writer’s position', async () => {
    const beat = await writer.heartbeat()
    await vi.waitFor(async () => expect((await reader.position()).beat?.seq).toBe(beat.seq), 10_000)
    const position = await reader.position()
    expect(position).toMatchObject({
      standby: true,
      timeline: 1,
      flushLsn: null,
      replayPaused: false,
      receiver: { status: 'streaming', timeline: 1 },
    })
    // One database, whichever copy is asked.
    expect(position.systemId).toMatch(/^\d{10,}$/)
    expect(position.systemId).toBe((await writer.position()).systemId)
    expect(position.haveLsn).toBeGreaterThanOrEqual(beat.lsn)
    expect(position.replayLsn).toBeGreaterThanOrEqual(beat.lsn)
    expect(position.receiver?.originLsn).toBeGreaterThanOrEqual(beat.lsn)
    expect(Math.abs((position.receiver?.heardAt ?? 0) - position.at)).toBeLessThan(60_000)
  })

  test('the writer tells who follows it and how far', async () => {
    const { lsn } = await writer.heartbeat()
    await vi.waitFor(async () => {
      const [row, ...others] = await writer.replication()
      expect(others).toEqual([])
      expect(row).toMatchObject({
        application: 'follower',
        address: '127.0.0.1',
        state: 'streaming',
        syncState: 'async',
      })
      expect(row?.replayLsn).toBeGreaterThanOrEqual(lsn)
    }, 10_000)
  })

  test('slots are told with their kind and the WAL that they keep, on either role', async () => {
    const slots = await writer.slots()
    expect(
      slots.map(({ name, kind, plugin, active, walStatus }) => ({ name, kind, plugin, active, walStatus })),
    ).toEqual([
      { name: 'changes', kind: 'logical', plugin: 'pgoutput', active: false, walStatus: 'reserved' },
      { name: 'follower', kind: 'physical', plugin: null, active: true, walStatus: 'reserved' },
    ])
    for (const { retainedBytes } of slots) expect(retainedBytes).toBeGreaterThanOrEqual(0)
    expect(await reader.slots()).toEqual([])
  })

  test('sessions that wait for each other are told from the root on', async () => {
    const [holder, waiting] = await Promise.all([pair.signIn('postgres', database), pair.signIn('postgres', database)])
    try {
      await holder.client.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
      const blocked = waiting.client.query('SELECT count(*) FROM users')
      await vi.waitFor(async () => {
        const tree = await writer.blocking()
        expect(tree.map((row) => [row.depth, row.statement, row.user])).toEqual([
          [0, 'BEGIN', 'postgres'],
          [1, 'SELECT', 'postgres'],
        ])
      }, 10_000)
      await holder.client.query('ROLLBACK')
      await blocked
    } finally {
      await Promise.all([holder.client.end(), waiting.client.end()])
    }
  })

  test('what a recovery is compared by is counted alike on writer and reader', async () => {
    const request = { tables: ['users'], indexes: true }
    const [before, copy] = [
      await postgres.survey(pair.writer, request, limits),
      await postgres.survey(follower, request, limits),
    ]
    expect(before).toMatchObject({
      standby: false,
      tables: [{ table: 'users', rows: 100, within: 100, upTo: '100' }],
      sequences: [{ table: 'users', column: 'id', last: '100', greatest: '100' }],
      unlogged: ['scratch'],
      prepared: [],
      indexes: { checked: 1, broken: [] },
      gaps: [],
    })
    expect(before.slots.map((s) => s.name)).toEqual(['changes', 'follower'])
    expect(copy).toMatchObject({ standby: true, tables: before.tables })
  })

  test('a promotion is seen as a later timeline, at once and beyond the last position', async () => {
    const last = await writer.heartbeat()
    await vi.waitFor(async () => expect((await reader.position()).beat?.seq).toBe(last.seq), 10_000)
    await pair.writer.stop('immediate')
    await pair.as(follower, 'postgres', 'SELECT pg_promote(true, 30)')
    const position = await reader.position()
    expect(position).toMatchObject({ standby: false, timeline: 2, haveLsn: null, receiver: null })
    expect(position.flushLsn).toBeGreaterThanOrEqual(last.lsn)
    expect((await reader.heartbeat()).seq).toBe(Number(last.seq) + 1)
  })
})
