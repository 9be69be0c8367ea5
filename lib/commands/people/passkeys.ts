import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import { z } from 'zod'
import { conflict, invalidField, notFound, notSetUp } from '../../domain/errors'
import { addPasskeyRow, challengeOf, keepChallenge, listPasskeys, removePasskeyRow } from '../../store/passkeys'
import { findAccount } from '../../store/people'
import { actorOf, authorise, type CommandContext } from '../context'
import { throwRefusal } from './refused'
import { base64url, type PasskeySite } from './verify-assertion'

/** EdDSA, ECDSA and RSA: what authenticators have. */
const algorithms = [-8, -7, -257]
const again = 'The request for a passkey has expired. Try again.'

export const addPasskeyInput = z.object({
  name: z.string().trim().min(1, 'Enter a name, such as the device.').max(60, 'Use at most 60 characters.'),
  /** What the browser answered. */
  answer: z.object({
    id: base64url,
    rawId: base64url,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: base64url,
      attestationObject: base64url,
      transports: z.array(z.string().max(20)).max(10).optional(),
    }),
    clientExtensionResults: z.unknown().transform((): Record<string, never> => ({})),
  }),
})
export const removePasskeyInput = z.object({ id: z.string().min(1) })

/**
 * What the browser is to ask of an authenticator for a new passkey of this person; its challenge is good for this session, once,
 * within five minutes. Throws ExpectedError 'authentication-needed', 'not-signed-in', 'unavailable'.
 */
export async function beginPasskey(context: CommandContext, site: PasskeySite | null) {
  const { store, person, token } = context
  if (site === null) throw notSetUp('Passkeys are')
  const [account, passkeys] = await Promise.all([
    findAccount(store.prisma, person.id),
    listPasskeys(store.prisma, person.id),
  ])
  if (!account) throw notFound('Your account')
  const options = await generateRegistrationOptions({
    rpName: 'CastMatch War Room',
    rpID: site.rpId,
    userName: account.login,
    userDisplayName: account.name,
    userID: Uint8Array.from(Buffer.from(account.id)),
    excludeCredentials: passkeys.map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  })
  throwRefusal(await keepChallenge(store, token, options.challenge), { changed: again })
  return options
}

/**
 * Registers a passkey of one's own: the authenticator answered this session's challenge on our site and made sure who holds it.
 * Throws ExpectedError 'conflict', 'invalid', 'authentication-needed', 'unavailable'.
 */
export async function addPasskey(
  context: CommandContext,
  site: PasskeySite | null,
  { name, answer }: z.output<typeof addPasskeyInput>,
): Promise<void> {
  const { store, person, token } = context
  if (site === null) throw notSetUp('Passkeys are')
  const challenge = await challengeOf(store.prisma, context.sessionId)
  if (challenge === null) throw conflict(again)
  const { transports = [], ...response } = answer.response
  const verified = await verifyRegistrationResponse({
    response: { ...answer, response },
    expectedChallenge: challenge,
    expectedOrigin: site.origin,
    expectedRPID: site.rpId,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).catch((error: Error) => {
    throw invalidField('answer', `The passkey was rejected: ${error.message}`)
  })
  if (!verified.verified) throw invalidField('answer', 'The passkey was rejected.')
  const { credential } = verified.registrationInfo
  const refusal = await addPasskeyRow(
    store,
    token,
    challenge,
    { id: credential.id, publicKey: Buffer.from(credential.publicKey).toString('base64url'), name, transports },
    {
      kind: 'person.passkey-added',
      actor: actorOf(context),
      text: `${person.name} registered a passkey: ${name}.`,
      evidence: { accountId: person.id, passkey: credential.id },
    },
  )
  const message = 'This passkey is registered already.'
  throwRefusal(refusal, { changed: again, taken: { field: 'answer', message } })
}

/** Forgets a passkey, one's own or, for admins, another person's. Throws ExpectedError 'not-found', 'not-allowed'. */
export async function removePasskey(
  context: CommandContext,
  { id }: z.output<typeof removePasskeyInput>,
): Promise<void> {
  const { store } = context
  const passkey = (await listPasskeys(store.prisma)).find((one) => one.id === id)
  if (!passkey) throw notFound('This passkey')
  if (passkey.accountId !== context.person.id) authorise(context, 'manage-people')
  const owner = await findAccount(store.prisma, passkey.accountId)
  const refusal = await removePasskeyRow(store, context.token, id, {
    kind: 'person.passkey-removed',
    actor: actorOf(context),
    text: `The passkey ${passkey.name} of ${owner?.name ?? 'a person'} was removed.`,
    evidence: { accountId: passkey.accountId, passkey: id },
  })
  throwRefusal(refusal, { changed: 'This passkey was already removed.' })
}
