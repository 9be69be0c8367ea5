'use client'

import { type ChangeEvent, useId, useState } from 'react'
import { localWords, type PickedTime, pickLocal, type TimeQuestion } from '../../lib/domain/local-time'
import { pointFormat, readPoint, writePoint } from '../../lib/domain/restore-point/moment'
import { offsetWords } from '../../lib/domain/zone'
import { useHydrated } from '../../lib/queries/cluster'
import { TimeChoices } from '../ui/time-choices'

/** What is being typed, or was typed and has no one instant: then why, and the instants that it could be. */
interface Typed {
  field: 'local' | 'utc'
  text: string
  problem: TimeQuestion | null
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
    const { at, question } = field === 'local' ? pickLocal(text, of) : fromUtc(text)
    setTyped({ field, text, problem: question })
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
      {problem && <TimeChoices id={`${id}-problem`} question={problem} zone={zone} onChoose={choose} />}
    </div>
  )
}

function fromUtc(text: string): PickedTime {
  const at = readPoint(text.trim())
  return at === null ? { at, question: { says: pointFormat, choices: [] } } : { at, question: null }
}
