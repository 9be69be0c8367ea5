import { z } from 'zod'
import { notFound } from '../../domain/errors'
import { findAccount } from '../../store/people'
import { setAccountDisabled } from '../../store/people-changes'
import { actorOf, authorise, type CommandContext } from '../context'
import { throwRefusal } from './refused'

export const setDisabledInput = z.object({ accountId: z.uuid(), disabled: z.boolean() })

/**
 * Disables an account and ends its sessions at once, or enables it again. Throws ExpectedError 'conflict', 'not-found',
 * 'not-allowed', 'authentication-needed'.
 */
export async function setDisabled(context: CommandContext, input: z.output<typeof setDisabledInput>): Promise<void> {
  authorise(context, 'manage-people')
  const { accountId, disabled } = input
  const account = await findAccount(context.store.prisma, accountId)
  if (!account) throw notFound('This person')
  const refusal = await setAccountDisabled(context.store, context.token, accountId, disabled, {
    kind: disabled ? 'person.disabled' : 'person.enabled',
    actor: actorOf(context),
    text: disabled ? `${account.name} was disabled and signed out.` : `${account.name} was enabled again.`,
    evidence: { accountId },
  })
  throwRefusal(refusal, { changed: `${account.name} is already ${disabled ? 'disabled' : 'enabled'}.` })
}
