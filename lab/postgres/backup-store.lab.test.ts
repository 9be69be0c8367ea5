/** The restore window of a real server, held against what its own clock says of its commits. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestLab, type TestLab } from '../testing'
import { storeBeside } from './backup-store'
import { withClient } from './sql'

let test: TestLab
beforeAll(async () => {
  test = await startTestLab({ basePort: 23_100 })
})
afterAll(() => test.end())

const cluster = () => test.lab.context.cluster
const admin = () => ({
  user: cluster().masterUsername,
  password: test.lab.secrets.adminPassword,
  database: cluster().databaseName,
})

it('ends at the last commit that was archived, by the server’s own time of it', async () => {
  const committed = await withClient(cluster().writerEndpoint, admin(), async (client) => {
    const times: number[] = []
    for (let n = 1; n <= 3; n += 1) {
      await client.query("INSERT INTO commits (worker, n) VALUES ('window', $1)", [n])
      const { rows } = await client.query<{ at: string }>(
        "SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000 AS at FROM commits WHERE worker = 'window' AND n = $1",
        [n],
      )
      times.push(Number(rows[0]?.at))
    }
    // Rolled back: no commit, so it moves no window.
    await client.query('BEGIN')
    await client.query("INSERT INTO commits (worker, n) VALUES ('window', 9)")
    await client.query('ROLLBACK')
    return times
  })
  await expect
    .poll(() => cluster().restorable().latest, { timeout: 40_000, interval: 200 })
    .toBe(Math.floor(committed.at(-1) ?? Number.NaN))
  const { earliest } = cluster().restorable()
  expect(earliest).toBeLessThan(committed[0] ?? Number.NaN)
})

it('archives every segment whole and once, in one directory of the cluster', () => {
  const store = storeBeside(join(test.lab.context.dataDir, 'postgres', 'archive'))
  const names = readdirSync(store.archiveDir)
  expect(names.filter((name) => name.endsWith('.part'))).toEqual([])
  const segments = names.filter((name) => /^[0-9A-F]{24}$/.test(name)).sort()
  expect(segments.length).toBeGreaterThan(1)
  const numbers = segments.map((name) => Number.parseInt(name.slice(16), 16))
  expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
})
