'use client'

import clsx from 'clsx'
import { utcWords } from '../../lib/domain/units'
import { useNow, useNowSelect } from '../../lib/queries/clock'
import { type Sight, sightOf } from '../../lib/queries/sight'
import { dash, formatAge, formatTimeOfDay } from '../../lib/web/present/format'

/** How old an observation is, ticking. Late says "as of … ago"; what was never observed is a dash. */
export function Age({
  at,
  everyMs,
  ago = false,
  className,
}: {
  at: number | null
  everyMs: number
  /** Always say "ago", also while fresh. */
  ago?: boolean
  className?: string
}) {
  const now = useNow()
  if (at === null || now === 0) return <span className={clsx('age', className)}>{dash}</span>
  const sight = sightOf(at, everyMs, now)
  const text = formatAge(now - at)
  return (
    <span
      className={clsx('age', className)}
      data-sight={sight}
      title={`Observed ${formatTimeOfDay(at)} (${utcWords(at)})`}
    >
      {sight === 'live' ? (ago ? `${text} ago` : text) : `as of ${text} ago`}
    </span>
  )
}

/** Sight of an observation; renders only when it passes from one to another. */
export function useSight(at: number | null, everyMs: number): Sight {
  return useNowSelect((now) => sightOf(at, everyMs, now), 'live')
}

/** Time since a moment, ticking, as words. */
export function Since({ at, format }: { at: number | null; format: (ms: number) => string }) {
  const text = useNowSelect((now) => (at === null || now === 0 ? dash : format(Math.max(0, now - at))), dash)
  return <>{text}</>
}
