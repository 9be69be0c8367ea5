import { z } from 'zod'
import { conflict, notFound } from '../../domain/errors'
import { findAccount, revokeSessions, setAccountDisabled } from '../../store/people'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'
import { keepAnAdmin } from './keep-an-admin'

export const setDisabledInput = z.object({ accountId: z.uuid(), disabled: z.boolean() })

/** Disables an account and ends its sessions at once, or enables it again. Throws ExpectedError 'conflict', 'not-found'. */
export async function setDisabled(context: CommandContext, input: z.output<typeof setDisabledInput>): Promise<void> {
  authorise(context, 'manage-people')
  const { accountId, disabled } = input
  await inTransaction(context.store, async (tx) => {
    if (disabled) await keepAnAdmin(tx, accountId)
    const account = await findAccount(tx, accountId)
    if (!account) throw notFound('This person')
    if (!(await setAccountDisabled(tx, accountId, disabled ? context.now() : null)))
      throw conflict(`${account.name} is ${disabled ? 'disabled' : 'enabled'} already.`)
    const ended = disabled ? await revokeSessions(tx, { accountId }, context.now()) : 0
    await appendRecord(tx, {
      kind: disabled ? 'person.disabled' : 'person.enabled',
      actor: actorOf(context),
      text: disabled ? `${account.name} was disabled and signed out.` : `${account.name} was enabled again.`,
      evidence: { accountId, sessionsEnded: ended },
    })
  })
}
