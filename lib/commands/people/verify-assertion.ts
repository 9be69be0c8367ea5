import { verifyAuthenticationResponse } from '@simplewebauthn/server'
import { z } from 'zod'
import { challengeBytes, type PasskeyAssertion } from '../../domain/people/passkey'

/** The site that passkeys are for: its origin, and the name (a domain) that they are bound to. */
export interface PasskeySite {
  origin: string
  rpId: string
}

export const base64url = z
  .string()
  .min(1)
  .max(8_192)
  .regex(/^[A-Za-z0-9_-]+$/)

/** An assertion as a browser sends it; anything more is dropped. */
export const assertionInput = z.object({
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.optional(),
  }),
  clientExtensionResults: z.unknown().transform((): Record<string, never> => ({})),
})

/**
 * Does the holder of this key sign this digest, on this site, after having shown to the authenticator that it is them? Why not,
 * in a sentence, or null. Nothing is asked of anybody.
 */
export async function assertionRefusal(
  assertion: PasskeyAssertion,
  challenge: string,
  site: PasskeySite,
  publicKey: string,
): Promise<string | null> {
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: assertion,
      expectedChallenge: challengeBytes(challenge),
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      // A counter says whether a key was copied; keys that are synchronised between devices have none.
      credential: { id: assertion.id, publicKey: Uint8Array.from(Buffer.from(publicKey, 'base64url')), counter: 0 },
      requireUserVerification: true,
    })
    return verified ? null : 'The passkey signature does not match its key.'
  } catch (error) {
    return `The passkey signature does not match the approved request: ${(error as Error).message}`
  }
}
