import { z } from 'zod'
import { ExpectedError, invalidField, notFound, notSignedIn } from '../../domain/errors'
import { findAccount, saltOfSession } from '../../store/people'
import { choosePasswordHash, setPasswordHash } from '../../store/people-changes'
import { actorOf, authorise, type CommandContext } from '../context'
import { newPassword } from './add-person'
import { keptOf, outputFor } from './password'
import { throwRefusal } from './refused'
import { stepUpByPassword } from './step-up'

export const setPasswordInput = z.object({
  accountId: z.uuid(),
  /** The present password, when one changes one's own and has one. */
  current: z.string().max(1024).optional(),
  password: newPassword,
})
export const choosePasswordInput = z.object({ password: newPassword })

/**
 * Sets a password and ends the account's other sessions. Another person's opens one session, in which they choose their own.
 * Throws ExpectedError 'invalid' at `current`, 'not-found', 'too-many-attempts', 'authentication-needed'.
 */
export async function setPassword(context: CommandContext, input: z.output<typeof setPasswordInput>): Promise<void> {
  const own = input.accountId === context.person.id
  if (!own) authorise(context, 'manage-people')
  const account = await findAccount(context.store.prisma, input.accountId)
  if (!account) throw notFound('This person')
  if (own && account.hasPassword)
    await stepUpByPassword(context, { password: input.current ?? '' }).catch((error: unknown) => {
      throw error instanceof ExpectedError && error.code === 'invalid'
        ? invalidField('current', 'That is not your present password.')
        : error
    })
  const refusal = await setPasswordHash(context.store, context.token, account.id, await keptOf(input.password), {
    kind: 'person.password-set',
    actor: actorOf(context),
    text: own ? `${account.name} changed their password.` : `${account.name} was given a one-time password.`,
    evidence: { accountId: account.id },
  })
  throwRefusal(refusal, { changed: `${account.name} was changed at the same time. Reload and decide again.` })
}

/**
 * Chooses a password of one's own after signing in with one that somebody else had set. The session is a whole one from here on.
 * Throws ExpectedError 'invalid' at `password` when it is the same, 'not-signed-in'.
 */
export async function choosePassword(
  context: CommandContext,
  input: z.output<typeof choosePasswordInput>,
): Promise<void> {
  const { store, person } = context
  const how = await saltOfSession(store, context.token)
  if (!how) throw notSignedIn()
  const output = await outputFor(input.password, how)
  const refusal = await choosePasswordHash(store, context.token, output, await keptOf(input.password), {
    kind: 'person.password-set',
    actor: actorOf(context),
    text: `${person.name} chose their own password.`,
    evidence: { accountId: person.id },
  })
  if (refusal === 'same') throw invalidField('password', 'Choose a different password from the one-time password.')
  throwRefusal(refusal, { changed: 'Your account was changed at the same time. Sign in again.' })
}
