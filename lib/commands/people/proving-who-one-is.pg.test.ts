/*
 * Somebody finds an unlocked laptop of an admin, or is given a password by one. What is dangerous takes proof within five minutes of
 * who acts; and a password that another person set opens one session, in which nothing but choosing a new one is possible.
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { pairLimit } from '../../domain/people/guessing'
import type { Role } from '../../domain/people/permissions'
import { freshAuthenticationMs } from '../../domain/people/session-rules'
import { findSessionByToken } from '../../store/people'
import { databasePerTest } from '../../store/testing/database'
import { addAccount, addSession } from '../../store/testing/people'
import { testSecret } from '../../store/testing/postgres'
import { proverOf } from '../../store/web-proof'
import { sessionReader } from '../../web/session-reader'
import type { CommandContext } from '../context'
import { code } from '../testing/people-in-an-incident'
import { signedIn } from '../testing/signed-in'
import { addPerson } from './add-person'
import { changeRole } from './change-role'
import { connectIdentity, disconnectIdentity } from './connect-identity'
import { removePasskey } from './passkeys'
import { setDisabled } from './set-disabled'
import { choosePassword, setPassword } from './set-password'
import { signInByPassword } from './sign-in'
import { stepUpByPassword, stepUpInLab } from './step-up'

const database = databasePerTest()
const production = { name: 'production', kind: 'production' as const }
const password = 'correct horse battery'

async function someone(role: Role, environment: CommandContext['environment'] = production): Promise<CommandContext> {
  const login = `${role}-${randomUUID()}@example.org`
  await addAccount(database().owner, { login, name: role, role, password })
  return await signedIn(database(), { login, role }, environment)
}
const age = (ms = freshAuthenticationMs) =>
  database().owner.pool.query(`UPDATE session SET authenticated_at = authenticated_at - make_interval(secs => $1)`, [
    ms / 1000,
  ])
const prove = proverOf(testSecret)
const from = () => ({ store: database().web, prove, address: '10.0.0.1', userAgent: null, now: Date.now })
const loginOf = async ({ token }: CommandContext) =>
  (await findSessionByToken(database().web.prisma, token))?.account.login ?? ''

describe('whoever changes people proves within five minutes who they are', () => {
  const changes: [string, (admin: CommandContext, other: CommandContext) => Promise<unknown>][] = [
    ['adding a person', (admin) => addPerson(admin, { login: 'new@x', name: 'New', role: 'viewer' })],
    ['a role', (admin, { person }) => changeRole(admin, { accountId: person.id, from: 'approver', to: 'viewer' })],
    ['disabling', (admin, { person }) => setDisabled(admin, { accountId: person.id, disabled: true })],
    ['a password', (admin, { person }) => setPassword(admin, { accountId: person.id, password: 'a new password' })],
    [
      'an identity',
      (admin, { person }) => connectIdentity(admin, 'https://id.example.org', { accountId: person.id, subject: 'abc' }),
    ],
    [
      'a passkey',
      async (admin, { person }) => {
        await database().owner.prisma.passkey.create({
          data: { id: 'k', accountId: person.id, publicKey: 'p', name: 'k', transports: [] },
        })
        await removePasskey(admin, { id: 'k' })
      },
    ],
  ]
  test.each(changes)('%s', async (_what, change) => {
    const admin = await someone('admin')
    const other = await someone('approver')
    await age()
    expect(await code(change(admin, other))).toBe('authentication-needed')
    expect(await database().web.prisma.recordEntry.count()).toBe(0)
    await database().owner.prisma.passkey.deleteMany()
    await stepUpByPassword(admin, { password })
    expect(await code(change(admin, other))).toBe('done')
  })

  test('and only until then', async () => {
    const admin = await someone('admin')
    await age(freshAuthenticationMs - 20_000)
    expect(await code(addPerson(admin, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('done')
  })

  test('by the role that the account has at that moment, and in a session that stands', async () => {
    const admin = await someone('admin')
    await someone('admin')
    const { pool } = database().owner
    await pool.query("UPDATE account SET role = 'commander' WHERE id = $1", [admin.person.id])
    expect(await code(addPerson(admin, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('not-allowed')
    await pool.query("UPDATE account SET role = 'admin' WHERE id = $1", [admin.person.id])
    await pool.query('UPDATE session SET revoked_at = clock_timestamp()')
    expect(await code(addPerson(admin, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('not-signed-in')
  })
})

describe('proof', () => {
  test('is not given by a wrong password, and guessing is limited as at signing in', async () => {
    const admin = await someone('admin')
    await age()
    const guesses = await Promise.all(
      Array.from({ length: pairLimit.failures + 1 }, () => code(stepUpByPassword(admin, { password: 'wrong guess' }))),
    )
    expect(guesses.filter((one) => one === 'invalid')).toHaveLength(pairLimit.failures)
    expect(await code(stepUpByPassword(admin, { password }))).toBe('too-many-attempts')
    expect(await code(signInByPassword(from(), { login: await loginOf(admin), password }))).toBe('too-many-attempts')
    expect(await code(addPerson(admin, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('authentication-needed')
  })

  test('is given by one click where one click signs in, and nowhere else', async () => {
    const { web: store } = database()
    const lab = { name: 'lab', kind: 'lab' as const }
    const account = await addAccount(database().owner, { login: 'sasha@lab', name: 'Sasha', role: 'admin' })
    await database().owner.pool.query(`DELETE FROM environment WHERE kind <> 'lab'`)
    const enter = async (method: 'lab' | 'password', environment: CommandContext['environment']) => {
      const token = randomUUID()
      const sessionId = await addSession(database().owner, { token, accountId: account.id, method })
      const person = { id: account.id, name: 'Sasha', role: 'admin' as const }
      return { store, prove, person, sessionId, token, address: '10.0.0.1', environment, now: Date.now }
    }
    const inLab = await enter('lab', lab)
    await age()
    expect(await code(stepUpInLab(await enter('password', lab)))).toBe('not-allowed')
    expect(await code(stepUpInLab(await enter('lab', production)))).toBe('not-allowed')
    expect(await code(addPerson(inLab, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('authentication-needed')
    await stepUpInLab(inLab)
    expect(await code(addPerson(inLab, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('done')
  })

  test('of one session is none of another', async () => {
    const admin = await someone('admin')
    const login = await loginOf(admin)
    const elsewhere = await signedIn(database(), { login, role: 'admin' }, production)
    await age()
    await stepUpByPassword(elsewhere, { password })
    expect(await code(addPerson(admin, { login: 'new@x', name: 'New', role: 'viewer' }))).toBe('authentication-needed')
  })

  test('is the present password, when one changes one’s own', async () => {
    const admin = await someone('admin')
    await age()
    const next = 'another long password'
    const change = (current: string) =>
      code(setPassword(admin, { accountId: admin.person.id, current, password: next }))
    expect(await change('wrong')).toBe('invalid')
    expect(await change(password)).toBe('done')
    expect(await code(signInByPassword(from(), { login: await loginOf(admin), password: next }))).toBe('done')
  })
})

describe('a password that an admin set', () => {
  const once = 'a first password'
  async function given(): Promise<{ login: string; accountId: string }> {
    const admin = await someone('admin')
    const login = 'robin@example.org'
    const { id } = await addPerson(admin, { login, name: 'Robin', role: 'approver', password: once })
    return { login, accountId: id }
  }
  const enter = async (login: string, known = once) => {
    const token = await signInByPassword(from(), { login, password: known })
    const sessions = sessionReader(database().web, Date.now)
    const [whole, limited] = [await sessions.confirm(token), await sessions.limited(token)]
    return { token, whole, limited }
  }
  const contextOf = (token: string, sessionId: string, id: string): CommandContext => ({
    store: database().web,
    prove,
    person: { id, name: 'Robin', role: 'approver' },
    sessionId,
    token,
    address: '10.0.0.1',
    environment: production,
    now: Date.now,
  })

  test('opens a session that is good for nothing but choosing a new one', async () => {
    const { login, accountId } = await given()
    const { token, whole, limited } = await enter(login)
    expect(whole).toBeNull()
    const robin = contextOf(token, limited?.id ?? '', accountId)
    expect(await code(stepUpByPassword(robin, { password: once }))).toBe('not-signed-in')
    expect(await code(setPassword(robin, { accountId, current: once, password: 'a new long password' }))).toBe(
      'not-signed-in',
    )
    expect(await code(choosePassword(robin, { password: once }))).toBe('invalid')
    await choosePassword(robin, { password: 'a password of my own' })
    expect((await sessionReader(database().web, Date.now).confirm(token))?.person.name).toBe('Robin')
    expect(await code(choosePassword(robin, { password: 'yet another password' }))).toBe('not-signed-in')
    expect(await code(enter(login))).toBe('invalid')
    expect((await enter(login, 'a password of my own')).whole?.person.id).toBe(accountId)
  })

  test('opens one session, also when two sign in at the same moment', async () => {
    const { login } = await given()
    const both = await Promise.all([code(enter(login)), code(enter(login))])
    expect(both.sort()).toEqual(['conflict', 'done'])
    expect(await code(enter(login))).toBe('conflict')
  })

  test('opens one session again after it was reset, and ends the sessions before', async () => {
    const { login, accountId } = await given()
    const first = await enter(login)
    await setPassword(await someone('admin'), { accountId, password: 'a second password' })
    expect(await sessionReader(database().web, Date.now).limited(first.token)).toBeNull()
    expect((await enter(login, 'a second password')).limited?.person.id).toBe(accountId)
  })
})

describe('an identity of single sign-on', () => {
  const issuer = 'https://id.example.org'
  test('is connected by an admin, once, and disconnected; both end the sessions of the account', async () => {
    const admin = await someone('admin')
    const [robin, kai] = [await someone('approver'), await someone('approver')]
    const identity = (who: CommandContext) => ({ accountId: who.person.id, subject: 'abc' })
    const live = (who: CommandContext) => sessionReader(database().web, Date.now).confirm(who.token)
    expect(await code(connectIdentity(robin, issuer, identity(robin)))).toBe('not-allowed')
    await connectIdentity(admin, issuer, identity(robin))
    expect(await live(robin)).toBeNull()
    expect(await code(connectIdentity(admin, issuer, identity(kai)))).toBe('invalid')
    expect(await code(connectIdentity(admin, issuer, { ...identity(robin), subject: 'def' }))).toBe('conflict')
    expect(await live(kai)).not.toBeNull()
    await disconnectIdentity(admin, { accountId: robin.person.id })
    expect(await code(disconnectIdentity(admin, { accountId: robin.person.id }))).toBe('conflict')
    await connectIdentity(admin, issuer, identity(kai))
    expect(await live(kai)).toBeNull()
  })
})
