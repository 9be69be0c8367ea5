'use client'

import { type ComponentProps, useId } from 'react'

/** A labelled input that keeps what was typed and says what is wrong with it right below. */
export function Field({
  label,
  problems,
  ...input
}: { label: string; problems?: string[] | undefined } & ComponentProps<'input'>) {
  const id = useId()
  return (
    <div className="people-field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        className="people-input"
        aria-invalid={problems !== undefined}
        aria-describedby={problems ? `${id}-problem` : undefined}
      />
      {problems && (
        <p id={`${id}-problem`} className="people-problem">
          {problems.join(' ')}
        </p>
      )}
    </div>
  )
}
