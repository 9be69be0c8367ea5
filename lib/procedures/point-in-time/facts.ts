import { z } from 'zod'
import type { Probe, Search } from '../../domain/restore-point/bisect'
import { narrowedSchema } from '../../domain/restore-point/narrowed'
import { copySchema } from '../steps/copy-facts'
import { reconcileSchema } from './reconcile-facts'

const search = z.object({
  fromAt: z.number(),
  fromProved: z.boolean(),
  badAt: z.number(),
  withinMs: z.number(),
}) satisfies z.ZodType<Search>
const probe = z.object({
  n: z.number(),
  at: z.number(),
  verdict: z.enum(['sound', 'damaged', 'unknown']).nullable(),
  says: z.string(),
  tookMs: z.number().nullable(),
}) satisfies z.ZodType<Probe>

/** What a point-in-time recovery fixes and learns: what its shared steps need, and its own. */
export const pointFacts = z
  .object({
    ...copySchema.shape,
    ...reconcileSchema.shape,
    /** To which moment is restored, ms. */
    restoreAt: z.number(),
    /** A person chose another point than the one of the inputs, ms. */
    otherPoint: z.number(),
    /** Of a search for the moment of damage: what it began with, and its temporary restores. */
    search,
    probes: z.array(probe),
    /** Since when the present temporary restore is under way. */
    probeSince: z.number(),
    /** What a search has found. */
    narrowed: narrowedSchema,
  })
  .partial()
export type PointFacts = z.output<typeof pointFacts>
