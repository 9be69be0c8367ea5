import { z } from 'zod'

/** The customer's figures, their single source. Seconds unless the name says otherwise. */
const castmatchSchema = z.object({
  objectives: z.object({
    rto: z.object({ targetSeconds: z.number(), maximumSeconds: z.number() }),
    rpo: z.object({ targetSeconds: z.number(), maximumSeconds: z.number() }),
    committedLossTolerance: z.literal(0),
    monthlyAvailability: z.number().gt(0).lt(1),
  }),
})

export const castmatch = castmatchSchema.parse({
  objectives: {
    rto: { targetSeconds: 3600, maximumSeconds: 14_400 },
    rpo: { targetSeconds: 900, maximumSeconds: 3600 },
    committedLossTolerance: 0,
    monthlyAvailability: 0.999,
  },
})
