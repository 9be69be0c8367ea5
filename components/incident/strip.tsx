'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { byWeight } from '../../lib/domain/incident/incident'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { isOpen } from '../../lib/domain/incident/status'
import type { IncidentListItem } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import { incidentQuery, openIncidentsQuery } from '../../lib/queries/incident'
import { useRun } from '../../lib/queries/run'
import { formatClock } from '../../lib/web/present/format'
import { StateWord } from '../ui/state'
import { activeRun } from './active-run'
import { useElapsedMs } from './elapsed'

/** The open incident that matters most, wherever one is in the product; nothing while there is none. */
export function IncidentStrip() {
  const { data } = useQuery(openIncidentsQuery)
  const open = data?.items.filter((item) => isOpen(item.status)) ?? []
  const worst = open.toSorted(byWeight)[0]
  return worst ? <Strip item={worst} others={open.length - 1} /> : null
}

function Strip({ item, others }: { item: IncidentListItem; others: number }) {
  const { data: incident } = useQuery(incidentQuery(item.number))
  const path = usePathname()
  const run = incident ? activeRun(incident.runs) : null
  return (
    <Link
      href={`/incidents/${item.number}`}
      className="incident-strip"
      aria-label={`Open incident ${incidentLabel(item.number)}, ${item.severity}: ${item.title}`}
      aria-current={path === `/incidents/${item.number}` ? 'page' : undefined}
    >
      <span>
        <b className="severity" data-severity={item.severity}>
          {item.kind === 'drill' ? 'DRILL' : item.severity}
        </b>
        <b className="num font-medium">{incidentLabel(item.number)}</b>
      </span>
      <span className="less strong min-w-0">
        <span className="max-w-64 truncate">{item.title}</span>
      </span>
      {incident && <StripClocks clocks={incident.clocks} />}
      {run?.step && run.finishedAt === null && (
        <span className="less text-text-2">
          step{' '}
          <b className="num strong text-text-1">
            {run.step.number} of {run.step.of}
          </b>
        </span>
      )}
      {item.nextUpdateDueAt !== null && <UpdateDue at={item.nextUpdateDueAt} />}
      {run?.state === 'waiting' && <Waits id={run.id} />}
      {others > 0 && <span className="less text-text-2">and {others} more</span>}
    </Link>
  )
}

function StripClocks({ clocks }: { clocks: Parameters<typeof useElapsedMs>[0] }) {
  const elapsed = useElapsedMs(clocks)
  const left = clocks.rto.targetMs - elapsed
  return (
    <>
      <span className="text-text-2">
        elapsed <b className="num strong text-text-1">{formatClock(elapsed)}</b>
      </span>
      <span className="text-text-2">
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
    <span className="waits">
      <StateWord state="waiting" word={left < 0 ? 'UPDATE OVERDUE' : 'UPDATE DUE'} />{' '}
      <b className="num strong">{formatClock(Math.abs(left) * 1000)}</b>
    </span>
  )
}

function Waits({ id }: { id: string }) {
  const { data } = useRun(id)
  const approval = data?.run.approval
  return (
    <span className="waits">
      <StateWord state="waiting" word="WAITING for an approver" />
      {approval?.state === 'open' && <span className="sr-only">{approval.title}</span>}
    </span>
  )
}
