import type { ProcedureKey, Scenario } from '../cluster/types'
import type { Estimate } from './types'

/** A procedure as every list names it: the verdict, the decision sheet, the procedures' own pages. */
export interface CatalogueEntry {
  key: ProcedureKey
  title: string
  /** Its page; null when this version cannot run it. */
  slug: string | null
  estimate: Estimate
  /** How it loses: like the best candidate, like the other region, by the time of a backup or point in time. */
  loses: 'candidate' | 'cross-region' | 'point-in-time' | 'backup'
  /** Why it does not help in these scenarios. */
  unsuited: Partial<Record<Scenario, string>>
}
