import { z } from 'zod'
import {
  baselineSchema,
  fenceSchema,
  fixedNode,
  leftSessionsSchema,
  obligationSchema,
  poolerSchema,
  recoverySchema,
  writerSchema,
} from '../facts'

/** What a primary failover fixes and learns: what its shared steps need, and its own. */
export const failoverFacts = z
  .object({
    ...writerSchema.shape,
    ...baselineSchema.shape,
    ...poolerSchema.shape,
    ...leftSessionsSchema.shape,
    ...fenceSchema.shape,
    ...recoverySchema.shape,
    ...obligationSchema.shape,
    detectedAt: z.number().nullable(),
    confirmedAt: z.number(),
    /** Under which name the managed API knew the runner. */
    identity: z.string().nullable(),
    /** The platform moved the writer by itself; in words. */
    adopted: z.string(),
    /** Whom RDS made the writer in place of the target, as it was seen then; null when it is the target. */
    otherWriter: fixedNode.nullable(),
    /** A person made that the run's target, in place of this one. */
    acceptedInstead: z.string(),
    /** Of a planned switchover: the old writer's position when nobody wrote any more, which the target holds; null where none counts. */
    lastPosition: z.string().nullable(),
    /** How far its verification was when the new writer first committed writes and RDS lagged, ms in production; null when not. */
    writesBeforeRdsMs: z.number().nullable(),
  })
  .partial()
export type FailoverFacts = z.output<typeof failoverFacts>
