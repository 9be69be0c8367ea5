'use client'

import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { RunView } from '../../lib/domain/run/view'
import { utcWords } from '../../lib/domain/units'
import { notesWish } from '../../lib/queries/keys'
import { useTimeline } from '../../lib/queries/timeline'
import type { IncidentActions } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { WriteBox } from '../incident/write-box'
import { Panel } from '../ui/panel'

const shownNotes = 6

/** What people write while a run goes on. It stands in the timeline of the incident, so a run without one has no notes. */
export function RunNotes({
  run,
  write,
  right,
}: {
  run: RunView
  write: IncidentActions['write']
  right: { allowed: boolean; why: string | null }
}) {
  const number = run.incidentNumber ?? 0
  return (
    <Panel
      title="Notes"
      className="run-notes"
      aside={
        number > 0 && (
          <Link href={`/incidents/${number}`} className="text-12 text-accent">
            {incidentLabel(number)}
          </Link>
        )
      }
    >
      {number > 0 ? (
        <Notes number={number} write={write} right={right} />
      ) : (
        <p className="px-4 pb-3 text-12 text-text-2">
          This run belongs to no incident, so it has no timeline.{' '}
          <Link href="/incidents" className="text-accent underline">
            See the incidents
          </Link>
          .
        </p>
      )}
    </Panel>
  )
}

function Notes({
  number,
  write,
  right,
}: {
  number: number
  write: IncidentActions['write']
  right: { allowed: boolean; why: string | null }
}) {
  const { entries, loading, error } = useTimeline(number, notesWish, null)
  return (
    <>
      {error && <p className="px-4 pb-2 text-12 text-state-problem">{error.message}</p>}
      <ul className="px-4 pb-2" aria-live="polite">
        {entries
          .filter((entry) => entry.correctedBy === null)
          .slice(0, shownNotes)
          .map((entry) => (
            <li key={entry.id} className="run-note">
              <span className="flex items-baseline gap-2">
                <b className="min-w-0 truncate font-medium text-12 text-text-1">{entry.actor.name}</b>
                <time
                  className="num text-11 text-text-3"
                  dateTime={new Date(entry.occurredAt).toISOString()}
                  title={utcWords(entry.occurredAt)}
                >
                  {formatTimeOfDay(entry.occurredAt)}
                </time>
                {entry.kind !== 'note' && <span className="effect">{entry.kind.toUpperCase()}</span>}
              </span>
              <span className="text-12 text-text-2">{entry.text}</span>
            </li>
          ))}
        {!loading && !error && entries.length === 0 && (
          <li className="text-12 text-text-3">No notes yet. Notes appear in the timeline.</li>
        )}
      </ul>
      <WriteBox number={number} write={write} right={right} onWritten={() => {}} />
    </>
  )
}
