// Somebody asks as fast as they can, by many tabs and through many webs at once. Nobody who works notices a limit; whoever
// goes beyond it is told when to try again, and then is let in.
import pg from 'pg'
import { expect, test } from 'vitest'
import { type RateName, rates } from '../domain/admission'
import { ExpectedError } from '../domain/errors'
import { admit } from './admission'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const names = Object.keys(rates) as RateName[]
const refused = (name: RateName, who: string) =>
  admit(database().web, name, who).then(
    () => null,
    (error: unknown) => (error instanceof ExpectedError ? error : Promise.reject(error)),
  )
/** Time is moved, not waited for; only the owner of the tables can. */
async function pass(ms: number): Promise<void> {
  const owner = new pg.Client({ connectionString: database().ownerUrl })
  await owner.connect()
  await owner.query(`UPDATE admission SET until = until - $1 * interval '1 millisecond'`, [ms])
  await owner.end()
}

test.each(names)('%s: a burst at once is let in whole, and no more of it than that', async (name) => {
  const { burst } = rates[name]
  const answers = await Promise.all(Array.from({ length: burst + 7 }, () => refused(name, 'a')))
  expect(answers.filter((error) => error === null)).toHaveLength(burst)
  const [error] = answers.filter((one) => one !== null)
  expect(error).toMatchObject({ code: 'too-many-attempts' })
  expect(error?.message).toMatch(/were requested too often\. Try again in \d+ s\.$/)
})

test.each(names)('%s: whoever waits as long as they were told is let in', async (name) => {
  for (let i = 0; i < rates[name].burst; i++) expect(await refused(name, 'a')).toBeNull()
  const error = await refused(name, 'a')
  expect(error?.retryAfterSeconds).toBeGreaterThan(0)
  await pass((error?.retryAfterSeconds ?? 0) * 1000)
  expect(await refused(name, 'a')).toBeNull()
  expect(await refused(name, 'a')).not.toBeNull()
})

test('one person’s haste is no limit for another, nor for another kind', async () => {
  for (let i = 0; i < rates.pdf.burst; i++) await refused('pdf', 'a')
  expect(await refused('pdf', 'a')).not.toBeNull()
  expect(await refused('pdf', 'b')).toBeNull()
  expect(await refused('export', 'a')).toBeNull()
})

test('a refusal does not count: the wait does not grow while somebody goes on asking', async () => {
  for (let i = 0; i < rates.pdf.burst; i++) await refused('pdf', 'a')
  const first = await refused('pdf', 'a')
  for (let i = 0; i < 20; i++) await refused('pdf', 'a')
  expect((await refused('pdf', 'a'))?.retryAfterSeconds).toBeLessThanOrEqual(first?.retryAfterSeconds ?? 0)
})

test('a double click is never refused', () => {
  for (const name of names) expect(rates[name].burst).toBeGreaterThanOrEqual(4)
})

test('the web’s own role cannot set its limits aside', async () => {
  await refused('pdf', 'a')
  await expect(database().web.pool.query('DELETE FROM admission')).rejects.toThrow(/permission denied/)
})
