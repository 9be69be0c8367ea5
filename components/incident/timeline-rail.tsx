'use client'

import { useEffect, useRef, useState } from 'react'
import { serverNow } from '../../lib/queries/clock'
import { formatTimeOfDay } from '../../lib/web/present/format'

/** Positions of the rail; the top is now. */
const notches = 1000

/** The whole incident from now (top) to its beginning (bottom): drag, click or press a key to be there. */
export function TimelineRail({
  since,
  at,
  zone,
  onJump,
}: {
  since: number
  /** Time of the first row on screen; null at the top. */
  at: number | null
  zone: 'local' | 'utc'
  /** Null is the present. */
  onJump: (at: number | null) => void
}) {
  const [dragged, setDragged] = useState<number | null>(null)
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => void (waiting.current && clearTimeout(waiting.current)), [])
  const now = serverNow()
  const span = Math.max(1, now - since)
  const notch = dragged ?? (at === null ? 0 : Math.min(notches, Math.max(0, Math.round((notches * (now - at)) / span))))
  const words = formatTimeOfDay(now - (span * notch) / notches, zone === 'utc' ? 'UTC' : undefined)
  return (
    <input
      type="range"
      className="timeline-rail"
      aria-label="Go to a time of the incident"
      aria-valuetext={notch === 0 ? 'Now' : words}
      title={notch === 0 ? 'Now' : words}
      min={0}
      max={notches}
      step={1}
      value={notch}
      onChange={(event) => {
        const next = Number(event.target.value)
        setDragged(next)
        if (waiting.current) clearTimeout(waiting.current)
        // While it is dragged only where it rests is read.
        waiting.current = setTimeout(() => {
          setDragged(null)
          onJump(next === 0 ? null : Math.round(now - (span * next) / notches))
        }, 40)
      }}
    />
  )
}
