-- The environments that a store is for. Every row belongs to one of them: by a column of its own, or by its run or incident. A store
-- of an earlier version had one environment, named by its rows; what kind it is of is known where it had a run.
ALTER TABLE store_environment RENAME TO environment;
ALTER TABLE environment RENAME CONSTRAINT store_environment_pkey TO environment_pkey;
ALTER TABLE environment ALTER COLUMN kind DROP NOT NULL, ALTER COLUMN stamped_at DROP NOT NULL, ALTER COLUMN stamped_at DROP DEFAULT,
  ADD CONSTRAINT environment_kind CHECK (kind IN ('production', 'staging', 'lab')),
  ADD CONSTRAINT environment_stamped CHECK ((kind IS NULL) = (stamped_at IS NULL));

INSERT INTO environment (name)
SELECT environment FROM run UNION SELECT environment FROM incident UNION SELECT environment FROM integration_test
UNION SELECT environment FROM lag_sample UNION SELECT environment FROM lag_minute UNION SELECT environment FROM mark
UNION SELECT environment FROM probe_minute UNION SELECT split_part(procedure_id, '/', 1) FROM preflight
UNION SELECT substr(name, strpos(name, ':') + 1) FROM lease WHERE strpos(name, ':') > 0
ON CONFLICT DO NOTHING;
UPDATE environment e SET kind = r.environment_kind, stamped_at = date_trunc('milliseconds', clock_timestamp())
FROM (SELECT DISTINCT ON (environment) environment, environment_kind FROM run ORDER BY environment, started_at DESC) r
WHERE e.kind IS NULL AND r.environment = e.name AND r.environment_kind IN ('production', 'staging', 'lab');

-- Rows that named none: those of the one environment, else of the one that was used last.
CREATE FUNCTION pg_temp.only_environment() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_name text;
BEGIN
  SELECT name INTO v_name FROM environment e ORDER BY
    (SELECT max(at) FROM (SELECT max(started_at) FROM run WHERE environment = e.name UNION ALL
      SELECT max(declared_at) FROM incident WHERE environment = e.name UNION ALL
      SELECT max(at) FROM lag_sample WHERE environment = e.name) used(at)) DESC NULLS LAST, name LIMIT 1;
  IF v_name IS NULL THEN
    v_name := 'unknown';
    INSERT INTO environment (name) VALUES (v_name);
  END IF;
  RETURN v_name;
END $$;

-- Leases: what stands after the colon of their name.
ALTER TABLE lease ADD COLUMN environment text NOT NULL GENERATED ALWAYS AS (substr(name, strpos(name, ':') + 1)) STORED
  CONSTRAINT lease_environment_fkey REFERENCES environment,
  ADD CONSTRAINT lease_names_environment CHECK (name ~ '^[a-z-]+:.');

-- Samples and figures of time.
ALTER TABLE lag_sample ADD CONSTRAINT lag_sample_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
ALTER TABLE lag_minute ADD CONSTRAINT lag_minute_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
ALTER TABLE mark ADD CONSTRAINT mark_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
ALTER TABLE probe_minute ADD CONSTRAINT probe_minute_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
ALTER TABLE integration_test ADD CONSTRAINT integration_test_environment_fkey FOREIGN KEY (environment) REFERENCES environment;

-- Runs, and what belongs to one.
ALTER TABLE run ADD CONSTRAINT run_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
ALTER TABLE run_step ADD CONSTRAINT run_step_run_fkey FOREIGN KEY (run_id) REFERENCES run;
ALTER TABLE effect_journal ADD CONSTRAINT effect_journal_run_fkey FOREIGN KEY (run_id) REFERENCES run;
ALTER TABLE approval ADD CONSTRAINT approval_run_fkey FOREIGN KEY (run_id) REFERENCES run;
ALTER TABLE run_output ADD CONSTRAINT run_output_run_fkey FOREIGN KEY (run_id) REFERENCES run;

-- One lock for each cluster of an environment: two accounts may have clusters of one name.
ALTER TABLE resource_lock ADD COLUMN environment text;
UPDATE resource_lock l SET environment = r.environment FROM run r WHERE r.id = l.run_id;
DELETE FROM resource_lock WHERE environment IS NULL;
ALTER TABLE run ADD CONSTRAINT run_id_environment_key UNIQUE (id, environment);
ALTER TABLE resource_lock ALTER COLUMN environment SET NOT NULL, DROP CONSTRAINT resource_lock_pkey,
  ADD CONSTRAINT resource_lock_pkey PRIMARY KEY (environment, resource),
  ADD CONSTRAINT resource_lock_run_fkey FOREIGN KEY (run_id, environment) REFERENCES run (id, environment);

-- Questions about prerequisites named environment and procedure in one column.
ALTER TABLE preflight ADD COLUMN environment text;
UPDATE preflight SET environment = split_part(procedure_id, '/', 1), procedure_id = substr(procedure_id, strpos(procedure_id, '/') + 1);
ALTER TABLE preflight ALTER COLUMN environment SET NOT NULL,
  ADD CONSTRAINT preflight_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
DROP INDEX "preflight_state_idx";
CREATE INDEX "preflight_environment_state_idx" ON "preflight"("environment", "state");

-- Incidents, and what belongs to one.
ALTER TABLE incident ADD CONSTRAINT incident_environment_fkey FOREIGN KEY (environment) REFERENCES environment,
  ADD CONSTRAINT incident_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES incident (number);
CREATE UNIQUE INDEX "incident_number_environment_key" ON "incident"("number", "environment");
ALTER TABLE incident_role ADD CONSTRAINT incident_role_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE incident_task ADD CONSTRAINT incident_task_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE incident_lag ADD CONSTRAINT incident_lag_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE checklist_item ADD CONSTRAINT checklist_item_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE checklist_evidence ADD CONSTRAINT checklist_evidence_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE status_update ADD CONSTRAINT status_update_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE report_section ADD CONSTRAINT report_section_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE report_action ADD CONSTRAINT report_action_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE timeline_mark ADD CONSTRAINT timeline_mark_number_fkey FOREIGN KEY (number) REFERENCES incident (number);
ALTER TABLE sent_key ADD CONSTRAINT sent_key_number_fkey FOREIGN KEY (number) REFERENCES incident (number);

-- Pages and messages: the runner of an environment sends its own, by its own credentials.
ALTER TABLE page ADD COLUMN environment text;
UPDATE page p SET environment = i.environment FROM incident i WHERE i.number = p.number;
ALTER TABLE page ALTER COLUMN environment SET NOT NULL,
  ADD CONSTRAINT page_incident_fkey FOREIGN KEY (number, environment) REFERENCES incident (number, environment);
ALTER TABLE outbox ADD COLUMN environment text;
UPDATE outbox o SET environment = i.environment FROM incident i WHERE i.number = o.number;
UPDATE outbox o SET environment = r.environment FROM approval a JOIN run r ON r.id = a.run_id WHERE o.number IS NULL AND a.id = o.about;
-- A message about a run without an incident has no number.
ALTER TABLE outbox ALTER COLUMN environment SET NOT NULL,
  ADD CONSTRAINT outbox_environment_fkey FOREIGN KEY (environment) REFERENCES environment,
  ADD CONSTRAINT outbox_incident_fkey FOREIGN KEY (number, environment) REFERENCES incident (number, environment);
DROP INDEX "outbox_state_next_at_idx";
CREATE INDEX "outbox_environment_state_next_at_idx" ON "outbox"("environment", "state", "next_at");

-- Links, alerts and webhooks named no environment.
DO $$
DECLARE
  v_name text;
BEGIN
  IF EXISTS (SELECT 1 FROM wall_link) OR EXISTS (SELECT 1 FROM alert) OR EXISTS (SELECT 1 FROM webhook_event) THEN
    v_name := pg_temp.only_environment();
  END IF;
  ALTER TABLE wall_link ADD COLUMN environment text;
  ALTER TABLE alert ADD COLUMN environment text;
  ALTER TABLE webhook_event ADD COLUMN environment text;
  UPDATE wall_link SET environment = v_name;
  UPDATE alert a SET environment = COALESCE((SELECT environment FROM incident WHERE number = a.incident_number), v_name);
  UPDATE webhook_event SET environment = v_name;
END $$;
DROP FUNCTION pg_temp.only_environment();
ALTER TABLE wall_link ALTER COLUMN environment SET NOT NULL,
  ADD CONSTRAINT wall_link_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
ALTER TABLE alert ALTER COLUMN environment SET NOT NULL,
  ADD CONSTRAINT alert_environment_fkey FOREIGN KEY (environment) REFERENCES environment,
  ADD CONSTRAINT alert_incident_fkey FOREIGN KEY (incident_number, environment) REFERENCES incident (number, environment);
ALTER TABLE webhook_event ALTER COLUMN environment SET NOT NULL, DROP CONSTRAINT webhook_event_pkey,
  ADD CONSTRAINT webhook_event_pkey PRIMARY KEY (environment, source, id),
  ADD CONSTRAINT webhook_event_environment_fkey FOREIGN KEY (environment) REFERENCES environment;
DROP INDEX "alert_source_fingerprint_key";
DROP INDEX "alert_last_at_idx";
CREATE INDEX "alert_environment_last_at_idx" ON "alert"("environment", "last_at");
CREATE UNIQUE INDEX "alert_environment_source_fingerprint_key" ON "alert"("environment", "source", "fingerprint");
