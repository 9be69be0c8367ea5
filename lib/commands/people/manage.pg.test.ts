/*
 * Admins manage people. Whatever they change holds for the very next request, is recorded with the change, and cannot
 * leave the War Room without an admin.
 */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Role, roles } from '../../domain/people/permissions'
import { idleLimitMs } from '../../domain/people/session-rules'
import { createStore } from '../../store/client'
import { databasePerTest } from '../../store/testing/database'
import { addAccount, addSession } from '../../store/testing/people'
import { testSecret } from '../../store/testing/postgres'
import { proverOf } from '../../store/web-proof'
import { rememberedForMs, sessionReader } from '../../web/session-reader'
import type { CommandContext } from '../context'
import { addPerson } from './add-person'
import { changeRole } from './change-role'
import { endSessions } from './end-sessions'
import { listPeople } from './list-people'
import { setDisabled } from './set-disabled'
import { setPassword } from './set-password'

const database = databasePerTest()
const start = Date.now()

async function someone(role: Role, name = role as string) {
  const account = await addAccount(database().owner, { login: `${name}-${randomUUID()}`, name, role })
  const token = randomUUID()
  const sessionId = await addSession(database().owner, { token, accountId: account.id, at: start })
  const context: CommandContext = {
    store: database().web,
    person: { id: account.id, name, role },
    sessionId,
    token,
    address: '10.0.0.1',
    prove: proverOf(testSecret),
    environment: { name: 'lab', kind: 'lab' },
    now: () => start + 1000,
  }
  return { account, token, sessionId, context }
}
const reader = (now = start + 1000) => sessionReader(database().web, () => now)
const recorded = async () =>
  (await database().web.prisma.recordEntry.findMany({ orderBy: { n: 'asc' } })).map((entry) => entry.kind)

describe('a change by an admin', () => {
  it('of the role holds for the next request and is recorded', async () => {
    const admin = await someone('admin')
    const robin = await someone('responder')
    await changeRole(admin.context, { accountId: robin.account.id, from: 'responder', to: 'approver' })
    expect((await reader().confirm(robin.token))?.person.role).toBe('approver')
    expect(await recorded()).toEqual(['person.role-changed'])
  })

  it('loses politely against somebody who was faster', async () => {
    const admin = await someone('admin')
    const robin = await someone('responder')
    const changes = await Promise.allSettled([
      changeRole(admin.context, { accountId: robin.account.id, from: 'responder', to: 'approver' }),
      changeRole(admin.context, { accountId: robin.account.id, from: 'responder', to: 'viewer' }),
    ])
    expect(changes.filter((change) => change.status === 'fulfilled')).toHaveLength(1)
    expect(changes.find((change) => change.status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } })
    expect(await recorded()).toHaveLength(1)
  })

  it('disables an account and signs it out at once', async () => {
    const admin = await someone('admin')
    const robin = await someone('responder')
    const looking = reader()
    expect(await looking.look(robin.token)).not.toBeNull()
    await setDisabled(admin.context, { accountId: robin.account.id, disabled: true })
    expect(await looking.look(robin.token)).toBeNull()
    await setDisabled(admin.context, { accountId: robin.account.id, disabled: false })
    expect(await looking.look(robin.token)).toBeNull() // enabled again, but that sign-in is over
  })

  it('ends one session and leaves the others', async () => {
    const admin = await someone('admin')
    const robin = await someone('responder')
    await endSessions(admin.context, { accountId: robin.account.id, sessionId: robin.sessionId })
    expect(await reader().confirm(robin.token)).toBeNull()
    expect(await reader().confirm(admin.token)).not.toBeNull()
  })

  it('of a password ends all sessions of that person', async () => {
    const admin = await someone('admin')
    const robin = await someone('responder')
    await setPassword(admin.context, { accountId: robin.account.id, password: 'a new long password' })
    expect(await reader().confirm(robin.token)).toBeNull()
  })

  it('cannot take a login that somebody has', async () => {
    const admin = await someone('admin')
    const person = { login: 'kai@example.org', name: 'Kai', role: 'viewer' as const }
    await addPerson(admin.context, person)
    await expect(addPerson(admin.context, person)).rejects.toMatchObject({
      code: 'invalid',
      fields: { login: [expect.any(String)] },
    })
    expect(await recorded()).toEqual(['person.added'])
  })
})

describe('the last admin', () => {
  it('can be neither disabled nor given another role', async () => {
    const { context, account } = await someone('admin')
    await expect(setDisabled(context, { accountId: account.id, disabled: true })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(changeRole(context, { accountId: account.id, from: 'admin', to: 'viewer' })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  it('stays when two admins remove each other at the same time', async () => {
    const [a, b] = [await someone('admin', 'a'), await someone('admin', 'b')]
    const changes = await Promise.allSettled([
      setDisabled(a.context, { accountId: b.account.id, disabled: true }),
      changeRole(b.context, { accountId: a.account.id, from: 'admin', to: 'viewer' }),
    ])
    expect(changes.filter((change) => change.status === 'fulfilled')).toHaveLength(1)
  })
})

describe('people below admin', () => {
  it.each(roles.filter((role) => role !== 'admin'))('%s cannot manage anybody', async (role) => {
    const { context } = await someone(role)
    const other = await someone('viewer', 'other')
    const accountId = other.account.id
    const attempts = [
      addPerson(context, { login: 'x@example.org', name: 'X', role: 'admin' }),
      changeRole(context, { accountId: context.person.id, from: role, to: 'admin' }),
      setDisabled(context, { accountId, disabled: true }),
      endSessions(context, { accountId }),
      setPassword(context, { accountId, password: 'a new long password' }),
    ]
    for (const attempt of await Promise.allSettled(attempts))
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'not-allowed' } })
    const { people, sessions } = await listPeople(context)
    expect(people).toBeNull()
    expect(sessions.map((session) => session.accountId)).toEqual([context.person.id])
    expect(await recorded()).toEqual([])
  })

  it('may end their own other sessions, and keep the one they use', async () => {
    const robin = await someone('responder')
    const other = randomUUID()
    await addSession(database().owner, { token: other, accountId: robin.account.id, at: start })
    expect(await endSessions(robin.context, { accountId: robin.account.id })).toEqual({ ended: 1 })
    expect(await reader().confirm(other)).toBeNull()
    expect(await reader().confirm(robin.token)).not.toBeNull()
  })
})

describe('a session', () => {
  it('ends by idleness, and activity puts that off', async () => {
    const { token } = await someone('viewer')
    expect(await reader(start + idleLimitMs - 1).look(token)).not.toBeNull() // looking is no activity
    expect(await reader(start + idleLimitMs).confirm(token)).toBeNull()
    // Nearly idle by the store's own clock, which notes what its person does.
    await database().owner.pool.query(
      `UPDATE session SET last_seen_at = clock_timestamp() - make_interval(secs => $1)`,
      [idleLimitMs / 1000 - 60],
    )
    expect(await reader(Date.now()).confirm(token, true)).not.toBeNull()
    expect(await reader(Date.now() + idleLimitMs - 60_000).confirm(token)).not.toBeNull()
  })

  it('once confirmed is good for looking while the store is away, and never for acting', async () => {
    const { token } = await someone('viewer')
    const stranger = await someone('viewer', 'stranger')
    const store = createStore(database().webUrl)
    let now = start + 1000
    const looking = sessionReader(store, () => now)
    await looking.look(token)
    await store.close()
    expect(await looking.look(token)).toMatchObject({ confirmed: false, person: { role: 'viewer' } })
    await expect(looking.confirm(token)).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(await looking.look(stranger.token)).toBeNull()
    now += rememberedForMs + 1
    expect(await looking.look(token)).toBeNull()
  })
})
