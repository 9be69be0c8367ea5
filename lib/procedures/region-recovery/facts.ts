import { z } from 'zod'
import { readNodeKey } from '../../domain/cluster/node-key'
import {
  baselineSchema,
  type Facts,
  fenceSchema,
  obligationSchema,
  poolerSchema,
  readFacts,
  recoverySchema,
  writerSchema,
} from '../facts'
import { movedNames } from '../steps/move-names'
import { namesSchema } from '../steps/names-facts'
import { applicationSchema } from './application-facts'
import { sidesSchema } from './both-sides'
import { returnSchema } from './watch-return'

/** What a cross-region recovery fixes and learns: what its shared steps need, and its own. */
export const regionFacts = z
  .object({
    ...writerSchema.shape,
    ...baselineSchema.shape,
    ...fenceSchema.shape,
    ...recoverySchema.shape,
    ...obligationSchema.shape,
    ...applicationSchema.shape,
    ...poolerSchema.shape,
    ...namesSchema.shape,
    ...sidesSchema.shape,
    ...returnSchema.shape,
    detectedAt: z.number().nullable(),
    confirmedAt: z.number(),
    /** What the managed API of the home region said, or why it could not be asked. */
    home: z.string(),
    /** The replica's position when the loss was fixed as evidence, before anything was changed; null where it was not known. */
    evidence: z.string().nullable(),
  })
  .partial()
export type RegionFacts = z.output<typeof regionFacts>

/** The names that a run has moved to the region of its replica. */
export function movedIn(stored: Facts) {
  const { facts } = readFacts(regionFacts, stored)
  return movedNames(facts, facts.target ? readNodeKey(facts.target.id).elsewhere : null)
}
