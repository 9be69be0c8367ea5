import { catalogueOf, trafficGatesOf } from './catalogue'
import type { AnyProcedure, Surroundings } from './contract'
import { primaryFailover } from './primary-failover'

/** Every procedure that this version can run, by its address. */
export const procedures: readonly AnyProcedure[] = [primaryFailover]

export const procedureBySlug = (slug: string): AnyProcedure | null => procedures.find((p) => p.slug === slug) ?? null

export const catalogue = catalogueOf(procedures)

/** Which of their steps hold traffic in the pooler of an environment, and which release it. */
export const trafficGates = (environment: Surroundings) => trafficGatesOf(procedures, environment)
