import { z } from 'zod'
import { lossWords, recoveryPointOf } from '../../domain/backups/recovery-point'
import type { BackupSummary } from '../../domain/backups/types'
import type { Snapshot } from '../../domain/cluster/types'
import { readPoint } from '../../domain/restore/point'

const rfc3339 = 'Enter a time with its offset, such as 2026-11-29T03:12:00Z or 2026-11-29T04:12:00+01:00.'
const identifier = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/
const tableName = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/i
const most = (characters: number) => z.string().trim().max(characters, `At most ${characters} characters.`)
const moment = z
  .string()
  .trim()
  .refine((text) => text === '' || 'at' in (readPoint(text) ?? {}), rfc3339)
  .default('')

export const goals = ['inspect', 'cutover'] as const
export type Goal = (typeof goals)[number]

/** What a person chooses when starting a restore from a backup. */
export const restoreInputs = z
  .object({
    goal: z.enum(goals).default('inspect'),
    /** The object's key; empty for the one that is recommended when the run begins. */
    backup: most(1_024).default(''),
    /** When the damage is first known to have been there; empty when nobody knows. */
    firstBadAt: moment,
    damagedTables: most(500)
      .refine(
        (text) => tablesIn(text).every((name) => tableName.test(name)),
        'Enter names of tables, separated by commas.',
      )
      .default(''),
    /** Who accepts that more is lost than the objective allows. */
    lossAcceptedBy: most(200).default(''),
    nameBase: z
      .string()
      .regex(identifier, 'Lower-case letters, digits and single hyphens.')
      .or(z.literal(''))
      .default(''),
    instanceClass: z
      .string()
      .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, 'A class such as db.r6g.2xlarge.')
      .or(z.literal(''))
      .default(''),
    multiAz: z.enum(['on', 'off']).default('on'),
    retentionDays: z.coerce.number().int('a whole number').min(1, 'not below 1').max(35, 'at most 35').default(7),
    freeze: z.enum(['now', 'at-cutover']).default('now'),
    connectionMode: z.enum(['auto', 'pgbouncer', 'env']).default('auto'),
    maintenanceBy: most(200).default(''),
    maintenanceAt: moment,
    retainOldDays: z.coerce.number().int('a whole number').min(1, 'not below 1').max(90, 'at most 90').default(7),
    /** Why the diagnosis is set aside; empty when it is not. */
    overrideReason: most(500)
      .refine(
        (words) => words === '' || words.length >= 10,
        'Enter a reason (10 characters or more), or leave it empty.',
      )
      .default(''),
  })
  .superRefine(({ goal, maintenanceBy, maintenanceAt }, issues) => {
    if (goal !== 'cutover') return
    const missing = (path: string, message: string) => issues.addIssue({ code: 'custom', path: [path], message })
    if (maintenanceBy === '') missing('maintenanceBy', 'Enter who approved the maintenance window.')
    if (maintenanceAt === '') missing('maintenanceAt', `Enter when that was. ${rfc3339}`)
  })
export type RestoreInputs = z.output<typeof restoreInputs>

/** Table names out of a text, in the order in which they stand there. */
export const tablesIn = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
]

export const momentOf = (text: string): number | null => {
  const read = readPoint(text)
  return read && 'at' in read ? read.at : null
}

/** Since when the data was damaged, by what a person says and by what is found now; null when it is not known to be. */
export function damageIn(snapshot: Snapshot | null, { firstBadAt }: Pick<RestoreInputs, 'firstBadAt'>): number | null {
  const found = snapshot?.diagnosis.damage?.findings.map((one) => one.firstBadAt) ?? []
  const said = momentOf(firstBadAt)
  const all = said === null ? found : [said, ...found]
  return all.length > 0 ? Math.min(...all) : null
}

/** The backup that a form means, as the latest picture has it; null where the picture does not tell. */
export function meantIn(summary: BackupSummary, key: string, damageAt: number | null) {
  return key === ''
    ? (summary.recent.find(({ reason, takenAt }) => reason === null && (damageAt === null || takenAt < damageAt)) ??
        null)
    : (summary.recent.find((one) => one.key === key) ?? null)
}

/** What the latest picture says against it; the runner looks again by itself. */
export function refuses(
  inputs: RestoreInputs,
  { snapshot, now }: { snapshot: Snapshot | null; now: number },
): { [field: string]: string } | null {
  const refused: { [field: string]: string } = {}
  const inFuture = 'This time is in the future.'
  if ((momentOf(inputs.firstBadAt) ?? 0) > now) refused.firstBadAt = inFuture
  if ((momentOf(inputs.maintenanceAt) ?? 0) > now) refused.maintenanceAt = inFuture
  const summary = snapshot?.s3Backups.value ?? null
  if (summary) {
    const damageAt = damageIn(snapshot, inputs)
    const meant = meantIn(summary, inputs.backup, damageAt)
    if (meant?.reason != null) refused.backup = `This backup cannot be used. ${meant.reason}`
    else if (meant && damageAt !== null && meant.takenAt >= damageAt)
      refused.backup = 'This backup was taken after the damage was first seen.'
    else if (!meant && inputs.backup === '' && summary.recommended === null)
      refused.backup = 'No backup in S3 can be used. The page of the backups has the reasons.'
    const point = meant && recoveryPointOf(meant, damageAt === null ? null : { firstBadAt: damageAt }, now, summary.rpo)
    if (point && point.verdict !== 'met' && inputs.lossAcceptedBy === '' && refused.backup === undefined)
      refused.lossAcceptedBy = `This restore loses ${lossWords(point)}. Enter who accepts that.`
  }
  return Object.keys(refused).length > 0 ? refused : null
}
