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
/** The newest page of a timeline that goes on further back. */
const head = (entries: TimelineEntry[], everything = entries.length): TimelinePage => ({
  ...page(entries, everything),
  before: entries.at(-1)?.id ?? null,
})
const held = () => ({ pages: [page([entry(3), entry(2)], 3), page([entry(1)], 3)], pageParams: [null, '2'] })
const ids = (merged: { pages: TimelinePage[] }) => merged.pages.flatMap((p) => p.entries.map((e) => e.id))

describe('news of a timeline', () => {
  it('stand before what is held, once, however often they arrive', () => {
    const news = page([entry(5), entry(4)], 5)
    const once = mergeNews(held(), news, head([entry(5), entry(4), entry(3)], 5))
    const twice = mergeNews(once, news, head([entry(5), entry(4), entry(3)], 5))
    expect(ids(twice)).toEqual(['5', '4', '3', '2', '1'])
    expect(twice.pages[0]?.counts.everything).toBe(5)
  })
  it('leave what is held untouched when nothing came, so that nothing is drawn again', () => {
    const before = held()
    expect(mergeNews(before, { ...page([], 3), after: '3' }, head([entry(3), entry(2)], 3))).toBe(before)
  })
  it('stand in the order of the record, a back-dated note too, so that every browser shows the same', () => {
    const late = entry(9, { occurredAt: 2500 })
    expect(ids(mergeNews(held(), page([late], 4), head([late, entry(3)], 4)))).toEqual(['9', '3', '2', '1'])
  })
  it('show a pin and a correction on an entry that was held already', () => {
    const merged = mergeNews(held(), page([], 3), head([entry(3, { pinned: true }), entry(2, { correctedBy: '7' })], 3))
    expect(merged.pages[0]?.entries.map((e) => [e.pinned, e.correctedBy])).toEqual([
      [true, null],
      [false, '7'],
    ])
  })
  it('bring in what a pin makes part of the story, and take out what a correction takes', () => {
    const story = { pages: [page([entry(5), entry(3), entry(1)], 5)], pageParams: [null] }
    const merged = mergeNews(
      story,
      page([entry(7)], 7),
      page([entry(7), entry(5), entry(2, { pinned: true }), entry(1)], 7),
    )
    expect(ids(merged)).toEqual(['7', '5', '2', '1'])
  })
  it('say nothing of what is older than the newest page, nor of pages that are not held yet', () => {
    const begun = { pages: [head([entry(9), entry(8)], 9)], pageParams: [null] }
    expect(ids(mergeNews(begun, page([], 9), head([entry(9), entry(8), entry(4)], 9)))).toEqual(['9', '8'])
    expect(ids(mergeNews(held(), page([entry(4)], 4), head([entry(4), entry(3)], 4)))).toEqual(['4', '3', '2', '1'])
  })
})
