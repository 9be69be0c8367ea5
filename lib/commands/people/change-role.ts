import { z } from 'zod'
import { notFound } from '../../domain/errors'
import { roles } from '../../domain/people/permissions'
import { findAccount } from '../../store/people'
import { setRole } from '../../store/people-changes'
import { actorOf, authorise, type CommandContext } from '../context'
import { throwRefusal } from './refused'

export const changeRoleInput = z.object({
  accountId: z.uuid(),
  /** The role that the admin saw: somebody else may have changed it since. */
  from: z.enum(roles),
  to: z.enum(roles, 'Choose a role.'),
})

/**
 * Changes a person's role, at once for every session. Throws ExpectedError 'conflict', 'not-found', 'not-allowed',
 * 'authentication-needed'.
 */
export async function changeRole(context: CommandContext, input: z.output<typeof changeRoleInput>): Promise<void> {
  authorise(context, 'manage-people')
  if (input.from === input.to) return
  const account = await findAccount(context.store.prisma, input.accountId)
  if (!account) throw notFound('This person')
  const refusal = await setRole(context.store, context.token, account.id, input.from, input.to, {
    kind: 'person.role-changed',
    actor: actorOf(context),
    text: `The role of ${account.name} changed from ${input.from} to ${input.to}.`,
    evidence: { accountId: account.id, from: input.from, to: input.to },
  })
  throwRefusal(refusal, {
    changed: `Someone else changed the role of ${account.name} at the same time. Reload and decide again.`,
  })
}
