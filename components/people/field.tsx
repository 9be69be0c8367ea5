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
    <div className="grid min-w-0 grid-cols-1 content-start gap-1">
      <label htmlFor={id} className="font-medium text-12 text-text-2">
        {label}
      </label>
      <input
        {...input}
        id={id}
        className="h-8 max-w-full rounded-[7px] border border-line-3 bg-inset px-2 text-text-1 aria-invalid:border-state-problem"
        aria-invalid={problems !== undefined}
        aria-describedby={problems ? `${id}-problem` : undefined}
      />
      {problems && (
        <p id={`${id}-problem`} className="text-12 text-state-problem">
          {problems.join(' ')}
        </p>
      )}
    </div>
  )
}
