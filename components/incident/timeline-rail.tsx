'use client'

import { useEffect, useRef, useState } from 'react'
import { serverNow } from '../../lib/queries/clock'
import { formatTimeOfDay } from '../../lib/web/present/format'

/** Time between two jumps while the rail is dragged, ms. */
const stride = 120
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
  const jumpedAt = useRef(0)
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
        const go = () => {
          jumpedAt.current = performance.now()
          setDragged(null)
          onJump(next === 0 ? null : Math.round(now - (span * next) / notches))
        }
        // The first move is followed at once; a hand that goes on is followed in strides.
        const wait = stride - (performance.now() - jumpedAt.current)
        if (wait <= 0) go()
        else waiting.current = setTimeout(go, wait)
      }}
    />
  )
}
