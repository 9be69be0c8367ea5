// What a step that runs alone asks of the store, from its first look to its proof: every statement more is time that clients wait.
import pg from 'pg'
import { afterEach, expect, test, vi } from 'vitest'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, switchProcedure } from './testing/one-effect'

const database = databasePerTest()
let b: Bench | undefined
afterEach(async () => {
  vi.restoreAllMocks()
  await b?.end()
})

/** What polls besides the run, whatever the run does. */
const besides = /^(\/\* lease|SELECT id FROM run WHERE environment)/

test('a step with one effect takes as many statements as it always did', async () => {
  const spy = vi.spyOn(pg.Pool.prototype, 'query')
  const world = new Switch()
  b = bench(database(), world, switchProcedure(world, 'SAFE'))
  const id = await b.start()
  b.runner()
  await b.reaches(id, ['done'])
  const textOf = (query: unknown) =>
    (typeof query === 'string' ? query : String((query as { text?: unknown }).text)).replace(/\s+/g, ' ')
  const nameOf = (query: unknown) =>
    (query as { name?: string }).name ?? (textOf(query).includes('output_lines') ? 'say' : textOf(query))
  const all = spy.mock.calls.map(([query], i) => ({ pool: spy.mock.contexts[i], query }))
  const runner = all.find(({ query }) => textOf(query).includes('effect_intend'))?.pool
  const asked = all.filter(({ pool, query }) => pool === runner && !besides.test(textOf(query)))
  const first = asked.findIndex(({ query }) => nameOf(query) === 'move-step')
  const last = asked.findLastIndex(({ query }) => nameOf(query) === 'move-step')
  expect(asked.slice(first, last + 1).map(({ query }) => nameOf(query))).toEqual([
    ...['move-step', 'say', 'show-call', 'effect_intend', 'fence-holds', 'effect_settle', 'say'],
    ...['whole-run', 'say', 'move-step'],
  ])
})
