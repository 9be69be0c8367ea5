'use client'

import { useMutation } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { ActionResult, FieldErrors } from '../../lib/domain/errors'
import { beginWaiting } from './slow-actions'

const noFields: FieldErrors = {}

/**
 * Runs a server action once at a time and keeps what it answered: the sentence of a refusal, its fields, the reference of an
 * unexpected failure. What was typed stays where it is. An action that needs a fresh sign-in waits for it: `confirming` is then a
 * function that goes on with the same input, or gives up. `run` is the same function for ever, whatever the action is made of: an
 * effect that names it does not begin anew with each render.
 */
export function useAction<Input>(act: (input: Input) => Promise<ActionResult<unknown>>) {
  const latest = useRef(act)
  useEffect(() => {
    latest.current = act
  })
  const [confirming, setConfirming] = useState<((confirmed: boolean) => void) | null>(null)
  const { mutateAsync, reset, data, isPending, isError } = useMutation({
    mutationFn: (input: Input) => latest.current(input).finally(beginWaiting()),
    // Without a network it fails, and says so, instead of waiting for one unseen.
    networkMode: 'always',
    retry: false,
  })
  const run = useCallback(
    async (input: Input): Promise<boolean> => {
      setConfirming(null)
      for (;;) {
        const result = await mutateAsync(input).catch(() => null)
        if (result === null || result.ok) return result !== null
        if (result.error.code !== 'authentication-needed') return false
        const confirmed = await new Promise<boolean>((resolve) => setConfirming(() => resolve))
        setConfirming(null)
        if (!confirmed) {
          reset()
          return false
        }
      }
    },
    [mutateAsync, reset],
  )
  const refusal = data && !data.ok ? data.error : null
  // Whoever is asked to confirm reads that, and not the refusal that led to it.
  return { run, busy: isPending, error: sentenceOf(refusal, isError), fields: refusal?.fields ?? noFields, confirming }
}

function sentenceOf(
  refusal: Extract<ActionResult<unknown>, { ok: false }>['error'] | null,
  failed: boolean,
): string | null {
  if (failed) return 'The War Room did not respond. Your input is kept. Try again.'
  if (!refusal) return null
  return refusal.code === 'unexpected' ? `${refusal.message} (reference ${refusal.reference})` : refusal.message
}
