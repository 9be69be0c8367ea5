/*
 * Somebody guesses passwords: from one place, from many places, at one account, at all of them. Meanwhile the people who
 * are on call must get in.
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { labPeople } from '../../domain/people/account'
import { accountLimit, addressLimit, pairLimit } from '../../domain/people/guessing'
import { findSessionByToken } from '../../store/people'
import { databasePerTest } from '../../store/testing/database'
import { addAccount } from '../../store/testing/people'
import { testSecret } from '../../store/testing/postgres'
import { proverOf } from '../../store/web-proof'
import { signInAsLabRole, signInByPassword, signInBySubject } from './sign-in'

const database = databasePerTest()
const password = 'correct horse battery'
const from = (address: string) => ({
  store: database().web,
  prove: proverOf(testSecret),
  address,
  userAgent: 'test',
  now: Date.now,
})
const guess = (address: string, login: string) =>
  signInByPassword(from(address), { login, password: 'wrong guess' }).then(
    () => 'in',
    (error: { code: string }) => error.code,
  )
const enter = (address: string, login: string) =>
  signInByPassword(from(address), { login, password }).then(
    () => 'in',
    (error: { code: string }) => error.code,
  )
async function person(login: string, over: { disabled?: boolean } = {}) {
  return await addAccount(database().owner, { login, name: login, role: 'responder', password, ...over })
}
const setCount = (key: string, failures: number) =>
  database().owner.pool.query(
    `INSERT INTO sign_in_limit VALUES ($1, $2, now() + interval '1 hour') ON CONFLICT (key) DO UPDATE SET failures = $2`,
    [key, failures],
  )

describe('signing in by password', () => {
  it('starts a session for the right password, whatever the case of the login', async () => {
    const made = await person('robin@example.org')
    const token = await signInByPassword(from('10.0.0.1'), { login: ' Robin@Example.org ', password })
    const session = await findSessionByToken(database().web.prisma, token)
    expect(session?.account.id).toBe(made.id)
  })

  it('keeps no token in the store', async () => {
    await person('robin@example.org')
    const token = await signInByPassword(from('10.0.0.1'), { login: 'robin@example.org', password })
    const { rows } = await database().owner.pool.query<{ row: string }>('SELECT session::text AS row FROM session')
    expect(rows).toHaveLength(1)
    expect(rows[0]?.row).not.toContain(token)
  })

  it('refuses a login with a control character at its field, before anything is counted or asked', async () => {
    await person('robin@example.org')
    for (const login of ['robin@example.org\u0000', 'ro\u0007bin@example.org', 'robin\n@example.org', '\ud83d'])
      await expect(signInByPassword(from('10.0.0.1'), { login, password })).rejects.toMatchObject({
        code: 'invalid',
        fields: { login: ['This contains a control character. Remove it.'] },
      })
    expect((await database().owner.pool.query('SELECT * FROM sign_in_limit')).rows).toEqual([])
    expect(await enter('10.0.0.1', 'robin@example.org\n')).toBe('in')
  })

  it('answers alike for a wrong password, an unknown, a disabled and a passwordless account', async () => {
    await person('robin@example.org')
    await person('gone@example.org', { disabled: true })
    await addAccount(database().owner, { login: 'sso@example.org', name: 'S', role: 'viewer' })
    const answers = await Promise.all(
      ['robin@example.org', 'nobody@example.org', 'gone@example.org', 'sso@example.org'].map((login) =>
        signInByPassword(from('10.0.0.1'), { login, password: login.startsWith('gone') ? password : 'wrong' }).catch(
          (error: Error) => error.message,
        ),
      ),
    )
    expect(new Set(answers).size).toBe(1)
  })
})

describe('guessing', () => {
  it('is cut off after five failures of one account from one address, also for the right password', async () => {
    await person('robin@example.org')
    for (let i = 0; i < pairLimit.failures; i++) expect(await guess('10.0.0.1', 'robin@example.org')).toBe('invalid')
    expect(await guess('10.0.0.1', 'robin@example.org')).toBe('too-many-attempts')
    expect(await enter('10.0.0.1', 'robin@example.org')).toBe('too-many-attempts')
  })

  it('is counted before it is checked, so that many at once get no more guesses', async () => {
    await person('robin@example.org')
    const answers = await Promise.all(Array.from({ length: 20 }, () => guess('10.0.0.1', 'robin@example.org')))
    expect(answers.filter((answer) => answer === 'invalid')).toHaveLength(pairLimit.failures)
  })

  it('does not lock the same account at another address', async () => {
    await person('robin@example.org')
    for (let i = 0; i <= pairLimit.failures; i++) await guess('10.0.0.1', 'robin@example.org')
    expect(await enter('10.0.0.2', 'robin@example.org')).toBe('in')
  })

  it('is cut off for one address that tries many accounts', async () => {
    for (let i = 0; i < 3; i++) expect(await guess('10.0.0.1', `user${i}@example.org`)).toBe('invalid')
    await setCount('address 10.0.0.1', addressLimit.failures)
    expect(await guess('10.0.0.1', 'another@example.org')).toBe('too-many-attempts')
    expect(await guess('10.0.0.2', 'another@example.org')).toBe('invalid')
  })

  it('from many addresses locks strangers out, and not the places from where the person signed in before', async () => {
    await person('oncall@example.org')
    expect(await enter('10.0.0.1', 'oncall@example.org')).toBe('in')
    await setCount('account oncall@example.org', accountLimit.failures)
    expect(await guess('192.0.2.9', 'oncall@example.org')).toBe('too-many-attempts')
    expect(await enter('10.0.0.1', 'oncall@example.org')).toBe('in')
  })

  it('is forgiven by the right password', async () => {
    await person('robin@example.org')
    for (let i = 1; i < pairLimit.failures; i++) await guess('10.0.0.1', 'robin@example.org')
    expect(await enter('10.0.0.1', 'robin@example.org')).toBe('in')
    for (let i = 0; i < pairLimit.failures; i++) expect(await guess('10.0.0.1', 'robin@example.org')).toBe('invalid')
  })

  it('may go on after the window', async () => {
    await person('robin@example.org')
    for (let i = 0; i <= pairLimit.failures; i++) await guess('10.0.0.1', 'robin@example.org')
    await database().owner.pool.query(`UPDATE sign_in_limit SET window_end = now() - interval '1 s'`)
    expect(await enter('10.0.0.1', 'robin@example.org')).toBe('in')
  })
})

describe('single sign-on', () => {
  const identity = (over: object = {}) => ({
    issuer: 'https://id.example.org',
    subject: 'abc',
    email: 'New@Example.org',
    emailVerified: true,
    name: 'New Person',
    groups: null,
    authenticatedAt: Date.now(),
    ...over,
  })
  const rules = { domains: ['example.org'], groups: [], trustsAddresses: false }
  const bySubject = (who: ReturnType<typeof identity>) =>
    signInBySubject({ ...from('10.0.0.1'), session: null }, who, rules)
  const account = async (token: string) => (await findSessionByToken(database().web.prisma, token))?.account ?? null

  it('makes a viewer of somebody new, once, also for two first sign-ins at once', async () => {
    const tokens = await Promise.all([bySubject(identity()), bySubject(identity())])
    const people = await Promise.all(tokens.map(account))
    expect(people[0]).toMatchObject({ login: 'new@example.org', role: 'viewer', hasPassword: false })
    expect(people[1]?.id).toBe(people[0]?.id)
  })

  it('connects an account by a verified address and keeps its role', async () => {
    const made = await person('new@example.org')
    expect(await account(await bySubject(identity()))).toMatchObject({
      id: made.id,
      role: 'responder',
    })
  })

  it.each([
    ['an address that is not verified', { emailVerified: false }],
    ['another subject than the connected one', { subject: 'other' }],
  ])('does not give an account away to %s', async (_, over) => {
    await person('new@example.org')
    if ('subject' in over) await bySubject(identity())
    await expect(bySubject(identity(over))).rejects.toMatchObject({ code: 'not-allowed' })
  })

  it('refuses a disabled account', async () => {
    await person('new@example.org', { disabled: true })
    await expect(bySubject(identity())).rejects.toMatchObject({ code: 'not-allowed' })
  })
})

/** The store is for a lab alone. */
const aLabAlone = () => database().owner.pool.query(`DELETE FROM environment WHERE kind <> 'lab'`)

describe('one click in the lab', () => {
  it.each(labPeople)('signs in as $name, $role', async ({ role, name }) => {
    await aLabAlone()
    const token = await signInAsLabRole({ ...from('127.0.0.1'), environmentKind: 'lab' }, role)
    expect((await findSessionByToken(database().web.prisma, token))?.account).toMatchObject({ role, name })
  })

  it.each(['production', 'staging'] as const)('does not exist in %s', async (environmentKind) => {
    const acting = signInAsLabRole({ ...from('127.0.0.1'), environmentKind }, 'admin')
    await expect(acting).rejects.toMatchObject({ code: 'not-allowed' })
    expect(await database().web.prisma.account.count()).toBe(0)
  })

  it('does not exist in a store that is for another environment too', async () => {
    const acting = signInAsLabRole({ ...from('127.0.0.1'), environmentKind: 'lab' }, 'admin')
    await expect(acting).rejects.toMatchObject({ code: 'not-allowed' })
    expect(await database().web.prisma.account.count()).toBe(0)
  })

  it('cannot be used with a password, and an unknown session is none', async () => {
    await aLabAlone()
    await signInAsLabRole({ ...from('127.0.0.1'), environmentKind: 'lab' }, 'admin')
    expect(await enter('127.0.0.1', 'sasha@lab')).toBe('invalid')
    expect(await findSessionByToken(database().web.prisma, randomUUID())).toBeNull()
  })
})
