import type { Step, StepContext, Surroundings } from '../contract'
import { needed } from '../facts'
import { addressOf } from '../looking'
import type { PointFacts } from './facts'
import { type PointInputs, tablesIn } from './inputs'
import { type Reconciled, reconcileSteps } from './reconcile'

type Ctx = StepContext<PointInputs, PointFacts>

/** The tables of an extraction: those that are named as damaged. */
const tablesOf = ({ inputs }: Ctx): string[] =>
  tablesIn(inputs.damagedTables).map((name) => (name.includes('.') ? name : `public.${name}`))

/** Out of the copy into the source, which serves the application all the time. */
const fromCopy: Reconciled<PointInputs, PointFacts> = {
  of(ctx, { database }: Surroundings) {
    const source = needed(ctx.facts.endpoint, 'the address of the copy')
    const target = needed(
      addressOf(needed(ctx.facts.writerBefore, 'the writer of the source')),
      'the address of the source',
    )
    return {
      source: { ...source, database: database.name },
      target: { ...target, database: database.name },
      tables: tablesOf(ctx),
    }
  },
  live: () => true,
}

/** Rows of the damaged tables go back from the copy into the source, as people choose and a second person approves. */
export const extractRows: Step<PointInputs, PointFacts>[] = reconcileSteps(fromCopy)
