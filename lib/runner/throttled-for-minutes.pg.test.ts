// Scenario 5: AWS throttles us for minutes, our looks as well as our call. Nothing fails: we ask more slowly, say so, and act
// once when we are let in.
import { afterEach, expect, test } from 'vitest'
import { databasePerTest } from '../store/testing/database'
import { backoffMs } from './progress'
import { type Bench, bench, Switch, switchProcedure } from './testing/one-effect'

const database = databasePerTest()
const pace = 0.02
let b: Bench
afterEach(async () => {
  await b.end()
})

test('no step fails, each try waits longer than the one before, and the effect happens once', async () => {
  const world = new Switch()
  world.throttledLooks = 5
  world.throttledCalls = 7
  b = bench(database(), world, switchProcedure(world, 'SAFE'))
  b.runner({ pace })
  const id = await b.start()
  const run = await b.reaches(id, ['done', 'needs-person'])
  expect(run.state).toBe('done')
  expect(world.thrown).toBe(1)
  expect(run.effects.map((e) => e.outcome)).toEqual([...Array.from({ length: 7 }, () => 'rejected'), 'accepted'])
  const tries = run.effects.map((e) => e.intendedAt)
  tries.slice(1).forEach((at, i) => {
    expect(at - (tries[i] ?? 0)).toBeGreaterThanOrEqual(backoffMs(i + 1, pace))
  })
  const { rows } = await database().runner.pool.query<{ kind: string; text: string }>(
    `SELECT kind, text FROM record_entry WHERE run_id = $1`,
    [id],
  )
  expect(rows.some(({ kind }) => kind === 'step.refused' || kind === 'run.step-failed')).toBe(false)
  const { rows: output } = await database().runner.pool.query<{ text: string }>(
    'SELECT text FROM run_output WHERE run_id = $1',
    [id],
  )
  expect(output.map(({ text }) => text).join('\n')).toContain('AWS is throttling; retrying more slowly.')
  expect(output.map(({ text }) => text).join('\n')).toContain('Postponed: RDS is throttling our requests.')
})

test('the wait doubles up to half a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((n) => backoffMs(n, 1))).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
})
