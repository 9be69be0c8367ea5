'use client'

import { useQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useMemo, useState } from 'react'
import type { NodeView } from '../../lib/domain/cluster/types'
import { shorten } from '../../lib/domain/text'
import { useNowSelect } from '../../lib/queries/clock'
import { type LagMinutes, lagHistoryQuery, lagRanges } from '../../lib/queries/cluster'
import { seriesOf } from '../../lib/web/present/cluster'
import { formatTimeOfDay, shortNames } from '../../lib/web/present/format'
import { Panel, Skeleton } from '../ui/panel'
import { Segmented } from '../ui/segmented'
import type { LossTargets } from './candidates'
import { type LagScale, type LagUnit, lastValue, numberedMarks } from './lag-data'
import { type LagLine, valueText } from './lag-paint'

const LagChart = dynamic(() => import('./lag-chart'), { ssr: false, loading: () => <ChartSkeleton /> })

/** Lag of every reader over time; what was not measured stays a gap. */
export function LagPanel({ nodes, writerId, rpo }: { nodes: NodeView[]; writerId: string | null; rpo: LossTargets }) {
  const [minutes, setMinutes] = useState<LagMinutes>(15)
  const [unit, setUnit] = useState<LagUnit>('seconds')
  const [scale, setScale] = useState<LagScale>('log')
  const { data: history, error } = useQuery(lagHistoryQuery(minutes))
  const second = useNowSelect((now) => Math.floor(now / 1000), 0)
  const lines = useLines(nodes, writerId)
  const nowMs = Math.max(second * 1000, history?.at.at(-1) ?? 0)
  return (
    <Panel
      title="Replication lag"
      className="area-lag"
      aside={
        <span className="flex flex-wrap items-center justify-end gap-2 py-2">
          <Segmented
            label="Range"
            value={String(minutes)}
            options={lagRanges.map((r) => ({ value: String(r.minutes), label: r.label }))}
            onChange={(value) => setMinutes(Number(value) as LagMinutes)}
          />
          <Segmented
            label="Unit"
            value={unit}
            options={[
              { value: 'seconds', label: 'Seconds' },
              { value: 'bytes', label: 'Bytes' },
            ]}
            onChange={setUnit}
          />
          <Segmented
            label="Scale"
            value={scale}
            options={[
              { value: 'log', label: 'Log' },
              { value: 'linear', label: 'Linear' },
            ]}
            onChange={setScale}
          />
        </span>
      }
    >
      <div className="lag-body">
        {history ? (
          <>
            <LagChart
              history={history}
              lines={lines}
              unit={unit}
              scale={scale}
              rpo={rpo}
              nowMs={nowMs}
              spanMs={minutes * 60_000}
            />
            <ol
              className="flex flex-wrap gap-x-3 px-4 text-11 text-text-2 empty:hidden"
              aria-label="Marks in the chart"
            >
              {numberedMarks(history.marks, nowMs - minutes * 60_000, nowMs).map(({ n, mark }) => (
                <li key={`${mark.at} ${mark.text}`} className="flex items-center gap-1">
                  <b className="num flex size-4 items-center justify-center rounded-full border border-text-2 text-11 text-text-1">
                    {n}
                  </b>
                  <span className="num text-text-3">{formatTimeOfDay(mark.at)}</span> {shorten(mark.text, 42)}
                </li>
              ))}
            </ol>
            <ul className="lag-legend" aria-label={`Replication lag in ${unit}, now`}>
              {lines.map((line) => {
                const last = lastValue(history, line.id, unit, nowMs)
                return (
                  <li key={line.id} style={{ color: `var(--series-${line.series})` }}>
                    {line.name} <span className="num">{last?.fresh ? valueText(last.value, unit) : 'unknown'}</span>
                  </li>
                )
              })}
            </ul>
          </>
        ) : error ? (
          <p className="m-auto max-w-80 text-center text-text-3">
            The history is not available: {error.message} Retrying every 5 s.
          </p>
        ) : (
          <ChartSkeleton />
        )}
      </div>
    </Panel>
  )
}

function useLines(nodes: NodeView[], writerId: string | null): LagLine[] {
  const key = nodes.map((n) => `${n.id}:${n.role}`).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: only names and roles decide the lines
  return useMemo(() => {
    const series = seriesOf(nodes)
    const names = shortNames(nodes.map((n) => n.id))
    return nodes
      .filter((n) => n.id !== writerId && n.role !== 'writer')
      .map((n) => ({
        id: n.id,
        name: (names[n.id] ?? n.id).replace(/-replica(?= \(|$)/, ''),
        series: series[n.id] ?? 1,
        dashed: n.role === 'cross-region',
      }))
  }, [key, writerId])
}

function ChartSkeleton() {
  return (
    <div className="flex h-full flex-col justify-between py-3 pr-4 pl-14" aria-hidden>
      {[0, 1, 2, 3, 4].map((i) => (
        <Skeleton key={i} width="100%" height={1} />
      ))}
    </div>
  )
}
