'use client'

import { useCallback, useDeferredValue, useEffect, useState } from 'react'
import type { TimelineOrder } from '../../lib/domain/incident/order'
import type { EntryKind } from '../../lib/domain/incident/types'
import type { IncidentView } from '../../lib/domain/incident/view'
import { serverNow } from '../../lib/queries/clock'
import { firstWish, type TimelinePlace, type TimelineWish } from '../../lib/queries/keys'
import { useTimeline } from '../../lib/queries/timeline'
import type { IncidentActions } from '../../lib/web/present/actions'
import { SearchField } from '../ui/search-field'
import { Segmented } from '../ui/segmented'
import { typingOrBusy } from './keys'
import { TimelineRows } from './timeline-rows'
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
  incident: Pick<IncidentView, 'number' | 'me' | 'rights' | 'declaredAt' | 'impactStartedAt'>
  actions: IncidentActions
  onChanged: () => void
}) {
  const [scope, setScope] = useState<TimelineWish['scope']>(firstWish.scope)
  const [group, setGroup] = useState('all')
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const [zone, setZone] = useState<'local' | 'utc'>('local')
  const kinds = groups.find((candidate) => candidate.value === group)?.kinds ?? []
  const [place, setPlace] = useState<TimelinePlace>(null)
  const [order, setOrder] = useState<TimelineOrder>('events')
  const [own, setOwn] = useState<{ by: string; at: number } | null>(null)
  const timeline = useTimeline(incident.number, { scope, kinds, search }, place)
  const linked = useLinkedEntry()
  // A link leads to its entry wherever it stands, also when it is no part of the story or far back.
  useEffect(() => {
    if (linked === null) return
    setScope('everything')
    setGroup('all')
    setTyped('')
    setPlace({ around: linked.id })
  }, [linked])
  const jump = useCallback((at: number | null) => setPlace(at === null ? null : { at }), [])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (typingOrBusy(event)) return
      if (event.key === 'u') setZone((held) => (held === 'utc' ? 'local' : 'utc'))
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])

  return (
    <section id="timeline" className="panel timeline" aria-label="Timeline">
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
        <Segmented
          label="Order"
          value={order}
          options={[
            { value: 'events', label: 'As it happened' },
            { value: 'written', label: 'As written' },
          ]}
          onChange={setOrder}
        />
        <span className="timeline-break" />
        <Segmented label="Kinds" value={group} options={groups} onChange={setGroup} />
        <span className="grow" />
        <SearchField label="Search the timeline" placeholder="Search" value={typed} onChange={setTyped} />
      </div>
      <WriteBox
        number={incident.number}
        write={actions.write}
        right={incident.rights.write}
        onWritten={() => {
          setOwn({ by: incident.me.id, at: serverNow() })
          // What one writes is at the present; whoever reads elsewhere is led back.
          setPlace(null)
          onChanged()
        }}
      />
      <TimelineRows
        key={`${scope}-${group}-${search}-${order}`}
        order={order}
        own={own}
        timeline={timeline}
        zone={zone}
        place={place}
        linked={linked?.id ?? null}
        since={Math.min(incident.impactStartedAt, incident.declaredAt)}
        onJump={jump}
        actions={actions}
        mayWrite={incident.rights.write.allowed}
        onChanged={onChanged}
        empty={search || group !== 'all' ? 'No entry matches.' : 'No entries yet.'}
      />
    </section>
  )
}

/** The entry that the address names; a new object with each visit, so that the same link leads there again. */
function useLinkedEntry(): { id: string } | null {
  const [linked, setLinked] = useState<{ id: string } | null>(null)
  useEffect(() => {
    const look = () => {
      const id = /^#e-(\d{1,18})$/.exec(window.location.hash)?.[1]
      setLinked(id ? { id } : null)
    }
    look()
    window.addEventListener('hashchange', look)
    return () => window.removeEventListener('hashchange', look)
  }, [])
  return linked
}
