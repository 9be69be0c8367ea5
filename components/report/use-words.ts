'use client'

import { useEffect, useRef, useState } from 'react'
import type { ReportSectionView } from '../../lib/domain/incident/view'
import type { ReportActions } from '../../lib/web/present/actions'

const saveAfterMs = 900
const againAfterMs = 5000

type Said =
  | { tone: 'plain'; text: 'Saving' | 'Saved' }
  /** `passing` is tried again by itself. */
  | { tone: 'problem'; text: string; passing: boolean }
  /** Somebody else saved version after `base`; both texts stand until the writer has chosen. */
  | { tone: 'conflict'; text: string }

/** What is typed, with the version that it began from: it outlives a reload and a lost connection. */
interface Kept {
  text: string
  base: number
}

function readKept(place: string): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(place) ?? 'null') as Partial<Kept> | null
    return typeof kept?.text === 'string' && typeof kept.base === 'number' ? { text: kept.text, base: kept.base } : null
  } catch {
    return null
  }
}

export interface WordsOf {
  number: number
  section: ReportSectionView
  mayWrite: boolean
  save: ReportActions['save']
  /** Asks for what is saved now. */
  refresh: () => void
}

/**
 * One section while it is written: it saves itself a moment after typing stops, tries again when nobody answered, and stops
 * at a conflict.
 */
export function useWords({ number, section, mayWrite, save, refresh }: WordsOf) {
  const [draft, setDraft] = useState<string | null>(null)
  const [base, setBase] = useState(section.version)
  const [said, setSaid] = useState<Said | null>(null)
  const [tries, setTries] = useState(0)
  const saving = useRef(false)
  const place = `warroom-report-${number}-${section.key}`
  const tone = said?.tone

  const begin = (text: string, from = section.version) => {
    setSaid(null)
    setBase(from)
    setDraft(text)
  }

  useEffect(() => {
    const kept = mayWrite ? readKept(place) : null
    if (!kept) return
    setBase(kept.base)
    setDraft(kept.text)
  }, [place, mayWrite])

  // The answer to a save may be lost on its way though the save was not: what stands is what was typed.
  useEffect(() => {
    if (tone !== 'conflict' || section.text !== draft) return
    setBase(section.version)
    setSaid({ tone: 'plain', text: 'Saved' })
  }, [tone, section.text, section.version, draft])

  useEffect(() => {
    if (draft === null || tone === 'conflict') return
    if (draft === section.text) {
      sessionStorage.removeItem(place)
      return
    }
    sessionStorage.setItem(place, JSON.stringify({ text: draft, base } satisfies Kept))
    const timer = setTimeout(
      async () => {
        if (saving.current) return
        saving.current = true
        setSaid({ tone: 'plain', text: 'Saving' })
        try {
          const result = await save({ number, key: section.key, text: draft, version: base })
          if (result.ok) {
            setBase(result.value.version)
            sessionStorage.removeItem(place)
            setSaid({ tone: 'plain', text: 'Saved' })
          } else if (result.error.code === 'conflict') {
            setSaid({ tone: 'conflict', text: result.error.message })
          } else {
            const passing = result.error.code === 'store-unavailable' || result.error.code === 'unexpected'
            setSaid({ tone: 'problem', text: result.error.message, passing })
            if (passing) setTries((n) => n + 1)
          }
          refresh()
        } catch {
          setSaid({ tone: 'problem', text: 'Not saved: the War Room did not respond.', passing: true })
          setTries((n) => n + 1)
        } finally {
          saving.current = false
        }
      },
      tries > 0 ? againAfterMs : saveAfterMs,
    )
    return () => clearTimeout(timer)
  }, [draft, base, section.text, section.key, number, place, save, refresh, tone, tries])

  return {
    draft,
    said,
    /** At a conflict: is what the other saved here yet? */
    theirsKnown: section.version > base,
    begin,
    type(text: string) {
      setDraft(text)
      setTries(0)
      if (tone !== 'conflict') setSaid(null)
    },
    end: () => setDraft(null),
  }
}
