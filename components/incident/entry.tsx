'use client'

import clsx from 'clsx'
import {
  BellRing,
  CircleDot,
  Flag,
  Gavel,
  Hand,
  Link2,
  ListChecks,
  ListTodo,
  type LucideIcon,
  Megaphone,
  MessageSquare,
  PencilLine,
  Pin,
  PinOff,
  Play,
  Radar,
  Siren,
  StepForward,
  UserRound,
} from 'lucide-react'
import Link from 'next/link'
import { memo, startTransition, useEffect, useState } from 'react'
import { entryLabels } from '../../lib/domain/incident/labels'
import { isWrittenLater } from '../../lib/domain/incident/order'
import type { EntryKind, TimelineEntry } from '../../lib/domain/incident/types'
import { utcWords } from '../../lib/domain/units'
import { useNowSelect } from '../../lib/queries/clock'
import type { IncidentActions } from '../../lib/web/present/actions'
import { formatClock, formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Markdown } from '../ui/markdown'
import { Refusal } from '../ui/refusal'
import { toast } from '../ui/toast'
import { useAction } from '../ui/use-action'
import { useDraft } from './use-draft'

const icons: Record<EntryKind, LucideIcon> = {
  declared: Siren,
  detection: Radar,
  status: Flag,
  role: UserRound,
  run: Play,
  step: StepForward,
  approval: Hand,
  page: BellRing,
  update: Megaphone,
  checklist: ListChecks,
  note: MessageSquare,
  decision: Gavel,
  action: CircleDot,
  task: ListTodo,
  pin: Pin,
  correction: PencilLine,
}
const written: ReadonlySet<EntryKind> = new Set(['note', 'decision', 'action', 'correction'])
/** Between the words of a row and its buttons, ms. */
const settleMs = 120

/** Entries that somebody corrects here: a row that is scrolled away is taken down, and comes back as it was. */
const inCorrection = new Set<string>()

/** One entry of the timeline. It is never edited: a correction refers to what it corrects, and both stay. */
export const Entry = memo(function Entry({
  entry,
  zone,
  actions,
  mayWrite,
  active,
  linked,
  onChanged,
}: {
  entry: TimelineEntry
  zone: 'local' | 'utc'
  actions: Pick<IncidentActions, 'pin' | 'correct'>
  mayWrite: boolean
  active: boolean
  linked: boolean
  onChanged: () => void
}) {
  const [correcting, setCorrecting] = useState(() => inCorrection.has(entry.id))
  const setCorrection = (open: boolean) => {
    if (open) inCorrection.add(entry.id)
    else inCorrection.delete(entry.id)
    setCorrecting(open)
  }
  const pin = useAction(actions.pin)
  // What one may do with an entry comes after its words are painted: whoever jumps somewhere wants to read first.
  const [settled, setSettled] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setSettled(true)), settleMs)
    return () => clearTimeout(timer)
  }, [])
  const Icon = icons[entry.kind]
  const timeZone = zone === 'utc' ? 'UTC' : undefined
  const later = isWrittenLater(entry)
  return (
    <article
      className={clsx('entry', `entry-${entry.kind}`, entry.correctedBy && 'entry-corrected')}
      data-active={active || undefined}
      data-linked={linked || undefined}
      aria-label={`${entryLabels[entry.kind]}, ${entry.actor.name}`}
    >
      <time className="at num" dateTime={new Date(entry.occurredAt).toISOString()} title={utcWords(entry.occurredAt)}>
        {formatTimeOfDay(entry.occurredAt, timeZone)}
      </time>
      <span className="entry-icon" aria-hidden>
        <Icon />
      </span>
      <div className="min-w-0">
        <div className="entry-text">
          {entry.kind === 'decision' && <b className="strong">Decision: </b>}
          {entry.kind === 'action' && <b className="strong">Action: </b>}
          {entry.kind === 'correction' && <b className="strong">Correction: </b>}
          {written.has(entry.kind) || entry.kind === 'pin' ? <Markdown text={entry.text} /> : <span>{entry.text}</span>}
        </div>
        <div className="entry-sub">
          {entry.actor.name}
          {entry.detail ? `. ${entry.detail}` : ''}
          {later && (
            <>
              , <span className="text-state-lagging">written later</span>, at{' '}
              <span className="num">{formatTimeOfDay(entry.recordedAt, timeZone)}</span>
            </>
          )}
          {entry.correctedBy && ', corrected since'}
          {entry.corrects && (
            <>
              , corrects an <a href={`#e-${entry.corrects}`}>earlier entry</a>
            </>
          )}
          {entry.pinned && ', pinned'}
          {entry.href && (
            <>
              {' '}
              <Link href={entry.href}>Open</Link>
            </>
          )}
        </div>
        {correcting && (
          <Correct
            entry={entry}
            correct={actions.correct}
            onDone={() => {
              setCorrection(false)
              onChanged()
            }}
            onCancel={() => setCorrection(false)}
          />
        )}
        <Refusal why={pin.error} />
      </div>
      <EntryAge at={entry.occurredAt} />
      {settled && (
        <span className="entry-acts">
          <Button
            size="s"
            look="ghost"
            iconOnly
            aria-label="Copy a link to this entry"
            onClick={() => {
              const url = new URL(window.location.href)
              url.hash = `e-${entry.id}`
              void navigator.clipboard?.writeText(url.href).then(() => toast('Link to this entry copied.'))
            }}
          >
            <Link2 aria-hidden />
          </Button>
          {mayWrite && entry.kind !== 'pin' && (
            <Button
              size="s"
              look="ghost"
              iconOnly
              aria-label={entry.pinned ? 'Unpin this entry' : 'Pin this entry'}
              disabled={pin.busy}
              onClick={async () => {
                if (await pin.run({ number: entry.incidentNumber, entryId: entry.id, pinned: !entry.pinned }))
                  onChanged()
              }}
            >
              {entry.pinned ? <PinOff aria-hidden /> : <Pin aria-hidden />}
            </Button>
          )}
          {mayWrite && written.has(entry.kind) && !entry.correctedBy && (
            <Button size="s" look="ghost" iconOnly aria-label="Correct this entry" onClick={() => setCorrection(true)}>
              <PencilLine aria-hidden />
            </Button>
          )}
        </span>
      )}
    </article>
  )
})

function EntryAge({ at }: { at: number }) {
  const text = useNowSelect((now) => (now === 0 ? '' : coarse(now - at)), '')
  return <span className="age entry-age">{text}</span>
}
const coarse = (ms: number) => {
  if (ms < 3_600_000) return formatClock(ms).replace(/^0/, '')
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} d`
}

function Correct({
  entry,
  correct,
  onDone,
  onCancel,
}: {
  entry: TimelineEntry
  correct: IncidentActions['correct']
  onDone: () => void
  onCancel: () => void
}) {
  const { draft, type, sent } = useDraft(`warroom-correction-${entry.incidentNumber}-${entry.id}`, entry.text)
  const { text } = draft
  const { run, busy, error } = useAction(correct)
  return (
    <form
      className="mt-2 flex flex-col gap-2"
      onSubmit={async (event) => {
        event.preventDefault()
        if (!(await run({ number: entry.incidentNumber, entryId: entry.id, text }))) return
        sent()
        onDone()
      }}
    >
      <textarea
        className="incident-input min-h-16 py-1.5"
        aria-label="Corrected text"
        value={text}
        onChange={(event) => type(event.target.value)}
      />
      <Refusal why={error} />
      <div className="flex gap-2">
        <Button type="submit" size="s" look="go" disabled={busy || text.trim() === '' || text === entry.text}>
          Save correction
        </Button>
        <Button
          size="s"
          look="ghost"
          onClick={() => {
            sent()
            onCancel()
          }}
        >
          Leave it
        </Button>
      </div>
    </form>
  )
}
