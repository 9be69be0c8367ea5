'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import type { ActionResult, FieldErrors } from '../../lib/domain/errors'
import { beginWaiting } from './slow-actions'

/**
 * Runs a server action once at a time and keeps what it answered: the sentence of a refusal, its fields, the reference of an
 * unexpected failure. What was typed stays where it is. An action that needs a fresh sign-in waits for it: `confirming` is then a
 * function that goes on with the same input, or gives up. `run` is the same function for ever, whatever the action is made of: an
 * effect that names it does not begin anew with each render.
 */
export function useAction<Input>(act: (input: Input) => Promise<ActionResult<unknown>>) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [fields, setFields] = useState<FieldErrors>({})
  const [confirming, setConfirming] = useState<((confirmed: boolean) => void) | null>(null)
  const latest = useRef(act)
  useEffect(() => {
    latest.current = act
  })
  const run = useCallback(async (input: Input): Promise<boolean> => {
    setBusy(true)
    setError(null)
    setFields({})
    setConfirming(null)
    try {
      for (;;) {
        const answered = beginWaiting()
        const result = await latest.current(input).finally(answered)
        if (result.ok) return true
        setFields(result.error.fields ?? {})
        setError(
          result.error.code === 'unexpected'
            ? `${result.error.message} (reference ${result.error.reference})`
            : result.error.message,
        )
        if (result.error.code !== 'authentication-needed') return false
        setBusy(false)
        const confirmed = await new Promise<boolean>((resolve) => setConfirming(() => resolve))
        setConfirming(null)
        setError(null)
        if (!confirmed) return false
        setBusy(true)
      }
    } catch {
      setError('The War Room did not respond. Your input is kept. Try again.')
    } finally {
      setBusy(false)
    }
    return false
  }, [])
  // Whoever is asked to confirm reads that, and not the refusal that led to it.
  return { run, busy, error, fields, confirming }
}
