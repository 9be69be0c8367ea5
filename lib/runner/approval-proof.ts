import { assertionRefusal, type PasskeySite } from '../commands/people/verify-assertion'
import type { EnrolledPasskey } from '../domain/people/passkey'
import { approvalChallenge } from '../domain/run/approval-challenge'
import { actedIn } from '../domain/run/approval-rule'
import type { Approval, Run } from '../domain/run/run'
import { approvalDigest } from './run-context'

/** Why nothing may be sent on this approval, in a sentence; null when it is proved, or needs no proof here. */
export type ApprovalProof = (
  run: Run,
  approval: Approval,
  call: { stepId: string; digest: string },
) => Promise<string | null>

export interface PasskeyTrust {
  site: PasskeySite
  /** Whose keys count: from the runner's own configuration, read anew each time. Throws when it cannot be read. */
  enrolled: () => readonly EnrolledPasskey[]
}

/**
 * Proves an approval by the passkey of whoever gave it, so that a row of the store alone is no second person. The signature must
 * cover this decision on what was shown, and what was shown must contain the call. Keys come from the runner's configuration.
 * `trust` null: approvals need no passkey here, and one that carries a signature is refused, because nobody here can verify it.
 */
export function approvalProof(trust: PasskeyTrust | null): ApprovalProof {
  return async (run, approval, call) => {
    const { assertion, decidedBy, kind } = approval
    if (trust === null)
      return assertion === null
        ? null
        : 'This approval was signed by a passkey, and this runner has no list of passkeys to verify it.'
    if (assertion === null || decidedBy === null || kind === null)
      return 'This approval is not signed by a passkey. The runner sends nothing on it.'
    let enrolled: readonly EnrolledPasskey[]
    try {
      enrolled = trust.enrolled()
    } catch (error) {
      return `The list of enrolled passkeys cannot be read: ${(error as Error).message}`
    }
    const key = enrolled.find(({ credentialId }) => credentialId === assertion.id)
    if (!key) return `The passkey of ${decidedBy.name} is not enrolled with the runner.`
    if (key.accountId !== decidedBy.id)
      return `The passkey that signed this approval is not enrolled for ${decidedBy.name}.`
    if (kind !== 'break-glass' && actedIn(run, approval).includes(key.accountId))
      return 'The passkey that signed this approval belongs to a person who requested it or chose what it allows.'
    if (
      approvalDigest(run, approval.shown, approval.bound) !== approval.digest ||
      !approval.shown.commands.some((one) => one.stepId === call.stepId && one.digest === call.digest)
    )
      return 'The approval was changed after it had been shown. The runner sends nothing on it.'
    return await assertionRefusal(assertion, approvalChallenge(run, approval, kind), trust.site, key.publicKey)
  }
}
