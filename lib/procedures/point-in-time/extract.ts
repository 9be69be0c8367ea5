import { counted } from '../../domain/units'
import type { Step, StepContext, Surroundings } from '../contract'
import { needed } from '../facts'
import { addressOf } from '../looking'
import type { PointFacts } from './facts'
import { type PointInputs, tablesIn, wholeName } from './inputs'
import { compareRows, type Reconciled, reconcileSteps } from './reconcile'

type Ctx = StepContext<PointInputs, PointFacts>

/** The tables of an extraction: those that are named as damaged. */
const damagedTables = ({ inputs }: Ctx): string[] => tablesIn(inputs.damagedTables).map(wholeName)
/** A cutover leaves rows of every table behind: those of the tables that matter are counted. */
const leftTables = (ctx: Ctx, { database }: Surroundings): string[] => [
  ...new Set([...database.criticalTables.map(wholeName), ...damagedTables(ctx)]),
]

/** Out of the copy into the source, which serves the application all the time. */
const fromCopy = (tables: (ctx: Ctx, environment: Surroundings) => string[]): Reconciled<PointInputs, PointFacts> => ({
  of(ctx, environment) {
    const { database } = environment
    const source = needed(ctx.facts.endpoint, 'the address of the copy')
    const target = needed(
      addressOf(needed(ctx.facts.writerBefore, 'the writer of the source')),
      'the address of the source',
    )
    return {
      source: { ...source, database: database.name },
      target: { ...target, database: database.name },
      tables: tables(ctx, environment),
    }
  },
  live: () => true,
})

/** Rows of the damaged tables go back from the copy into the source, as people choose and a second person approves. */
export const extractRows: Step<PointInputs, PointFacts>[] = reconcileSteps(fromCopy(damagedTables))

/** Which rows a cutover leaves behind, before a second person agrees to that. Nothing is merged, so no right to merge is asked for. */
export const compareWithSource: Step<PointInputs, PointFacts> = {
  ...compareRows(fromCopy(leftTables)),
  guard: undefined,
  optional: 'Then nobody sees which rows the cutover leaves behind; the old database keeps them.',
  why: 'Rows that only the old database has are lost to the application. People agree to that by their number.',
}

/** What the cutover leaves on the old database, by table, for whoever approves it. */
export const leftBehind = ({ comparison }: PointFacts): { label: string; value: string }[] => {
  if (!comparison) return []
  const of = comparison.tables.filter((one) => one.onlyTarget + one.different > 0)
  return [
    {
      label: 'Rows left behind',
      value:
        of.length === 0
          ? `None in ${counted(comparison.tables.length, 'compared table')}`
          : of
              .map(({ table, onlyTarget, different }) => `${table}: ${onlyTarget} only there, ${different} different`)
              .join('; '),
    },
  ]
}
