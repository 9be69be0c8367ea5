'use client'

import { useEffect, useRef, useState } from 'react'
import { readWritten } from '../../lib/domain/incident/story'
import { serverNow } from '../../lib/queries/clock'
import type { IncidentActions } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { TimeChoices } from '../ui/time-choices'
import { useAction } from '../ui/use-action'
import { useDraft } from './use-draft'

/** Always there, focused by `n`. Enter writes, Shift-Enter makes a new line. */
export function WriteBox({
  number,
  write,
  right,
  onWritten,
}: {
  number: number
  write: IncidentActions['write']
  right: { allowed: boolean; why: string | null }
  onWritten: () => void
}) {
  const { draft, type, sent } = useDraft(`warroom-note-${number}`)
  const { run, busy, error } = useAction(write)
  const box = useRef<HTMLTextAreaElement>(null)

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'n' || event.metaKey || event.ctrlKey || event.altKey) return
      const target = event.target as HTMLElement | null
      if (target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return
      if (document.querySelector('[role="dialog"]')) return
      event.preventDefault()
      box.current?.focus()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useEffect(() => {
    const area = box.current
    if (!area) return
    area.style.height = 'auto'
    area.style.height = `${Math.min(area.scrollHeight, 160)}px`
  }, [draft.text])

  const [chosen, setChosen] = useState<{ text: string; at: number } | null>(null)
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const read = draft.text.trim() ? readWritten(draft.text, serverNow(), zone) : null
  // The answer belongs to the text that it was given for.
  const occurredAt = chosen?.text === draft.text ? chosen.at : (read?.occurredAt ?? null)
  const asked = occurredAt === null ? (read?.question ?? null) : null
  const ready = Boolean(read?.text) && asked === null && !busy
  const send = async () => {
    if (!read || !ready) return
    if (await run({ number, key: draft.key, kind: read.kind, text: read.text, occurredAt })) {
      sent()
      onWritten()
    }
  }
  const what = read?.kind === 'decision' ? 'decision' : read?.kind === 'action' ? 'action' : 'note'
  return (
    <form
      className="write-box"
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <textarea
        id="note"
        ref={box}
        rows={1}
        value={draft.text}
        disabled={!right.allowed}
        aria-label="Write a note"
        placeholder={
          right.allowed
            ? 'Write a note, /decision or /action. Start with 03:12 to back-date'
            : (right.why ?? 'You have read-only access')
        }
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault()
            void send()
          }
          if (event.key === 'Escape') box.current?.blur()
        }}
      />
      {occurredAt !== null && <span className="num text-11 text-text-3">at {formatTimeOfDay(occurredAt)}</span>}
      {!draft.text && (
        <span className="kbd wide-only" aria-hidden>
          n
        </span>
      )}
      <Button type="submit" size="s" disabled={!ready} look={read?.text ? 'go' : undefined}>
        Add {what}
      </Button>
      {asked && <TimeChoices question={asked} zone={zone} onChoose={(at) => setChosen({ text: draft.text, at })} />}
      {error && (
        <p role="alert" className="basis-full text-12 text-state-problem">
          {error} Your text is kept here.
        </p>
      )}
    </form>
  )
}
