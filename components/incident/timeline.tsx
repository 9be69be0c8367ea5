'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import { Search } from 'lucide-react'
import { useCallback, useDeferredValue, useEffect, useRef, useState } from 'react'
import type { EntryKind } from '../../lib/domain/incident/types'
import type { IncidentView } from '../../lib/domain/incident/view'
import { type TimelineWish, useTimeline } from '../../lib/queries/incident'
import { Button } from '../ui/button'
import { Segmented } from '../ui/segmented'
import type { IncidentActions } from './actions'
import { Entry } from './entry'
import { WriteBox } from './write-box'

const groups: { value: string; label: string; kinds: EntryKind[] }[] = [
  { value: 'all', label: 'All kinds', kinds: [] },
  { value: 'decisions', label: 'Decisions', kinds: ['decision', 'correction'] },
  { value: 'steps', label: 'Steps', kinds: ['run', 'step', 'approval'] },
  { value: 'pages', label: 'Pages', kinds: ['page', 'update'] },
  { value: 'notes', label: 'Notes', kinds: ['note', 'action', 'task'] },
]

/** What happened and what people said, newest first. Rows are drawn only where one looks, so length costs nothing. */
export function Timeline({
  incident,
  actions,
  onChanged,
}: {
  incident: Pick<IncidentView, 'number' | 'rights'>
  actions: IncidentActions
  onChanged: () => void
}) {
  const [scope, setScope] = useState<TimelineWish['scope']>('story')
  const [group, setGroup] = useState('all')
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const [zone, setZone] = useState<'local' | 'utc'>('local')
  const kinds = groups.find((candidate) => candidate.value === group)?.kinds ?? []
  const timeline = useTimeline(incident.number, { scope, kinds, search })

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null
      if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('[role="dialog"]')) return
      if (target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return
      if (event.key === 'u') setZone((held) => (held === 'utc' ? 'local' : 'utc'))
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])

  return (
    <section className="panel timeline" aria-label="Timeline">
      <div className="timeline-head">
        <h2 className="font-[550] text-13">Timeline</h2>
        <Segmented
          label="How much"
          value={scope}
          options={[
            { value: 'story', label: `Story ${timeline.counts?.story ?? ''}` },
            { value: 'everything', label: `Everything ${timeline.counts?.everything ?? ''}` },
          ]}
          onChange={setScope}
        />
        <span className="grow" />
        <Segmented
          label="Time zone, key u"
          value={zone}
          options={[
            { value: 'local', label: 'Local' },
            { value: 'utc', label: 'UTC' },
          ]}
          onChange={setZone}
        />
        <span className="timeline-break" />
        <Segmented label="Kinds" value={group} options={groups} onChange={setGroup} />
        <span className="grow" />
        <label className="timeline-search">
          <Search aria-hidden className="size-3.5" />
          <span className="sr-only">Search the timeline</span>
          <input value={typed} placeholder="Search" onChange={(event) => setTyped(event.target.value)} />
        </label>
      </div>
      <WriteBox number={incident.number} write={actions.write} right={incident.rights.write} onWritten={onChanged} />
      <Rows
        key={`${scope}-${group}-${search}`}
        timeline={timeline}
        zone={zone}
        actions={actions}
        mayWrite={incident.rights.write.allowed}
        onChanged={onChanged}
        empty={search || group !== 'all' ? 'Nothing in this incident matches.' : 'Nothing is written yet.'}
      />
    </section>
  )
}

function Rows({
  timeline,
  zone,
  actions,
  mayWrite,
  onChanged,
  empty,
}: {
  timeline: ReturnType<typeof useTimeline>
  zone: 'local' | 'utc'
  actions: IncidentActions
  mayWrite: boolean
  onChanged: () => void
  empty: string
}) {
  const { entries, more, loadingMore, loadMore } = timeline
  const scroller = useRef<HTMLDivElement>(null)
  // Whoever reads further down keeps what is under their eyes: newer rows wait above this one until they come back up.
  const [heldTop, setHeldTop] = useState<string | null>(null)
  const heldIndex =
    heldTop === null
      ? 0
      : Math.max(
          0,
          entries.findIndex((entry) => entry.id === heldTop),
        )
  const shown = heldIndex > 0 ? entries.slice(heldIndex) : entries
  const [active, setActive] = useState<string | null>(null)
  const [linked, setLinked] = useState<string | null>(null)

  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 53,
    getItemKey: (index) => shown[index]?.id ?? index,
    overscan: 12,
  })
  const items = rows.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && !loadingMore && last >= shown.length - 40) void loadMore()
  }, [more, loadingMore, last, shown.length, loadMore])

  const toLinked = useCallback(() => {
    const id = /^#e-(.+)$/.exec(window.location.hash)?.[1] ?? null
    setLinked(id)
    if (id === null) return
    const index = shown.findIndex((entry) => entry.id === id)
    if (index >= 0) rows.scrollToIndex(index, { align: 'center' })
  }, [shown, rows])
  const loaded = entries.length > 0
  // biome-ignore lint/correctness/useExhaustiveDependencies: once when rows arrive, then when the address changes
  useEffect(() => {
    toLinked()
    window.addEventListener('hashchange', toLinked)
    return () => window.removeEventListener('hashchange', toLinked)
  }, [loaded])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'j' && event.key !== 'k') return
      const target = event.target as HTMLElement | null
      if (event.metaKey || event.ctrlKey || event.altKey || document.querySelector('[role="dialog"]')) return
      if (target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))) return
      event.preventDefault()
      const at = shown.findIndex((entry) => entry.id === active)
      const next = Math.min(shown.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))
      setActive(shown[next]?.id ?? null)
      rows.scrollToIndex(next, { align: 'auto' })
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [shown, active, rows])

  if (timeline.loading) return <div className="timeline-rows" aria-busy="true" />
  if (entries.length === 0)
    return (
      <p className="timeline-empty" role={timeline.error ? 'alert' : undefined}>
        {timeline.error?.message ?? empty}
      </p>
    )
  return (
    <div className="relative min-h-0 flex-1">
      {heldIndex > 0 && (
        <Button
          size="s"
          look="go"
          className="new-pill"
          onClick={() => {
            setHeldTop(null)
            scroller.current?.scrollTo({ top: 0 })
          }}
        >
          {heldIndex} new
        </Button>
      )}
      <p className="sr-only" aria-live="polite">
        {entries[0] ? `${entries[0].actor.name}: ${entries[0].text}` : ''}
      </p>
      <section
        ref={scroller}
        className="timeline-rows"
        // A region that scrolls must be reachable by keyboard.
        tabIndex={0}
        aria-label="Entries, newest first"
        onScroll={(event) => {
          const away = event.currentTarget.scrollTop > 8
          if (!away && heldTop !== null) setHeldTop(null)
          if (away && heldTop === null) setHeldTop(entries[0]?.id ?? null)
        }}
      >
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {items.map((item) => {
            const entry = shown[item.index]
            if (!entry) return null
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={rows.measureElement}
                className="entry-place"
                style={{ transform: `translateY(${item.start}px)` }}
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
    </div>
  )
}
