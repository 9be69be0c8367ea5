'use client'

import { useCallback, useState } from 'react'
import type { ActionResult, FieldErrors } from '../../lib/domain/errors'

/**
 * Runs a server action once at a time and keeps what it answered: the sentence of a refusal, its fields, the reference of an
 * unexpected failure. What was typed stays where it is.
 */
export function useAction<Input>(act: (input: Input) => Promise<ActionResult<unknown>>) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [fields, setFields] = useState<FieldErrors>({})
  const run = useCallback(
    async (input: Input): Promise<boolean> => {
      setBusy(true)
      setError(null)
      setFields({})
      try {
        const result = await act(input)
        if (result.ok) return true
        setError(
          result.error.code === 'unexpected'
            ? `${result.error.message} (reference ${result.error.reference})`
            : result.error.message,
        )
        setFields(result.error.fields ?? {})
      } catch {
        setError('The War Room did not answer. Nothing you typed is lost; try again.')
      } finally {
        setBusy(false)
      }
      return false
    },
    [act],
  )
  return { run, busy, error, fields }
}
