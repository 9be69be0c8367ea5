'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { inOrder, justWritten, openingOffset, type TimelineOrder, timeIn } from '../../lib/domain/incident/order'
import type { TimelineEntry } from '../../lib/domain/incident/types'
import { useHydrated } from '../../lib/queries/cluster'
import type { TimelinePlace } from '../../lib/queries/keys'
import type { useTimeline } from '../../lib/queries/timeline'
import type { IncidentActions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Entry } from './entry'
import { typingOrBusy } from './keys'
import { TimelineRail } from './timeline-rail'

/** Rows near the end of the window at which the next page is asked for. */
const ahead = 16

/** A row that has one line of words, pixels. */
const rowPx = 53
/** Rows of the first HTML: they stand one below the other, because nothing is measured yet. */
const rowsAtFirst = 30

interface RowsProps {
  timeline: ReturnType<typeof useTimeline>
  order: TimelineOrder
  /** Who has just written something, and when: it is shown, wherever one reads. */
  own: { by: string; at: number } | null
  zone: 'local' | 'utc'
  place: TimelinePlace
  /** The entry that the address names. */
  linked: string | null
  actions: IncidentActions
  mayWrite: boolean
  onJump: (at: number | null) => void
  onChanged: () => void
}

/** What happened, and the rail beside it. Rows of another place are another window, which opens where they are wanted. */
export function TimelineRows({
  since,
  empty,
  ...rows
}: RowsProps & {
  /** Where the incident begins, for the rail. */
  since: number
  empty: string
}) {
  const { place, zone, order, onJump } = rows
  const entries = useMemo(() => inOrder(order, rows.timeline.entries), [order, rows.timeline.entries])
  const timeline = { ...rows.timeline, entries }
  const [shownAt, setShownAt] = useState<number | null>(null)
  // Height of the window before: the next one draws its rows at once, without measuring first.
  const height = useRef(0)
  if (timeline.loading) return <div className="timeline-rows" aria-busy="true" />
  if (timeline.entries.length === 0)
    return (
      <p className="timeline-empty" role={timeline.error ? 'alert' : undefined}>
        {timeline.error?.message ?? empty}
      </p>
    )
  const away = timeline.newer || place !== null
  return (
    <div className="timeline-body">
      <TimelineWindow key={timeline.rowsOf} {...rows} timeline={timeline} height={height} onShownAt={setShownAt} />
      {(timeline.older || away) && <TimelineRail since={since} at={shownAt} zone={zone} onJump={onJump} />}
    </div>
  )
}

const indexOfPlace = (entries: readonly TimelineEntry[], place: TimelinePlace, order: TimelineOrder) => {
  if (place === null) return 0
  const index =
    'around' in place ? indexOf(entries, place.around) : entries.findIndex((entry) => timeIn(order, entry) <= place.at)
  return index < 0 ? entries.length - 1 : index
}

/** The rows themselves: drawn only where one looks, held in place while others come above them. */
function TimelineWindow({
  timeline,
  order,
  own,
  zone,
  place,
  linked,
  actions,
  mayWrite,
  height,
  onJump,
  onChanged,
  onShownAt,
}: RowsProps & { height: { current: number }; onShownAt: (at: number | null) => void }) {
  const { entries, older, newer, loadingMore, loadOlder, loadNewer, arrived } = timeline
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState<string | null>(place !== null && 'around' in place ? place.around : null)
  // Whoever reads further down keeps what is under their eyes: this row stays where it is, whatever comes above it.
  const held = useRef<{ id: string; offset: number } | null>(null)
  const [heldTop, setHeldTop] = useState<string | null>(null)
  const news = heldTop === null ? 0 : Math.max(0, indexOf(entries, heldTop))

  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => entries[index]?.id ?? index,
    overscan: 4,
    initialRect: { width: 0, height: height.current },
    initialOffset: () => openingOffset(indexOfPlace(entries, place, order), rowPx, height.current),
  })
  const hydrated = useHydrated()
  const items = hydrated
    ? rows.getVirtualItems()
    : entries.slice(0, rowsAtFirst).map(({ id }, index) => ({ key: id, index, start: 0 }))
  const last = items.at(-1)?.index ?? 0
  const first = items[0]?.index ?? 0
  useEffect(() => {
    if (!arrived || loadingMore) return
    if (older && last >= entries.length - ahead) void loadOlder()
    else if (newer && first <= ahead) void loadNewer().then(() => setHeldTop(null))
  }, [arrived, older, newer, loadingMore, first, last, entries.length, loadOlder, loadNewer])

  useLayoutEffect(() => {
    const row = held.current
    const box = scroller.current
    if (!row || !box) return
    const index = indexOf(entries, row.id)
    const start = index < 0 ? undefined : rows.measurementsCache[index]?.start
    if (start !== undefined && Math.abs(box.scrollTop - start - row.offset) > 1) box.scrollTop = start + row.offset
  }, [entries, rows])

  // Once, where the window opens: rows of more than one line move the place from where it was drawn.
  const opened = useRef(false)
  useLayoutEffect(() => {
    height.current = scroller.current?.clientHeight ?? 0
    if (opened.current) return
    opened.current = true
    const index = indexOfPlace(entries, place, order)
    const shown = entries[index]
    onShownAt(place === null || !shown ? null : timeIn(order, shown))
    if (place !== null) rows.scrollToIndex(index, { align: 'center' })
  }, [entries, place, order, rows, height, onShownAt])

  // What one has just written is never hidden behind others: it is led to, once.
  const ledTo = useRef<string | null>(null)
  useEffect(() => {
    const written = own && justWritten(entries, own)
    if (!written || ledTo.current === written.id) return
    ledTo.current = written.id
    held.current = null
    setHeldTop(null)
    const index = indexOf(entries, written.id)
    if (index === 0) scroller.current?.scrollTo({ top: 0 })
    else rows.scrollToIndex(index, { align: 'auto' })
  }, [entries, own, rows])

  const onScroll = useCallback(() => {
    const box = scroller.current
    if (!box) return
    const top = rows.getVirtualItemForOffset(box.scrollTop)
    const entry = top && entries[top.index]
    onShownAt(entry ? timeIn(order, entry) : null)
    if (box.scrollTop <= 8 && !newer) {
      held.current = null
      setHeldTop(null)
    } else if (entry) {
      held.current = { id: entry.id, offset: box.scrollTop - top.start }
      setHeldTop((before) => before ?? entries[0]?.id ?? null)
    }
  }, [rows, entries, order, newer, onShownAt])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.key !== 'j' && event.key !== 'k') || typingOrBusy(event)) return
      event.preventDefault()
      const at = active === null ? -1 : indexOf(entries, active)
      const next = Math.min(entries.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))
      setActive(entries[next]?.id ?? null)
      rows.scrollToIndex(next, { align: 'auto' })
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [entries, active, rows])

  const away = newer || place !== null
  return (
    <>
      {(news > 0 || newer) && (
        <Button
          size="s"
          look="go"
          className="new-pill"
          onClick={() => {
            setHeldTop(null)
            held.current = null
            if (away) onJump(null)
            scroller.current?.scrollTo({ top: 0 })
          }}
        >
          {newer ? 'Back to now' : `${news} new`}
        </Button>
      )}
      <p className="sr-only" aria-live="polite">
        {!away && entries[0] ? `${entries[0].actor.name}: ${entries[0].text}` : ''}
      </p>
      <section
        ref={scroller}
        className="timeline-rows"
        // A region that scrolls must be reachable by keyboard.
        tabIndex={0}
        aria-label={order === 'events' ? 'Entries, newest first' : 'Entries, last written first'}
        onScroll={onScroll}
      >
        <div style={hydrated ? { height: rows.getTotalSize(), position: 'relative' } : undefined}>
          {items.map((item) => {
            const entry = entries[item.index]
            if (!entry) return null
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={rows.measureElement}
                className="entry-place"
                style={hydrated ? { transform: `translateY(${item.start}px)` } : { position: 'static' }}
              >
                <Entry
                  entry={entry}
                  zone={zone}
                  actions={actions}
                  mayWrite={mayWrite}
                  active={entry.id === active}
                  linked={entry.id === linked}
                  onChanged={onChanged}
                />
              </div>
            )
          })}
        </div>
      </section>
    </>
  )
}

const indexOf = (entries: readonly { id: string }[], id: string) => entries.findIndex((entry) => entry.id === id)
