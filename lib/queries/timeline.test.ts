import { describe, expect, it } from 'vitest'
import type { TimelineEntry, TimelinePage } from '../domain/incident/view'
import { mergeNews } from './timeline'

const entry = (id: number, over: Partial<TimelineEntry> = {}): TimelineEntry => ({
  id: String(id),
  incidentNumber: 1,
  kind: 'note',
  occurredAt: id * 1000,
  recordedAt: id * 1000,
  actor: { id: 'a', name: 'A' },
  text: `entry ${id}`,
  detail: null,
  pinned: false,
  corrects: null,
  correctedBy: null,
  href: null,
  ...over,
})
const page = (entries: TimelineEntry[], everything = entries.length): TimelinePage => ({
  entries,
  before: null,
  after: entries[0]?.id ?? '0',
  newer: false,
  counts: { story: 0, everything },
})
const held = () => ({ pages: [page([entry(3), entry(2)], 3), page([entry(1)], 3)], pageParams: [null, '2'] })
const ids = (merged: { pages: TimelinePage[] }) => merged.pages.flatMap((p) => p.entries.map((e) => e.id))

describe('news of a timeline', () => {
  it('stand before what is held, once, however often they arrive', () => {
    const news = page([entry(5), entry(4)], 5)
    const once = mergeNews(held(), news, page([entry(5), entry(4), entry(3)], 5))
    const twice = mergeNews(once, news, page([entry(5), entry(4), entry(3)], 5))
    expect(ids(twice)).toEqual(['5', '4', '3', '2', '1'])
    expect(twice.pages[0]?.counts.everything).toBe(5)
  })
  it('leave what is held untouched when nothing came, so that nothing is drawn again', () => {
    const before = held()
    expect(mergeNews(before, { ...page([], 3), after: '3' }, page([entry(3), entry(2)], 3))).toBe(before)
  })
  it('stand in the order of the record, a back-dated note too, so that every browser shows the same', () => {
    const late = entry(9, { occurredAt: 2500 })
    expect(ids(mergeNews(held(), page([late], 4), page([late, entry(3)], 4)))).toEqual(['9', '3', '2', '1'])
  })
  it('show a pin and a correction on an entry that was held already', () => {
    const merged = mergeNews(held(), page([], 3), page([entry(3, { pinned: true }), entry(2, { correctedBy: '7' })], 3))
    expect(merged.pages[0]?.entries.map((e) => [e.pinned, e.correctedBy])).toEqual([
      [true, null],
      [false, '7'],
    ])
  })
})
