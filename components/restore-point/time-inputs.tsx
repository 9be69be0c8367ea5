'use client'

import { type ChangeEvent, useId, useState } from 'react'
import { localWithOffset, localWords, readLocal } from '../../lib/domain/restore-point/local-time'
import { pointFormat, readPoint, writePoint } from '../../lib/domain/restore-point/moment'
import { offsetWords } from '../../lib/domain/zone'
import { useHydrated } from '../../lib/queries/cluster'

/** What is being typed, or was typed and has no one instant: then why, and the instants that it could be. */
interface Typed {
  field: 'local' | 'utc'
  text: string
  problem: { says: string; choices: number[] } | null
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
  const [typed, setTyped] = useState<Typed | null>(null)
  // The server may know other zones than this browser: all are listed once the page is taken over.
  const hydrated = useHydrated()
  const zones = new Set(['UTC', zone, ...(hydrated ? Intl.supportedValuesOf('timeZone') : [])])
  // A point that is chosen elsewhere answers what was asked here.
  const problem = point === null ? (typed?.problem ?? null) : null

  const type = (field: Typed['field'], text: string, of = zone) => {
    const { at, ...found } = field === 'local' ? fromLocal(text, of) : fromUtc(text)
    setTyped({ field, text, problem: found.problem })
    onPoint(at)
  }
  const choose = (at: number) => {
    setTyped(null)
    onPoint(at)
  }
  const input = (field: Typed['field'], words: string) => ({
    id: `${id}-${field}`,
    className: 'field-text num',
    autoComplete: 'off',
    spellCheck: false,
    value: typed?.field === field && (point === null || typed.problem === null) ? typed.text : words,
    'aria-invalid': (problem !== null && typed?.field === field) || undefined,
    'aria-describedby': problem !== null && typed?.field === field ? `${id}-problem` : undefined,
    onChange: (event: ChangeEvent<HTMLInputElement>) => type(field, event.target.value),
    // While somebody types, the text is theirs; afterwards it is written as everywhere.
    onBlur: () => typed?.problem === null && setTyped(null),
  })

  return (
    <div className="flex flex-col gap-2">
      <div className="grid grid-cols-[repeat(auto-fit,minmax(180px,1fr))] gap-2">
        <label className="flex min-w-0 flex-col gap-1" htmlFor={`${id}-local`}>
          <span className="text-11 text-text-3">Local{point === null ? '' : ` (${offsetWords(point, zone)})`}</span>
          <input {...input('local', point === null ? '' : localWords(point, zone))} />
        </label>
        <label className="flex min-w-0 flex-col gap-1" htmlFor={`${id}-utc`}>
          <span className="text-11 text-text-3">UTC</span>
          <input {...input('utc', point === null ? '' : writePoint(point))} />
        </label>
        <label className="flex min-w-0 flex-col gap-1" htmlFor={`${id}-zone`}>
          <span className="text-11 text-text-3">Time zone of the local time</span>
          <select
            id={`${id}-zone`}
            className="field-text"
            value={zone}
            onChange={(event) => {
              onZone(event.target.value)
              // What was typed and is open is read again, as a time of the zone that is now chosen.
              if (problem && typed?.field === 'local') type('local', typed.text, event.target.value)
            }}
          >
            {[...zones].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      </div>
      {problem && (
        <div className="flex flex-wrap items-center gap-2">
          <span id={`${id}-problem`} role="alert" className="text-12 text-state-problem">
            {problem.says}
          </span>
          {problem.choices.map((at) => (
            <button key={at} type="button" className="btn num" data-size="s" onClick={() => choose(at)}>
              {localWithOffset(at, zone)}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}

type Found = { at: number; problem: null } | { at: null; problem: NonNullable<Typed['problem']> }

function fromLocal(text: string, zone: string): Found {
  const reading = readLocal(text, zone)
  switch (reading.kind) {
    case 'once':
      return { at: reading.at, problem: null }
    case 'twice':
      return { at: null, problem: { says: reading.says, choices: [reading.first, reading.second] } }
    case 'never':
      return { at: null, problem: { says: reading.says, choices: [reading.before, reading.after] } }
    case 'unreadable':
      return { at: null, problem: { says: reading.says, choices: [] } }
    default:
      return reading satisfies never
  }
}

function fromUtc(text: string): Found {
  const at = readPoint(text.trim())
  return at === null ? { at, problem: { says: pointFormat, choices: [] } } : { at, problem: null }
}
