import type { AnyProcedure } from './contract'
import { primaryFailover } from './primary-failover'

/** Every procedure that this version can run, by its address. */
export const procedures: readonly AnyProcedure[] = [primaryFailover]

export const procedureBySlug = (slug: string): AnyProcedure | null => procedures.find((p) => p.slug === slug) ?? null
