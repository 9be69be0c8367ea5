'use client'

import { useEffect, useRef, useState } from 'react'
import type { ReportSectionView } from '../../lib/domain/incident/view'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Markdown } from '../ui/markdown'
import type { ReportActions } from './actions'

const saveAfterMs = 900

/**
 * One section in people's words. It saves itself a moment after typing stops. When somebody else saved in between, neither
 * text is lost: both are shown, and the writer chooses.
 */
export function Words({
  number,
  section,
  mayWrite,
  save,
}: {
  number: number
  section: ReportSectionView
  mayWrite: boolean
  save: ReportActions['save']
}) {
  const [draft, setDraft] = useState<string | null>(null)
  const [base, setBase] = useState(section.version)
  const [said, setSaid] = useState<{ tone: 'plain' | 'problem' | 'conflict'; text: string } | null>(null)
  const saving = useRef(false)
  const place = `warroom-report-${number}-${section.key}`

  const begin = (text: string) => {
    setBase(section.version)
    setDraft(text)
  }
  useEffect(() => {
    const kept = mayWrite ? sessionStorage.getItem(place) : null
    if (kept !== null) setDraft(kept)
  }, [place, mayWrite])

  useEffect(() => {
    if (draft === null || said?.tone === 'conflict') return
    if (draft === section.text) {
      sessionStorage.removeItem(place)
      return
    }
    sessionStorage.setItem(place, draft)
    const timer = setTimeout(async () => {
      if (saving.current) return
      saving.current = true
      setSaid({ tone: 'plain', text: 'Saving' })
      try {
        const result = await save({ number, key: section.key, text: draft, version: base })
        if (result.ok) {
          setBase(result.value.version)
          sessionStorage.removeItem(place)
          setSaid({ tone: 'plain', text: 'Saved' })
        } else setSaid({ tone: result.error.code === 'conflict' ? 'conflict' : 'problem', text: result.error.message })
      } catch {
        setSaid({ tone: 'problem', text: 'Not saved: the War Room did not answer. The text is kept here.' })
      } finally {
        saving.current = false
      }
    }, saveAfterMs)
    return () => clearTimeout(timer)
  }, [draft, base, section.text, section.key, number, place, save, said?.tone])

  return (
    <section className="report-words" aria-labelledby={`words-${section.key}`}>
      <div className="flex items-baseline gap-3">
        <h2 id={`words-${section.key}`}>{section.title}</h2>
        <span className="no-print text-12 text-text-3" aria-live="polite">
          {said && said.tone === 'plain'
            ? said.text
            : section.savedAt !== null && draft === null
              ? `${section.savedBy?.name ?? ''}, ${formatTimeOfDay(section.savedAt)}`
              : ''}
        </span>
        <span className="grow" />
        {mayWrite &&
          (draft === null ? (
            <Button size="s" onClick={() => begin(section.text)} aria-label={`Write ${section.title}`}>
              Write
            </Button>
          ) : (
            <Button size="s" onClick={() => setDraft(null)} disabled={draft !== section.text && said?.text !== 'Saved'}>
              Done
            </Button>
          ))}
      </div>
      {draft === null ? (
        section.text.trim() ? (
          <Markdown text={section.text} />
        ) : (
          <p className="text-text-3">Not written yet.</p>
        )
      ) : (
        <>
          <textarea
            aria-labelledby={`words-${section.key}`}
            value={draft}
            rows={6}
            onChange={(event) => {
              setDraft(event.target.value)
              if (said?.tone !== 'conflict') setSaid(null)
            }}
          />
          {said && said.tone !== 'plain' && (
            <div role="alert" className="mt-2 rounded-[7px] border border-line-2 p-3 text-13">
              <p className="text-state-problem">{said.text}</p>
              {said.tone === 'conflict' && (
                <>
                  <p className="label mt-2">What is saved now</p>
                  <Markdown text={section.text || 'Nothing.'} />
                  <div className="mt-2 flex flex-wrap gap-2">
                    <Button
                      size="s"
                      onClick={() => {
                        setBase(section.version)
                        setSaid(null)
                        setDraft(`${section.text}\n\n${draft}`)
                      }}
                    >
                      Keep both
                    </Button>
                    <Button
                      size="s"
                      onClick={() => {
                        setBase(section.version)
                        setSaid(null)
                      }}
                    >
                      Save mine over it
                    </Button>
                    <Button
                      size="s"
                      look="ghost"
                      onClick={() => {
                        setSaid(null)
                        begin(section.text)
                      }}
                    >
                      Take theirs
                    </Button>
                  </div>
                </>
              )}
            </div>
          )}
        </>
      )}
    </section>
  )
}
