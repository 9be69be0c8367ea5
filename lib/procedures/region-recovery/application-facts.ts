import { z } from 'zod'

/** What a run fixes and learns of the application that it starts in the other region. */
export const applicationSchema = z
  .object({
    /** How many pods each deployment shall have there, by name. */
    applicationReplicas: z.record(z.string(), z.number()),
    /** How far this run has brought it: a first pod of each deployment, all of them, or none any more. */
    application: z.enum(['started', 'full', 'stopped']),
  })
  .partial()
