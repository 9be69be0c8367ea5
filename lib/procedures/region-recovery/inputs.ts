import { z } from 'zod'
import { moveWays } from '../../domain/names/move'

const clock = /^([01]\d|2[0-3]):([0-5]\d)$/
const leastWindowMinutes = 30

/** Minutes of a daily window in UTC, which may span midnight; null when it is none. */
function minutesOf(window: string): number | null {
  const [from, to, more] = window.split('-').map((part) => clock.exec(part))
  if (!from || !to || more !== undefined) return null
  const at = ([, hours, minutes]: RegExpExecArray) => Number(hours) * 60 + Number(minutes)
  return (at(to) - at(from) + 24 * 60) % (24 * 60)
}

/** What a person chooses when starting a cross-region recovery. */
export const regionInputs = z.object({
  /** Key of the replica in the recovery region. */
  target: z.string().min(1, 'Choose the replica to promote.').max(200),
  maxLossSeconds: z.coerce.number().min(0, 'not below 0').max(3600, 'at most 3600 s').default(900),
  retentionDays: z.coerce.number().int('a whole number').min(1, 'not below 1').max(35, 'at most 35').default(7),
  backupWindow: z
    .string()
    .trim()
    .refine(
      (window) => (minutesOf(window) ?? 0) >= leastWindowMinutes,
      'A window in UTC of 30 min or more, such as 03:00-03:30.',
    )
    .default('03:00-03:30'),
  multiAz: z.enum(['on', 'off']).default('on'),
  /** How names are moved; `auto`: by the most robust way that is open to each. */
  dnsMode: z.enum(['auto', ...moveWays]).default('auto'),
  /** Why the diagnosis is set aside; empty when it is not. */
  overrideReason: z
    .string()
    .trim()
    .max(500, 'At most 500 characters.')
    .refine((words) => words === '' || words.length >= 10, 'Enter a reason (10 characters or more), or leave it empty.')
    .default(''),
})
export type RegionInputs = z.output<typeof regionInputs>
