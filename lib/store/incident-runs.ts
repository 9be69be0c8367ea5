import type { RecoveryFacts } from '../domain/incident/status'
import type { PersonRef } from '../domain/people/person'
import type { JsonValue } from '../domain/procedure/canonical'
import type { OwnFigure } from '../domain/run/remaining'
import type { RunState } from '../domain/run/states'
import { type Db, type Store, storeError } from './client'

type Sql = Pick<Store, 'pool'>
const rowsOf = async <R extends object>(store: Sql, text: string, values: unknown[]): Promise<R[]> => {
  try {
    return (await store.pool.query<R>(text, values)).rows
  } catch (error) {
    throw storeError(error)
  }
}
/** What runs of an incident fixed of the facts that were asked for, without their steps. */
interface RunFacts {
  procedureId: string
  startedAt: number
  facts: { [name: string]: JsonValue }
}

/** These facts of the runs that changed the world, of several incidents in one query, oldest first. Throws ExpectedError. */
export async function runFacts(
  store: Sql,
  numbers: number[],
  names: readonly string[],
): Promise<Map<number, RunFacts[]>> {
  const rows = await rowsOf<{ incident_id: string; procedure_id: string; started_at: Date; facts: RunFacts['facts'] }>(
    store,
    `SELECT incident_id, procedure_id, started_at,
       (SELECT COALESCE(jsonb_object_agg(key, value), '{}') FROM jsonb_each(facts) WHERE key = ANY($2)) AS facts
     FROM run WHERE incident_id = ANY($1) AND mode <> 'dry-run' ORDER BY started_at`,
    [numbers.map(String), names],
  )
  const byNumber = new Map<number, RunFacts[]>()
  for (const { incident_id, procedure_id, started_at, facts } of rows) {
    const own = byNumber.get(Number(incident_id)) ?? []
    own.push({ procedureId: procedure_id, startedAt: started_at.getTime(), facts })
    byNumber.set(Number(incident_id), own)
  }
  return byNumber
}

/** Steps that people decided to go without, of the latest run of each procedure for an incident, oldest first. */
export async function skippedSteps(
  store: Sql,
  number: number,
): Promise<{ procedureId: string; stepId: string; title: string; by: PersonRef; reason: string }[]> {
  const rows = await rowsOf<Record<'procedure_id' | 'step_id' | 'title' | 'id' | 'name' | 'reason', string | null>>(
    store,
    `SELECT r.procedure_id, s.step_id, s.title, s.skipped_by_id AS id, s.skipped_by_name AS name, s.skip_reason AS reason
     FROM (SELECT DISTINCT ON (procedure_id) id, procedure_id, started_at FROM run
           WHERE incident_id = $1 AND mode <> 'dry-run' ORDER BY procedure_id, started_at DESC) r
       JOIN run_step s ON s.run_id = r.id AND s.state = 'skipped' ORDER BY r.started_at, s.index`,
    [String(number)],
  )
  return rows.map((row) => ({
    procedureId: row.procedure_id ?? '',
    stepId: row.step_id ?? '',
    title: row.title ?? '',
    by: { id: row.id ?? '', name: row.name ?? '' },
    reason: row.reason ?? '',
  }))
}

/** The runs of an incident that were no dry run, oldest first: what each was and where it stands. */
export async function recoveriesOf(db: Db, number: number): Promise<{ title: string; state: RunState }[]> {
  const rows = await db.run.findMany({
    where: { incidentNumber: number, mode: { not: 'dry-run' } },
    orderBy: { startedAt: 'asc' },
    select: { title: true, state: true },
  })
  return rows.map(({ title, state }) => ({ title, state: state as RunState }))
}

/** What the runs of these incidents did that were no dry run, by incident, oldest first. Throws ExpectedError. */
export async function actedRuns(
  store: Sql,
  numbers: number[],
): Promise<Map<number, (RecoveryFacts & { procedureId: string; inputs: { [name: string]: JsonValue } })[]>> {
  const rows = await rowsOf<{
    number: number
    procedure_id: string
    inputs: { [name: string]: JsonValue }
    title: string
    state: RunState
    finished_at: Date | null
    acted_at: Date | null
  }>(
    store,
    `SELECT r.incident_number AS number, r.procedure_id, r.inputs, r.title, r.state, r.finished_at,
       (SELECT min(j.intended_at) FROM effect_journal j WHERE j.run_id = r.id AND j.outcome IS DISTINCT FROM 'rejected') AS acted_at
     FROM run r WHERE r.incident_id = ANY($1) AND r.mode <> 'dry-run' ORDER BY r.started_at`,
    [numbers.map(String)],
  )
  const byNumber = new Map<number, ReturnType<typeof acted>[]>()
  const acted = (row: (typeof rows)[number]) => ({
    procedureId: row.procedure_id,
    inputs: row.inputs,
    title: row.title,
    state: row.state,
    actedAt: row.acted_at?.getTime() ?? null,
    finishedAt: row.finished_at?.getTime() ?? null,
  })
  for (const row of rows) byNumber.set(row.number, [...(byNumber.get(row.number) ?? []), acted(row)])
  return byNumber
}

/** What a procedure and each of its steps took in past runs. */
export interface PastFigures {
  whole: OwnFigure | null
  steps: Map<string, OwnFigure>
}

/**
 * What a procedure took in finished runs and drills of an environment, including waits for people, and each of its steps where
 * it was done; dry runs and skipped steps say nothing.
 */
export async function pastFigures(store: Sql, environment: string, slug: string): Promise<PastFigures> {
  const rows = await rowsOf<{ step_id: string | null; runs: number; p50: number; p90: number }>(
    store,
    `WITH past AS (SELECT id, started_at, finished_at FROM run
       WHERE procedure_id = $1 AND environment = $2 AND state = 'done' AND mode <> 'dry-run'),
     spans AS (
       SELECT NULL AS step_id, finished_at - started_at AS took FROM past WHERE finished_at IS NOT NULL
       UNION ALL
       SELECT s.step_id, s.finished_at - s.started_at FROM run_step s JOIN past ON past.id = s.run_id
       WHERE s.state IN ('confirmed', 'already-so') AND s.finished_at IS NOT NULL)
     SELECT step_id, count(*)::int AS runs,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8) AS p50,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM took)::float8) AS p90
     FROM spans GROUP BY step_id`,
    [slug, environment],
  )
  const figures = new Map(
    rows.map((row) => [row.step_id, { runs: row.runs, p50Seconds: row.p50, p90Seconds: row.p90 }]),
  )
  const whole = figures.get(null) ?? null
  return { whole, steps: new Map([...figures].flatMap(([id, figure]) => (id === null ? [] : [[id, figure]]))) }
}

/** Minutes of a span in which at least half of the write probes failed, and in how many there were probes at all. */
export async function downMinutes(
  store: Sql,
  environment: string,
  fromMs: number,
  toMs: number,
): Promise<{ down: number; watched: number }> {
  const rows = await rowsOf<{ down: number; watched: number }>(
    store,
    `SELECT count(*) FILTER (WHERE failed * 2 >= probes)::int AS down, count(*)::int AS watched FROM probe_minute
     WHERE environment = $1 AND probes > 0 AND minute >= date_trunc('minute', to_timestamp($2::float8 / 1000), 'UTC')
       AND minute <= to_timestamp($3::float8 / 1000)`,
    [environment, fromMs, toMs],
  )
  return rows[0] ?? { down: 0, watched: 0 }
}

/**
 * When the checklist proved the write path of incidents that are over: the first look at item 1 that held, with none
 * after it that did not. Looks that ended shortly after the end still count. Times are ms.
 */
export async function provedWrites(store: Sql, numbers: number[]): Promise<Map<number, number>> {
  const rows = await rowsOf<{ number: number; at: Date }>(
    store,
    `SELECT e.number, min(e.at) AS at FROM checklist_evidence e JOIN incident i ON i.number = e.number
     WHERE e.number = ANY($1) AND e.key = 'connectivity' AND e.passed AND e.at <= i.resolved_at + interval '2 min'
       AND NOT EXISTS (SELECT 1 FROM checklist_evidence x WHERE x.number = e.number AND x.key = e.key
                       AND x.passed = false AND x.at > e.at AND x.at <= i.resolved_at + interval '2 min')
     GROUP BY e.number`,
    [numbers],
  )
  return new Map(rows.map((row) => [row.number, row.at.getTime()]))
}
