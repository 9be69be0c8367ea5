import { z } from 'zod'
import { notFound } from '../../domain/errors'
import { idleLimitMs } from '../../domain/people/session-rules'
import { endSessionsOf, findAccount, listSessions } from '../../store/people'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'

export const endSessionsInput = z.object({
  accountId: z.uuid(),
  /** One session; all of the account's when left out. */
  sessionId: z.uuid().optional(),
})

/**
 * Ends sessions at once, one or all of a person. One's own need no right; ending all of one's own spares the session that
 * asks. Returns how many ended. Throws ExpectedError 'not-allowed', 'not-found'.
 */
export async function endSessions(
  context: CommandContext,
  input: z.output<typeof endSessionsInput>,
): Promise<{ ended: number }> {
  const own = input.accountId === context.person.id
  if (!own) authorise(context, 'manage-people')
  return await inTransaction(context.store, async (tx) => {
    const account = await findAccount(tx, input.accountId)
    if (!account) throw notFound('This person')
    const now = context.now()
    const standing = await listSessions(tx, now, now - idleLimitMs, input.accountId)
    if (input.sessionId && !standing.some((session) => session.id === input.sessionId)) throw notFound('This session')
    const ended = await endSessionsOf(tx, context.token, input.accountId, input.sessionId ?? null)
    if (ended > 0)
      await appendRecord(tx, context, {
        kind: 'person.sessions-ended',
        actor: actorOf(context),
        text: own
          ? `${account.name} ended ${ended === 1 ? 'a session' : `${ended} sessions`} of their own.`
          : `${ended === 1 ? 'A session' : `${ended} sessions`} of ${account.name} ended.`,
        evidence: { accountId: account.id, ended },
      })
    return { ended }
  })
}
