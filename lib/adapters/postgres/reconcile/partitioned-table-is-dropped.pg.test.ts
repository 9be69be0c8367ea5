/*
 * Somebody has dropped a partitioned table, or one without a key. The first is made again as one unit with all of its partitions;
 * of the second every row is missing, so none has to be told from another. What cannot be made exactly is refused by name.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Policy } from '../../../domain/reconcile/policy'
import { startTwoDatabases, type TwoDatabases } from './testing/two-databases'

const partitioned = `
  CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note = 'touched'; RETURN NEW; END $$;
  CREATE TABLE places (id int PRIMARY KEY);
  INSERT INTO places SELECT generate_series(0, 9);
  CREATE TABLE visits (id bigserial, at date NOT NULL, place int REFERENCES places (id), note text DEFAULT 'root', amount numeric CHECK (amount >= 0),
    CONSTRAINT visits_key PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
  CREATE TABLE "Visits 2025 even" PARTITION OF visits_2025 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE visits_2025_odd PARTITION OF visits_2025 FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (fillfactor = 70);
  -- One that was a table of its own: other order of columns, other names, a check and a default that only it has.
  CREATE TABLE imported (amount numeric, at date NOT NULL DEFAULT '2026-06-01', id bigint NOT NULL DEFAULT 7, note text, place int,
    CONSTRAINT of_2026 CHECK (at >= '2026-01-01' AND at < '2027-01-01'), CONSTRAINT visits_amount_check CHECK (amount >= 0), CONSTRAINT imported_key PRIMARY KEY (id, at));
  ALTER TABLE visits ATTACH PARTITION imported FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
  CREATE INDEX visits_by_place ON visits (place) WHERE amount > 1;
  CREATE INDEX only_rest ON visits_rest (note);
  CREATE TRIGGER touch BEFORE UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION touched();
  COMMENT ON TABLE visits_rest IS 'what fits nowhere'; COMMENT ON CONSTRAINT of_2026 ON imported IS 'its year';
  CREATE TABLE tips (visit bigint, at date, PRIMARY KEY (visit, at), FOREIGN KEY (visit, at) REFERENCES visits (id, at));
  INSERT INTO visits (at, place, note, amount) SELECT '2024-06-01'::date + 23 * i, i % 10, 'visit ' || i, i FROM generate_series(1, 60) i;
  INSERT INTO tips SELECT id, at FROM visits WHERE id < 5;
`
const others = `
  CREATE TABLE keyless (word text, n numeric, at timestamptz);
  INSERT INTO keyless SELECT CASE WHEN i % 3 > 0 THEN 'word ' || i % 4 END, i % 2, NULL FROM generate_series(1, 40) i;
  CREATE TABLE empty_keyless (word text);
  CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
  CREATE TABLE own_key (id int PRIMARY KEY, place int) PARTITION BY RANGE (id);
  CREATE TABLE own_key_1 PARTITION OF own_key FOR VALUES FROM (0) TO (9);
  ALTER TABLE own_key_1 ADD CONSTRAINT of_part FOREIGN KEY (place) REFERENCES places (id);
`
const all: Policy = { kind: 'insert-missing' }
let two: TwoDatabases
const target = (sql: string) => two.target.client.query(sql)
const there = async (name: string) =>
  (await target(`SELECT to_regclass('${name}') IS NOT NULL AS there`)).rows[0]?.there === true
const onBoth = async (sql: string): Promise<unknown[]> =>
  (await Promise.all([two.source, two.target].map(({ client }) => client.query(sql)))).map(({ rows }) => rows)
const merged = async (table: string) => {
  const batch = two.batch()
  await two.compare(batch, [table])
  const call = await two.mergeCall(batch, { [table]: all })
  const undo = await two.mergeCall(batch, { [table]: all }, 'on', 'undo')
  await two.send(call)
  return { batch, call, undo }
}

beforeAll(async () => {
  two = await startTwoDatabases(inject('postgresAdminUrl'), partitioned + others)
  await two.root.query(`GRANT ${new URL(inject('postgresAdminUrl')).username} TO ${two.name}`)
  await target('DROP TABLE tips; DROP TABLE visits, keyless, empty_keyless, own_key; DROP TABLE parent CASCADE')
  await target('CREATE TABLE tips (visit bigint, at date, PRIMARY KEY (visit, at))')
})
afterAll(() => two.stop())

const described = `SELECT d FROM (
  SELECT format('%s %s %s %s', c.oid::regclass, c.relkind, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid)) AS d FROM pg_class c WHERE c.oid IN (SELECT relid FROM pg_partition_tree('visits'))
  UNION ALL SELECT format('%s %s %s %s %s %s', a.attrelid::regclass, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(f.adbin, f.adrelid))
    FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum WHERE a.attnum > 0 AND a.attrelid IN (SELECT relid FROM pg_partition_tree('visits'))
  UNION ALL SELECT format('%s %s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated) FROM pg_constraint k WHERE k.conrelid IN (SELECT relid FROM pg_partition_tree('visits'))
  UNION ALL SELECT format('%s %s %s', pg_get_indexdef(x.indexrelid), x.indisvalid, (SELECT h.inhparent::regclass FROM pg_inherits h WHERE h.inhrelid = x.indexrelid)) FROM pg_index x WHERE x.indrelid IN (SELECT relid FROM pg_partition_tree('visits'))
  UNION ALL SELECT format('%s %s %s', g.tgrelid::regclass, g.tgname, g.tgenabled) FROM pg_trigger g WHERE NOT g.tgisinternal AND g.tgrelid IN (SELECT relid FROM pg_partition_tree('visits'))
  UNION ALL SELECT obj_description(relid, 'pg_class') FROM pg_partition_tree('visits')) x ORDER BY 1`

describe('a partitioned table', () => {
  const visits = 'public.visits'

  test('comes back with its partitions, their names, bounds and rows, and its numbers continue', async () => {
    const { batch, call } = await merged(visits)
    const [comparison] = await two.reconciler.compared(two.target.address, batch)
    expect(comparison).toMatchObject({ onlySource: 60, onlyTarget: 0, creation: { leftOut: [] } })
    const [was, is] = await onBoth(described)
    expect(is).toEqual(was)
    const [rowsWere, rowsAre] = await onBoth('SELECT tableoid::regclass::text AS part, v.* FROM visits v ORDER BY id')
    expect(rowsAre).toEqual(rowsWere)
    expect((await target(`INSERT INTO visits (at, place) VALUES ('2030-01-01', 1) RETURNING id::int`)).rows).toEqual([
      { id: 61 },
    ])
    await target('DELETE FROM visits WHERE id = 61')
    expect(await two.reconciler.changed(call, 'merged')).toEqual([])
  })

  test('is dropped again as one unit, unless a row or a partition of it is another one', async () => {
    await target('DROP TABLE visits CASCADE')
    const { undo } = await merged(visits)
    await target('UPDATE visits SET amount = 5 WHERE id = 3')
    await expect(two.send(undo)).rejects.toThrow('1 row of public.visits changed')
    await target('ALTER TABLE visits DISABLE TRIGGER touch')
    await target("UPDATE visits SET amount = 3, note = 'visit 3' WHERE id = 3")
    await target('ALTER TABLE visits ENABLE TRIGGER touch')
    await target('ALTER TABLE visits DETACH PARTITION visits_rest')
    await expect(two.send(undo)).rejects.toThrow('changed after it was created again')
    await target('ALTER TABLE visits ATTACH PARTITION visits_rest DEFAULT')
    await two.send(undo)
    for (const name of ['visits', 'visits_2025', '"Visits 2025 even"', 'imported', 'visits_rest'])
      expect([name, await there(name)]).toEqual([name, false])
  })

  test('one of whose partitions has a name that is used by now is refused', async () => {
    await target('CREATE TABLE imported (id int)')
    await expect(two.compare(two.batch(), [visits])).rejects.toThrow('already has a table named public.imported')
    await target('DROP TABLE imported')
  })
})

describe('a table without a key', () => {
  const keyless = 'public.keyless'
  const contents = 'SELECT k::text AS row, count(*)::int AS n FROM keyless k GROUP BY 1 ORDER BY 1'

  test('comes back with every row as often as it was there', async () => {
    const { batch, call, undo } = await merged(keyless)
    const [was, is] = await onBoth(contents)
    expect(is).toEqual(was)
    expect(await two.reconciler.changed(call, 'merged')).toEqual([])
    const page = { kind: 'source', after: null, limit: 3 } as const
    const first = await two.reconciler.rows(two.target.address, batch, keyless, page)
    const next = await two.reconciler.rows(two.target.address, batch, keyless, {
      ...page,
      after: first[2]?.key ?? null,
    })
    expect(new Set([...first, ...next].map(({ key }) => key)).size).toBe(6)

    // A rollback tells a row that is gone, one that came since, and one of several equal ones.
    await target('DELETE FROM keyless WHERE ctid = (SELECT min(ctid) FROM keyless)')
    expect(await two.reconciler.changed(undo, 'merged')).toEqual([{ table: keyless, rows: 1 }])
    await target("INSERT INTO keyless VALUES ('since', 1, NULL)")
    await expect(two.send(undo)).rejects.toThrow('changed after it was created again')
    await target('DROP TABLE keyless')
    const again = await merged(keyless)
    await two.send(again.undo)
    expect(await there('keyless')).toBe(false)
  })

  test('comes back empty where it was empty', async () => {
    await merged('public.empty_keyless')
    expect((await target('SELECT * FROM empty_keyless')).rows).toEqual([])
  })

  test('that is still there is refused: its rows cannot be told apart', async () => {
    await expect(two.compare(two.batch(), ['public.empty_keyless'])).rejects.toThrow('It has no primary key')
  })
})

test('before a copy is there, only what the database still has is judged', async () => {
  const names = [
    'public.parent',
    'public.child',
    'public.own_key',
    'public.own_key_1',
    'public.keyless',
    'public.never',
  ]
  const { gone, refused } = await two.reconciler.unfit(two.source.address, names)
  expect(gone).toEqual(['public.never'])
  expect(refused.map(({ table }) => table).sort()).toEqual([
    'public.child',
    'public.keyless',
    'public.own_key_1',
    'public.parent',
  ])
})

test.each([
  ['public.parent', 'inherits from another table, or another one from it'],
  ['public.child', 'inherits from another table, or another one from it'],
  ['public.own_key', 'One of its partitions has a foreign key of its own.'],
  ['public.own_key_1', 'It is a partition of public.own_key. Enter that table.'],
])('%s is refused with its reason', async (table, why) => {
  await expect(two.compare(two.batch(), [table])).rejects.toThrow(why)
  expect(await there(table)).toBe(false)
})
