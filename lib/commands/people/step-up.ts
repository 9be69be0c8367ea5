import { z } from 'zod'
import { conflict, ExpectedError, notSignedIn } from '../../domain/errors'
import { labPeople } from '../../domain/people/account'
import { authenticateSession, findSessionByToken } from '../../store/people'
import type { CommandContext } from '../context'
import { guardedPassword } from './guarded'

/* Proving again who one is, before an act that takes it. Single sign-on does it by signing in anew (sign-in.ts). */

export const stepUpInput = z.object({ password: z.string().min(1, 'Enter your password.').max(1024) })

function done(refusal: 'not-signed-in' | 'changed' | null): void {
  if (refusal === 'not-signed-in') throw notSignedIn()
  if (refusal === 'changed') throw conflict('Your password was changed at the same time. Sign in again.')
}

/**
 * Proves by password who one is, under the same limits on guessing as signing in. Throws ExpectedError 'invalid' at `password`,
 * 'too-many-attempts', 'not-signed-in'.
 */
export async function stepUpByPassword(context: CommandContext, input: z.output<typeof stepUpInput>): Promise<void> {
  const session = await findSessionByToken(context.store.prisma, context.token)
  if (!session) throw notSignedIn()
  const found = await guardedPassword(context, session.account.login, input.password)
  if (!found)
    throw new ExpectedError('invalid', 'That is not your password.', {
      fields: { password: ['That is not your password.'] },
    })
  done(await authenticateSession(context.store, context.token, { method: 'password', proof: found.proof }))
}

/** In a lab, where one click signs in, one click proves it. Throws ExpectedError 'not-allowed', 'not-signed-in'. */
export async function stepUpInLab(context: CommandContext): Promise<void> {
  const session = await findSessionByToken(context.store.prisma, context.token)
  if (!session) throw notSignedIn()
  if (
    context.environment.kind !== 'lab' ||
    session.method !== 'lab' ||
    !labPeople.some(({ login }) => login === session.account.login)
  )
    throw new ExpectedError('not-allowed', 'Confirming by one click exists in a lab environment only.')
  done(await authenticateSession(context.store, context.token, { method: 'lab' }))
}
