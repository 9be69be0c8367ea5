import { literal, stageSchema } from '../reconcile/statements'
import { quotedName } from '../text'

/*
 * A restored copy holds everything that its source held, and so also what starts work by itself: jobs of pg_cron, subscriptions,
 * and whatever the application keeps there to be sent. It is put to rest before anybody looks at the copy, noted in dr_stage.rest, and
 * started again when the copy serves. Subscriptions stay disabled: their slots belong to the source.
 */

/** What the application says of its own outbox: how it is turned off and on, and a query that gives more than 0 while it is on. */
export type Outbox = { off: string[]; on: string[]; isOn: string }

export type CopyWork = { action: 'rest' | 'wake'; outbox: Outbox | null } | { action: 'analyze' }

const noted = `${stageSchema}.rest`
const block = (body: string) => `DO $dr$ DECLARE one text; BEGIN ${body} END $dr$`

/** Statements of one transaction; each may be repeated. */
export function copyWorkStatements(work: CopyWork): string[] {
  switch (work.action) {
    case 'rest':
      return [
        `CREATE SCHEMA IF NOT EXISTS ${stageSchema}`,
        `CREATE TABLE IF NOT EXISTS ${noted} (kind text, name text, PRIMARY KEY (kind, name))`,
        block(`IF to_regclass('cron.job') IS NOT NULL THEN
  INSERT INTO ${noted} SELECT 'job', jobid::text FROM cron.job WHERE active ON CONFLICT DO NOTHING;
  UPDATE cron.job SET active = false WHERE active;
END IF;`),
        block(`FOR one IN SELECT subname FROM pg_subscription WHERE subenabled
  AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) LOOP
  EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', one);
  INSERT INTO ${noted} VALUES ('subscription', one) ON CONFLICT DO NOTHING;
END LOOP;`),
        ...(work.outbox?.off ?? []),
      ]
    case 'wake':
      return [
        block(`IF to_regclass('cron.job') IS NOT NULL THEN
  UPDATE cron.job SET active = true WHERE jobid::text IN (SELECT name FROM ${noted} WHERE kind = 'job');
END IF;`),
        ...(work.outbox?.on ?? []),
      ]
    case 'analyze':
      return ['ANALYZE']
  }
}

/**
 * The same for a database that was just loaded, by its master: what the source had noted of an earlier recovery says nothing of now,
 * and the role that starts everything again may read what is noted, and stage there as it may on the source.
 */
export function restLoadedStatements({ outbox, by }: { outbox: Outbox | null; by: string | null }): string[] {
  return [
    `DROP TABLE IF EXISTS ${noted}`,
    ...copyWorkStatements({ action: 'rest', outbox }),
    ...(by === null
      ? []
      : [
          block(`EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), ${literal(by)});`),
          `GRANT USAGE, CREATE ON SCHEMA ${stageSchema} TO ${quotedName(by)}`,
          `GRANT SELECT, INSERT ON ${noted} TO ${quotedName(by)}`,
        ]),
  ]
}

/** What is at work on a copy. `hidden`: row security keeps our role from seeing every job. */
export type AtWork = {
  jobs: string[]
  subscriptions: string[]
  outboxOn: boolean
  hidden: boolean
  /** What was put to rest, as the copy itself has noted it; null before. */
  resting: { jobs: string[]; subscriptions: string[] } | null
}

export const unanalyzedQuery = (tables: readonly string[]): string =>
  `SELECT count(*)::int AS n FROM unnest(ARRAY[${tables.map(literal).join(', ')}]::text[]) t
  JOIN pg_stat_user_tables s ON s.relid = to_regclass(t) WHERE s.last_analyze IS NULL AND s.last_autoanalyze IS NULL`
