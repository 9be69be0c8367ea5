'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { isOpen } from '../../lib/domain/incident/status'
import { useIncidentPages } from '../../lib/queries/incident'
import { trendsQuery } from '../../lib/queries/report'
import { dash, formatClock, formatDate, formatPercent } from '../../lib/web/present/format'
import { presentReportState } from '../../lib/web/present/incident'
import { Objective } from '../incident/incident-list'
import { Panel } from '../ui/panel'
import { ShowOlder } from '../ui/show-older'
import { StateWord } from '../ui/state'
import { Trend } from './trend'

/** Reports of all incidents, and whether recovery gets better. Drills never count in the figures. */
export function ReportList({ rto }: { rto: { targetSeconds: number } }) {
  const { data: trends, error } = useQuery(trendsQuery)
  const pages = useIncidentPages({})
  const list = pages.data
  const items = list?.pages.flatMap((page) => page.items) ?? []
  return (
    <div className="list-page">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h1 className="font-semibold text-20">Reports</h1>
        <p className="text-text-2">
          {trends &&
            `Figures over ${trends.points.length} real ${trends.points.length === 1 ? 'incident' : 'incidents'} that ${trends.points.length === 1 ? 'is' : 'are'} over. Drills never count.`}
        </p>
      </div>
      {error && !trends && (
        <p role="alert" className="panel p-4 text-state-problem">
          {error.message}
        </p>
      )}
      <div className="trend-figures">
        <Figure title="Mean time to detect" value={formatMs(trends?.mttdMs)} />
        <Figure title="Mean time to recover" value={formatMs(trends?.mttrMs)} />
        <Figure title="RTO met" value={formatPercent(trends?.rtoMetShare ?? null, 0)} />
        <Figure title="RPO met" value={formatPercent(trends?.rpoMetShare ?? null, 0)} />
      </div>
      <Panel title="Over time, each real incident">
        <Trend points={trends?.points ?? []} targetMs={rto.targetSeconds * 1000} />
      </Panel>
      <Panel title="Reports">
        {items.length ? (
          <table className="incident-table">
            <thead>
              <tr>
                <th>Incident</th>
                <th className="less">Day</th>
                <th className="less">RTO</th>
                <th className="less">RPO</th>
                <th>Report</th>
                <th className="less">Kind</th>
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <tr key={item.number}>
                  <td className="wide">
                    <Link href={`/incidents/${item.number}/report`} className="font-[550] text-text-1 hover:underline">
                      {item.title}
                    </Link>{' '}
                    <span className="num text-12 text-text-3">{incidentLabel(item.number)}</span>
                  </td>
                  <td className="less text-text-2">
                    {formatDate(item.impactStartedAt, { day: 'numeric', month: 'short', year: 'numeric' })}
                  </td>
                  <td className="less">
                    <Objective objective={item.rto} open={isOpen(item.status)} />
                  </td>
                  <td className="less">
                    <Objective objective={item.rpo} open={isOpen(item.status)} />
                  </td>
                  <td>
                    <StateWord {...presentReportState(item.report)} />
                  </td>
                  <td className="less">
                    {item.kind === 'drill' ? <StateWord state="lagging" word="DRILL" /> : 'Real'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <p className="px-4 pb-3 text-text-2">{list ? 'No incidents to report on yet.' : 'Reading…'}</p>
        )}
        <ShowOlder pages={pages} />
      </Panel>
    </div>
  )
}

const formatMs = (ms: number | null | undefined) => (ms === null || ms === undefined ? dash : formatClock(ms))

function Figure({ title, value }: { title: string; value: string }) {
  return (
    <section className="panel px-4 py-3" aria-label={title}>
      <span className="text-12 text-text-2">{title}</span>
      <span className="value">{value}</span>
    </section>
  )
}
