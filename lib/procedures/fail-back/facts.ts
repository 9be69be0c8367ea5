import { z } from 'zod'
import { baselineSchema, obligationSchema, recoverySchema, writerSchema } from '../facts'

/** What a way home fixes and learns. The writer before is the promoted database, the target its replica at home. */
export const failBackFacts = z
  .object({
    ...writerSchema.shape,
    ...baselineSchema.shape,
    ...recoverySchema.shape,
    ...obligationSchema.shape,
    /** Since when nobody can write to the database that is left. */
    stoppedAt: z.number(),
    /** Its position then, which the replica holds. */
    lastPosition: z.string(),
    /** When the application could write at home again. */
    openedAt: z.number(),
  })
  .partial()
export type FailBackFacts = z.output<typeof failBackFacts>
