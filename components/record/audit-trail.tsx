'use client'

import { useQuery } from '@tanstack/react-query'
import { Search } from 'lucide-react'
import Link from 'next/link'
import { useDeferredValue, useState } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { type AuditEntry, type AuditPart, auditPartNames, auditPartOf, auditParts } from '../../lib/domain/record/audit'
import { utcWords } from '../../lib/domain/units'
import { recordCheckQuery, useAuditPages } from '../../lib/queries/audit'
import { formatDate, formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel, Skeleton } from '../ui/panel'
import { Segmented } from '../ui/segmented'
import { ShowOlder } from '../ui/show-older'
import { StateWord } from '../ui/state'
import './audit-trail.css'

const options = [
  { value: 'all', label: 'Everything' },
  ...auditPartNames.map((value) => ({ value, label: auditParts[value].title })),
] as const

/** Who did what, newest first, as the record keeps it: nothing here can be changed. */
export function AuditTrail() {
  const [part, setPart] = useState<AuditPart | 'all'>('all')
  const [typed, setTyped] = useState('')
  const search = useDeferredValue(typed.trim())
  const pages = useAuditPages({
    part: part === 'all' ? null : part,
    search,
  })
  const { data, error, hasNextPage, isPlaceholderData } = pages
  const entries = data?.pages.flatMap((page) => page.entries) ?? []
  return (
    <>
      <ChainCheck endsWhole={data?.pages[0]?.endsWhole ?? null} />
      <Panel
        title="Entries"
        aside={
          <span className="num text-12 text-text-3" aria-live="polite">
            {data ? `${entries.length}${hasNextPage ? ' shown' : ''}` : ''}
          </span>
        }
      >
        <div className="audit-filter">
          <div className="audit-parts">
            <Segmented label="Part of the record" value={part} options={options} onChange={setPart} />
          </div>
          <label className="timeline-search wide">
            <Search aria-hidden className="size-3.5" />
            <span className="sr-only">Search by words, person or incident</span>
            <input
              value={typed}
              placeholder="Words, person or INC-1"
              className="audit-search"
              onChange={(event) => setTyped(event.target.value)}
            />
          </label>
        </div>
        {error && !data ? (
          <p role="alert" className="px-4 pb-3 text-state-problem">
            {error.message}
          </p>
        ) : !data ? (
          <div className="px-4 pb-3">
            <Skeleton width="100%" height={320} />
          </div>
        ) : entries.length === 0 ? (
          <p className="px-4 pb-3 text-text-2">{part !== 'all' || search ? 'No entry matches.' : 'No entries yet.'}</p>
        ) : (
          <ol className="audit-list" reversed aria-busy={isPlaceholderData}>
            {entries.map((entry) => (
              <Entry key={entry.n} entry={entry} />
            ))}
          </ol>
        )}
        <ShowOlder pages={pages} />
      </Panel>
    </>
  )
}

function Entry({ entry }: { entry: AuditEntry }) {
  const part = auditPartOf(entry.kind)
  return (
    <li>
      <span className="num text-text-3" title={`Entry ${entry.n}, hash ${entry.hash}`}>
        {entry.n}
      </span>
      <span className="num text-text-2" title={utcWords(entry.at)}>
        {formatDate(entry.at)} {formatTimeOfDay(entry.at)}
      </span>
      <span className={entry.person ? 'truncate font-[550]' : 'truncate text-text-2'}>{entry.who}</span>
      <span className="audit-words">
        {entry.text}
        <span className="text-12 text-text-3">
          {' '}
          {part ? auditParts[part].title : entry.kind}
          {entry.incident !== null && (
            <>
              ,{' '}
              <Link className="whitespace-nowrap" href={`/incidents/${entry.incident}`}>
                {incidentLabel(entry.incident)}
              </Link>
            </>
          )}
          {entry.runId !== null && (
            <>
              , <Link href={`/runs/${entry.runId}`}>run</Link>
            </>
          )}
        </span>
      </span>
    </li>
  )
}

/** Each entry carries the sum of the one before it, so that a change, a gap or a cut is found by walking them all. */
function ChainCheck({ endsWhole }: { endsWhole: boolean | null }) {
  const { data, error, isFetching, refetch } = useQuery(recordCheckQuery)
  return (
    <Panel
      title="Chain of the record"
      aside={
        <Button size="s" disabled={isFetching} onClick={() => void refetch()}>
          {data ? 'Check again' : 'Verify the full chain'}
        </Button>
      }
    >
      <div className="audit-chain" aria-live="polite">
        {isFetching ? (
          <StateWord state="working" word="CHECKING" />
        ) : data ? (
          <StateWord
            state={data.verdict.whole ? 'ok' : 'problem'}
            word={data.verdict.whole ? 'WHOLE' : 'BROKEN'}
            look="solid"
          />
        ) : endsWhole === false ? (
          <StateWord state="problem" word="END MISMATCH" look="solid" />
        ) : (
          <StateWord state="unknown" word="NOT CHECKED" />
        )}
        <p
          className={
            error || data?.verdict.whole === false || endsWhole === false ? 'text-state-problem' : 'text-text-2'
          }
        >
          {isFetching
            ? 'Each entry is compared with the previous one.'
            : error
              ? error.message
              : data
                ? data.verdict.whole
                  ? `${data.verdict.entries.toLocaleString('en')} entries, hash chain intact. Checked at ${formatTimeOfDay(data.at)} in ${data.tookMs < 1000 ? `${data.tookMs} ms` : `${(data.tookMs / 1000).toFixed(1)} s`}.`
                  : `${data.verdict.why} Keep the store unchanged and compare it with an exported report.`
                : endsWhole === null
                  ? 'Each entry contains the hash of the previous one. Verify the full chain on demand.'
                  : endsWhole === false
                    ? 'The latest entry does not match the head of the record. Verify the full chain.'
                    : 'Latest entry verified. Verify the full chain on demand.'}
        </p>
        {data?.verdict.whole && !isFetching && (
          <p className="mono break-all text-11 text-text-3">
            Entry {data.verdict.head.n}: {data.verdict.head.hash}
          </p>
        )}
      </div>
    </Panel>
  )
}
