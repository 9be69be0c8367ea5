import type { ClientBase } from 'pg'
import { quotedName } from '../domain/text'

/** The role under which the web uses the store: it reads, writes what people edit, and calls functions that decide. */
export const webRole = 'warroom_web'
/** The role under which the runner uses the store: it alone touches leases, the journal, and what a run does. */
export const runnerRole = 'warroom_runner'
const storeRoles = [webRole, runnerRole] as const
/** The one role of earlier versions. It loses its rights and its login when a store is migrated. */
export const formerRole = 'warroom_app'

type Reading = 'all' | 'none' | { without: readonly string[] }
/** What a role may do with a table. Columns that are named are the only ones that may be written. */
interface TableRights {
  read: Reading
  insert?: true | readonly string[]
  update?: true | readonly string[]
  delete?: true
}

const closed: TableRights = { read: 'none' }
const reads: TableRights = { read: 'all' }
const readsBut = (...without: string[]): TableRights => ({ read: { without } })
const adds: TableRights = { read: 'all', insert: true }
const changes: TableRights = { read: 'all', update: true }
const completes: TableRights = { read: 'all', insert: true, update: true }
const forgets: TableRights = { read: 'all', delete: true }
const answers: TableRights = { read: 'all', update: true, delete: true }
const edits: TableRights = { read: 'all', insert: true, update: true, delete: true }

/**
 * What web and runner may do with each table. A table that is not listed is closed to both, and a test fails until it is:
 * the store itself refuses the rest, whatever the code says.
 */
export const tableRights: Readonly<Record<string, { web: TableRights; runner: TableRights }>> = {
  _prisma_migrations: { web: reads, runner: reads },
  account: { web: readsBut('password_hash'), runner: readsBut('password_hash') },
  account_change: { web: reads, runner: reads },
  account_identity: { web: reads, runner: reads },
  admission: { web: reads, runner: reads },
  alert: { web: completes, runner: forgets },
  approval: { web: reads, runner: completes },
  backup_catalogue: { web: reads, runner: completes },
  backup_check: { web: reads, runner: edits },
  checklist_evidence: { web: reads, runner: adds },
  checklist_item: { web: completes, runner: changes },
  damage: {
    web: reads,
    runner: {
      read: 'all',
      insert: ['environment', 'kind', 'found_at', 'signs'],
      update: ['signs'],
    },
  },
  decoy_key: { web: closed, runner: closed },
  effect_journal: { web: reads, runner: completes },
  environment: { web: reads, runner: reads },
  incident: { web: completes, runner: { read: 'all', update: ['status', 'status_times', 'version'] } },
  incident_lag: { web: reads, runner: completes },
  incident_role: { web: completes, runner: reads },
  incident_task: { web: completes, runner: reads },
  integration_test: { web: { read: 'all', update: ['passed', 'says', 'reference', 'finished_at'] }, runner: answers },
  lag_minute: { web: reads, runner: edits },
  lag_sample: { web: reads, runner: edits },
  lease: { web: reads, runner: completes },
  mark: { web: reads, runner: edits },
  outbox: { web: completes, runner: completes },
  page: { web: completes, runner: reads },
  passkey: { web: reads, runner: reads },
  preflight: { web: reads, runner: answers },
  probe_minute: { web: reads, runner: edits },
  record_entry: { web: reads, runner: reads },
  record_head: { web: reads, runner: reads },
  report_action: { web: completes, runner: reads },
  report_section: { web: adds, runner: reads },
  resource_lock: { web: reads, runner: { read: 'all', delete: true } },
  rule_guessing: { web: reads, runner: reads },
  rule_permission: { web: reads, runner: reads },
  rule_record_kind: { web: reads, runner: reads },
  rule_span: { web: reads, runner: reads },
  rule_step_decision: { web: reads, runner: reads },
  run: { web: reads, runner: changes },
  run_output: { web: reads, runner: adds },
  run_step: { web: reads, runner: changes },
  sent_key: { web: reads, runner: forgets },
  session: { web: readsBut('token_hash'), runner: readsBut('token_hash') },
  sign_in_attempt: { web: closed, runner: closed },
  sign_in_limit: { web: closed, runner: forgets },
  status_update: { web: adds, runner: reads },
  timeline_mark: { web: completes, runner: reads },
  timeline_tally: { web: reads, runner: reads },
  wall_link: { web: completes, runner: forgets },
  web_key: { web: closed, runner: closed },
  webhook_event: { web: adds, runner: forgets },
}

/** Who may call a function. `inside`: only other functions of the store, and triggers. */
type Caller = 'web' | 'runner' | 'both' | 'inside'

/** Who may call which function. One that is not listed may be called by nobody, and a test fails until it is. */
export const functionRights: Readonly<Record<string, Caller>> = {
  account_changed: 'inside',
  account_hands: 'inside',
  account_keep_address: 'inside',
  admit: 'web',
  approval_decide: 'web',
  approval_for: 'runner',
  approval_is_given_by_people: 'inside',
  approval_request: 'runner',
  damage_dismiss: 'web',
  effect_intend: 'runner',
  effect_intend_standing: 'runner',
  effect_settle: 'runner',
  identity_address: 'inside',
  identity_keys: 'inside',
  integration_test_ask: 'web',
  is_last_admin: 'inside',
  broken_rule: 'both',
  work_order: 'both',
  move_is_listed: 'inside',
  passkey_add: 'web',
  passkey_challenge: 'web',
  passkey_changed: 'inside',
  passkey_remove: 'web',
  password_choose: 'web',
  password_proves: 'inside',
  person_acts: 'inside',
  person_add: 'web',
  person_connect: 'web',
  person_set_disabled: 'web',
  person_set_password: 'web',
  person_set_role: 'web',
  person_who_may: 'inside',
  preflight_ask_as: 'web',
  record_append: 'runner',
  run_answered_by: 'runner',
  run_rows_taken: 'web',
  record_append_as: 'web',
  record_append_once: 'web',
  record_append_service: 'web',
  record_by: 'inside',
  record_is_append_only: 'inside',
  record_is_written_inside: 'inside',
  record_names: 'inside',
  record_sent: 'web',
  rule_span_of: 'inside',
  run_answer_step: 'web',
  run_decide_step: 'web',
  run_decider: 'inside',
  run_decision_fits: 'inside',
  run_entry_fits: 'inside',
  run_is_in_a_possible_place: 'inside',
  run_keep_decided: 'web',
  run_moves: 'runner',
  run_resume: 'web',
  run_revise: 'web',
  run_start: 'web',
  run_step_decide: 'inside',
  run_wish: 'web',
  same_hand: 'inside',
  second_person_refusal: 'inside',
  session_confirm: 'inside',
  session_end: 'web',
  session_forget: 'runner',
  session_insert: 'inside',
  session_of: 'web',
  session_open_lab: 'web',
  session_open_password: 'web',
  session_open_subject: 'web',
  session_person: 'inside',
  session_present: 'web',
  session_prove_lab: 'web',
  session_prove_password: 'web',
  session_prove_subject: 'web',
  session_salt: 'web',
  session_seen: 'web',
  sessions_end: 'web',
  sign_in_begin: 'web',
  sign_in_count: 'inside',
  sign_in_prove: 'inside',
  sign_on_refused: 'web',
  store_is_lab: 'inside',
  timeline_count: 'inside',
  timeline_kind: 'both',
  timeline_story: 'both',
  wall_links_end_with_creator: 'inside',
  web_proves: 'inside',
}

/** A table's statements for one role. Exported for the test that holds the catalogue against the list above. */
function grantsOf(role: string, table: string, rights: TableRights, columns: readonly string[]): string[] {
  const { read, insert, update } = rights
  const some = (verb: string, names: readonly string[]) =>
    names.length
      ? [`GRANT ${verb} (${names.map(quotedName).join(', ')}) ON public.${quotedName(table)} TO ${role}`]
      : []
  const whole = (verb: string) => [`GRANT ${verb} ON public.${quotedName(table)} TO ${role}`]
  return [
    ...(read === 'all'
      ? whole('SELECT')
      : read === 'none'
        ? []
        : some(
            'SELECT',
            columns.filter((name) => !read.without.includes(name)),
          )),
    ...(insert === true ? whole('INSERT') : some('INSERT', insert ?? [])),
    ...(update === true ? whole('UPDATE') : some('UPDATE', update ?? [])),
    ...(rights.delete ? whole('DELETE') : []),
  ]
}

/** Who may enter a database: both roles, and nobody else; neither may make temporary objects in it. */
export const databaseGrants = (database: string, cleared: string = ['PUBLIC', ...storeRoles].join(', ')): string[] => [
  `REVOKE ALL ON DATABASE ${quotedName(database)} FROM ${cleared}`,
  `GRANT CONNECT ON DATABASE ${quotedName(database)} TO ${storeRoles.join(', ')}`,
]

/**
 * Gives both roles what they need in this database, and takes away the rest, also from everybody. Runs after every migration
 * as the owner of the tables; repeating it changes nothing. A new table or function is closed until it is listed here.
 */
export async function grantToRoles(owner: ClientBase): Promise<void> {
  const { rows: tables } = await owner.query<{ name: string; columns: string[]; sequences: string[] }>(
    `SELECT c.relname AS name,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns,
       ARRAY(SELECT s.relname::text FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
             WHERE d.refobjid = c.oid AND d.deptype IN ('a', 'i')) AS sequences
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`,
  )
  const { rows: functions } = await owner.query<{ name: string; signature: string }>(
    `SELECT p.proname AS name, p.oid::regprocedure::text AS signature FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
  )
  const { rows: roles } = await owner.query<{ name: string }>(
    'SELECT rolname AS name FROM pg_roles WHERE rolname = ANY($1)',
    [[...storeRoles, formerRole]],
  )
  const present = new Set(roles.map(({ name }) => name))
  const missing = storeRoles.filter((role) => !present.has(role))
  if (missing.length > 0)
    throw new Error(
      `The store has no role ${missing.join(' and no role ')}. Run "npm run migrate" with WARROOM_WEB_PASSWORD and WARROOM_RUNNER_PASSWORD as a user that may create roles.`,
    )
  const cleared = ['PUBLIC', ...storeRoles, ...(present.has(formerRole) ? [formerRole] : [])].join(', ')
  // Temporary objects are for nobody: one could stand in for a table of ours. Only the database's owner can see to that.
  const { rows: own } = await owner.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname = current_database() AND pg_has_role(datdba, 'USAGE')`,
  )
  const statements = [
    ...own.flatMap(({ name }) => databaseGrants(name, cleared)),
    `REVOKE ALL ON SCHEMA public FROM ${cleared}`,
    `GRANT USAGE ON SCHEMA public TO ${storeRoles.join(', ')}`,
    // What a migration makes is closed until it is granted below, also to everybody's PUBLIC.
    `ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM ${cleared}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM ${cleared}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${cleared}`,
    `REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM ${cleared}`,
    `REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM ${cleared}`,
    ...tables.flatMap(({ name, columns, sequences }) => {
      const rights = tableRights[name]
      if (!rights) return []
      return (
        [
          [webRole, rights.web],
          [runnerRole, rights.runner],
        ] as const
      ).flatMap(([role, own]) => [
        ...grantsOf(role, name, own, columns),
        ...(own.insert ? sequences.map((s) => `GRANT USAGE ON SEQUENCE public.${quotedName(s)} TO ${role}`) : []),
      ])
    }),
    ...functions.flatMap(({ name, signature }) => {
      const caller = functionRights[name]
      const to = caller === 'web' ? [webRole] : caller === 'runner' ? [runnerRole] : caller === 'both' ? storeRoles : []
      return to.length ? [`GRANT EXECUTE ON FUNCTION ${signature} TO ${to.join(', ')}`] : []
    }),
  ]
  await owner.query(statements.join(';\n'))
}
