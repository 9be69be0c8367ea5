'use client'

import dynamic from 'next/dynamic'
import { useState } from 'react'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Markdown } from '../ui/markdown'
import { Modal } from '../ui/sheet'
import { useWords, type WordsOf } from './use-words'

const Versions = dynamic(() => import('./versions'), { ssr: false })

/**
 * One section in people's words. It saves itself a moment after typing stops. When somebody else saved in between, neither
 * text is lost: both are shown, and the writer chooses.
 */
export function Words({ number, section, mayWrite, save, refresh }: WordsOf) {
  const { draft, said, theirsKnown, begin, type, end } = useWords({ number, section, mayWrite, save, refresh })
  const [looking, setLooking] = useState(false)
  return (
    <section className="report-words" aria-labelledby={`words-${section.key}`}>
      <div className="flex items-baseline gap-3">
        <h2 id={`words-${section.key}`}>{section.title}</h2>
        <span className="no-print text-12 text-text-3" aria-live="polite">
          {said?.tone === 'plain'
            ? said.text
            : section.savedAt !== null && draft === null
              ? `${section.savedBy?.name ?? ''}, ${formatTimeOfDay(section.savedAt)}`
              : ''}
        </span>
        <span className="grow" />
        {section.version > 1 && (
          <Button
            size="s"
            look="ghost"
            className="no-print"
            onClick={() => setLooking(true)}
            aria-label={`Versions of ${section.title}`}
          >
            <span className="num">{section.version}</span> versions
          </Button>
        )}
        {mayWrite &&
          (draft === null ? (
            <Button size="s" onClick={() => begin(section.text)} aria-label={`Write ${section.title}`}>
              Write
            </Button>
          ) : (
            <Button
              size="s"
              onClick={end}
              disabled={draft !== section.text && !(said?.tone === 'plain' && said.text === 'Saved')}
            >
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
            onChange={(event) => type(event.target.value)}
          />
          {said?.tone === 'problem' && (
            <p role="alert" className="mt-2 text-13 text-state-problem">
              {said.text} Your text is kept{said.passing ? ' and saving is retried' : ''}.
            </p>
          )}
          {said?.tone === 'conflict' && (
            <div role="alert" className="mt-2 rounded-[7px] border border-line-2 p-3 text-13">
              <p className="text-state-problem">{said.text}</p>
              <p className="label mt-2">
                {theirsKnown ? `Text saved by ${section.savedBy?.name ?? 'somebody'}` : 'Loading the saved text...'}
              </p>
              {theirsKnown && <Markdown text={section.text || 'Nothing.'} />}
              <div className="mt-2 flex flex-wrap gap-2">
                <Button size="s" disabled={!theirsKnown} onClick={() => begin(`${section.text}\n\n${draft}`)}>
                  Keep both
                </Button>
                <Button size="s" disabled={!theirsKnown} onClick={() => begin(draft)}>
                  Overwrite with mine
                </Button>
                <Button size="s" look="ghost" disabled={!theirsKnown} onClick={() => begin(section.text)}>
                  Use theirs
                </Button>
              </div>
            </div>
          )}
        </>
      )}
      <Modal open={looking} onOpenChange={setLooking} title={`Versions of ${section.title}`}>
        {looking && (
          <Versions
            number={number}
            section={section}
            take={
              mayWrite
                ? (text) => {
                    setLooking(false)
                    begin(text)
                  }
                : null
            }
          />
        )}
      </Modal>
    </section>
  )
}
