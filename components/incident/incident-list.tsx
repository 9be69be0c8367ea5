'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { isOpen } from '../../lib/domain/incident/status'
import type { IncidentListItem } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import { incidentsQuery } from '../../lib/queries/incident'
import { dash, formatClock, formatTimeOfDay, formatUtc } from '../../lib/web/present/format'
import { incidentName, presentObjective, presentStatus } from '../../lib/web/present/incident'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'
import type { Declare } from './actions'
import { DeclareButton } from './declare'

/** Open incidents first, then those that were; drills stand apart by their word. */
export function IncidentList({ declare }: { declare: Declare }) {
  const { data, error, isPending } = useQuery(incidentsQuery)
  const open = data?.items.filter((item) => isOpen(item.status)) ?? []
  const past = data?.items.filter((item) => !isOpen(item.status)) ?? []
  const alerts = data?.alerts.filter((alert) => alert.incidentNumber === null && alert.resolvedAt === null) ?? []
  return (
    <div className="list-page">
      <div className="flex items-center gap-3">
        <h1 className="font-semibold text-20">Incidents</h1>
        <span className="grow" />
        <DeclareButton declare={declare} look="danger" />
      </div>
      {error && !data && (
        <p role="alert" className="panel p-4 text-state-problem">
          {error.message}
        </p>
      )}
      {alerts.length > 0 && (
        <Panel title="Alerts without an incident">
          <ul className="px-4 pb-3">
            {alerts.map((alert) => (
              <li key={alert.id} className="flex items-center gap-3 py-1">
                <StateWord state="problem" word="FIRING" />
                <span className="min-w-0 flex-1 truncate">{alert.title}</span>
                <span className="text-12 text-text-3">
                  {alert.source === 'alertmanager' ? 'Alertmanager' : 'PagerDuty'}, {alert.times} times, last{' '}
                  <span className="num">{formatTimeOfDay(alert.lastAt)}</span>
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Open" aside={<span className="num text-12 text-text-3">{data ? open.length : ''}</span>}>
        {open.length > 0 ? (
          <Table items={open} />
        ) : (
          <p className="px-4 pb-3 text-text-2">{isPending ? 'Reading…' : 'No incident is open.'}</p>
        )}
      </Panel>
      <Panel title="Before" aside={<span className="num text-12 text-text-3">{data ? past.length : ''}</span>}>
        {past.length > 0 ? (
          <Table items={past} />
        ) : (
          <p className="px-4 pb-3 text-text-2">{isPending ? 'Reading…' : 'There was none yet.'}</p>
        )}
      </Panel>
    </div>
  )
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
          <th>Duration</th>
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
                <span className="num text-12 text-text-3">{incidentName(item.number)}</span>
              </td>
              <td className="less num">{item.scenario}</td>
              <td className="less num text-text-2" title={formatUtc(item.impactStartedAt)} suppressHydrationWarning>
                {new Date(item.impactStartedAt).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}{' '}
                {formatTimeOfDay(item.impactStartedAt)}
              </td>
              <td className="num">
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
    <span className="inline-flex items-center gap-2">
      <StateWord state={look.state} word={look.word} />
      {objective.attainedMs !== null && <span className="num text-text-2">{formatClock(objective.attainedMs)}</span>}
    </span>
  )
}
