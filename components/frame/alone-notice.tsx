'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { activeRunsQuery } from '../../lib/queries/run'
import { AloneWords } from '../run/alone-words'

/** On every page while a run goes on in which somebody used break-glass: who, since when, and why. */
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
            <AloneWords alone={alone} where={` in ${run.title.toLowerCase()}`} />
            <Link href={`/runs/${run.id}`} className="btn" data-size="s">
              Open the run
            </Link>
          </p>
        ))}
    </div>
  )
}
