// A runner dies on a look at the prerequisites, or nobody is there to look. No screen waits for ever: the newest question
// goes first, and one that nobody answered reads as failed, upon which a screen asks anew.
import { beforeEach, expect, test } from 'vitest'
import { databasePerTest } from '../../bin/testing/database'
import { answerPreflight, askPreflight, readPreflight, takePreflight } from './preflight'

const database = databasePerTest()
const ask = (id: string) =>
  askPreflight(database().store, {
    id,
    procedureId: 'primary-failover',
    inputs: {},
    mode: 'dry-run',
    environment: 'lab',
    askedBy: 'someone',
  })
const take = async () => (await takePreflight(database().store, 'lab'))?.id ?? null
/** Time is moved, not waited for. */
const age = (id: string, seconds: number) =>
  database().store.pool.query('UPDATE preflight SET asked_at = asked_at - make_interval(secs => $2) WHERE id = $1', [
    id,
    seconds,
  ])

beforeEach(async () => {
  await ask('first')
})

test('the newest question is taken first, and each by one runner only', async () => {
  await age('first', 1)
  await ask('second')
  expect([await take(), await take(), await take()]).toEqual(['second', 'first', null])
})

test('a question whose runner was lost reads as failed, so that it is asked again', async () => {
  expect(await take()).toBe('first')
  await age('first', 23)
  expect(await readPreflight(database().store, 'first')).toMatchObject({ state: 'failed' })
  await ask('again')
  expect(await take()).toBe('again')
  await answerPreflight(database().store, 'again', [], null)
  expect(await readPreflight(database().store, 'again')).toMatchObject({ state: 'done', mayStart: true })
})

test('a question that nobody answers reads as failed, and is not answered any more', async () => {
  expect(await readPreflight(database().store, 'first')).toMatchObject({ state: 'asked' })
  await age('first', 23)
  const read = await readPreflight(database().store, 'first')
  expect(read).toMatchObject({ state: 'failed', mayStart: false })
  expect(read?.error).toContain('No runner answered')
  expect(await take()).toBeNull()
})
