// A run says a hundred thousand lines. A page anywhere, a search and the numbers stay right.
import { expect, test } from 'vitest'
import { appendOutput, readOutput, searchOutput } from './run-output'
import { databasePerTest } from './testing/database'

const database = databasePerTest()

test('pages join without a gap, and a search finds words as they are, wildcards included', async () => {
  const { runner: store } = database()
  await database().owner.pool.query(
    `INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster, reason, two_persons,
       inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
     VALUES ('r', 'p', 1, 'P', 'dry-run', 'lab', 'lab', 'c', 'why', false, '{}', '{}', '[]', 'running', '', 'x', 'X', now())`,
  )
  const line = (text: string, stepId: string | null = null) => ({ stepId, kind: 'says' as const, text })
  for (let batch = 0; batch < 20; batch++)
    await appendOutput(
      store,
      'r',
      Array.from({ length: 5_000 }, (_, i) => line(`line ${batch * 5_000 + i}`)),
    )
  await appendOutput(store, 'r', [line('100% of A_b held', 'verify')])
  expect((await readOutput(store, 'lab', 'r', 99_999, 500)).map((l) => l.n)).toEqual([100_000, 100_001])
  const page = await readOutput(store, 'lab', 'r', 50_000, 500)
  expect(page.map((l) => l.n)).toEqual(Array.from({ length: 500 }, (_, i) => 50_001 + i))
  expect(await searchOutput(store, 'lab', 'r', '4242', 3)).toMatchObject({ found: 20, lines: [{}, {}, {}] })
  expect((await searchOutput(store, 'lab', 'r', '0% OF a_', 9)).lines.map((l) => l.stepId)).toEqual(['verify'])
  expect((await searchOutput(store, 'lab', 'r', 'VERIFY', 9)).found).toBe(1)
})
