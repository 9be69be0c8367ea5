import { z } from 'zod'

/** What a person chooses when starting a primary failover. */
export const failoverInputs = z.object({
  /** A switchover moves a healthy writer and loses nothing; it needs no diagnosis, and cannot set one aside. */
  kind: z.enum(['recovery', 'switchover']).default('recovery'),
  target: z
    .string()
    .regex(/^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/, 'an instance id: lower-case letters, digits and single hyphens'),
  maxLossSeconds: z.coerce.number().min(0, 'not below 0').max(3600, 'at most 3600 s').default(60),
  waitForAutomaticSeconds: z.coerce.number().min(0, 'not below 0').max(300, 'at most 300 s').default(60),
  /** Why the diagnosis is set aside; empty when it is not. */
  overrideReason: z
    .string()
    .trim()
    .max(500, 'At most 500 characters.')
    .refine((words) => words === '' || words.length >= 10, 'Enter a reason (10 characters or more), or leave it empty.')
    .default(''),
  connectionMode: z.enum(['auto', 'pgbouncer', 'env']).default('auto'),
})
export type FailoverInputs = z.output<typeof failoverInputs>
