'use client'

import { useQuery } from '@tanstack/react-query'
import { Siren } from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { activeRunsQuery } from '../../lib/queries/run'
import { formatTimeOfDay } from '../../lib/web/present/format'

/** On every page while a run goes on in which somebody broke the glass: who, since when, and why. */
export function AloneNotice() {
  const { data } = useQuery(activeRunsQuery)
  const path = usePathname()
  const runs = data?.runs.flatMap((run) => (run.alone ? [{ run, alone: run.alone }] : [])) ?? []
  return (
    <div role="alert" className="sticky top-0 z-2">
      {runs
        // The run's own page says it itself.
        .filter(({ run }) => path !== `/runs/${run.id}`)
        .map(({ run, alone }) => (
          <p key={run.id} className="alone st-problem rounded-none">
            <Siren aria-hidden />
            <b>{alone.fell ? 'BREAK-GLASS FELL' : 'BREAK-GLASS'}</b>
            <span className="min-w-0 flex-1">
              {alone.by.name} {alone.fell ? 'broke the glass' : 'acts alone'} in {run.title.toLowerCase()}{' '}
              {alone.fell ? 'at' : 'since'} <span className="num">{formatTimeOfDay(alone.at)}</span>
              {alone.fell ? ', and that yes has fallen; a new one is needed' : ''}: {alone.reason}
            </span>
            <Link href={`/runs/${run.id}`} className="btn" data-size="s">
              Open the run
            </Link>
          </p>
        ))}
    </div>
  )
}
