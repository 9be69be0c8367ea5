import { randomUUID } from 'node:crypto'
import type { Role } from '../../domain/people/permissions'
import { absoluteLimitMs } from '../../domain/people/session-rules'
import type { Store } from '../../store/client'
import { addAccount, addSession, findAccountByLogin } from '../../store/people'
import type { CommandContext } from '../context'

/**
 * A person with an account and a session that has just been opened, as commands meet them. The same login is the same
 * account: asked for in another role, the account gets that role.
 */
export async function signedIn(
  store: Store,
  person: { login: string; name?: string; role: Role },
  environment: CommandContext['environment'],
  now: () => number = Date.now,
): Promise<CommandContext> {
  const { login, role, name = login } = person
  const known = async () => (await findAccountByLogin(store.prisma, login))?.account
  const account = (await known()) ?? (await addAccount(store.prisma, { login, name, role })) ?? (await known())
  if (!account) throw new Error(`There is no account ${login}`)
  if (account.role !== role) await store.prisma.account.update({ where: { id: account.id }, data: { role } })
  const token = randomUUID()
  const sessionId = await addSession(store, {
    token,
    accountId: account.id,
    method: 'password',
    now: now(),
    expiresAt: now() + absoluteLimitMs,
    userAgent: null,
    address: '10.0.0.1',
  })
  return {
    store,
    person: { id: account.id, name: account.name, role },
    sessionId,
    token,
    address: '10.0.0.1',
    environment,
    now,
  }
}
