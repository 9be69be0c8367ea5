/*
 * Rows of a damaged database are compared with those of a restored copy, and merged back, on a real server: by key, in the order
 * of references, with every kind of value, and with a way back.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Policy } from '../../../domain/reconcile/policy'
import { compared as comparedOf, merged, undone } from '../../../domain/reconcile/testing/model'
import { startTwoDatabases, type TwoDatabases } from './testing/two-databases'

const schema = `
  CREATE TABLE teams (id int PRIMARY KEY, lead int NOT NULL);
  CREATE TABLE users (id int PRIMARY KEY, team int NOT NULL REFERENCES teams (id), boss int REFERENCES users (id));
  ALTER TABLE teams ADD CONSTRAINT teams_lead FOREIGN KEY (lead) REFERENCES users (id);
  CREATE TABLE bookings (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id int NOT NULL REFERENCES users (id),
    price numeric, ratio float8, at timestamptz, raw bytea, doc jsonb, note json, tags text[], span interval,
    twice numeric GENERATED ALWAYS AS (price * 2) STORED, changed timestamptz);
  CREATE TABLE seats (hall text, "Row" int, taken boolean, PRIMARY KEY (hall, "Row"));
  CREATE TABLE history (id serial PRIMARY KEY, what text);
  CREATE TABLE plain (k text PRIMARY KEY, v text);
  CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed = now(); INSERT INTO history (what) VALUES ('touched'); RETURN NEW; END $$;
  CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION touched();
  CREATE TRIGGER asleep BEFORE INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION touched();
  ALTER TABLE bookings DISABLE TRIGGER asleep;
`
const all = ['public.teams', 'public.users', 'public.bookings', 'public.seats', 'public.history', 'public.plain']
const wipe =
  'ALTER TABLE plain DROP CONSTRAINT IF EXISTS shut; TRUNCATE teams, users, bookings, seats, history, plain RESTART IDENTITY; DROP SCHEMA IF EXISTS dr_stage CASCADE'
const filled = `
  BEGIN; SET CONSTRAINTS ALL DEFERRED; ALTER TABLE teams DISABLE TRIGGER ALL; ALTER TABLE bookings DISABLE TRIGGER touch;
  INSERT INTO teams VALUES (1, 1), (2, 2); INSERT INTO users VALUES (1, 1, NULL), (2, 2, 1), (3, 1, 2);
  INSERT INTO bookings (user_id, price, ratio, at, raw, doc, note, tags, span) VALUES
    (1, 1.0, 'NaN', '2026-03-29 01:30:00.123456+02', '\\x00ff5c', '{"b": 1, "a": [null, "\\\\n"]}', '{"b":1,  "a":2}', '{"a,b",NULL,"\\"q\\""}', '1 mon 2 days'),
    (2, 1.00, '-Infinity', 'infinity', NULL, 'null', NULL, NULL, NULL),
    (3, 'NaN', 0.1, '-infinity', '', '{}', '[]', '{}', '-00:00:01'),
    (3, NULL, '-0', NULL, 'tab\\011', '"\\u00e9"', '1', '{x}', NULL);
  INSERT INTO seats VALUES ('a', 1, true), ('a', 2, false), (E'b\\tc\\n\\\\', 1, NULL);
  INSERT INTO history (what) SELECT 'h' || i FROM generate_series(1, 20) i;
  INSERT INTO plain VALUES ('same', 'x');
  ALTER TABLE teams ENABLE TRIGGER ALL; ALTER TABLE bookings ENABLE TRIGGER touch; COMMIT`
let two: TwoDatabases
const rowsIn = async (side: 'source' | 'target', table: string) =>
  (await two[side].client.query(`SELECT t::text AS row FROM ${table} t ORDER BY t::text COLLATE "C"`)).rows.map(
    ({ row }) => String(row),
  )
async function everything(side: 'source' | 'target') {
  const found: Record<string, string[]> = {}
  for (const table of all) found[table] = await rowsIn(side, table)
  return found
}

beforeAll(async () => {
  two = await startTwoDatabases(inject('postgresAdminUrl'), schema)
})
afterAll(() => two.stop())
beforeEach(async () => {
  for (const side of ['source', 'target'] as const) {
    await two[side].client.query(wipe)
    await two[side].client.query(filled)
  }
})
const own = () => two.target.client.query(`ALTER TABLE bookings OWNER TO ${two.name}`)
const disown = () =>
  two.target.client.query(`ALTER TABLE bookings OWNER TO CURRENT_USER;
    GRANT SELECT, INSERT, UPDATE, DELETE ON bookings TO ${two.name}; GRANT SELECT, UPDATE ON SEQUENCE bookings_id_seq TO ${two.name}`)

describe('comparing', () => {
  test('two equal databases differ in nothing, whatever their values are', async () => {
    const found = await two.compare(two.batch(), all)
    expect(
      found.map(({ table, onlySource, onlyTarget, different, same }) => [
        table,
        onlySource,
        onlyTarget,
        different,
        same,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['public.teams', 0, 0, 0, 2],
        ['public.users', 0, 0, 0, 3],
        ['public.bookings', 0, 0, 0, 4],
        ['public.seats', 0, 0, 0, 3],
        ['public.history', 0, 0, 0, 20],
      ]),
    )
  })

  test('finds deleted, changed and added rows, and the columns that changed, to the last bit of a value', async () => {
    await two.target.client.query(`DELETE FROM bookings WHERE id = 1;
      ALTER TABLE bookings DISABLE TRIGGER touch;
      UPDATE bookings SET price = 1.000, ratio = 'Infinity' WHERE id = 2; UPDATE bookings SET ratio = 0.0 WHERE id = 4;
      ALTER TABLE bookings ENABLE TRIGGER touch;
      INSERT INTO seats VALUES ('new', 9, true)`)
    const batch = two.batch()
    const found = await two.compare(batch, all)
    expect(found.find(({ table }) => table === 'public.bookings')).toMatchObject({
      onlySource: 1,
      onlyTarget: 0,
      different: 2,
      same: 1,
    })
    expect(found.find(({ table }) => table === 'public.seats')).toMatchObject({
      onlySource: 0,
      onlyTarget: 1,
      different: 0,
      same: 3,
    })
    const page = (table: string, kind: 'source' | 'target' | 'different', after: string | null = null, limit = 10) =>
      two.reconciler.rows(two.target.address, batch, table, { kind, after, limit })
    expect(await page('public.bookings', 'different')).toMatchObject([
      {
        key: '["2"]',
        columns: ['price', 'ratio'],
        source: { price: '1.00' },
        target: { price: '1.000', ratio: 'Infinity' },
      },
      { key: '["4"]', columns: ['ratio'], source: { ratio: '-0' }, target: { ratio: '0' } },
    ])
    expect(await page('public.bookings', 'different', '["2"]', 1)).toMatchObject([{ key: '["4"]' }])
    expect(await page('public.bookings', 'source')).toMatchObject([
      { source: { ratio: 'NaN', raw: '\\x00ff5c' }, target: null },
    ])
    expect(await page('public.seats', 'target')).toMatchObject([{ source: null, target: { hall: 'new', Row: '9' } }])
  })

  test('is not done twice: after a crash the next one finds what was compared', async () => {
    const batch = two.batch()
    let asked = 0
    // The runner dies after the first tables.
    const dies = two.send(two.compareCall(batch, all), () => {
      asked += 1
      if (asked === 6) throw new Error('killed')
    })
    await expect(dies).rejects.toThrow('killed')
    const first = await two.reconciler.compared(two.target.address, batch)
    expect(first.length).toBeGreaterThan(0)
    expect(first.length).toBeLessThan(all.length)
    const second = await two.compare(batch, all)
    expect(second).toHaveLength(all.length)
    expect(second.slice(0, first.length)).toEqual(first)
  })

  test('writes nothing into the source', async () => {
    await two.compare(two.batch(), all)
    const { rows } = await two.source.client.query(`SELECT to_regnamespace('dr_stage') IS NULL AS clean`)
    expect(rows).toEqual([{ clean: true }])
  })
})

describe('merging', () => {
  const damage = `ALTER TABLE bookings DISABLE TRIGGER touch; ALTER TABLE teams DISABLE TRIGGER ALL; ALTER TABLE users DISABLE TRIGGER ALL;
    DELETE FROM bookings; DELETE FROM users WHERE id > 1; DELETE FROM teams WHERE id = 2;
    UPDATE seats SET taken = NULL WHERE hall = 'a'; DELETE FROM history WHERE id > 15; INSERT INTO seats VALUES ('new', 1, true);
    ALTER TABLE bookings ENABLE TRIGGER touch; ALTER TABLE teams ENABLE TRIGGER ALL; ALTER TABLE users ENABLE TRIGGER ALL`
  const take: Record<string, Policy> = Object.fromEntries(all.map((table) => [table, { kind: 'take-source' }]))

  test('brings rows back that refer to each other in a circle, with identities and computed columns, and keeps the inverse', async () => {
    await own()
    await two.target.client.query(damage)
    const damaged = await everything('target')
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take, 'off')
    const sent = await two.send(call)
    expect(sent.rows).toBe(4 + 2 + 1 + 2 + 5)
    const source = await everything('source')
    expect(await everything('target')).toEqual({
      ...source,
      'public.seats': [...(source['public.seats'] ?? []), '(new,1,t)'].sort(),
    })
    expect(await two.reconciler.changed(call, 'merged')).toEqual([])
    // The trigger that was on is on again, and the one that was off is off.
    const { rows } = await two.target.client.query(
      `SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`,
    )
    expect(rows).toEqual([
      { tgname: 'asleep', tgenabled: 'D' },
      { tgname: 'touch', tgenabled: 'O' },
    ])
    // Sent once more it finds everything done.
    expect(await two.send(call)).toMatchObject({ rows: 0 })
    expect(await two.send({ ...call, work: { ...call.work, action: 'undo' } as typeof call.work })).toMatchObject({
      rows: sent.rows,
    })
    expect(await everything('target')).toEqual(damaged)
    await disown()
  })

  test('sets sequences above what the tables hold, and never back', async () => {
    await two.target.client.query(
      `DELETE FROM history; ALTER SEQUENCE history_id_seq RESTART; SELECT setval('bookings_id_seq', 900)`,
    )
    const batch = two.batch()
    await two.compare(batch, all)
    await two.send(await two.mergeCall(batch, take))
    const next = await two.target.client.query(
      `SELECT nextval('history_id_seq')::int AS h, nextval('bookings_id_seq')::int AS b`,
    )
    expect(next.rows).toEqual([{ h: 21, b: 901 }])
  })

  test('a row that somebody changed after the comparison makes it void: nothing of its table is merged', async () => {
    await two.target.client.query(`UPDATE seats SET taken = NULL WHERE hall = 'a'`)
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take)
    await two.target.client.query(`UPDATE seats SET taken = true WHERE hall = 'a' AND "Row" = 2`)
    expect(await two.reconciler.changed(call, 'compared')).toEqual([{ table: 'public.seats', rows: 1 }])
    const before = await rowsIn('target', 'seats')
    await expect(two.send(call)).rejects.toMatchObject({
      errorClass: 'state',
      message: expect.stringContaining('1 row of public.seats changed after the comparison'),
      detail: { outcome: 'rejected' },
    })
    expect(await rowsIn('target', 'seats')).toEqual(before)
  })

  test('so does a row that appears, a table that is defined anew, and rows of another comparison', async () => {
    await two.target.client.query(`DELETE FROM seats WHERE hall = 'a'`)
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take)
    const other = two.batch()
    await two.target.client.query(`INSERT INTO seats VALUES ('a', 1, NULL)`)
    await expect(two.send(call)).rejects.toMatchObject({
      message: expect.stringContaining('changed after the comparison'),
    })
    await two.compare(other, all)
    await expect(two.send({ ...call, batch: other })).rejects.toMatchObject({
      message: expect.stringContaining('not those that were approved'),
    })
    await two.target.client.query(`DELETE FROM seats WHERE hall = 'a'; ALTER TABLE seats ADD COLUMN more int`)
    await expect(two.send(call)).rejects.toMatchObject({
      message: expect.stringContaining('definition of public.seats changed'),
    })
    await two.target.client.query('ALTER TABLE seats DROP COLUMN more')
    // As it was compared, it is merged.
    await two.send(call)
    expect(await rowsIn('target', 'seats')).toEqual(await rowsIn('source', 'seats'))
  })

  test('stops in the middle of its tables when the server refuses one, keeps the others, and goes on when it is sent again', async () => {
    await two.target.client.query(`DELETE FROM seats; DELETE FROM history; DELETE FROM plain;
      ALTER TABLE plain ADD CONSTRAINT shut CHECK (false) NOT VALID`)
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take)
    await expect(two.send(call)).rejects.toMatchObject({
      message: expect.stringMatching(/^public\.plain: .*23514.*Merged before: public\.history/),
      detail: { outcome: 'unknown' },
    })
    const applied = await two.reconciler.applied(two.target.address, batch)
    expect(applied.map(({ table }) => table)).toEqual(['public.history'])
    expect(await rowsIn('target', 'history')).toEqual(await rowsIn('source', 'history'))
    await two.target.client.query('ALTER TABLE plain DROP CONSTRAINT shut')
    await two.send(call)
    expect(await everything('target')).toEqual(await everything('source'))
  })

  test('a runner that lost its turn commits nothing', async () => {
    await two.target.client.query('DELETE FROM history')
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take)
    let asked = 0
    const late = two.send(call, () => {
      asked += 1
      if (asked === 2) throw new Error('not my turn')
    })
    await expect(late).rejects.toThrow('not my turn')
    expect(await rowsIn('target', 'history')).toEqual([])
    expect(await two.reconciler.applied(two.target.address, batch)).toEqual([])
  })

  test('two that are sent at once merge once', async () => {
    await two.target.client.query('DELETE FROM history; DELETE FROM seats')
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take)
    const sent = await Promise.all([two.send(call), two.send(call)])
    // Each table is merged by the one that came to it first.
    expect(sent.reduce((sum, { rows }) => sum + rows, 0)).toBe(23)
    expect(await everything('target')).toEqual(await everything('source'))
  })

  test('what was changed after a merge is not put back over', async () => {
    await two.target.client.query(`DELETE FROM seats WHERE hall = 'a'`)
    const batch = two.batch()
    await two.compare(batch, all)
    const call = await two.mergeCall(batch, take)
    await two.send(call)
    await two.target.client.query(`UPDATE seats SET taken = NULL WHERE hall = 'a' AND "Row" = 1`)
    expect(await two.reconciler.changed(call, 'merged')).toEqual([{ table: 'public.seats', rows: 1 }])
    const undo = await two.mergeCall(batch, take, 'on', 'undo')
    await expect(two.send(undo)).rejects.toMatchObject({ message: expect.stringContaining('changed after the merge') })
    expect(await rowsIn('target', 'seats')).toHaveLength(3)
  })

  test('rows chosen by key are inserted, overwritten and deleted, and nothing else is', async () => {
    await two.target.client.query(`DELETE FROM seats WHERE hall = 'a' AND "Row" = 1; UPDATE seats SET taken = NULL WHERE "Row" = 2;
      INSERT INTO seats VALUES ('x', 1, true), ('x', 2, true)`)
    const batch = two.batch()
    await two.compare(batch, all)
    const keys = ['["a", "1"]', '["x", "2"]']
    const call = await two.mergeCall(batch, { 'public.seats': { kind: 'rows', keys } })
    expect(await two.send(call)).toMatchObject({ rows: 2 })
    expect(await rowsIn('target', 'seats')).toEqual(expect.arrayContaining(['(a,1,t)', '(a,2,)', '(x,1,t)']))
    expect(await rowsIn('target', 'seats')).toHaveLength(4)
  })

  test('with triggers on, a merge is undone to the row all the same', async () => {
    await two.target.client.query('DELETE FROM bookings WHERE id = 1')
    const before = await rowsIn('target', 'bookings')
    const batch = two.batch()
    await two.compare(batch, ['public.bookings'])
    const call = await two.mergeCall(batch, take, 'on')
    await two.send(call)
    expect(
      (await two.target.client.query('SELECT changed IS NOT NULL AS fired FROM bookings WHERE id = 1')).rows,
    ).toEqual([{ fired: true }])
    await two.send(await two.mergeCall(batch, take, 'on', 'undo'))
    expect(await rowsIn('target', 'bookings')).toEqual(before)
  })
})

test('any rows merged by any policy are as the policy says, and the inverse gives what was there', async () => {
  const rows = fc
    .dictionary(fc.constantFrom('a', 'b', 'B', "q'", 'é', ' '), fc.constantFrom('1', '2', '\\N', '', 'x\ty'), {
      maxKeys: 6,
    })
    .map((found) => new Map(Object.entries(found)))
  const policy = fc.oneof(
    fc.constantFrom<Policy>({ kind: 'skip' }, { kind: 'insert-missing' }, { kind: 'take-source' }),
    fc
      .subarray(['["a"]', '["b"]', '["B"]', '["q\'"]', '["é"]', '[" "]'])
      .map((keys): Policy => ({ kind: 'rows', keys })),
  )
  const put = async (side: 'source' | 'target', found: ReadonlyMap<string, string>) => {
    await two[side].client.query('TRUNCATE plain')
    for (const [k, v] of found) await two[side].client.query('INSERT INTO plain VALUES ($1, $2)', [JSON.parse(k)[0], v])
  }
  const held = async () =>
    new Map(
      (await two.target.client.query('SELECT k, v FROM plain')).rows.map(({ k, v }) => [
        JSON.stringify([k]),
        String(v),
      ]),
    )
  const keyed = (found: ReadonlyMap<string, string>) => new Map([...found].map(([k, v]) => [JSON.stringify([k]), v]))
  await fc.assert(
    fc.asyncProperty(rows, rows, policy, async (a, b, by) => {
      const [source, target] = [keyed(a), keyed(b)]
      await put('source', source)
      await put('target', target)
      const batch = two.batch()
      expect((await two.compare(batch, ['public.plain']))[0]).toMatchObject(comparedOf(source, target))
      const call = await two.mergeCall(batch, { 'public.plain': by })
      await two.send(call)
      const expected = merged(source, target, by)
      expect(await held()).toEqual(expected.rows)
      await two.send(await two.mergeCall(batch, { 'public.plain': by }, 'on', 'undo'))
      expect(await held()).toEqual(undone(expected.rows, expected.inverse))
    }),
    { numRuns: 15 },
  )
}, 120_000)

test('a hundred thousand rows take bounded memory, and leave as a file in a stream', async () => {
  await two.source.client.query(
    `INSERT INTO plain SELECT 'k' || i, repeat(md5(i::text), 20) FROM generate_series(1, 100000) i`,
  )
  await two.target.client.query(
    `INSERT INTO plain SELECT 'k' || i, repeat(md5(i::text), 20) FROM generate_series(1, 100000) i WHERE i % 1000 = 0`,
  )
  const batch = two.batch()
  let most = 0
  const timer = setInterval(() => {
    const { heapUsed, external } = process.memoryUsage()
    most = Math.max(most, heapUsed + external)
  }, 5)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed + process.memoryUsage().external
  const [found] = await two.compare(batch, ['public.plain'])
  expect(found).toMatchObject({ onlySource: 99_900, onlyTarget: 0, different: 0, same: 101 })
  const call = await two.mergeCall(batch, { 'public.plain': { kind: 'insert-missing' } })
  expect(await two.send(call)).toMatchObject({ rows: 99_900 })
  let bytes = 0
  let lines = 0
  const file = two.reconciler.exportRows(
    two.target.address,
    batch,
    'public.plain',
    { kind: 'source', format: 'csv' },
    new AbortController().signal,
  )
  for await (const chunk of file) {
    bytes += chunk.length
    lines += Buffer.from(chunk).toString('latin1').split('\n').length - 1
  }
  clearInterval(timer)
  expect(lines).toBe(99_901)
  expect(bytes).toBeGreaterThan(64_000_000)
  // The rows are 64 MB as text.
  expect(most - before).toBeLessThan(96_000_000)
}, 120_000)

test('a file has the rows of one side as they are', async () => {
  await two.target.client.query(`INSERT INTO seats VALUES ('he said "hi", twice', 1, NULL)`)
  const batch = two.batch()
  await two.compare(batch, all)
  const text = async (format: 'csv' | 'json') => {
    const parts: Uint8Array[] = []
    const file = two.reconciler.exportRows(
      two.target.address,
      batch,
      'public.seats',
      { kind: 'target', format },
      new AbortController().signal,
    )
    for await (const part of file) parts.push(part)
    return Buffer.concat(parts).toString()
  }
  expect(await text('csv')).toBe('hall,Row,taken\n"he said ""hi"", twice",1,\n')
  expect(JSON.parse(await text('json'))).toEqual({ hall: 'he said "hi", twice', Row: 1, taken: null })
})

test('what the role lacks is named before anything is done', async () => {
  await two.target.client.query(`REVOKE UPDATE ON seats FROM ${two.name}; REVOKE UPDATE ON SEQUENCE history_id_seq FROM ${two.name};
    ALTER TABLE plain ENABLE ROW LEVEL SECURITY; REVOKE CREATE ON DATABASE ${two.target.address.database} FROM ${two.name}`)
  await two.source.client.query(`REVOKE SELECT ON users FROM ${two.name}`)
  expect(await two.reconciler.rights(two.source.address, two.target.address, all)).toEqual({
    missing: [
      'SELECT on public.users in the source',
      'SELECT and UPDATE on sequence public.history_id_seq in the target',
      'BYPASSRLS or ownership for public.plain in the target: row security hides rows',
      'UPDATE on public.seats in the target',
      'CREATE on the target database, for the schema dr_stage',
    ],
    triggersStay: ['public.bookings'],
  })
})
