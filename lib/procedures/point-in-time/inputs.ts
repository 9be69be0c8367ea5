import { z } from 'zod'
import type { Snapshot } from '../../domain/cluster/types'
import { pointProblem, readPoint } from '../../domain/restore/point'
import { type DamageCheck, queryProblem } from '../../domain/restore-point/damage-check'
import type { Surroundings } from '../contract'

const rfc3339 = 'Enter a time with its offset, such as 2026-11-29T03:12:00Z or 2026-11-29T04:12:00+01:00.'
const moment = z.string().trim()
const identifier = /^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/
const tableName = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/i

/**
 * To what a restore is put: people look at the copy, rows go back from it, it takes the place of its source, or temporary
 * copies tell when the damage was done.
 */
export const goals = ['inspect', 'extract', 'cutover', 'find'] as const
export type Goal = (typeof goals)[number]

export const mostRestores = 8
export const figureCheck = 'figure:'
export const invariantCheck = 'invariant:'
type Checked = { damageCheck: string; checkTable: string; checkQuery: string }

/** What is missing of the check of a search, by field. */
function checkProblems({ damageCheck, checkTable, checkQuery }: Checked): [keyof Checked, string][] {
  if (damageCheck === '') return [['damageCheck', 'Choose how the damage is recognised.']]
  if (damageCheck === 'query') {
    const problem = queryProblem(checkQuery)
    return problem ? [['checkQuery', problem]] : []
  }
  const ofTable = damageCheck === 'table-missing' || damageCheck === 'too-few-rows'
  return ofTable && checkTable === '' ? [['checkTable', 'Enter the table.']] : []
}

/** What a person chooses, while some of it may still be missing: prerequisites are looked at with it. */
export const pointDraft = z.object({
  goal: z.enum(goals).default('inspect'),
  at: moment.refine((text) => readPoint(text) !== null, `${rfc3339} Or enter "latest".`).default('latest'),
  /** Until when the data is known to have been good; empty when nobody knows. */
  lastGoodAt: moment.refine((text) => text === '' || 'at' in (readPoint(text) ?? {}), rfc3339).default(''),
  /** When the damage is first known to have been there; empty when nobody knows. */
  firstBadAt: moment.refine((text) => text === '' || 'at' in (readPoint(text) ?? {}), rfc3339).default(''),
  damagedTables: z
    .string()
    .trim()
    .max(500, 'At most 500 characters.')
    .refine(
      (text) => tablesIn(text).every((name) => tableName.test(name)),
      'Enter names of tables, separated by commas.',
    )
    .default(''),
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
  instanceCount: z.coerce.number().int('a whole number').min(0, 'not below 0').max(15, 'at most 15').default(1),
  freeze: z.enum(['now', 'at-cutover']).default('now'),
  connectionMode: z.enum(['auto', 'pgbouncer', 'env']).default('auto'),
  /** Who approved the maintenance window; recorded, and shown to whoever approves. */
  maintenanceBy: z.string().trim().max(200, 'At most 200 characters.').default(''),
  maintenanceAt: moment.refine((text) => text === '' || 'at' in (readPoint(text) ?? {}), rfc3339).default(''),
  retainOldDays: z.coerce.number().int('a whole number').min(1, 'not below 1').max(90, 'at most 90').default(7),
  /** How the damage is recognised on a temporary copy: one of the kinds, or a configured query by its name. */
  damageCheck: z.string().max(120, 'At most 120 characters.').default(''),
  checkTable: z
    .string()
    .trim()
    .refine((name) => name === '' || tableName.test(name), 'Enter the name of a table.')
    .default(''),
  checkRows: z.coerce.number().int('a whole number').min(1, 'not below 1').default(1),
  checkQuery: z.string().trim().max(2_000, 'At most 2000 characters.').default(''),
  /** How many temporary copies a search may restore. */
  restores: z.coerce
    .number()
    .int('a whole number')
    .min(1, 'not below 1')
    .max(mostRestores, `at most ${mostRestores}`)
    .default(5),
  withinSeconds: z.coerce.number().int('a whole number').min(5, 'not below 5').max(3_600, 'at most 3600').default(60),
  /** Why the diagnosis is set aside; empty when it is not. */
  overrideReason: z
    .string()
    .trim()
    .max(500, 'At most 500 characters.')
    .refine((words) => words === '' || words.length >= 10, 'Enter a reason (10 characters or more), or leave it empty.')
    .default(''),
})

/** What a person chooses when starting a point-in-time recovery. */
export const pointInputs = pointDraft.superRefine((inputs, issues) => {
  const { goal, damagedTables, maintenanceBy, maintenanceAt } = inputs
  const missing = (path: string, message: string) => issues.addIssue({ code: 'custom', path: [path], message })
  if (goal === 'extract' && tablesIn(damagedTables).length === 0)
    missing('damagedTables', 'Enter the tables whose rows are merged back.')
  if (goal === 'find') for (const [field, problem] of checkProblems(inputs)) missing(field, problem)
  if (goal !== 'cutover') return
  if (maintenanceBy === '') missing('maintenanceBy', 'Enter who approved the maintenance window.')
  if (maintenanceAt === '') missing('maintenanceAt', `Enter when that was. ${rfc3339}`)
})
export type PointInputs = z.output<typeof pointInputs>

/** By which a search recognises the damage; null where nothing is configured under that name. */
export function checkOf(inputs: PointInputs, { database }: Pick<Surroundings, 'database'>): DamageCheck | null {
  const { damageCheck: kind, checkTable: table } = inputs
  switch (kind) {
    case 'table-missing':
      return { kind, table }
    case 'too-few-rows':
      return { kind, table, atLeast: inputs.checkRows }
    case 'query':
      return { kind, sql: inputs.checkQuery }
  }
  const figure = database.businessQueries?.find(({ name }) => kind === `${figureCheck}${name}`)
  if (figure) return { kind: 'figure', ...figure }
  const invariant = database.invariants?.find(({ name }) => kind === `${invariantCheck}${name}`)
  return invariant ? { kind: 'invariant', ...invariant } : null
}

/** Table names out of a text, in the order in which they stand there. */
export const tablesIn = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
]

/** A table's name with its schema, by which rows are compared. */
export const wholeName = (name: string): string => (name.includes('.') ? name : `public.${name}`)

export const momentOf = (text: string): number | null => {
  const read = readPoint(text)
  return read && 'at' in read ? read.at : null
}

/** The point against the window of the latest picture, with both bounds at the field; the runner looks again by itself. */
export function refuses(
  inputs: PointInputs,
  { snapshot, now }: { snapshot: Snapshot | null; now: number },
): { [field: string]: string } | null {
  const refused: { [field: string]: string } = {}
  const point = readPoint(inputs.at)
  const backups = snapshot?.backups.value ?? null
  const window = {
    earliestAt: backups?.earliestRestorableAt ?? null,
    latestAt: backups?.latestRestorableAt ?? null,
  }
  const firstBadAt = momentOf(inputs.firstBadAt)
  if (firstBadAt !== null && firstBadAt > now) refused.firstBadAt = 'This time is in the future.'
  const lastGoodAt = momentOf(inputs.lastGoodAt)
  if (lastGoodAt !== null && lastGoodAt >= (firstBadAt ?? now))
    refused.lastGoodAt = `Last known good must be before ${firstBadAt === null ? 'now' : 'first known bad'}.`
  if (inputs.goal !== 'find' && point && (backups || 'at' in point)) {
    const problem = pointProblem(point, window, { firstBadAt, now })
    if (problem) refused.at = problem
  }
  if (snapshot && snapshot.topology === 'instance' && inputs.instanceCount > 0)
    refused.instanceCount = 'This database is one instance, which the restore creates by itself. Enter 0.'
  if (snapshot && (snapshot.topology === 'aurora' || snapshot.topology === 'hybrid') && inputs.instanceCount === 0)
    refused.instanceCount = 'A restored cluster has no instances of its own. Enter at least 1.'
  const confirmedAt = momentOf(inputs.maintenanceAt)
  if (confirmedAt !== null && confirmedAt > now) refused.maintenanceAt = 'This time is in the future.'
  return Object.keys(refused).length > 0 ? refused : null
}
