import type { Prefilled } from '../domain/procedure/types'
import type { MadeCopy } from '../domain/restore/copy'
import { catalogueOf, trafficGatesOf } from './catalogue'
import type { AnyProcedure, Surroundings } from './contract'
import { failBack } from './fail-back'
import { pointInTime } from './point-in-time'
import { primaryFailover } from './primary-failover'
import { rebuildReplica } from './rebuild-replica'
import { regionRecovery } from './region-recovery'
import { removeCopy } from './remove-copy'
import { removalOf } from './remove-copy/inputs'
import { s3Restore } from './s3-restore'

/** Every procedure that this version can run, by its address. */
export const procedures: readonly AnyProcedure[] = [
  primaryFailover,
  pointInTime,
  regionRecovery,
  s3Restore,
  removeCopy,
  rebuildReplica,
  failBack,
]

export const procedureBySlug = (slug: string): AnyProcedure | null => procedures.find((p) => p.slug === slug) ?? null

/** What deletes a copy that a run has left, with its form filled in. */
export const deletionOfCopy = (copy: MadeCopy, madeBy: string): Prefilled => ({
  slug: removeCopy.slug,
  inputs: removalOf(copy, madeBy),
})

export const catalogue = catalogueOf(procedures)

/** Which of their steps hold traffic in the pooler of an environment, and which release it. */
export const trafficGates = (environment: Surroundings) => trafficGatesOf(procedures, environment)
