'use client'

import Link from 'next/link'
import { useDeferredValue, useEffect, useRef, useState } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { isOpen } from '../../lib/domain/incident/status'
import { severities } from '../../lib/domain/incident/types'
import type { IncidentListItem } from '../../lib/domain/incident/view'
import { utcWords } from '../../lib/domain/units'
import { useNowSelect } from '../../lib/queries/clock'
import { useIncidentPages } from '../../lib/queries/incident'
import type { Declare, DismissAlert, DismissAlerts } from '../../lib/web/present/actions'
import { dash, formatClock, formatDate, formatTimeOfDay } from '../../lib/web/present/format'
import { presentObjective, presentStatus } from '../../lib/web/present/incident'
import { Panel } from '../ui/panel'
import { SearchField } from '../ui/search-field'
import { Segmented } from '../ui/segmented'
import { ShowOlder } from '../ui/show-older'
import { StateWord } from '../ui/state'
import { AlertsWaiting } from './alerts-waiting'
import { DeclareButton } from './declare'
import { typingOrBusy } from './keys'

const kinds = [
  { value: 'all', label: 'All' },
  { value: 'real', label: 'Real' },
  { value: 'drill', label: 'Drills' },
] as const
const grades = [
  { value: 'all', label: 'Any severity' },
  ...severities.map((value) => ({ value, label: value })),
] as const

/** Open incidents first, then those that were; drills stand apart by their word. */
export function IncidentList(actions: { declare: Declare; dismiss: DismissAlert; dismissAll: DismissAlerts }) {
  const { declare } = actions
  const [kind, setKind] = useState<(typeof kinds)[number]['value']>('all')
  const [severity, setSeverity] = useState<(typeof grades)[number]['value']>('all')
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const pages = useIncidentPages({
    ...(kind === 'all' ? {} : { kind }),
    ...(severity === 'all' ? {} : { severity }),
    ...(search ? { search } : {}),
  })
  const { data, error, isPending, hasNextPage } = pages
  const items = data?.pages.flatMap((page) => page.items) ?? []
  const open = items.filter((item) => isOpen(item.status))
  const past = items.filter((item) => !isOpen(item.status))
  const filtered = kind !== 'all' || severity !== 'all' || search !== ''
  const rows = useRowKeys()
  return (
    <div className="list-page" ref={rows}>
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="font-semibold text-20">Incidents</h1>
        <span className="grow" />
        <Segmented label="Kind" value={kind} options={kinds} onChange={setKind} />
        <Segmented label="Severity" value={severity} options={grades} onChange={setSeverity} />
        <SearchField
          wide
          label="Search incidents by title or number"
          placeholder="Title or number"
          value={typed}
          onChange={setTyped}
        />
        <DeclareButton declare={declare} look="danger" />
      </div>
      {error && !data && (
        <p role="alert" className="panel p-4 text-state-problem">
          {error.message}
        </p>
      )}
      <AlertsWaiting {...actions} />
      <Panel title="Open" aside={<span className="num text-12 text-text-3">{data ? open.length : ''}</span>}>
        {open.length > 0 ? (
          <Table items={open} />
        ) : (
          <p className="px-4 pb-3 text-text-2">
            {isPending ? 'Reading…' : filtered ? 'No open incident matches.' : 'No incident is open.'}
          </p>
        )}
      </Panel>
      <Panel
        title="Resolved"
        aside={
          <span className="num text-12 text-text-3" aria-live="polite">
            {data ? `${past.length}${hasNextPage ? ' shown' : ''}` : ''}
          </span>
        }
      >
        {past.length > 0 ? (
          <Table items={past} />
        ) : (
          <p className="px-4 pb-3 text-text-2">
            {isPending ? 'Reading…' : filtered ? 'No incident matches.' : 'No resolved incidents yet.'}
          </p>
        )}
        <ShowOlder pages={pages} />
      </Panel>
    </div>
  )
}

/** `j` and `k` move through the rows of all tables of a page; Enter opens, because the focus is on the row's link. */
function useRowKeys() {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.key !== 'j' && event.key !== 'k') || typingOrBusy(event)) return
      const links = [...(place.current?.querySelectorAll<HTMLAnchorElement>('td.wide a') ?? [])]
      if (links.length === 0) return
      event.preventDefault()
      const at = document.activeElement instanceof HTMLAnchorElement ? links.indexOf(document.activeElement) : -1
      const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))
      links[next]?.focus()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  return place
}

function Table({ items }: { items: IncidentListItem[] }) {
  return (
    <table className="incident-table">
      <thead>
        <tr>
          <th>Severity</th>
          <th>Incident</th>
          <th className="less">Scenario</th>
          <th className="less">Started</th>
          <th className="less">Duration</th>
          <th>Status</th>
          <th className="less">RTO</th>
          <th className="less">RPO</th>
          <th className="less">Kind</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => {
          const status = presentStatus(item.status)
          return (
            <tr key={item.number}>
              <td>
                <b className="severity" data-severity={item.severity}>
                  {item.severity}
                </b>
              </td>
              <td className="wide">
                <Link href={`/incidents/${item.number}`} className="font-[550] text-text-1 hover:underline">
                  {item.title}
                </Link>{' '}
                <span className="num text-12 text-text-3">{incidentLabel(item.number)}</span>
              </td>
              <td className="less num">{item.scenario}</td>
              <td className="less num text-text-2" title={utcWords(item.impactStartedAt)}>
                {formatDate(item.impactStartedAt)} {formatTimeOfDay(item.impactStartedAt)}
              </td>
              <td className="less num">
                <Duration item={item} />
              </td>
              <td>
                <StateWord state={status.state} word={status.word} />
              </td>
              <td className="less">
                <Objective objective={item.rto} open={isOpen(item.status)} />
              </td>
              <td className="less">
                <Objective objective={item.rpo} open={isOpen(item.status)} />
              </td>
              <td className="less">
                {item.kind === 'drill' ? <StateWord state="lagging" word="DRILL" /> : <span>Real</span>}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Duration({ item }: { item: IncidentListItem }) {
  const text = useNowSelect(
    (now) => formatClock(isOpen(item.status) && now > 0 ? now - item.impactStartedAt : item.durationMs),
    formatClock(item.durationMs),
  )
  return <>{text}</>
}

/** A figure attained; while the incident is open nothing is attained yet. */
export function Objective({ objective, open }: { objective: IncidentListItem['rto']; open: boolean }) {
  const look = presentObjective(objective.verdict)
  if (open || objective.verdict === 'open') return <span className="text-text-3">{dash}</span>
  return (
    <span className="inline-flex items-center gap-2 align-middle">
      <StateWord state={look.state} word={look.word} />
      {objective.attainedMs !== null && <span className="num text-text-2">{formatClock(objective.attainedMs)}</span>}
    </span>
  )
}
