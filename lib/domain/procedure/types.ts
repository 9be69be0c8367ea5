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

type CheckResult = 'pass' | 'warn' | 'block'

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
  /** `refused`: shown with its reason, and cannot be chosen. */
  choices?: { value: string; label: string; note: string | null; refused?: true }[]
  min?: number
  max?: number
  unit?: string
  /** Live default, taken from the latest snapshot. */
  default: string | number
  /** It is asked only while each of these other fields has one of these values. */
  onlyWith?: { [field: string]: readonly string[] }
}

/** A procedure with its form filled in. */
export interface Prefilled {
  slug: string
  inputs: { [name: string]: string | number }
}

/** Does this field count with what was entered in the others? */
export const isAsked = ({ onlyWith = {} }: InputField, entered: Record<string, string | number>): boolean =>
  Object.entries(onlyWith).every(([field, values]) => values.includes(String(entered[field] ?? '')))

/**
 * What a form means with what was entered so far: a field that is not asked for has its default, whatever was entered while it
 * was. What was entered stays with the form, and counts again as soon as the field is asked for again.
 */
export const askedInputs = (
  fields: readonly InputField[],
  entered: Record<string, string | number>,
): Record<string, string | number> =>
  Object.fromEntries(
    fields.map((field) => [field.name, isAsked(field, entered) ? (entered[field.name] ?? '') : field.default]),
  )

/** Neighbouring steps that run at the same time, each by itself. A step without one is a stage of its own. */
export interface Stage {
  id: string
  /** As people say it: "Create the instances". */
  title: string
  /** So many of its steps are at work at once; one that waits for a person takes no place. */
  atOnce: number
  /**
   * When a step fails. `others-finish`: all others are done, then a person is asked. `others-hold`: no further step begins,
   * those that have begun are brought to their end, then a person is asked.
   */
  whenOneFails: 'others-finish' | 'others-hold'
}
