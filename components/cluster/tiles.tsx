'use client'

import Link from 'next/link'
import { memo } from 'react'
import { servingWorkload } from '../../lib/domain/cluster/serving'
import type { Reading, Snapshot } from '../../lib/domain/cluster/types'
import { serverNow } from '../../lib/queries/clock'
import { dash, formatTimeOfDay, shortNames } from '../../lib/web/present/format'
import { Age, useSight } from '../ui/age'
import { StateWord } from '../ui/state'
import type { LossTargets } from './candidates'
import {
  appTile,
  availabilityTile,
  backupTile,
  metricsTile,
  networkTile,
  poolTile,
  type TileFigures,
} from './tile-figures'

/** Six readings that are not the database itself, each with its age and, when its source fails, since when. */
export function Tiles({ snapshot, rpo }: { snapshot: Snapshot; rpo: LossTargets }) {
  const names = shortNames(snapshot.nodes.map((n) => n.id))
  const workload = servingWorkload(snapshot)
  const month = snapshot.availability.value?.monthLabel
  return (
    <div className="tiles">
      <Tile title="Connection pool" reading={snapshot.pool} present={poolTile} />
      <Tile title={workload.value?.deployment ?? 'Application'} reading={workload} present={appTile} />
      <Tile
        title="Backups"
        href="/backups"
        reading={snapshot.backups}
        present={(v) => backupTile(v, serverNow(), rpo, snapshot.s3Backups)}
      />
      <Tile title="Prometheus" reading={snapshot.metrics} present={metricsTile} />
      <Tile title="DNS and TLS" reading={snapshot.network} present={(v) => networkTile(v, serverNow(), names)} />
      <Tile
        title={month ? `Availability, ${month}` : 'Availability'}
        reading={snapshot.availability}
        present={availabilityTile}
      />
    </div>
  )
}

function TileInner<T>({
  title,
  href,
  reading,
  present,
}: {
  title: string
  /** Where all of it can be read. */
  href?: string
  reading: Reading<T>
  present: (value: T) => TileFigures
}) {
  const sight = useSight(reading.observedAt, reading.everyMs)
  const figures = reading.value === null ? null : present(reading.value)
  const shown = sight === 'blind' ? null : figures
  const failing = reading.error !== null
  const mark =
    sight === 'live' && figures && !failing
      ? { state: figures.state, word: figures.word }
      : sight === 'live' && figures
        ? {
            state: figures.state === 'ok' ? ('lagging' as const) : figures.state,
            word: figures.state === 'ok' ? 'FAILING' : figures.word,
          }
        : { state: 'unknown' as const, word: reading.observedAt === null && !failing ? 'UNKNOWN' : 'STALE' }
  const foot = failing
    ? `${reading.error}${reading.failingSince === null ? '' : `, since ${formatTimeOfDay(reading.failingSince)}`}`
    : (shown?.foot ?? (reading.observedAt === null ? 'Not observed yet' : 'No answer'))
  return (
    <section className={`panel tile${sight === 'live' ? '' : ' hatch'}`} aria-label={title}>
      <div className="tile-line">
        {href ? (
          <Link href={href} className="strong truncate text-12 text-text-2">
            {title}
          </Link>
        ) : (
          <span className="strong truncate text-12 text-text-2">{title}</span>
        )}
        <StateWord state={mark.state} word={mark.word} />
      </div>
      <div
        className="tile-value"
        title={shown === null && figures ? `Last value: ${figures.value} ${figures.unit}` : undefined}
      >
        <span className={sight === 'live' ? undefined : 'text-text-3'}>{shown?.value ?? dash}</span>
        <small>{shown?.unit ?? figures?.unit ?? ''}</small>
      </div>
      <div className="tile-line">
        <span className="truncate text-12 text-text-3" title={foot}>
          {foot}
        </span>
        <Age at={reading.observedAt} everyMs={reading.everyMs} />
      </div>
    </section>
  )
}

const Tile = memo(TileInner) as typeof TileInner
