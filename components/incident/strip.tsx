'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { isOpen } from '../../lib/domain/incident/status'
import type { IncidentListItem } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import { incidentQuery, openIncidentsQuery } from '../../lib/queries/incident'
import { formatClock } from '../../lib/web/present/format'
import { StateWord } from '../ui/state'
import { activeRun } from './active-run'
import { useElapsedMs } from './elapsed'
import { useWaiting, worstOf } from './waiting'

/** The open incident that matters most, and what waits for people, wherever one is in the product; nothing while there is neither. */
export function IncidentStrip() {
  const { data } = useQuery(openIncidentsQuery)
  const open = data?.items.filter((item) => isOpen(item.status)) ?? []
  const worst = worstOf(open)
  const waiting = useWaiting(worst?.number ?? null)
  if (!worst && !waiting) return null
  return (
    <div className="flex h-8 min-w-0 items-stretch overflow-hidden rounded-2 border border-line-2 bg-surface-1 text-12 text-text-1 max-[1199px]:h-11">
      {worst && <Strip item={worst} others={open.length - 1} />}
      {waiting && (
        <Link
          href={waiting.href}
          className="flex items-center gap-1.5 whitespace-nowrap bg-(--state-waiting-tint) px-3 hover:underline"
          aria-label={`${waiting.word}: ${waiting.run.title}`}
        >
          <StateWord state="waiting" word={waiting.word} />
          {!worst && <span>{waiting.run.title}</span>}
        </Link>
      )}
    </div>
  )
}

const cell = 'flex items-center gap-1.5 whitespace-nowrap border-line-1 border-l px-3 first:border-l-0 first:pl-1.5'
/** What is left out where there is little room. */
const less = 'max-[1199px]:hidden'

function Strip({ item, others }: { item: IncidentListItem; others: number }) {
  const { data: incident } = useQuery(incidentQuery(item.number))
  const path = usePathname()
  const run = incident ? activeRun(incident.runs) : null
  return (
    <Link
      href={`/incidents/${item.number}`}
      className="flex min-w-0 flex-1 items-stretch overflow-hidden hover:bg-surface-2"
      aria-label={`Open incident ${incidentLabel(item.number)}, ${item.severity}: ${item.title}`}
      aria-current={path === `/incidents/${item.number}` ? 'page' : undefined}
    >
      <span className={cell}>
        <b className="severity" data-severity={item.severity}>
          {item.kind === 'drill' ? 'DRILL' : item.severity}
        </b>
        <b className="num font-medium">{incidentLabel(item.number)}</b>
      </span>
      <span className={`${cell} ${less} strong min-w-0`}>
        <span className="max-w-64 truncate">{item.title}</span>
      </span>
      {incident && <StripClocks clocks={incident.clocks} />}
      {run?.step && run.finishedAt === null && (
        <span className={`${cell} ${less} text-text-2`}>
          step{' '}
          <b className="num strong text-text-1">
            {run.step.number} of {run.step.of}
          </b>
        </span>
      )}
      {item.nextUpdateDueAt !== null && <UpdateDue at={item.nextUpdateDueAt} />}
      {others > 0 && <span className={`${cell} ${less} text-text-2`}>and {others} more</span>}
    </Link>
  )
}

function StripClocks({ clocks }: { clocks: Parameters<typeof useElapsedMs>[0] }) {
  const elapsed = useElapsedMs(clocks)
  const left = clocks.rto.targetMs - elapsed
  return (
    <>
      <span className={`${cell} text-text-2`}>
        <span className="max-sm:sr-only">elapsed</span> <b className="num strong text-text-1">{formatClock(elapsed)}</b>
      </span>
      <span className={`${cell} text-text-2 max-sm:hidden`}>
        {left >= 0 ? 'RTO left' : 'past RTO'}{' '}
        <b className={`num strong ${left < 0 ? 'text-state-problem' : 'text-text-1'}`}>{formatClock(Math.abs(left))}</b>
      </span>
    </>
  )
}

/** From two minutes before it is due until it is sent, wherever one is. */
function UpdateDue({ at }: { at: number }) {
  const left = useNowSelect((now) => (now === 0 || at - now > 120_000 ? null : Math.floor((at - now) / 1000)), null)
  if (left === null) return null
  return (
    <span className={`${cell} bg-(--state-waiting-tint) max-sm:hidden`}>
      <StateWord state="waiting" word={left < 0 ? 'UPDATE OVERDUE' : 'UPDATE DUE'} />{' '}
      <b className="num strong">{formatClock(Math.abs(left) * 1000)}</b>
    </span>
  )
}
