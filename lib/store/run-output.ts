import type pg from 'pg'
import type { OutputLine } from '../domain/run/view'
import { storable } from '../domain/text'
import type { Store } from './client'
import { query } from './query'

type Sql = Pick<Store, 'pool'>

/** Adds lines to a run's output, numbered without gaps. */
export async function appendOutput(store: Sql, runId: string, lines: Omit<OutputLine, 'n' | 'at'>[]): Promise<void> {
  if (lines.length === 0) return
  await query(
    store,
    `WITH r AS (UPDATE run SET output_lines = output_lines + $2 WHERE id = $1 RETURNING output_lines - $2 AS base)
     INSERT INTO run_output (run_id, n, at, step_id, kind, text)
     SELECT $1, r.base + x.ord::int, clock_timestamp(), x.line->>'stepId', x.line->>'kind', x.line->>'text'
     FROM r, jsonb_array_elements($3::jsonb) WITH ORDINALITY AS x(line, ord)`,
    [runId, lines.length, JSON.stringify(storable(lines))],
    'append-output',
  )
}

const ofEnvironment = 'EXISTS (SELECT 1 FROM run r WHERE r.id = $1 AND r.environment = $4)'

/** Lines after `afterN` of a run of this environment, oldest first. */
export async function readOutput(
  store: Sql,
  environment: string,
  runId: string,
  afterN: number,
  limit = 2000,
): Promise<OutputLine[]> {
  const { rows } = await query(
    store,
    `SELECT n, at, step_id, kind, text FROM run_output WHERE run_id = $1 AND n > $2 AND ${ofEnvironment}
     ORDER BY n LIMIT $3`,
    [runId, afterN, limit, environment],
  )
  return rows.map(toLine)
}

const toLine = (r: pg.QueryResultRow): OutputLine => ({
  n: r.n,
  at: r.at.getTime(),
  stepId: r.step_id,
  kind: r.kind,
  text: r.text,
})

/** Lines of a run of this environment that hold these words, oldest first, and how many there are in all. */
export async function searchOutput(
  store: Sql,
  environment: string,
  runId: string,
  words: string,
  limit: number,
): Promise<{ lines: OutputLine[]; found: number }> {
  const { rows } = await query(
    store,
    `SELECT n, at, step_id, kind, text, (count(*) OVER ())::int AS found FROM run_output
     WHERE run_id = $1 AND ${ofEnvironment} AND strpos(lower(COALESCE(step_id, '') || ' ' || text), lower($2)) > 0 ORDER BY n LIMIT $3`,
    [runId, words, limit, environment],
  )
  return { lines: rows.map(toLine), found: rows[0]?.found ?? 0 }
}
