'use client'

import { useEffect, useState } from 'react'
import type { PasskeyAssertion } from '../../lib/domain/people/passkey'
import type { ApprovalSigning } from '../../lib/domain/run/view'

/**
 * Signs a decision with the viewer's passkey, where approvals take one. `sign` answers what goes along with the decision: nothing
 * where none is needed; null when the person gave up or the authenticator refused, and `error` says why.
 */
export function useSigning(signing: ApprovalSigning | null) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const needed = signing !== null
  useEffect(() => {
    // Loaded before the click: a browser asks for a passkey right after one only.
    if (needed) void import('@simplewebauthn/browser')
  }, [needed])
  async function sign(kind: 'second-person' | 'break-glass'): Promise<{ assertion?: PasskeyAssertion } | null> {
    if (!signing) return {}
    setBusy(true)
    setError(null)
    try {
      const { startAuthentication } = await import('@simplewebauthn/browser')
      const { id, rawId, response } = await startAuthentication({
        optionsJSON: {
          challenge: signing.challenges[kind],
          rpId: signing.rpId,
          allowCredentials: signing.passkeys.map((passkey) => ({ ...passkey, type: 'public-key' as const })),
          userVerification: 'required',
          timeout: 60_000,
        },
      })
      return { assertion: { id, rawId, type: 'public-key', response, clientExtensionResults: {} } }
    } catch (failure) {
      setError(
        (failure as Error).name === 'NotAllowedError'
          ? 'The passkey was not used. Nothing was approved.'
          : `The passkey could not be used: ${(failure as Error).message}`,
      )
      return null
    } finally {
      setBusy(false)
    }
  }
  return { sign, busy, error, missing: signing !== null && signing.passkeys.length === 0 }
}
