'use client'

import { useCallback, useEffect, useState } from 'react'

interface Draft {
  text: string
  /** Made once per text: sending it again after a lost answer writes it once. */
  key: string
}

/** A key for one thing that is sent; also where the page is not served safely enough for the browser's own. */
export const newKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`

/**
 * What is typed outlives a failed save, a reload and a closed lid: it is kept with the tab until it is written. `initial`
 * stands where nothing was typed.
 */
export function useDraft(name: string, initial = '') {
  const [draft, setDraft] = useState<Draft>({ text: '', key: '' })
  // biome-ignore lint/correctness/useExhaustiveDependencies: a text to begin with changes with the facts, under the writer's hands
  useEffect(() => {
    const fresh = { text: initial, key: newKey() }
    try {
      const kept = sessionStorage.getItem(name)
      setDraft(kept ? (JSON.parse(kept) as Draft) : fresh)
    } catch {
      setDraft(fresh)
    }
  }, [name])
  /** Another text; it is the same thing to send until there was none. */
  const type = (text: string) => {
    const next = { text, key: draft.text ? draft.key : newKey() }
    setDraft(next)
    try {
      if (text) sessionStorage.setItem(name, JSON.stringify(next))
      else sessionStorage.removeItem(name)
    } catch {
      // A browser without storage keeps it in memory only.
    }
  }
  /** It was sent: what comes next is another thing. */
  const sent = useCallback(() => {
    setDraft({ text: '', key: newKey() })
    try {
      sessionStorage.removeItem(name)
    } catch {
      // There was nothing to remove.
    }
  }, [name])
  return { draft, type, sent }
}
