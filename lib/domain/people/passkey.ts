import { digestOf } from '../procedure/canonical'
import { askedFor } from '../run/approval-rule'
import type { Approval, Run } from '../run/run'

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

/**
 * The digest that a passkey signs: this decision on this request of this run, and nothing else. The request's own digest covers
 * the calls; the request's id keeps an older signature over the same calls from being used again.
 */
export const approvalChallenge = (
  run: Pick<Run, 'id' | 'environment' | 'startedBy'>,
  approval: Pick<Approval, 'id' | 'digest' | 'askedForId'>,
  kind: 'second-person' | 'break-glass',
): string =>
  digestOf({
    purpose: 'approval',
    environment: run.environment,
    run: run.id,
    askedFor: askedFor(run, approval),
    approval: approval.id,
    digest: approval.digest,
    kind,
  })

/** A digest in hex as the bytes that WebAuthn signs, base64url. */
export const challengeBytes = (hex: string): string => Buffer.from(hex, 'hex').toString('base64url')

/** A public key in a form that two people can compare by reading it to each other. */
export const keyFingerprint = (publicKey: string): string =>
  digestOf(publicKey)
    .slice(0, 16)
    .replace(/(.{4})(?=.)/g, '$1 ')
