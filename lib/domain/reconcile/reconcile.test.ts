/** Planning tables by their catalogue, and what a policy makes of the rows that differ. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { comparisonDigest, type MergeTable, mergeDigest, passesOf } from './merge'
import { planTables } from './plan'
import { type Difference, effectOf, type Policy, policyKinds, takes } from './policy'
import { keyText, mergeRows, setSequences, taken, triggersOff } from './statements'
import { type TableFacts, tableId } from './table'
import { compared, differencesOf, merged, undone } from './testing/model'

const table = (name: string, references: string[] = [], rest: Partial<TableFacts> = {}): TableFacts => ({
  schema: 'public',
  name,
  columns: [
    { name: 'id', type: 'bigint', generated: false, identity: null },
    { name: 'word', type: 'text', generated: false, identity: null },
  ],
  key: ['id'],
  references: references.map((to) => ({ constraint: `${name}_${to}`, to: `public.${to}` })),
  triggers: [],
  sequences: [],
  ...rest,
})
const ids = (groups: TableFacts[][]) => groups.map((group) => group.map(tableId))

describe('the plan', () => {
  test('what is referenced comes first, and a circle is one group', () => {
    const tables = [
      table('audit', ['bookings']),
      table('bookings', ['users', 'castings']),
      table('castings', ['castings']),
      table('users', ['teams']),
      table('teams', ['users']),
    ]
    const { groups, refused } = planTables(tables, tables, tables.map(tableId))
    expect(refused).toEqual([])
    const order = ids(groups)
    expect(order).toContainEqual(['public.teams', 'public.users'])
    const at = (name: string) => order.findIndex((group) => group.includes(name))
    expect(at('public.users')).toBeLessThan(at('public.bookings'))
    expect(at('public.castings')).toBeLessThan(at('public.bookings'))
    expect(at('public.bookings')).toBeLessThan(at('public.audit'))
  })

  test('in any graph, a table comes after those that it references or in one group with them', () => {
    const graph = fc
      .integer({ min: 1, max: 8 })
      .chain((n) =>
        fc.array(fc.array(fc.integer({ min: 0, max: n - 1 }), { maxLength: 4 }), { minLength: n, maxLength: n }),
      )
    fc.assert(
      fc.property(graph, (edges) => {
        const tables = edges.map((to, n) =>
          table(
            `t${n}`,
            to.map((other) => `t${other}`),
          ),
        )
        const order = ids(planTables(tables, tables, tables.map(tableId)).groups)
        expect(order.flat().sort()).toEqual(tables.map(tableId).sort())
        const at = (name: string) => order.findIndex((group) => group.includes(name))
        for (const one of tables)
          for (const { to } of one.references) expect(at(to)).toBeLessThanOrEqual(at(tableId(one)))
        // Each table of a group reaches every other of it.
        const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
          from === to ||
          (tables.find((one) => tableId(one) === from)?.references ?? []).some((next) => {
            if (seen.has(next.to)) return false
            seen.add(next.to)
            return reaches(next.to, to, seen)
          })
        for (const group of order) for (const a of group) for (const b of group) expect(reaches(a, b)).toBe(true)
      }),
    )
  })

  test('a table that cannot be merged says why', () => {
    const source = [
      table('fine'),
      table('dropped'),
      table('keyless', [], { key: [] }),
      table('wider'),
      table('counted', [], {
        columns: [
          { name: 'id', type: 'bigint', generated: false, identity: null },
          { name: 'n', type: 'bigint', generated: false, identity: 'always' },
        ],
      }),
    ]
    const target = source
      .filter(({ name }) => name !== 'dropped')
      .map((one) =>
        one.name === 'wider'
          ? { ...one, columns: [...one.columns, { name: 'x', type: 'int', generated: false, identity: null }] }
          : one,
      )
    const { groups, dropped, refused } = planTables(source, target, [...source.map(tableId), 'public.unknown'])
    // What the target has lost is created again.
    expect(ids(groups)).toEqual([['public.dropped'], ['public.fine']])
    expect(dropped).toEqual(['public.dropped'])
    expect(refused.map(({ table: name, why }) => [name, why.slice(0, 30)])).toEqual([
      ['public.counted', 'The server sets its column n a'],
      ['public.keyless', 'It has no primary key, so its '],
      ['public.unknown', 'The source has no such table.'],
      ['public.wider', 'Its columns are not the same i'],
    ])
  })

  test('a name is told apart from one that only looks like it', () => {
    expect(tableId({ schema: 'a.b', name: 'c' })).not.toBe(tableId({ schema: 'a', name: 'b.c' }))
    expect(tableId({ schema: 'app', name: 'Odd "Name' })).toBe('app."Odd ""Name"')
  })
})

const rows = fc
  .dictionary(fc.constantFrom(...'abcdefgh'), fc.constantFrom('1', '2', '3'))
  .map((d) => new Map(Object.entries(d)))
const policy: fc.Arbitrary<Policy> = fc.oneof(
  ...policyKinds.filter((kind) => kind !== 'rows').map((kind) => fc.constant<Policy>({ kind })),
  fc.subarray([...'abcdefgh']).map((keys): Policy => ({ kind: 'rows', keys })),
)

describe('a merge', () => {
  test('changes exactly as many rows as its policy says, and its inverse gives the original', () => {
    fc.assert(
      fc.property(rows, rows, policy, (source, target, by) => {
        const found = differencesOf(source, target)
        const counts = { table: 't', digest: '', ...compared(source, target) }
        const chosen = (kind: Difference) => found.filter((one) => one.kind === kind && takes(by, kind, one.key)).length
        const effect = effectOf(by, counts, {
          source: chosen('source'),
          target: chosen('target'),
          different: chosen('different'),
        })
        const after = merged(source, target, by)
        expect(after.inverse.size).toBe(effect.insert + effect.update + effect.remove)
        expect(after.rows.size).toBe(target.size + effect.insert - effect.remove)
        expect(undone(after.rows, after.inverse)).toEqual(target)
        const left = compared(source, after.rows)
        expect(left).toMatchObject({
          onlySource: counts.onlySource - effect.insert,
          onlyTarget: counts.onlyTarget - effect.remove,
          different: counts.different - effect.update,
        })
        // Nothing that only the target has is deleted unless it was chosen by its key.
        if (by.kind !== 'rows') for (const key of target.keys()) expect(after.rows.has(key)).toBe(true)
      }),
    )
  })

  const one = (over: Partial<MergeTable>): MergeTable => ({
    table: 'public.a',
    facts: table('a'),
    place: 0,
    policy: { kind: 'take-source' },
    triggers: 'off',
    effect: { insert: 1, update: 0, remove: 0 },
    compared: 'd',
    creation: null,
    ...over,
  })

  test('puts in the order of references and removes in the opposite one, leaving out what has nothing to do', () => {
    const groups = [
      [one({ table: 'public.a', effect: { insert: 1, update: 0, remove: 2 } })],
      [one({ table: 'public.b', effect: { insert: 0, update: 0, remove: 0 } })],
      [one({ table: 'public.c', effect: { insert: 0, update: 3, remove: 1 } })],
    ]
    expect(passesOf(groups).map(({ pass, tables }) => [pass, ...tables.map((t) => t.table)])).toEqual([
      ['put', 'public.a'],
      ['put', 'public.c'],
      ['remove', 'public.c'],
      ['remove', 'public.a'],
    ])
  })

  test('is another one by another policy, other rows, or with triggers', () => {
    const digests = [
      one({}),
      one({ policy: { kind: 'insert-missing' } }),
      one({ policy: { kind: 'rows', keys: ['["1"]'] } }),
      one({ policy: { kind: 'rows', keys: ['["2"]'] } }),
      one({ triggers: 'on' }),
      one({ compared: 'e' }),
    ].map(mergeDigest)
    expect(new Set(digests).size).toBe(digests.length)
  })

  test('a comparison is the same in whatever order its tables were read', () => {
    const [a, b] = ['a', 'b'].map((name) => ({
      table: name,
      onlySource: 1,
      onlyTarget: 0,
      different: 0,
      same: 0,
      digest: name,
    }))
    if (!a || !b) throw new Error('two')
    expect(comparisonDigest([a, b])).toBe(comparisonDigest([b, a]))
    expect(comparisonDigest([a, b])).not.toBe(comparisonDigest([a, { ...b, different: 1 }]))
  })
})

describe('statements', () => {
  const hostile = table('x', [], {
    schema: 'a"; DROP TABLE b; --',
    name: "it's",
    columns: [{ name: 'k"ey', type: 'text', generated: false, identity: null }],
    key: ['k"ey'],
    triggers: [{ name: 'fire"', enabled: 'always' }],
    sequences: [{ name: `public."it's"`, column: 'k"ey', increment: -1 }],
  })
  const staged = { facts: hostile, batch: 'b', place: 0 }

  test('quote every name and every key', () => {
    const text = [
      mergeRows([{ table: staged, policy: { kind: 'rows', keys: [`["'; DROP"]`] } }], 'remove'),
      ...triggersOff(hostile),
      ...setSequences(hostile),
    ].join('\n')
    expect(text).toContain('"a""; DROP TABLE b; --"."it\'s"')
    expect(text).toContain(`ARRAY['["''; DROP"]']`)
    expect(text).toContain('DISABLE TRIGGER "fire"""')
    expect(text).toContain(`setval('public."it''s"'::regclass`)
    expect(text).toContain('min("k""ey")')
    // Outside of quotes nothing of a name is left.
    expect(text.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '')).not.toMatch(/DROP|fire|it/)
  })

  test('leave a column that the server computes to the server', () => {
    const facts = table('y', [], {
      columns: [
        { name: 'id', type: 'bigint', generated: false, identity: 'always' },
        { name: 'twice', type: 'bigint', generated: true, identity: null },
      ],
    })
    const sql = mergeRows([{ table: { ...staged, facts }, policy: { kind: 'take-source' } }], 'put')
    expect(sql).not.toContain('twice')
    expect(sql).toContain('OVERRIDING SYSTEM VALUE')
    expect(sql).not.toContain('UPDATE')
  })

  test('a policy without rows takes none', () => {
    expect(taken({ kind: 'skip' }, 's')).toBe('false')
    expect(taken({ kind: 'rows', keys: [] }, 's')).toContain('ARRAY[]::text[]')
    expect(keyText(table('z'), 't')).toBe('jsonb_build_array(t."id"::text)::text')
  })
})
