import { z } from 'zod'
import { invalidField, notFound } from '../../domain/errors'
import { findAccount, findAccountByLogin, revokeSessions, setPasswordHash } from '../../store/people'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'
import { newPassword } from './add-person'
import { hashPassword, passwordMatches } from './password'

export const setPasswordInput = z.object({
  accountId: z.uuid(),
  /** The present password, when one changes one's own and has one. */
  current: z.string().max(1024).optional(),
  password: newPassword,
})

/** Sets a password and ends the account's other sessions. Throws ExpectedError 'invalid' at `current`, 'not-found'. */
export async function setPassword(context: CommandContext, input: z.output<typeof setPasswordInput>): Promise<void> {
  const own = input.accountId === context.person.id
  if (!own) authorise(context, 'manage-people')
  const account = await findAccount(context.store.prisma, input.accountId)
  if (!account) throw notFound('This person')
  if (own && account.hasPassword) {
    const found = await findAccountByLogin(context.store.prisma, account.login)
    if (!(await passwordMatches(found?.passwordHash ?? null, input.current ?? '')))
      throw invalidField('current', 'That is not your present password.')
  }
  const passwordHash = await hashPassword(input.password)
  await inTransaction(context.store, async (tx) => {
    await setPasswordHash(tx, account.id, passwordHash)
    await revokeSessions(tx, { accountId: account.id, ...(own ? { except: context.sessionId } : {}) }, context.now())
    await appendRecord(tx, {
      kind: 'person.password-set',
      actor: actorOf(context),
      text: own ? `${account.name} changed their password.` : `${account.name} was given a new password.`,
      evidence: { accountId: account.id },
    })
  })
}
