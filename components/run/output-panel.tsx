'use client'

import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, Download, Search } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { OutputLine } from '../../lib/domain/run/view'
import { useRunOutput } from '../../lib/queries/run'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'

const rowPx = 20

/** What the run says, line by line: only what is seen is drawn; it follows the end until the reader scrolls up. */
export function OutputPanel({ runId, total, over }: { runId: string; total: number; over: boolean }) {
  const { lines, loading, error } = useRunOutput(runId, total)
  const [wanted, setWanted] = useState('')
  const [searching, setSearching] = useState(false)
  const [following, setFollowing] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  const shown = useMemo(() => {
    const words = wanted.trim().toLowerCase()
    return words ? lines.filter((line) => `${line.stepId ?? ''} ${line.text}`.toLowerCase().includes(words)) : lines
  }, [lines, wanted])
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 12,
  })
  useEffect(() => {
    if (following && shown.length) rows.scrollToIndex(shown.length - 1, { align: 'end' })
  }, [following, shown.length, rows])

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
            aria-label="Search the output"
            placeholder="Search"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        )}
        <span className="text-12 text-text-3" aria-live="polite">
          <span className="num">{wanted.trim() ? `${shown.length} of ${lines.length}` : lines.length}</span> lines
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
        <Button look="ghost" size="s" iconOnly aria-label="Download the output" onClick={() => download(runId, lines)}>
          <Download aria-hidden />
        </Button>
      </div>
      <div
        ref={box}
        className="output-box"
        role="log"
        aria-label="Output of the run"
        tabIndex={0}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
          setFollowing(scrollHeight - scrollTop - clientHeight < rowPx * 2)
        }}
      >
        {error && <p className="output-empty">The output cannot be read now: {error.message}</p>}
        {!error && !loading && lines.length === 0 && <p className="output-empty">Nothing has been said yet.</p>}
        {lines.length > 0 && shown.length === 0 && <p className="output-empty">No line holds “{wanted.trim()}”.</p>}
        <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map((row) => {
            const line = shown[row.index]
            return (
              line && (
                <div
                  key={line.n}
                  className="output-line"
                  data-kind={line.kind}
                  style={{ transform: `translateY(${row.start}px)` }}
                >
                  <span>{formatTimeOfDay(line.at)}</span>
                  <span>{line.stepId ?? ''}</span>
                  <span title={line.text}>{line.text}</span>
                </div>
              )
            )
          })}
        </div>
      </div>
    </section>
  )
}

function download(runId: string, lines: OutputLine[]) {
  const text = lines.map((l) => `${new Date(l.at).toISOString()}\t${l.stepId ?? ''}\t${l.kind}\t${l.text}`).join('\n')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }))
  link.download = `run-${runId}.txt`
  link.click()
  URL.revokeObjectURL(link.href)
}
