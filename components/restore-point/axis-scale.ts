/** Where things are on the time axis. Pure; times in ms. */

export interface Range {
  from: number
  to: number
}

export const spans = [
  { value: '5m', label: '5 min', ms: 5 * 60_000 },
  { value: '1h', label: '1 h', ms: 3_600_000 },
  { value: '24h', label: '24 h', ms: 24 * 3_600_000 },
  { value: 'all', label: 'All', ms: null },
] as const
export type SpanKey = (typeof spans)[number]['value']

/** The whole axis: from the first point to now, with some room for what is happening now. */
export const wholeOf = (first: number, now: number): Range => ({
  from: first,
  to: now + Math.max(1000, (now - first) / 60),
})

/** The part of the axis to show: the one there is while it contains the point, else one with the point in its middle. */
export function rangeFor(span: SpanKey, whole: Range, point: number, held: Range | null): Range {
  const ms = spans.find(({ value }) => value === span)?.ms ?? null
  if (ms === null || ms >= whole.to - whole.from) return whole
  if (held && held.to - held.from === ms && point >= held.from && point <= held.to && held.from >= whole.from)
    return held
  const from = Math.min(Math.max(point - ms / 2, whole.from), whole.to - ms)
  return { from, to: from + ms }
}

/** Where a time is, as a share of the width; outside 0 to 1 when it is not in the range. */
export const shareOf = (at: number, { from, to }: Range): number => (at - from) / Math.max(1, to - from)

export const percentOf = (at: number, range: Range): string =>
  `${(Math.min(1, Math.max(0, shareOf(at, range))) * 100).toFixed(3)}%`

/** The whole second at a share of the width. */
export const timeAt = (share: number, { from, to }: Range): number =>
  Math.round((from + Math.min(1, Math.max(0, share)) * (to - from)) / 1000) * 1000

const steps = [10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 86_400, 2 * 86_400, 7 * 86_400]

/** Times for the labels below the axis, at most `most`: whole steps of the zone's clock, which is `offsetMs` before UTC. */
export function ticksOf({ from, to }: Range, most: number, offsetMs: number): number[] {
  const step = (steps.find((seconds) => (to - from) / (seconds * 1000) <= most) ?? 30 * 86_400) * 1000
  const ticks: number[] = []
  for (let at = Math.ceil((from + offsetMs) / step) * step - offsetMs; at <= to; at += step) ticks.push(at)
  return ticks
}

/**
 * Where a key leads: an arrow by a second, with Shift by a minute, with Ctrl or a page key by an hour, Home and End to the ends.
 * Null for any other key.
 */
export function moveBy(
  {
    key,
    shiftKey,
    ctrlKey,
    altKey,
    metaKey,
  }: { key: string } & Partial<Record<'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey', boolean>>,
  point: number,
  ends: { first: number; last: number },
): number | null {
  if (altKey || metaKey) return null
  const step = ctrlKey ? 3_600_000 : shiftKey ? 60_000 : 1000
  const to: Record<string, number> = {
    ArrowLeft: point - step,
    ArrowDown: point - step,
    ArrowRight: point + step,
    ArrowUp: point + step,
    PageDown: point - 3_600_000,
    PageUp: point + 3_600_000,
    Home: ends.first,
    End: ends.last,
  }
  const at = to[key]
  return at === undefined ? null : Math.min(Math.max(at, ends.first), ends.last)
}
