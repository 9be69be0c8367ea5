import { z } from 'zod'
import { ExpectedError, notSignedIn } from '../../domain/errors'
import { labPeople } from '../../domain/people/account'
import { confirmByPassword, confirmInLab, findSessionByToken } from '../../store/people'
import type { CommandContext } from '../context'
import { attempt } from './guarded'

/* Proving again who one is, before an act that takes it. Single sign-on does it by signing in anew (sign-in.ts). */

export const stepUpInput = z.object({ password: z.string().min(1, 'Enter your password.').max(1024) })

/**
 * Proves by password who one is, under the same limits on guessing as signing in. Throws ExpectedError 'invalid' at `password`,
 * 'too-many-attempts', 'not-signed-in'.
 */
export async function stepUpByPassword(context: CommandContext, input: z.output<typeof stepUpInput>): Promise<void> {
  const session = await findSessionByToken(context.store.prisma, context.token)
  if (!session) throw notSignedIn()
  const proved = await attempt(context, session.account.login, input.password)
  const refusal = await confirmByPassword(context.store, context.token, proved)
  if (refusal === 'wrong')
    throw new ExpectedError('invalid', 'That is not your password.', {
      fields: { password: ['That is not your password.'] },
    })
  if (refusal !== null) throw notSignedIn()
}

/** In a lab, where one click signs in, one click proves it. Throws ExpectedError 'not-allowed', 'not-signed-in'. */
export async function stepUpInLab(context: CommandContext): Promise<void> {
  const session = await findSessionByToken(context.store.prisma, context.token)
  if (!session) throw notSignedIn()
  const ofTheLab = labPeople.some(({ login }) => login === session.account.login)
  const refusal =
    context.environment.kind === 'lab' && session.method === 'lab' && ofTheLab
      ? await confirmInLab(context.store, context.prove, context.token)
      : 'not-lab'
  if (refusal === 'not-signed-in') throw notSignedIn()
  if (refusal !== null)
    throw new ExpectedError('not-allowed', 'Confirming by one click exists in a lab environment only.')
}
