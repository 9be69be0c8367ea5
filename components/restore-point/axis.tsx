'use client'

import { type KeyboardEvent, type PointerEvent, useId } from 'react'
import { localWithOffset, localWords } from '../../lib/domain/local-time'
import type { PointMark, PointMarkKind, RestorePointView } from '../../lib/domain/restore-point/marks'
import { choosable, secondBefore } from '../../lib/domain/restore-point/window'
import { utcWords } from '../../lib/domain/units'
import { offsetMinutes } from '../../lib/domain/zone'
import { moveBy, percentOf, type Range, shareOf, ticksOf, timeAt } from './axis-scale'

const rowPx = 26
const topPx = 22
const lanes: { label: string; kinds: readonly PointMarkKind[] }[] = [
  { label: 'Damage', kinds: ['damage'] },
  { label: 'Heartbeat', kinds: ['heartbeat-gap', 'not-measured'] },
  { label: 'Deploys', kinds: ['deployment'] },
  { label: 'Database', kinds: ['database-event'] },
  { label: 'Incidents, runs', kinds: ['incident', 'run'] },
]
const bottomPx = topPx + lanes.length * rowPx

/** In the zone's own clock, as precise as the part of the axis that is shown. */
export function tickWords(at: number, zone: string, range: Range): string {
  const words = localWords(at, zone)
  if (range.to - range.from > 36 * 3_600_000) return words.slice(5, 10)
  return range.to - range.from > 20 * 60_000 ? words.slice(11, 16) : words.slice(11)
}

/** The restore window on a time axis: events in lanes, the damage, and the chosen point, which arrow keys and the pointer move. */
export function Axis({
  view,
  window,
  zone,
  range,
  point,
  label,
  onPoint,
}: {
  view: RestorePointView
  window: RestorePointView['window'] & { known: true }
  zone: string
  range: Range
  /** The chosen point, ms; null while none is chosen. */
  point: number | null
  label: string
  onPoint: (at: number) => void
}) {
  const hatch = useId()
  const ends = choosable(window)
  const at = point ?? ends.last
  const x = (time: number) => percentOf(time, range)
  const width = (from: number, to: number, least = 0) =>
    `${Math.max(least, (Math.min(1, shareOf(to, range)) - Math.max(0, shareOf(from, range))) * 100).toFixed(3)}%`
  const inside = ({ at: from, until }: PointMark) => (until ?? from) >= range.from && from <= range.to
  const { lastGoodAt, firstBadAt } = view.damage

  const onKeyDown = (event: KeyboardEvent) => {
    const to = moveBy(event, at, ends)
    if (to === null) return
    event.preventDefault()
    onPoint(to)
  }
  const follow = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const to = timeAt((event.clientX - box.left) / box.width, range)
    onPoint(Math.min(Math.max(to, ends.first), ends.last))
  }

  return (
    <div className="grid grid-cols-[88px_minmax(0,1fr)] gap-x-2 text-11 text-text-2">
      <div aria-hidden style={{ paddingTop: topPx }}>
        {lanes.map((lane) => (
          <div key={lane.label} className="flex items-center" style={{ height: rowPx }}>
            {lane.label}
          </div>
        ))}
      </div>
      <div className="relative">
        <div
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-orientation="horizontal"
          aria-valuemin={ends.first / 1000}
          aria-valuemax={ends.last / 1000}
          aria-valuenow={Math.round(at / 1000)}
          aria-valuetext={
            point === null ? 'No point is chosen.' : `${localWithOffset(point, zone)}, that is ${utcWords(point)}`
          }
          className="relative cursor-crosshair touch-pan-y rounded-sm border border-line-2 bg-inset"
          onKeyDown={onKeyDown}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId)
            follow(event)
          }}
          onPointerMove={(event) => event.buttons === 1 && follow(event)}
        >
          <svg aria-hidden className="block w-full" height={bottomPx + 4}>
            <defs>
              <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect width="2" height="6" style={{ fill: 'var(--hatch-ink)' }} />
              </pattern>
            </defs>
            {lastGoodAt !== null && (
              <rect
                width={width(range.from, lastGoodAt)}
                height="100%"
                style={{ fill: 'var(--state-ok)', opacity: 0.07 }}
              />
            )}
            {firstBadAt !== null && (
              <rect
                x={x(firstBadAt)}
                width={width(firstBadAt, range.to)}
                height="100%"
                style={{ fill: 'var(--state-problem)', opacity: 0.1 }}
              />
            )}
            <rect
              x={x(window.latestAt)}
              width={width(window.latestAt, range.to)}
              height="100%"
              fill={`url(#${hatch})`}
            />
            {lanes.map((lane, row) => (
              <line
                key={lane.label}
                x2="100%"
                y1={topPx + row * rowPx}
                y2={topPx + row * rowPx}
                style={{ stroke: 'var(--border-1)' }}
              />
            ))}
            {view.marks.filter(inside).map((mark) => (
              <Shape key={`${mark.kind} ${mark.at} ${mark.text}`} mark={mark} hatch={hatch} x={x} width={width} />
            ))}
            <Bound at={lastGoodAt} range={range} color="var(--state-ok)" words="✓ Last good" end dashed />
            <Bound at={firstBadAt} range={range} color="var(--state-problem)" words="✕ First bad" />
            {point !== null && point >= range.from && point <= range.to && (
              <g style={{ color: 'var(--accent)' }}>
                <line x1={x(point)} x2={x(point)} y2="100%" stroke="currentColor" strokeWidth="2" />
                <circle cx={x(point)} cy={bottomPx - 2} r="6" fill="currentColor" />
              </g>
            )}
          </svg>
        </div>
        {view.marks
          .filter((mark) => inside(mark) && laneOf(mark) >= 0 && mark.at >= range.from)
          .map((mark) => (
            // The list below has the same for the keyboard.
            <button
              key={`${mark.kind} ${mark.at} ${mark.text}`}
              type="button"
              tabIndex={-1}
              aria-hidden
              className="absolute size-6 -translate-x-1/2 cursor-pointer"
              style={{ left: x(mark.at), top: topPx + laneOf(mark) * rowPx + 1 }}
              title={`${localWords(mark.at, zone)} ${mark.text}. Choose 1 s before.`}
              onClick={() => onPoint(secondBefore(mark.at))}
            />
          ))}
        <div aria-hidden className="num relative h-5 overflow-hidden text-text-3">
          {ticksOf(range, 3, offsetMinutes(range.from, zone) * 60_000).map((tick) => {
            const share = shareOf(tick, range)
            return share > 0.9 || share < 0.1 ? null : (
              <span key={tick} className="absolute top-1 -translate-x-1/2 whitespace-nowrap" style={{ left: x(tick) }}>
                {tickWords(tick, zone, range)}
              </span>
            )
          })}
        </div>
      </div>
    </div>
  )
}

const laneOf = ({ kind }: PointMark): number => lanes.findIndex(({ kinds }) => kinds.includes(kind))

function Shape({
  mark,
  hatch,
  x,
  width,
}: {
  mark: PointMark
  hatch: string
  x: (at: number) => string
  width: (from: number, to: number, least: number) => string
}) {
  const lane = laneOf(mark)
  const y = topPx + lane * rowPx + rowPx / 2
  switch (mark.kind) {
    case 'deployment':
      return <circle cx={x(mark.at)} cy={y} r="4.5" style={{ fill: 'var(--series-2)' }} />
    case 'damage':
      return <circle cx={x(mark.at)} cy={y} r="4.5" style={{ fill: 'var(--state-problem)' }} />
    case 'database-event':
      return (
        <svg x={x(mark.at)} y={y} overflow="visible" aria-hidden>
          <rect x="-4" y="-4" width="8" height="8" transform="rotate(45)" style={{ fill: 'var(--series-3)' }} />
        </svg>
      )
    case 'heartbeat-gap':
    case 'not-measured':
    case 'incident':
    case 'run':
      return (
        <rect
          x={x(mark.at)}
          y={y - 6}
          // A short span is seen on a long axis too.
          width={width(mark.at, mark.until ?? mark.at, 0.4)}
          height="12"
          style={spanLooks(hatch)[mark.kind]}
        />
      )
    case 'last-good':
    case 'first-bad':
      return null
    default:
      return mark.kind satisfies never
  }
}

const spanLooks = (hatch: string) => ({
  'heartbeat-gap': { fill: 'var(--state-problem)', opacity: 0.8 },
  'not-measured': { fill: `url(#${hatch})`, stroke: 'var(--state-unknown-edge)' },
  incident: { fill: 'var(--state-problem-tint)', stroke: 'var(--state-problem-edge)' },
  run: { fill: 'var(--state-working-tint)', stroke: 'var(--state-working-edge)' },
})

/** A line through all lanes, with its name on that side of it which has room. */
function Bound({
  at,
  range,
  color,
  words,
  end = false,
  dashed = false,
}: {
  at: number | null
  range: Range
  color: string
  words: string
  end?: boolean
  dashed?: boolean
}) {
  if (at === null || at < range.from || at > range.to) return null
  const share = shareOf(at, range)
  const before = end ? share > 0.3 : share > 0.7
  return (
    <g style={{ color }}>
      <line
        x1={percentOf(at, range)}
        x2={percentOf(at, range)}
        y2="100%"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeDasharray={dashed ? '4 3' : undefined}
      />
      <text
        x={percentOf(at, range)}
        dx={before ? -6 : 6}
        y="15"
        fill="currentColor"
        textAnchor={before ? 'end' : 'start'}
        fontWeight={550}
      >
        {words}
      </text>
    </g>
  )
}
