// Many people look at the prerequisites at once, a runner dies on a look, or nobody is there to look. What is the same is
// looked at once, a person waits for one answer, those who waited longest go first, and no screen waits for ever.
import { beforeEach, describe, expect, test } from 'vitest'
import { signedIn } from '../commands/testing/signed-in'
import { answerPreflight, askPreflight, readPreflight, takePreflight } from './preflight'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const asker = async (by: string) =>
  (await signedIn(database(), { login: by, role: 'viewer' }, { name: 'lab', kind: 'lab' })).token
const ask = async (id: string, { by = 'someone', what = id }: { by?: string; what?: string } = {}) =>
  askPreflight(database().web, await asker(by), {
    id,
    procedureId: 'primary-failover',
    inputs: {},
    mode: 'dry-run',
    environment: 'lab',
    digest: what,
  })
const take = async () => (await takePreflight(database().runner, 'lab'))?.id ?? null
const read = (id: string) => readPreflight(database().web, 'lab', id)
const answer = (id: string) => answerPreflight(database().runner, id, [], null)
/** Time is moved, not waited for. */
const age = (id: string, seconds: number) =>
  database().owner.pool.query(
    `UPDATE preflight SET asked_at = asked_at - make_interval(secs => $2), taken_at = taken_at - make_interval(secs => $2),
       finished_at = finished_at - make_interval(secs => $2) WHERE id = $1`,
    [id, seconds],
  )

describe('what is the same', () => {
  test('is asked once while it waits, while it is looked at, and for three seconds after', async () => {
    expect(await ask('first', { by: 'a', what: 'x' })).toBe('first')
    expect(await ask('second', { by: 'b', what: 'x' })).toBe('first')
    expect([await take(), await take()]).toEqual(['first', null])
    expect(await ask('third', { by: 'c', what: 'x' })).toBe('first')
    await answer('first')
    expect(await ask('fourth', { by: 'd', what: 'x' })).toBe('first')
    expect(await take()).toBeNull()
    await age('first', 4)
    expect(await ask('fifth', { by: 'e', what: 'x' })).toBe('fifth')
  })

  test('is asked once by twenty who ask at the same moment', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`q${i}`, { by: `p${i}`, what: 'x' })))
    expect(new Set(ids).size).toBe(1)
  })

  test('is asked anew where the look before it failed or was never answered', async () => {
    await ask('failed', { what: 'x' })
    await take()
    await answerPreflight(database().runner, 'failed', [], 'It could not be checked.')
    expect(await ask('second', { what: 'x' })).toBe('second')
    await take()
    await age('second', 23)
    expect(await ask('third', { what: 'x' })).toBe('third')
  })
})

describe('a person', () => {
  test('waits for the newest of their questions only', async () => {
    await ask('first', { by: 'a' })
    await ask('second', { by: 'a' })
    await ask('third', { by: 'a' })
    expect(await read('first')).toMatchObject({
      state: 'failed',
      error: 'A newer question of the same person took its place.',
    })
    expect([await take(), await take()]).toEqual(['third', null])
  })

  test('does not take away what somebody else waits for', async () => {
    await ask('first', { by: 'a', what: 'x' })
    await ask('again', { by: 'b', what: 'x' })
    await ask('second', { by: 'a' })
    expect([await take(), await take(), await take()]).toEqual(['first', 'second', null])
  })

  test('does not take away what a runner has begun with', async () => {
    await ask('first', { by: 'a' })
    expect(await take()).toBe('first')
    await ask('second', { by: 'a' })
    expect(await read('first')).toMatchObject({ state: 'running' })
  })
})

describe('a question', () => {
  beforeEach(() => ask('first'))

  test('that has waited longest is taken first, and each by one runner only', async () => {
    await age('first', 1)
    await ask('second', { by: 'b' })
    expect([await take(), await take(), await take()]).toEqual(['first', 'second', null])
  })

  test('whose runner was lost reads as failed, so that it is asked again', async () => {
    expect(await take()).toBe('first')
    await age('first', 23)
    expect(await read('first')).toMatchObject({ state: 'failed' })
    await ask('again')
    expect(await take()).toBe('again')
    await answer('again')
    expect(await read('again')).toMatchObject({ state: 'done', mayStart: true })
  })

  test('that waited its turn is not given up while it is looked at', async () => {
    await age('first', 20)
    expect(await take()).toBe('first')
    await database().owner.pool.query(`UPDATE preflight SET asked_at = asked_at - interval '10 seconds'`)
    expect(await read('first')).toMatchObject({ state: 'running' })
  })

  test('that nobody answers reads as failed, and is not answered any more', async () => {
    expect(await read('first')).toMatchObject({ state: 'asked' })
    await age('first', 23)
    const view = await read('first')
    expect(view).toMatchObject({ state: 'failed', mayStart: false })
    expect(view?.error).toContain('No runner responded')
    expect(await take()).toBeNull()
  })
})
