import type { CatalogueEntry } from '../domain/procedure/catalogue'
import type { TrafficGate } from '../domain/run/traffic'
import type { AnyProcedure, Surroundings } from './contract'

const hours = (low: number, high: number) => ({ lowSeconds: low * 3600, highSeconds: high * 3600 })
const byHand = { slug: null, unsuited: {}, topologies: null, needs: [] }

/** Procedures of the customer's runbook that this version cannot run yet. Source: customer's figures. */
const runbookOnly: readonly CatalogueEntry[] = [
  {
    ...byHand,
    key: 'P3',
    title: 'Cross-region recovery',
    shortTitle: 'Cross-region',
    estimate: hours(2, 4),
    loses: 'cross-region',
    scenarios: ['S1', 'S3'],
    elsewhere: true,
  },
]

/** All procedures in the runbook's order, whether or not this version can run them: the one list that every screen reads. */
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
        ...(approvals && { approvals }),
        ...(ways && { ways }),
      }),
    ),
    ...runbookOnly.filter(({ key }) => !procedures.some((procedure) => procedure.key === key)),
  ].toSorted((a, b) => a.key.localeCompare(b.key))

/** Which steps of each procedure hold traffic in the pooler, and which release it. */
export const trafficGatesOf = (procedures: readonly AnyProcedure[], environment: Surroundings): TrafficGate[] =>
  procedures.flatMap((procedure) => {
    const steps = procedure.steps(environment)
    const of = (traffic: 'holds' | 'releases') => steps.filter((s) => s.traffic === traffic).map(({ id }) => id)
    const holds = of('holds')
    return holds.length > 0 ? [{ procedureId: procedure.slug, holds, releases: of('releases') }] : []
  })
