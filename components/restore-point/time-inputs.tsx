'use client'

import { useId, useState } from 'react'
import { localWithOffset, localWords, readLocal } from '../../lib/domain/restore-point/local-time'
import { pointFormat, readPoint, writePoint } from '../../lib/domain/restore-point/moment'
import { offsetWords } from '../../lib/domain/zone'
import { useHydrated } from '../../lib/queries/cluster'

/** What was typed and has no one instant: why, and the instants that it could be. */
interface Pending {
  text: string
  says: string
  choices: number[]
}

/**
 * The point as local time with its zone and as UTC, side by side. A local time that exists twice or not at all is asked, never
 * guessed: until it is answered no point is chosen.
 */
export function TimeInputs({
  point,
  zone,
  onZone,
  onPoint,
}: {
  point: number | null
  zone: string
  onZone: (zone: string) => void
  onPoint: (at: number | null) => void
}) {
  const id = useId()
  const [local, setLocal] = useState<Pending | null>(null)
  const [utc, setUtc] = useState<Pending | null>(null)
  // The server may know other zones than this browser: all are listed once the page is taken over.
  const hydrated = useHydrated()
  const zones = new Set(['UTC', zone, ...(hydrated ? Intl.supportedValuesOf('timeZone') : [])])
  // A point that is chosen elsewhere ends what was being typed.
  const open = point === null ? { local, utc } : { local: null, utc: null }

  const take = (at: number) => {
    setLocal(null)
    setUtc(null)
    onPoint(at)
  }
  const typeLocal = (text: string, of: string) => {
    const reading = readLocal(text, of)
    switch (reading.kind) {
      case 'once':
        return take(reading.at)
      case 'twice':
        setLocal({ text, says: reading.says, choices: [reading.first, reading.second] })
        break
      case 'never':
        setLocal({ text, says: reading.says, choices: [reading.before, reading.after] })
        break
      case 'unreadable':
        setLocal({ text, says: reading.says, choices: [] })
        break
      default:
        reading satisfies never
    }
    setUtc(null)
    onPoint(null)
  }
  const typeUtc = (text: string) => {
    const at = readPoint(text.trim())
    if (at !== null) return take(at)
    setUtc({ text, says: pointFormat, choices: [] })
    setLocal(null)
    onPoint(null)
  }
  const pending = open.local ?? open.utc

  return (
    <div className="flex flex-col gap-2">
      <div className="grid grid-cols-[repeat(auto-fit,minmax(200px,1fr))] gap-2">
        <label className="flex min-w-0 flex-col gap-1" htmlFor={`${id}-local`}>
          <span className="text-11 text-text-3">Local{point === null ? '' : ` (${offsetWords(point, zone)})`}</span>
          <input
            id={`${id}-local`}
            type="datetime-local"
            step={1}
            className="field-text num"
            value={open.local ? open.local.text : point === null ? '' : localWords(point, zone).replace(' ', 'T')}
            aria-invalid={open.local !== null || undefined}
            aria-describedby={open.local ? `${id}-pending` : undefined}
            onChange={(event) => typeLocal(event.target.value, zone)}
          />
        </label>
        <label className="flex min-w-0 flex-col gap-1" htmlFor={`${id}-utc`}>
          <span className="text-11 text-text-3">UTC</span>
          <input
            id={`${id}-utc`}
            className="field-text num"
            autoComplete="off"
            spellCheck={false}
            value={open.utc ? open.utc.text : point === null ? '' : writePoint(point)}
            aria-invalid={open.utc !== null || undefined}
            aria-describedby={open.utc ? `${id}-pending` : undefined}
            onChange={(event) => typeUtc(event.target.value)}
          />
        </label>
        <label className="flex min-w-0 flex-col gap-1" htmlFor={`${id}-zone`}>
          <span className="text-11 text-text-3">Time zone of the local time</span>
          <select
            id={`${id}-zone`}
            className="field-text"
            value={zone}
            onChange={(event) => {
              onZone(event.target.value)
              // What was typed is read again as a time of the zone that is now chosen.
              if (open.local) typeLocal(open.local.text, event.target.value)
            }}
          >
            {[...zones].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      {pending && (
        <div className="flex flex-wrap items-center gap-2">
          <span id={`${id}-pending`} role="alert" className="text-12 text-state-problem">
            {pending.says}
          </span>
          {pending.choices.map((at) => (
            <button key={at} type="button" className="btn num" data-size="s" onClick={() => take(at)}>
              {localWithOffset(at, zone)}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
