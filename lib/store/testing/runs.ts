import { type RecordDraft, recordBody } from '../../domain/record/chain'
import type { Store } from '../client'
import type { NewRun } from '../run'

/** A run as tests find it there, made by the owner of the tables: whoever started it needs no session. */
export async function createRun(owner: Pick<Store, 'pool'>, run: NewRun, draft: RecordDraft): Promise<void> {
  await owner.pool.query(
    `WITH r AS (INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster,
           incident_id, reason, two_persons, inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
         VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,'[]','preparing','Checking prerequisites.',$14,$15,clock_timestamp())
         RETURNING id),
       s AS (INSERT INTO run_step (run_id, index, step_id, title, effect, definition_hash, stage, state, sentence, output)
         SELECT $1, (x.ord - 1)::int, x.step->>'stepId', x.step->>'title', x.step->>'effect', x.step->>'definitionHash', NULLIF(x.step->'stage', 'null'), 'pending', '', '{}'
         FROM jsonb_array_elements($16::jsonb) WITH ORDINALITY AS x(step, ord) RETURNING 1),
       l AS (INSERT INTO resource_lock (environment, resource, run_id, taken_at) SELECT $6, unnest($17::text[]), $1, clock_timestamp() RETURNING 1)
       SELECT record_append($18) FROM r WHERE (SELECT count(*) FROM s) >= 0 AND (SELECT count(*) FROM l) >= 0`,
    [
      run.id,
      run.procedureId,
      run.procedureVersion,
      run.title,
      run.mode,
      run.environment,
      run.environmentKind,
      run.cluster,
      run.incidentNumber === null ? null : String(run.incidentNumber),
      run.reason,
      run.twoPersons,
      JSON.stringify(run.inputs),
      JSON.stringify(run.facts),
      run.startedBy.id,
      run.startedBy.name,
      JSON.stringify(run.steps),
      run.resources,
      recordBody(draft),
    ],
  )
}
