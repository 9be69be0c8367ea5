// A report says of each compared table what became of its rows: nothing was merged, or a cutover left them behind.
import { expect, test } from 'vitest'
import { mergedRowsOf } from './merged-rows'

const at = { host: 'h', port: 5432, database: 'd' }
const table = {
  table: 'public.castings',
  onlySource: 1,
  onlyTarget: 3,
  different: 200,
  same: 9,
  digest: 'd',
  key: ['id'],
  triggers: [],
}
const comparison = { batch: 'b', source: at, target: at, tables: [table], comparedAt: 1, triggersStay: [] }

test.each([
  ['nothing merged', {}],
  ['left on the old database', { openedAt: 2 }],
])('%s', (merged, more) => {
  expect(mergedRowsOf({ id: 'r', facts: { comparison, ...more } })).toMatchObject([
    { runId: 'r', table: 'public.castings', key: ['id'], merged, listed: [{ count: 1 }, { count: 3 }, { count: 200 }] },
  ])
})
