import type { LagHistory } from '../../lib/domain/cluster/feed'

/** Preparing the lag history for the chart. Pure. */
export type LagUnit = 'seconds' | 'bytes'
export type LagScale = 'log' | 'linear'

/** What a logarithmic axis shows at its foot: smaller values, zero included, stand on it. */
export const logFloor: Record<LagUnit, number> = { seconds: 0.01, bytes: 1000 }

type Columns = [number[], ...(number | null)[][]]

/** Columns for the chart: seconds since the epoch, then one column a node. Nulls stay nulls, so gaps stay gaps. */
export function toColumns(history: LagHistory, nodes: readonly string[], unit: LagUnit, scale: LagScale): Columns {
  const floor = logFloor[unit]
  return [
    history.at.map((at) => at / 1000),
    ...nodes.map((id) => {
      const values = history.series[id]?.[unit] ?? history.at.map(() => null)
      return scale === 'log' ? values.map((v) => (v === null ? null : Math.max(v, floor))) : values
    }),
  ]
}

interface Silence {
  fromMs: number
  toMs: number
}

/** Times for which no node at all was measured, longer than `atLeastMs`; the one that lasts until now included. */
export function silences(history: LagHistory, nodes: readonly string[], nowMs: number, atLeastMs: number): Silence[] {
  const out: Silence[] = []
  let lastSeen: number | null = null
  for (const [i, at] of history.at.entries()) {
    const seen = nodes.some((id) => (history.series[id]?.seconds[i] ?? null) !== null)
    if (!seen) continue
    if (lastSeen !== null && at - lastSeen > Math.max(atLeastMs, 2.5 * history.stepMs))
      out.push({ fromMs: lastSeen, toMs: at })
    lastSeen = at
  }
  if (lastSeen !== null && nowMs - lastSeen > Math.max(atLeastMs, 2.5 * history.stepMs))
    out.push({ fromMs: lastSeen, toMs: nowMs })
  return out
}

/** The last measured value of a node and when; `fresh` when it is not older than three steps (at least 3 s). */
export function lastValue(
  history: LagHistory,
  id: string,
  unit: LagUnit,
  nowMs: number,
): { value: number; atMs: number; fresh: boolean } | null {
  const values = history.series[id]?.[unit]
  if (!values) return null
  for (let i = values.length - 1; i >= 0; i--) {
    const value = values[i]
    const at = history.at[i]
    if (value === null || value === undefined || at === undefined) continue
    return { value, atMs: at, fresh: nowMs - at <= Math.max(3000, 3 * history.stepMs) }
  }
  return null
}

/** Pushes labels apart so that none covers another: y positions in order, at least `gap` apart, within the bounds. */
export function spread(ys: readonly number[], gap: number, from: number, to: number): number[] {
  const order = ys.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y)
  for (let k = 1; k < order.length; k++) {
    const [above, here] = [order[k - 1], order[k]]
    if (above && here && here.y - above.y < gap) here.y = above.y + gap
  }
  let limit = to
  for (let k = order.length - 1; k >= 0; k--) {
    const here = order[k]
    if (here && here.y > limit) here.y = limit
    limit = (here?.y ?? limit) - gap
  }
  const out = ys.slice()
  for (const { y, i } of order) out[i] = Math.max(from, y)
  return out
}

/** So many marks have a number in the chart and a line in the list below it, the newest. */
const namedMarks = 4

/** The newest marks of a range with their numbers, oldest first: the chart has room for numbers, and the list for the words. */
export function numberedMarks(marks: LagHistory['marks'], fromMs: number, toMs: number) {
  return marks
    .filter(({ at }) => at >= fromMs && at <= toMs)
    .slice(-namedMarks)
    .map((mark, i) => ({ n: i + 1, mark }))
}

/** In which row each number stands, from the top: one that would cover the one before it stands below that. */
export function markRows(xs: readonly number[], size: number): number[] {
  const rows: number[] = []
  for (const [i, x] of xs.entries()) {
    const before = xs[i - 1]
    rows.push(before !== undefined && x - before < size ? (rows[i - 1] ?? 0) + 1 : 0)
  }
  return rows
}
