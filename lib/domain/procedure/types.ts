/** READ changes nothing, SAFE can be put back, DANGEROUS destroys or cannot be put back. */
export const effectClasses = ['READ', 'SAFE', 'DANGEROUS'] as const
export type EffectClass = (typeof effectClasses)[number]

/** A span in seconds, as the runbook or past runs say. */
export interface Estimate {
  lowSeconds: number
  highSeconds: number
}

/** Real acts; a drill acts too, outside production; a dry run observes and renders, and changes nothing. */
export const runModes = ['real', 'drill', 'dry-run'] as const
export type RunMode = (typeof runModes)[number]

export type CheckResult = 'pass' | 'warn' | 'block'

/** One prerequisite, looked at now. */
export interface Check {
  /** PF1..PF10, or the procedure's own. */
  id: string
  title: string
  result: CheckResult
  message: string
}

/** A field of the form that starts a run; validated again by the procedure's own schema. */
export interface InputField {
  name: string
  label: string
  help: string
  /** A restore point travels as RFC 3339 with an offset. */
  type: 'choice' | 'number' | 'text' | 'restore-point'
  choices?: { value: string; label: string; note: string | null }[]
  min?: number
  max?: number
  unit?: string
  /** Live default, taken from the latest snapshot. */
  default: string | number
}
