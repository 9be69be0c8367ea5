'use client'

import { useId, useState } from 'react'
import { Button } from './button'

/** The least and the most that the record takes as a reason, characters. */
const least = 10
const most = 500

/** Asks for the reason that the record keeps, says what is missing while it is typed, and gives up what was typed to nobody. */
export function ReasonForm({
  label,
  go,
  danger = false,
  busy,
  ready = true,
  onGo,
  onBack,
}: {
  label: string
  /** Words of the button: what will happen. */
  go: string
  danger?: boolean
  busy: boolean
  /** False while something else is still missing. */
  ready?: boolean
  onGo: (reason: string) => void
  onBack: () => void
}) {
  const id = useId()
  const [reason, setReason] = useState('')
  const length = reason.trim().length
  const short = length < least
  return (
    <form
      className="flex flex-col gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (!short && ready && !busy) onGo(reason.trim())
      }}
    >
      <label htmlFor={id} className="text-12 text-text-2">
        {label}
      </label>
      <textarea
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to give a reason
        autoFocus
        id={id}
        className="field-area"
        rows={2}
        maxLength={most}
        value={reason}
        aria-describedby={`${id}-left`}
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onBack()}
      />
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" look={danger ? 'danger' : 'go'} disabled={short || !ready || busy}>
          {go}
        </Button>
        <Button look="ghost" onClick={onBack}>
          Back
        </Button>
        <span id={`${id}-left`} className="text-12 text-text-3">
          {short ? `${least - length} more characters` : 'Recorded with your name.'}
        </span>
      </div>
    </form>
  )
}
