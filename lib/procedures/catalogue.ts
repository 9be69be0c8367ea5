import type { CatalogueEntry } from '../domain/procedure/catalogue'
import type { TrafficGate } from '../domain/run/traffic'
import type { AnyProcedure, Surroundings } from './contract'

/** All procedures in the runbook's order: the one list that every screen reads. */
export const catalogueOf = (procedures: readonly AnyProcedure[]): readonly CatalogueEntry[] =>
  [
    ...procedures.map(
      ({
        key,
        title,
        shortTitle,
        slug,
        estimate,
        loses,
        scenarios,
        unsuited,
        topologies,
        needs,
        elsewhere,
        wayHome,
        approvals,
        ways,
      }): CatalogueEntry => ({
        key,
        title,
        shortTitle,
        slug,
        estimate,
        loses,
        scenarios,
        unsuited,
        topologies,
        needs,
        ...(elsewhere && { elsewhere }),
        ...(wayHome && { wayHome }),
        ...(approvals && { approvals }),
        ...(ways && { ways }),
      }),
    ),
  ].toSorted((a, b) => a.key.localeCompare(b.key))

/** Which steps of each procedure hold traffic in the pooler, and which release it. */
export const trafficGatesOf = (procedures: readonly AnyProcedure[], environment: Surroundings): TrafficGate[] =>
  procedures.flatMap((procedure) => {
    const steps = procedure.steps(environment)
    const of = (traffic: 'holds' | 'releases') => steps.filter((s) => s.traffic === traffic).map(({ id }) => id)
    const holds = of('holds')
    return holds.length > 0 ? [{ procedureId: procedure.slug, holds, releases: of('releases') }] : []
  })
