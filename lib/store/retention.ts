import { days, hours } from '../domain/units'
import { type Store, storeError } from './client'
import { fullForMs, keptForMs, lagHistoryStore, minutesKeptForMs } from './history'
import { query } from './query'

/*
 * What the store keeps, and for how long: one line for each table. A test fails for a table without a line. Nothing else
 * deletes rows because of their age.
 */

type Sql = Pick<Store, 'pool'>
interface Sweep {
  environment: string
  /** Time of the sweep, ms. */
  now: number
}

type Keeping =
  | { kept: 'for good'; why: string }
  /** One row for each thing there is, written over: it does not grow with time. */
  | { kept: 'as long as needed'; why: string }
  | {
      /** ms */
      kept: number
      why: string
      /** Which rows `t` may be deleted, $1 being the seconds above; or the part of the store that sees to it. */
      forget: { where: string } | { by: (store: Sql, sweep: Sweep) => Promise<void> }
    }

const before = `clock_timestamp() - make_interval(secs => $1)`
const lagHistory = { by: (store: Sql, { environment, now }: Sweep) => lagHistoryStore(store).prune(environment, now) }
const forGood = (why: string): Keeping => ({ kept: 'for good', why })

export const retention: Readonly<Record<string, Keeping>> = {
  // The record and what it is about.
  record_entry: forGood('The record is append-only.'),
  record_head: forGood('The head of the record.'),
  timeline_tally: forGood('Counts entries of the record.'),
  timeline_mark: forGood('Pins and corrections belong to entries of the record.'),
  run: forGood('What was done, and why.'),
  run_step: forGood('What was done, step by step.'),
  run_output: forGood('What a run reported is evidence.'),
  effect_journal: forGood('The authority on what was done.'),
  approval: forGood('Who approved what.'),
  incident: forGood('Incidents and their reports are read for years.'),
  incident_lag: forGood('The lag of an incident, kept for its report.'),
  incident_role: forGood('Who held a role of an incident.'),
  incident_task: forGood('Part of an incident.'),
  checklist_item: forGood('Part of an incident.'),
  checklist_evidence: forGood('Evidence.'),
  damage: forGood('Diagnosis in the data, and who dismissed it why.'),
  page: forGood('Who was paged, and who answered.'),
  status_update: forGood('What was told to people.'),
  outbox: forGood('Sent commands to whom, and how that went; pages and updates show it.'),
  report_section: forGood('Reports, in every version.'),
  report_action: forGood('Action items of reports.'),
  account: forGood('The record names people; an account is disabled, never deleted.'),
  account_change: forGood('Who gave whom access, and when.'),

  // What does not grow with time.
  environment: { kept: 'as long as needed', why: 'One row for each environment that the store is for.' },
  lease: { kept: 'as long as needed', why: 'One row for each name; its epoch must never go back.' },
  admission: { kept: 'as long as needed', why: 'One row for each person and kind of request, written over.' },
  passkey: { kept: 'as long as needed', why: 'A few for each person; removed by them or by an admin.' },
  account_identity: { kept: 'as long as needed', why: 'A few for each account, kept by triggers.' },
  resource_lock: { kept: 'as long as needed', why: 'Freed by the end of its run.' },

  backup_catalogue: { kept: 'as long as needed', why: 'One row for each environment, written over.' },

  // What is of use for a while.
  lag_sample: { kept: fullForMs, why: 'Thinned to one point a minute afterwards.', forget: lagHistory },
  lag_minute: { kept: keptForMs, why: 'The chart reaches back a month; incidents keep their own.', forget: lagHistory },
  mark: { kept: keptForMs, why: 'Marks of the same chart.', forget: lagHistory },
  probe_minute: { kept: minutesKeptForMs, why: 'Availability is counted by calendar month.', forget: lagHistory },
  preflight: {
    kept: days(1),
    why: 'Read once, within a minute; a run keeps its own checks.',
    forget: { where: `t.asked_at < ${before}` },
  },
  backup_check: {
    kept: days(400),
    why: 'A backup that is kept for a year is read again before that.',
    forget: { where: `t.at < ${before}` },
  },
  session: {
    kept: days(90),
    why: 'After its end. A sign-in from a known address is judged by those of the last 30 days.',
    // Not even the runner deletes a session that has not ended.
    forget: { by: async (store) => void (await query(store, 'SELECT session_forget($1)', [days(90) / 1000])) },
  },
  sign_in_limit: {
    kept: hours(1),
    why: 'After the end of its window it counts nothing.',
    forget: { where: `t.window_end < ${before}` },
  },
  sent_key: {
    kept: days(7),
    why: 'A browser that repeats what it sent does so within minutes.',
    forget: { where: `EXISTS (SELECT 1 FROM record_entry e WHERE e.n = t.n AND e.at < ${before})` },
  },
  webhook_event: {
    kept: hours(2),
    why: 'An event is believed for an hour by its own time; clocks may differ.',
    forget: { where: `t.taken_at < ${before}` },
  },
  alert: {
    kept: days(90),
    why: 'After it was resolved or dismissed, unless it belongs to an incident.',
    forget: {
      where: `t.incident_number IS NULL AND greatest(t.resolved_at, t.dismissed_at) < ${before} AND t.last_at < ${before}`,
    },
  },
  integration_test: {
    kept: days(30),
    why: 'Settings show the newest of each integration, which stays.',
    forget: {
      where: `t.asked_at < ${before} AND EXISTS (SELECT 1 FROM integration_test n
        WHERE n.environment = t.environment AND n.integration = t.integration AND n.asked_at > t.asked_at)`,
    },
  },
  wall_link: {
    kept: days(90),
    why: 'After it was revoked or has expired.',
    forget: { where: `least(t.revoked_at, t.expires_at) < ${before}` },
  },
}

/** Rows deleted by one statement: none runs into the limit on statements, or holds many rows. */
const batch = 2_000

/**
 * What housekeeping does about age, by table; each may be repeated and cut off at any moment. They throw ExpectedError when the
 * store is away.
 */
export function forgetting(store: Sql, environment: string, now: () => number): Record<string, () => Promise<void>> {
  const tasks: Record<string, () => Promise<void>> = {}
  const sweeps = new Set<unknown>()
  for (const [table, keeping] of Object.entries(retention)) {
    if (typeof keeping.kept !== 'number' || !('forget' in keeping)) continue
    const { kept, forget } = keeping
    if ('where' in forget) tasks[`forget old rows of ${table}`] = () => deleteOld(store, table, forget.where, kept)
    else if (!sweeps.has(forget)) {
      sweeps.add(forget)
      tasks[`thin and forget old rows of ${table}`] = () => forget.by(store, { environment, now: now() })
    }
  }
  return tasks
}

async function deleteOld(store: Sql, table: string, where: string, keptMs: number): Promise<void> {
  for (;;) {
    const { rowCount } = await store.pool
      .query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM ${table} t WHERE ${where} LIMIT ${batch}))`,
        [keptMs / 1000],
      )
      .catch((error: unknown) => {
        throw storeError(error)
      })
    if ((rowCount ?? 0) < batch) return
  }
}
