import { z } from 'zod'
import {
  baselineSchema,
  type Facts,
  obligationSchema,
  poolerSchema,
  readFacts,
  recoverySchema,
  writerSchema,
} from '../facts'
import { movedNames } from '../steps/move-names'
import { namesSchema } from '../steps/names-facts'

/** What a way home fixes and learns. The writer before is the promoted database, the target its replica at home. */
export const failBackFacts = z
  .object({
    ...writerSchema.shape,
    ...baselineSchema.shape,
    ...recoverySchema.shape,
    ...obligationSchema.shape,
    ...poolerSchema.shape,
    ...namesSchema.shape,
    /** The application in the other region is at rest: no pod of it runs. */
    atRest: z.boolean(),
    /** Since when nobody can write to the database that is left. */
    stoppedAt: z.number(),
    /** Its position then, which the replica holds. */
    lastPosition: z.string(),
    /** When the application could write at home again. */
    openedAt: z.number(),
  })
  .partial()
export type FailBackFacts = z.output<typeof failBackFacts>

/** The names that a run has led home. */
export function ledHomeIn(stored: Facts) {
  const { facts } = readFacts(failBackFacts, stored)
  return movedNames(facts, 'the home region')
}
