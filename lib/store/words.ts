import type { ClientBase } from 'pg'
import { checklistKeys } from '../domain/checklist/items'
import { checklistStates } from '../domain/checklist/view'
import { damageKinds } from '../domain/cluster/damage'
import { markKinds, scenarios } from '../domain/cluster/types'
import { environmentKinds } from '../domain/environment'
import { incidentStatuses } from '../domain/incident/status'
import { incidentKinds, incidentRoles, severities } from '../domain/incident/types'
import { alertSources, audiences, pageChannels, pageLevels } from '../domain/incident/view'
import { integrationKeys } from '../domain/integrations'
import { messageStates, outgoingChannels } from '../domain/outbox'
import { signInMethods } from '../domain/people/account'
import { accountChangeKinds } from '../domain/people/second-person'
import { effectClasses, runModes } from '../domain/procedure/types'
import { reportActionStates, reportSections, reportStates } from '../domain/report/sections'
import { approvalKinds, approvalStates, effectDirections, effectOutcomes, runWishes } from '../domain/run/run'
import { runStates, stepStates } from '../domain/run/states'
import { outputKinds, preflightStates } from '../domain/run/view'
import { quotedName } from '../domain/text'

type Words = readonly string[]
const sectionKeys = reportSections.map(({ key }) => key)

/**
 * The words that a column may hold: the domain's own lists, which the store checks from then on. Null is none of their business.
 * Columns for words that others choose (an alert's severity, the kind of an entry of the record) are not in here.
 */
export const columnWords: Readonly<Record<string, Readonly<Record<string, Words>>>> = {
  account_change: { kind: accountChangeKinds },
  alert: { source: alertSources },
  approval: { state: approvalStates, kind: approvalKinds },
  checklist_evidence: { key: checklistKeys },
  checklist_item: { key: checklistKeys, state: checklistStates },
  damage: { kind: damageKinds },
  effect_journal: { direction: effectDirections, outcome: effectOutcomes },
  environment: { kind: environmentKinds },
  incident: {
    kind: incidentKinds,
    severity: severities,
    scenario: scenarios,
    status: incidentStatuses,
    report_state: reportStates,
  },
  incident_role: { role: incidentRoles },
  integration_test: { integration: integrationKeys },
  mark: { kind: markKinds },
  outbox: { channel: outgoingChannels, state: messageStates },
  page: { level: pageLevels, channel: pageChannels },
  preflight: { mode: runModes, state: preflightStates },
  report_action: { state: reportActionStates },
  report_section: { key: sectionKeys },
  run: { mode: runModes, environment_kind: environmentKinds, state: runStates, wish: runWishes },
  run_output: { kind: outputKinds },
  run_step: { effect: effectClasses, state: stepStates },
  session: { method: signInMethods, authenticated_by: signInMethods },
  status_update: { audience: audiences },
  webhook_event: { source: alertSources },
}

class WrongWordError extends Error {
  constructor(table: string, column: string, words: Words, row: string) {
    super(
      `A row of ${table} has a ${column} that is none of ${words.join(', ')}: ${row}. Mend that row, and migrate again.`,
    )
    this.name = 'WrongWordError'
  }
}

/**
 * Where every effect and every move of a run writes. A check of the table is worked out again by each change of a row, whatever it
 * changes; in these a column of words has a type of its own, which is text that takes those words and is asked when it is written.
 */
const typedTables: readonly string[] = ['approval', 'effect_journal', 'run', 'run_output', 'run_step']

const literal = (word: string): string => `'${word.replaceAll("'", "''")}'`
const typeName = (table: string, column: string): string => `${table}_${column}`
const checkName = (table: string, column: string): string => `${typeName(table, column)}_words`
/** As PostgreSQL writes a check of this kind down. */
const checkOf = (value: string, words: Words): string =>
  `CHECK ((${value} = ANY (ARRAY[${words.map((word) => `${literal(word)}::text`).join(', ')}])))`

/**
 * Writes the domain's lists into the store as checks, where they are not the same already: rows that are there are looked at,
 * and the first that is wrong is named. Runs after every migration, as the owner and inside its transaction. Throws WrongWordError.
 */
export async function writeWords(owner: ClientBase): Promise<void> {
  const { rows } = await owner.query<{ name: string; rule: string }>(
    `SELECT conname AS name, pg_get_constraintdef(oid) AS rule FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND (contype = 'c' OR conname = 'effect_journal_step_fkey')`,
  )
  const present = new Map(rows.map(({ name, rule }) => [name, rule]))
  // A store that is being made as an earlier version had it, to take in its backup, asks for none of these.
  if (!present.has('effect_journal_step_fkey')) return
  for (const [table, columns] of Object.entries(columnWords))
    for (const [column, words] of Object.entries(columns)) {
      const typed = typedTables.includes(table)
      const [name, rule] = [checkName(table, column), checkOf(typed ? 'VALUE' : column, words)]
      if (present.get(name) === rule) continue
      const wrong = await owner.query<{ row: string }>(
        `SELECT left(to_jsonb(t)::text, 500) AS row FROM ${quotedName(table)} t WHERE ${quotedName(column)} <> ALL ($1) LIMIT 1`,
        [words],
      )
      if (wrong.rows[0]) throw new WrongWordError(table, column, words, wrong.rows[0].row)
      if (typed) await giveType(owner, table, column)
      const [on, check] = [quotedName(typed ? typeName(table, column) : table), quotedName(name)]
      const alter = `ALTER ${typed ? 'DOMAIN' : 'TABLE'} ${on}`
      await owner.query(`${alter} DROP CONSTRAINT IF EXISTS ${check}; ${alter} ADD CONSTRAINT ${check} ${rule}`)
    }
}

/** Makes a column's type and gives it to the column, where it has none yet. Triggers that look at the column are made again as they were. */
async function giveType(owner: ClientBase, table: string, column: string): Promise<void> {
  const { rows } = await owner.query<{ typed: boolean; triggers: { name: string; made: string }[] }>(
    `SELECT a.atttypid <> 'text'::regtype AS typed, (SELECT COALESCE(jsonb_agg(jsonb_build_object('name', t.tgname, 'made', pg_get_triggerdef(t.oid))), '[]')
       FROM pg_trigger t WHERE t.tgrelid = a.attrelid AND NOT t.tgisinternal AND EXISTS (SELECT 1 FROM pg_depend d
         WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)) AS triggers
     FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attname = $2`,
    [table, column],
  )
  const [found] = rows
  if (!found || found.typed) return
  const [type, on] = [quotedName(typeName(table, column)), quotedName(table)]
  await owner.query(
    [
      `CREATE DOMAIN ${type} AS text`,
      ...found.triggers.map(({ name }) => `DROP TRIGGER ${quotedName(name)} ON ${on}`),
      // Its words were a check of the table in earlier versions.
      `ALTER TABLE ${on} DROP CONSTRAINT IF EXISTS ${quotedName(checkName(table, column))}, ALTER COLUMN ${quotedName(column)} TYPE ${type}`,
      ...found.triggers.map(({ made }) => made),
    ].join(';\n'),
  )
}
