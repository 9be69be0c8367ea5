import type { Account, PasskeyView, SessionView } from '../../domain/people/account'
import { may } from '../../domain/people/permissions'
import { idleLimitMs } from '../../domain/people/session-rules'
import { listPasskeys } from '../../store/passkeys'
import { listAccounts, listSessions } from '../../store/people'
import type { CommandContext } from '../context'

/** Everybody for those who manage people; one's own sessions for everybody. Sessions are the standing ones. */
export async function listPeople(context: CommandContext): Promise<{
  people: Account[] | null
  sessions: SessionView[]
  mySessionId: string
  myPasskeys: PasskeyView[]
}> {
  const db = context.store.prisma
  const now = context.now()
  const manages = may(context.person.role, 'manage-people')
  const [people, sessions, passkeys] = await Promise.all([
    manages ? listAccounts(db) : null,
    listSessions(db, now, now - idleLimitMs, manages ? undefined : context.person.id),
    listPasskeys(db, context.person.id),
  ])
  const myPasskeys = passkeys.map(({ transports: _transports, ...passkey }) => passkey)
  return { people, sessions, mySessionId: context.sessionId, myPasskeys }
}
