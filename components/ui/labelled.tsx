import type { ReactNode } from 'react'

/** A field under its name, with a hint below it. Children hold the one control that the name is for. */
export function Labelled({ label, hint, children }: { label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label className="flex flex-col gap-1">
      <span className="label">{label}</span>
      {children}
      {hint && <span className="text-11 text-text-3">{hint}</span>}
    </label>
  )
}

/** The same for a group of choices that names itself to a screen reader. */
export function LabelledGroup({ label, hint, children }: { label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <span className="label" aria-hidden>
        {label}
      </span>
      {children}
      {hint && <span className="text-12 text-text-2">{hint}</span>}
    </div>
  )
}
