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

export class WrongWordError extends Error {
  constructor(table: string, column: string, words: Words, row: string) {
    super(
      `A row of ${table} has a ${column} that is none of ${words.join(', ')}: ${row}. Mend that row, and migrate again.`,
    )
    this.name = 'WrongWordError'
  }
}

const literal = (word: string): string => `'${word.replaceAll("'", "''")}'`
const checkName = (table: string, column: string): string => `${table}_${column}_words`
/** As PostgreSQL writes a check of this kind down. */
const checkOf = (column: string, words: Words): string =>
  `CHECK ((${column} = ANY (ARRAY[${words.map((word) => `${literal(word)}::text`).join(', ')}])))`

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
      const [name, rule] = [checkName(table, column), checkOf(column, words)]
      if (present.get(name) === rule) continue
      const wrong = await owner.query<{ row: string }>(
        `SELECT left(to_jsonb(t)::text, 500) AS row FROM ${quotedName(table)} t WHERE ${quotedName(column)} <> ALL ($1) LIMIT 1`,
        [words],
      )
      if (wrong.rows[0]) throw new WrongWordError(table, column, words, wrong.rows[0].row)
      await owner.query(
        `ALTER TABLE ${quotedName(table)} DROP CONSTRAINT IF EXISTS ${quotedName(name)}, ADD CONSTRAINT ${quotedName(name)} ${rule}`,
      )
    }
}
