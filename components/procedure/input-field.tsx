'use client'

import type { InputField as Field } from '../../lib/domain/procedure/types'
import type { RestorePointView } from '../../lib/domain/restore-point/marks'
import { useSnapshotPart } from '../../lib/queries/cluster'
import { formatSeconds, formatSecondsRange } from '../../lib/web/present/format'
import { RestorePointField, restorePointProblem } from '../restore-point/restore-point-field'

/** What stands against a value before anybody else is asked; null when nothing does. The procedure's schema looks again. */
export function fieldProblem(
  field: Field,
  value: string | number,
  restore: RestorePointView | null = null,
): string | null {
  if (field.type === 'text') return null
  if (field.type === 'restore-point') return restorePointProblem(value, restore)
  // An empty value may be a choice of its own, such as the recommended one.
  if (field.type === 'choice') return field.choices?.some((choice) => choice.value === value) ? null : 'Choose one.'
  if (value === '') return 'Fill this in.'
  if (field.type !== 'number') return null
  const unit = field.unit ? ` ${field.unit}` : ''
  const number = Number(value)
  if (!Number.isFinite(number)) return 'Give a number.'
  if (field.min !== undefined && number < field.min) return `At least ${field.min}${unit}.`
  if (field.max !== undefined && number > field.max) return `At most ${field.max}${unit}.`
  return null
}

/** One input of a procedure: its words, its value and what is wrong with it, at the place. */
export function InputField({
  id,
  field,
  value,
  errors,
  incident = null,
  onChange,
}: {
  id: string
  field: Field
  value: string | number
  errors: string[]
  /** For which the procedure is started. */
  incident?: number | null
  onChange: (value: string | number) => void
}) {
  const described = { 'aria-describedby': `${id}-help${errors.length ? ` ${id}-error` : ''}` }
  if (field.type === 'restore-point')
    return (
      <RestorePointField
        id={id}
        label={field.label}
        value={String(value)}
        incident={incident}
        invalid={errors.length > 0}
        describedBy={described['aria-describedby']}
        onChange={onChange}
      >
        <Help id={id} text={field.help} />
        <Errors id={`${id}-error`} messages={errors} />
      </RestorePointField>
    )
  if (field.type === 'choice')
    return (
      <fieldset className="form-field" {...described}>
        <legend>{field.label}</legend>
        <div className="choice-rows">
          {field.choices?.map((choice) => (
            <label key={choice.value} className="choice-row" data-chosen={choice.value === value || undefined}>
              <input
                type="radio"
                name={id}
                value={choice.value}
                checked={choice.value === value}
                disabled={choice.refused}
                onChange={() => onChange(choice.value)}
              />
              <span className="min-w-0">
                <span className="block">{choice.label}</span>
                {choice.note && <span className="block text-11 text-text-3">{choice.note}</span>}
              </span>
              <Figures nodeId={choice.value} />
            </label>
          ))}
          {field.choices?.length === 0 && <p className="p-3 text-12 text-text-2">No choices available.</p>}
        </div>
        <Help id={id} text={field.help} />
        <Errors id={`${id}-error`} messages={errors} />
      </fieldset>
    )
  return (
    <div className="form-field">
      <label htmlFor={id}>
        {field.label}
        {field.unit ? ` (${field.unit})` : ''}
      </label>
      <input
        id={id}
        className="field-text num"
        type="text"
        inputMode={field.type === 'number' ? 'decimal' : 'text'}
        autoComplete="off"
        value={value}
        aria-invalid={errors.length > 0 || undefined}
        {...described}
        onChange={(event) => {
          const typed = event.target.value
          onChange(
            field.type === 'number' && typed.trim() !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed,
          )
        }}
      />
      <Help id={id} text={field.help} />
      <Errors id={`${id}-error`} messages={errors} />
    </div>
  )
}

const Help = ({ id, text }: { id: string; text: string }) => (
  <span id={`${id}-help`} className="text-11 text-text-3">
    {text}
  </span>
)

/** For a candidate: what would be lost and how long it would wait, as it is now. Nothing for any other choice. */
function Figures({ nodeId }: { nodeId: string }) {
  const candidates = useSnapshotPart((snapshot) => snapshot.candidates)
  const candidate = candidates?.find((c) => c.nodeId === nodeId)
  if (!candidate) return null
  const { loss, wait } = candidate
  return (
    <span className="num text-right text-11 text-text-2">
      <span className="block" title="Not received (lost)">
        loss {loss.known ? formatSecondsRange(loss.atLeast.seconds, loss.atMost.seconds) : 'unknown'}
      </span>
      <span className="block text-text-3" title="Received, not replayed">
        wait {wait.known ? formatSeconds(wait.seconds) : 'unknown'}
      </span>
    </span>
  )
}

export function Errors({ id, messages }: { id: string; messages: string[] }) {
  if (messages.length === 0) return null
  return (
    <span id={id} role="alert" className="text-12 text-state-problem">
      {messages.join(' ')}
    </span>
  )
}
