import type { CatalogueEntry } from '../domain/procedure/catalogue'
import type { AnyProcedure } from './contract'
import { primaryFailover } from './primary-failover'

/** Every procedure that this version can run, by its address. */
export const procedures: readonly AnyProcedure[] = [primaryFailover]

export const procedureBySlug = (slug: string): AnyProcedure | null => procedures.find((p) => p.slug === slug) ?? null

const hours = (low: number, high: number) => ({ lowSeconds: low * 3600, highSeconds: high * 3600 })

/** Procedures of the customer's runbook that this version cannot run yet. Source: customer's figures. */
const runbookOnly: readonly CatalogueEntry[] = [
  {
    key: 'P2',
    title: 'Point-in-time recovery',
    slug: null,
    estimate: hours(1, 2),
    loses: 'point-in-time',
    unsuited: {},
  },
  { key: 'P3', title: 'Cross-region recovery', slug: null, estimate: hours(2, 4), loses: 'cross-region', unsuited: {} },
  { key: 'P4', title: 'Restore from S3 backup', slug: null, estimate: hours(2, 3), loses: 'backup', unsuited: {} },
]

/** All procedures in the runbook's order, whether or not this version can run them: the one list that every screen reads. */
export const catalogue: readonly CatalogueEntry[] = [
  ...procedures.map(({ key, title, slug, estimate, loses, unsuited }) => ({
    key,
    title,
    slug,
    estimate,
    loses,
    unsuited,
  })),
  ...runbookOnly.filter(({ key }) => !procedures.some((procedure) => procedure.key === key)),
].toSorted((a, b) => a.key.localeCompare(b.key))
