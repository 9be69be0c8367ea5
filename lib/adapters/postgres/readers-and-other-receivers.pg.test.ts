/*
 * A logical consumer, pg_receivewal and a base backup have rows among the WAL senders of the writer, and a reader that follows
 * another reader has none. None of them may stand in for a reader that is lost.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { judgeReplication, type ReaderAnswer } from '../../domain/cluster/replication'
import { createPostgres } from './index'
import { type Pair, startPair } from './testing-pair'

const limits = { connectMs: 5_000, queryMs: 5_000 }
let pair: Pair
let follower: Awaited<ReturnType<Pair['follow']>>
let cascading: Awaited<ReturnType<Pair['follow']>>

beforeAll(async () => {
  pair = await startPair(15)
  await pair.as(
    pair.writer,
    'postgres',
    'CREATE TABLE dr_heartbeat (id int PRIMARY KEY, beat timestamptz NOT NULL, seq bigint NOT NULL); CREATE PUBLICATION all_tables FOR ALL TABLES',
  )
  await pair.as(pair.writer, 'postgres', `SELECT pg_create_logical_replication_slot('consumer', 'pgoutput')`)
  follower = await pair.follow()
  cascading = await pair.cascade('cascading', follower)
}, 120_000)
afterAll(() => pair?.stop())

/** What the checklist asks: the writer's rows, and each reader itself. */
async function judged() {
  const postgres = createPostgres({ user: 'postgres', password: pair.password, database: 'postgres', tls: 'disable' })
  const answerOf = async (id: string, node: { host: string; port: number }): Promise<ReaderAnswer> => {
    const probe = postgres.probe(id, node, limits)
    const reader = { id, name: id, instance: id }
    try {
      return { ...reader, position: await probe.position(), why: null }
    } catch {
      return { ...reader, position: null, why: 'It is down.' }
    } finally {
      await probe.close().catch(() => {})
    }
  }
  const writer = postgres.probe('writer', pair.writer, limits)
  try {
    const readers = [await answerOf('follower', follower), await answerOf('cascading', cascading)]
    return judgeReplication(readers, await writer.replication(), await writer.position(), 30)
  } finally {
    await writer.close()
  }
}

test('each reader counts by itself: a cascading one without a row, and no row of anything else for a lost one', async () => {
  await vi.waitFor(async () => expect(await judged()).toEqual({ troubles: [], doubts: [], others: [] }), 20_000)
  await pair.consume('debezium', 'changes')
  await pair.consume('pg_receivewal', 'wal')
  await pair.consume('pg_basebackup', 'backup')
  const others = ['debezium', 'pg_basebackup', 'pg_receivewal']
  await vi.waitFor(async () => expect(await judged()).toEqual({ troubles: [], doubts: [], others }), 20_000)

  await follower.stop('immediate')
  await vi.waitFor(
    async () =>
      expect(await judged()).toEqual({
        troubles: ['follower does not replicate: it is down.', 'cascading does not replicate: it has no WAL stream.'],
        doubts: [],
        others,
      }),
    20_000,
  )
}, 60_000)
