import type { TimelineEntry } from './types'

/** By when things happened, or by when they were written down. */
export type TimelineOrder = 'events' | 'written'

/** An entry that was written later keeps both times; a moment's difference is only the way to the store, ms. */
const lateMs = 2000
export const isWrittenLater = ({ occurredAt, recordedAt }: Pick<TimelineEntry, 'occurredAt' | 'recordedAt'>): boolean =>
  recordedAt - occurredAt > lateMs

/** When an entry counts in an order, ms. */
export const timeIn = (
  order: TimelineOrder,
  { occurredAt, recordedAt }: Pick<TimelineEntry, 'occurredAt' | 'recordedAt'>,
): number => (order === 'events' ? occurredAt : recordedAt)

/** Newest first. Of what happened at the same time the later number comes first; numbers are the order of writing. */
export const inOrder = <E extends Pick<TimelineEntry, 'id' | 'occurredAt' | 'recordedAt'>>(
  order: TimelineOrder,
  entries: readonly E[],
): E[] =>
  entries.toSorted(
    (a, b) => (order === 'events' ? b.occurredAt - a.occurredAt : 0) || Number(BigInt(b.id) - BigInt(a.id)),
  )

/** What somebody has just written, as the timeline has it; null until it does. `by` wrote it at about `at`, ms. */
export const justWritten = <E extends Pick<TimelineEntry, 'id' | 'kind' | 'recordedAt'> & { actor: { id: string } }>(
  entries: readonly E[],
  { by, at }: { by: string; at: number },
): E | null =>
  entries
    .filter(
      ({ actor, kind, recordedAt }) =>
        actor.id === by && ['note', 'decision', 'action'].includes(kind) && recordedAt > at - 30_000,
    )
    .toSorted((a, b) => Number(b.id) - Number(a.id))[0] ?? null

/** Where a window of rows opens: at the newest entry, or with the row that was jumped to in its middle. Pixels. */
export const openingOffset = (index: number, rowPx: number, heightPx: number): number =>
  index <= 0 ? 0 : Math.max(0, index * rowPx - Math.max(0, heightPx - rowPx) / 2)
