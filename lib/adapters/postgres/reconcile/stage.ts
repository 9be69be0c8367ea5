import { stageSchema } from '../../../domain/reconcile/statements'
import type { AppliedPass, ComparedTable } from '../../../ports/reconcile'
import type { Session } from './session'

/** What is kept in dr_stage of each comparison and each merge. The schema's owner, the recovery role, alone may read it. */
export const createStage = [
  `CREATE SCHEMA IF NOT EXISTS ${stageSchema}`,
  `CREATE TABLE IF NOT EXISTS ${stageSchema}.comparison (batch text, "table" text, place int NOT NULL, facts jsonb NOT NULL,
    only_source bigint NOT NULL, only_target bigint NOT NULL, different bigint NOT NULL, same bigint NOT NULL,
    digest text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (batch, "table"))`,
  `CREATE TABLE IF NOT EXISTS ${stageSchema}.applied (batch text, "table" text, pass text, digest text NOT NULL,
    rows bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), undone_at timestamptz, PRIMARY KEY (batch, "table", pass))`,
  // What makes a lost table again, and which one was made by it; a schema of an earlier version lacks both.
  `ALTER TABLE ${stageSchema}.comparison ADD COLUMN IF NOT EXISTS creation jsonb`,
  `ALTER TABLE ${stageSchema}.applied ADD COLUMN IF NOT EXISTS made oid`,
]

/** One session at a time works on a batch: a second one waits for the first, and then finds what it did. */
export const batchLock = (batchLiteral: string) =>
  `SELECT pg_advisory_xact_lock(hashtext('dr_stage'), hashtext(${batchLiteral}))`

export async function isStaged(session: Session): Promise<boolean> {
  const [row] = await session.rows(`SELECT to_regclass('${stageSchema}.comparison') IS NOT NULL
    AND to_regclass('${stageSchema}.applied') IS NOT NULL AS there`)
  return row?.there === true
}

export async function readCompared(session: Session, batchLiteral: string): Promise<ComparedTable[]> {
  if (!(await isStaged(session))) return []
  const rows =
    await session.rows(`SELECT "table", place, facts, only_source::float8 AS "onlySource", only_target::float8 AS "onlyTarget",
      different::float8 AS different, same::float8 AS same, digest, creation, (extract(epoch FROM at) * 1000)::float8 AS at
    FROM ${stageSchema}.comparison WHERE batch = ${batchLiteral} ORDER BY place`)
  return rows as unknown as ComparedTable[]
}

export async function readApplied(session: Session, batchLiteral: string): Promise<AppliedPass[]> {
  if (!(await isStaged(session))) return []
  const rows = await session.rows(
    `SELECT "table", pass, digest, made::text AS made FROM ${stageSchema}.applied WHERE batch = ${batchLiteral} AND undone_at IS NULL`,
  )
  return rows as unknown as AppliedPass[]
}
