import type { AnyProcedure, AnyStep, NumberedStep, Procedure, Runbook, Step, Surroundings } from './contract'
import { type FactsSchema, readFacts } from './facts'

/** A step in its place in a runbook. */
export const placed = <I, F>(
  { key, facts: schema }: { key: string; facts: FactsSchema<F> },
  { revisions, ...step }: Step<I, F>,
  index: number,
): NumberedStep<I, F> => ({
  ...step,
  number: `${key}.${index + 1}`,
  ...(revisions && {
    revisions(stored) {
      const { facts, unreadable } = readFacts(schema, stored)
      return unreadable.length === 0 ? revisions(facts) : []
    },
  }),
})

/**
 * Makes a runbook what the catalogue holds: steps are numbered by their place, and what was stored is parsed by the
 * runbook's own schemas. An approval that cannot be read covers nothing.
 */
export const procedure = <I, F, B>(runbook: Runbook<I, F, B>): Procedure<I, F, B> => ({
  ...runbook,
  steps: (environment, inputs) => runbook.steps(environment, inputs).map((step, index) => placed(runbook, step, index)),
  outgrown(approved, now) {
    const before = runbook.bound.safeParse(approved)
    const after = runbook.bound.safeParse(now)
    if (!before.success) return 'This version cannot read what was approved.'
    return after.success ? runbook.outgrown(before.data, after.data) : 'What would be approved now is unknown.'
  },
  obligations: (stored) => runbook.obligations(readFacts(runbook.facts, stored).facts),
})

/** The steps of a run by what it was started with; all of the procedure's where this version cannot read that. */
export function stepsWith(procedure: AnyProcedure, environment: Surroundings, inputs: unknown): AnyStep[] {
  const read = procedure.inputs.safeParse(inputs)
  return procedure.steps(environment, read.success ? read.data : undefined)
}
