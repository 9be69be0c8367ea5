// The record is what people believe afterwards: it can be added to and read by web and runner, and nothing else; and whatever the owner of the database does to it is seen.
import pg from 'pg'
import { expect, test } from 'vitest'
import { type RecordEntry, type SealedEntry, verifyChain, verifyExcerpt } from '../domain/record/chain'
import { appendRecord, appendRecordSql, readExcerpt, readRecord, readRecordHead, recordEndsWhole } from './record'
import { databasePerTest } from './testing/database'
import { inTransaction } from './transaction'

const database = databasePerTest()
const actor = { kind: 'runner' as const, name: 'r1', epoch: 1 }
const write = (text: string) =>
  appendRecordSql(database().runner.pool, { kind: 'note', actor, text, evidence: { ä: [1, null, 'ü'] } })
const verify = async () => verifyChain(readRecord(database().runner), await readRecordHead(database().runner))

async function asOwner(sql: string): Promise<void> {
  const owner = new pg.Client({ connectionString: database().ownerUrl })
  await owner.connect()
  try {
    // An owner can switch triggers off; the chain is what is left then.
    await owner.query(`SET session_replication_role = replica`)
    await owner.query(sql)
  } finally {
    await owner.end()
  }
}

test('the store and the checker work out the same chain', async () => {
  for (const text of ['one', 'zwei — “drei”', 'line\nbreak']) await write(text)
  expect(await verify()).toMatchObject({ whole: true, entries: 3 })
  expect(await recordEndsWhole(database().runner)).toBe(true)
})

test('entries of writers at once get one order without gaps', async () => {
  await Promise.all(Array.from({ length: 40 }, (_, i) => write(`entry ${i}`)))
  expect(await verify()).toMatchObject({ whole: true, entries: 40 })
})

test('an entry goes with the change that it tells of: both or neither', async () => {
  const { runner: store } = database()
  await expect(
    inTransaction(store, async (tx) => {
      await appendRecord(tx, 'runner', { kind: 'note', actor, text: 'never' })
      throw new Error('the change failed')
    }),
  ).rejects.toThrow('the change failed')
  expect(await verify()).toMatchObject({ whole: true, entries: 0 })
})

test.each([
  `UPDATE record_entry SET text = 'x'`,
  `DELETE FROM record_entry`,
  `TRUNCATE record_entry`,
  `UPDATE record_head SET n = 0`,
  `DELETE FROM record_head`,
  `INSERT INTO record_entry (n, at, body, kind, actor, text, prev_hash, hash) VALUES (99, now(), '{}', 'k', 'a', 't', 'p', 'h')`,
])('both roles are refused: %s', async (statement) => {
  await write('one')
  for (const role of ['web', 'runner'] as const)
    await expect(database()[role].pool.query(statement), role).rejects.toMatchObject({ code: '42501' })
  expect(await verify()).toMatchObject({ whole: true, entries: 1 })
})

test.each([
  ['an edited body', `UPDATE record_entry SET body = replace(body, 'two', 'TWO') WHERE n = 2`],
  ['an edited column', `UPDATE record_entry SET text = 'TWO' WHERE n = 2`],
  ['a moved time', `UPDATE record_entry SET at = at + interval '1 second' WHERE n = 2`],
  ['a deletion in the middle', `DELETE FROM record_entry WHERE n = 2`],
  ['a cut tail', `DELETE FROM record_entry WHERE n = 3`],
])('%s by the owner is seen', async (_, statement) => {
  for (const text of ['one', 'two', 'three']) await write(text)
  await asOwner(statement)
  expect((await verify()).whole).toBe(false)
})

test('an excerpt runs from an incident’s first entry to its last one, and holds no words of others', async () => {
  const { runner: store } = database()
  const of = (incidentNumber: number | null, text: string) =>
    appendRecordSql(store.pool, { kind: 'note', actor, text, incidentNumber })
  for (const [incident, text] of [
    [null, 'before'],
    [7, 'first'],
    [8, 'of another'],
    [7, 'second'],
    [77, 'of a third'],
    [7, 'last'],
    [7, 'after the export began'],
  ] as const)
    await of(incident, text)
  const taken: (RecordEntry | SealedEntry)[] = []
  for await (const entry of readExcerpt(store, 7, 6)) taken.push(entry)
  expect(taken.map(({ n }) => n)).toEqual([2, 3, 4, 5, 6])
  expect(taken.filter((entry) => 'body' in entry).map(({ n }) => n)).toEqual([2, 4, 6])
  expect(JSON.stringify(taken)).not.toMatch(/another|third/)
  expect(verifyExcerpt(taken)).toMatchObject({ whole: true, entries: 5 })
  const none: unknown[] = []
  for await (const entry of readExcerpt(store, 9, 6)) none.push(entry)
  expect(none).toEqual([])
})
