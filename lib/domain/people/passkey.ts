import { digestOf } from '../procedure/canonical'

/*
 * Passkeys (WebAuthn): what a person signs when they approve, and whom the runner believes.
 */

/** A browser's answer to a request for a signature, as WebAuthn writes it in JSON; binary parts are base64url. */
export interface PasskeyAssertion {
  id: string
  rawId: string
  type: 'public-key'
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string | undefined }
  clientExtensionResults: Record<string, never>
}

/** A public key that an operator entered for the runner, and whose it is. */
export interface EnrolledPasskey {
  credentialId: string
  /** COSE, base64url. */
  publicKey: string
  accountId: string
  login: string
  /** ISO date and time. */
  addedAt: string
}

/** A digest in hex as the bytes that WebAuthn signs, base64url. */
export const challengeBytes = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url')

/** A public key in a form that two people can compare by reading it to each other. */
export const keyFingerprint = (publicKey: string): string =>
  digestOf(publicKey)
    .slice(0, 16)
    .replace(/(.{4})(?=.)/g, '$1 ')
