import type { RunTimes } from '../domain/objectives'
import type { JsonValue } from '../domain/procedure/canonical'
import { type Measure, timesOf } from '../domain/run/measure'
import { procedureBySlug, procedures } from '../procedures/index'
import { runFacts } from '../store/incident-runs'
import type { ViewSource } from './context'

type Measured = Omit<RunTimes, 'forecast'>

/** What a run measured, as its procedure says; nothing of a procedure that this version does not have. */
export const measuresOfRun = (run: { procedureId: string; facts: { [name: string]: JsonValue } }): Measure[] =>
  procedureBySlug(run.procedureId)?.measures.of(run.facts) ?? []

/** What of it the clocks of its incident run on. */
export const timesOfRun = (run: Parameters<typeof measuresOfRun>[0] & { startedAt: number }): Measured => ({
  startedAt: run.startedAt,
  ...timesOf(measuresOfRun(run)),
})

/** The same of all runs of several incidents, oldest first. Throws ExpectedError. */
export async function readMeasured(
  { store }: Pick<ViewSource, 'store'>,
  numbers: number[],
): Promise<Map<number, Measured[]>> {
  const names = [...new Set(procedures.flatMap((procedure) => procedure.measures.facts))]
  const runs = await runFacts(store, numbers, names)
  return new Map([...runs].map(([number, own]) => [number, own.map(timesOfRun)]))
}
