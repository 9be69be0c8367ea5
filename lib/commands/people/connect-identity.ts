import { z } from 'zod'
import { notFound, notSetUp } from '../../domain/errors'
import { findAccount } from '../../store/people'
import { setIdentity } from '../../store/people-changes'
import { actorOf, authorise, type CommandContext } from '../context'
import { throwRefusal } from './refused'

export const connectIdentityInput = z.object({
  accountId: z.uuid(),
  /** The provider's name for the person, as the record has it of a refused sign-in. */
  subject: z
    .string()
    .trim()
    .min(1, 'Enter the subject.')
    .max(255, 'Use at most 255 characters.')
    .regex(/^[^\p{Cc}]+$/u, 'A subject has no control characters.'),
})
export const disconnectIdentityInput = z.object({ accountId: z.uuid() })

/**
 * Connects an account with an identity of the provider, whoever that identity's address belongs to; the person is let in by that.
 * The account's sessions end. Throws ExpectedError 'invalid' at `subject` when another account has it, 'unavailable' without a provider,
 * 'conflict', 'not-found'.
 */
export async function connectIdentity(
  context: CommandContext,
  issuer: string | null,
  input: z.output<typeof connectIdentityInput>,
): Promise<void> {
  authorise(context, 'manage-people')
  if (issuer === null) throw notSetUp('Single sign-on is')
  const account = await findAccount(context.store.prisma, input.accountId)
  if (!account) throw notFound('This person')
  const identity = { issuer, subject: input.subject }
  const refusal = await setIdentity(context.store, context.token, account.id, identity, {
    kind: 'person.identity-connected',
    actor: actorOf(context),
    text: `${account.name} was connected to single sign-on (${input.subject}).`,
    evidence: { accountId: account.id, ...identity },
  })
  throwRefusal(refusal, {
    changed: `${account.name} is already connected. Disconnect it first.`,
    taken: { field: 'subject', message: 'Another account is connected to this identity.' },
  })
}

/** Disconnects an account from single sign-on and ends its sessions. Throws ExpectedError 'conflict', 'not-found'. */
export async function disconnectIdentity(
  context: CommandContext,
  input: z.output<typeof disconnectIdentityInput>,
): Promise<void> {
  authorise(context, 'manage-people')
  const account = await findAccount(context.store.prisma, input.accountId)
  if (!account) throw notFound('This person')
  const refusal = await setIdentity(context.store, context.token, account.id, null, {
    kind: 'person.identity-disconnected',
    actor: actorOf(context),
    text: `${account.name} was disconnected from single sign-on.`,
    evidence: { accountId: account.id },
  })
  throwRefusal(refusal, { changed: `${account.name} is not connected.` })
}
