import { z } from 'zod'
import { conflict, notFound } from '../../domain/errors'
import { roles } from '../../domain/people/permissions'
import { changeAccountRole, findAccount } from '../../store/people'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'
import { keepAnAdmin } from './keep-an-admin'

export const changeRoleInput = z.object({
  accountId: z.uuid(),
  /** The role that the admin saw: somebody else may have changed it since. */
  from: z.enum(roles),
  to: z.enum(roles, 'Choose a role.'),
})

/** Changes a person's role, at once for every session. Throws ExpectedError 'conflict', 'not-found'. */
export async function changeRole(context: CommandContext, input: z.output<typeof changeRoleInput>): Promise<void> {
  authorise(context, 'manage-people')
  if (input.from === input.to) return
  await inTransaction(context.store, async (tx) => {
    if (input.from === 'admin') await keepAnAdmin(tx, input.accountId)
    const account = await findAccount(tx, input.accountId)
    if (!account) throw notFound('This person')
    if (!(await changeAccountRole(tx, input.accountId, input.from, input.to)))
      throw conflict(`${account.name} is ${account.role} by now: somebody else changed it. Look again and decide anew.`)
    await appendRecord(tx, {
      kind: 'person.role-changed',
      actor: actorOf(context),
      text: `${account.name} is ${input.to} now, and was ${input.from}.`,
      evidence: { accountId: account.id, from: input.from, to: input.to },
    })
  })
}
