import { z } from 'zod'
import { fixedNode, obligationSchema } from '../facts'

const text = z.string().nullable()

/** What a rebuild fixes and learns. */
export const rebuildFacts = z
  .object({
    ...obligationSchema.shape,
    /** The promoted database as it was fixed, and its name for the API of the home region. */
    source: fixedNode,
    sourceArn: z.string(),
    /** What a replica does not take from its source: that of the database at home. */
    settings: z.object({
      subnetGroup: text,
      parameterGroup: text,
      securityGroupIds: z.array(z.string()),
      kmsKeyId: text,
      encrypted: z.boolean(),
      tags: z.record(z.string(), z.string()),
    }),
    /** Members at home that are there now, and stay. */
    kept: z.array(z.string()),
    replica: fixedNode,
    /** How far it was behind when it had caught up. */
    lagBytes: z.number(),
    caughtUpAt: z.number(),
  })
  .partial()
export type RebuildFacts = z.output<typeof rebuildFacts>
