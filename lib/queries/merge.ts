import type { LagHistory } from '../domain/cluster/feed'
import type { LagPoint, Mark, Snapshot } from '../domain/cluster/types'

/**
 * Pure merging of live events into what the browser holds. Events can be replayed, arrive twice or arrive after a poll
 * has answered with something newer: what is not newer is dropped.
 */

/** The newer of two snapshots: a higher term of the collector wins, within one term the higher sequence. */
export function newerSnapshot<T extends Pick<Snapshot, 'epoch' | 'seq'>>(
  held: T | null | undefined,
  next: T | null,
): T | null {
  if (!held) return next
  if (!next) return held
  if (next.epoch !== held.epoch) return next.epoch > held.epoch ? next : held
  return next.seq > held.seq ? next : held
}

const worst = (a: number | null | undefined, b: number | null) =>
  a === null || a === undefined ? b : b === null ? a : Math.max(a, b)

/**
 * Adds one second to a history and lets the oldest go. A point that is not newer is dropped, silence longer than two
 * and a half steps becomes a gap, and where one step holds several seconds the worst of them stands.
 */
export function appendLag(history: LagHistory, point: LagPoint): LagHistory {
  const last = history.at.at(-1)
  if (last !== undefined && point.at <= last) return history
  const spanMs = history.toMs - history.fromMs
  const sameStep = last !== undefined && history.stepMs > 1500 && point.at - last < history.stepMs
  const at = history.at.slice()
  const gap = last !== undefined && point.at - last > 2.5 * history.stepMs
  if (gap) at.push(last + history.stepMs)
  if (!sameStep) at.push(point.at)
  const from = point.at - spanMs
  let dropped = 0
  while (dropped < at.length - 1 && (at[dropped] ?? 0) < from) dropped++
  const names = new Set([...Object.keys(history.series), ...Object.keys(point.byNode)])
  const series: LagHistory['series'] = {}
  for (const name of names) {
    const held = history.series[name]
    const value = point.byNode[name] ?? null
    const column = (key: 'seconds' | 'bytes') => {
      const values = held ? held[key].slice() : history.at.map(() => null)
      const next = value ? value[key] : null
      if (sameStep) values[values.length - 1] = worst(values.at(-1), next)
      else {
        if (gap) values.push(null)
        values.push(next)
      }
      return dropped ? values.slice(dropped) : values
    }
    series[name] = { seconds: column('seconds'), bytes: column('bytes') }
  }
  return {
    ...history,
    fromMs: from,
    toMs: point.at,
    at: dropped ? at.slice(dropped) : at,
    series,
    marks: history.marks.filter((mark) => mark.at >= from),
  }
}

/** Adds a mark in its place; the same mark replayed is not added again. */
export function appendMark(history: LagHistory, mark: Mark): LagHistory {
  if (history.marks.some((m) => m.at === mark.at && m.text === mark.text)) return history
  return { ...history, marks: [...history.marks, mark].sort((a, b) => a.at - b.at) }
}

/** Puts a null row into every silence of a loaded history, so that the chart never joins what was not measured. */
export function withGaps(history: LagHistory): LagHistory {
  const breaks: number[] = []
  for (let i = 1; i < history.at.length; i++)
    if ((history.at[i] ?? 0) - (history.at[i - 1] ?? 0) > 2.5 * history.stepMs) breaks.push(i)
  if (breaks.length === 0) return history
  const insert = <T>(values: T[], fill: (i: number) => T) => {
    const out: T[] = []
    let b = 0
    for (let i = 0; i < values.length; i++) {
      if (breaks[b] === i) {
        out.push(fill(i))
        b++
      }
      out.push(values[i] as T)
    }
    return out
  }
  return {
    ...history,
    at: insert(history.at, (i) => (history.at[i - 1] ?? 0) + history.stepMs),
    series: Object.fromEntries(
      Object.entries(history.series).map(([id, s]) => [
        id,
        { seconds: insert(s.seconds, () => null), bytes: insert(s.bytes, () => null) },
      ]),
    ),
  }
}
