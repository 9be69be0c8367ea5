import { z } from 'zod'
import { copySchema } from '../steps/copy-facts'
import { reconcileSchema } from './reconcile-facts'

/** What a point-in-time recovery fixes and learns: what its shared steps need, and its own. */
export const pointFacts = z
  .object({
    ...copySchema.shape,
    ...reconcileSchema.shape,
    /** To which moment is restored, ms. */
    restoreAt: z.number(),
    /** A person chose another point than the one of the inputs, ms. */
    otherPoint: z.number(),
  })
  .partial()
export type PointFacts = z.output<typeof pointFacts>
