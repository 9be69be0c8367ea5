'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, Download, Search } from 'lucide-react'
import { useDeferredValue, useEffect, useRef, useState } from 'react'
import type { OutputLine } from '../../lib/domain/run/view'
import { useHydrated } from '../../lib/queries/cluster'
import { useOutputRows, useOutputSearch } from '../../lib/queries/run'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'

const rowPx = 20
/** Lines of the first HTML: the newest, one below the other. */
const linesAtFirst = 60

/**
 * What the run says, line by line. Only the lines in sight are drawn, and only the pages around them are read, so that a
 * hundred thousand lines cost as much as a hundred. It follows the end until the reader scrolls up.
 */
export function OutputPanel({ runId, total, over }: { runId: string; total: number; over: boolean }) {
  const [wanted, setWanted] = useState('')
  const [searching, setSearching] = useState(false)
  const [following, setFollowing] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  const words = useDeferredValue(wanted.trim())
  const search = useOutputSearch(runId, words, total)
  const found = words ? (search.data ?? { lines: [], found: 0 }) : null
  const count = found ? found.lines.length : total
  const rows = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 12,
  })
  const hydrated = useHydrated()
  const items = hydrated
    ? rows.getVirtualItems()
    : Array.from({ length: Math.min(total, linesAtFirst) }, (_, i) => ({
        index: Math.max(0, total - linesAtFirst) + i,
        start: null,
      }))
  const output = useOutputRows(runId, total, items[0]?.index ?? total - 1, items.at(-1)?.index ?? total - 1)
  useEffect(() => {
    if (following && count) rows.scrollToIndex(count - 1, { align: 'end' })
  }, [following, count, rows])
  const error = found ? search.error : output.error

  return (
    <section className="panel output" aria-labelledby="output-title">
      <div className="panel-head">
        <h2 id="output-title">Output</h2>
        {!over && following && <StateWord state="working" word="FOLLOWING" />}
        {!following && (
          <Button size="s" onClick={() => setFollowing(true)}>
            <ArrowDown aria-hidden />
            Follow the end
          </Button>
        )}
        <span className="grow" />
        {searching && (
          <input
            // biome-ignore lint/a11y/noAutofocus: the reader has just asked for this field
            autoFocus
            className="field-s"
            type="search"
            aria-label="Search text"
            placeholder="Search"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        )}
        <span className="text-12 text-text-3" aria-live="polite">
          <span className="num">{found ? `${found.found} of ${total}` : total}</span> {total === 1 ? 'line' : 'lines'}
        </span>
        <Button
          look="ghost"
          size="s"
          iconOnly
          aria-label="Search the output"
          aria-pressed={searching}
          onClick={() => {
            setSearching(!searching)
            setWanted('')
          }}
        >
          <Search aria-hidden />
        </Button>
        <a
          className="btn"
          data-look="ghost"
          data-size="s"
          data-icon-only
          href={`/api/runs/${encodeURIComponent(runId)}/output?as=text`}
          download
          aria-label="Download the output"
        >
          <Download aria-hidden />
        </a>
      </div>
      <div
        ref={box}
        className="output-box"
        role="log"
        aria-live="off"
        aria-label="Output of the run"
        tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
          setFollowing(scrollHeight - scrollTop - clientHeight < rowPx * 2)
        }}
      >
        {error && <p className="output-empty">The output is not available: {error.message}</p>}
        {!error && total === 0 && <p className="output-empty">No output yet.</p>}
        {found && found.found === 0 && !search.isFetching && (
          <p className="output-empty">No line contains “{words}”.</p>
        )}
        <div style={hydrated ? { height: rows.getTotalSize(), position: 'relative' } : undefined}>
          {items.map((row) => (
            <Line
              key={row.index}
              line={found ? (found.lines[row.index] ?? null) : output.line(row.index)}
              top={row.start}
            />
          ))}
        </div>
        {found && found.found > found.lines.length && (
          <p className="output-empty">
            The first {found.lines.length} are shown. Narrow the search, or download everything.
          </p>
        )}
      </div>
    </section>
  )
}

function Line({ line, top }: { line: OutputLine | null; top: number | null }) {
  return (
    <div
      className="output-line"
      data-kind={line?.kind}
      style={top === null ? { position: 'static' } : { transform: `translateY(${top}px)` }}
    >
      {line && (
        <>
          <span>{formatTimeOfDay(line.at)}</span>
          <span title={line.stepId ?? undefined}>{line.stepId ?? ''}</span>
          <span>{line.text}</span>
        </>
      )}
    </div>
  )
}
