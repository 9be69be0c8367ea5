-- What people decide about runs: each decision is one function, which looks itself at the session, the role, the environment of the
-- run, and whether a second person decides, and writes the record. The web has no other way to a run, a step or an approval.

-- From where a person's decision may move a step, whereto, and what it takes. Written at each migration from the code's own table.
CREATE TABLE rule_step_decision (
  event text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  permission text NOT NULL REFERENCES rule_permission,
  -- In a two-person run, not by whoever is no second person.
  second_person boolean NOT NULL,
  PRIMARY KEY (event, from_state)
);

-- A run can go without this step: anybody who may run may leave it out.
ALTER TABLE run_step ADD COLUMN optional boolean NOT NULL DEFAULT false;

-- Who decides about this run of this environment, and may. Raises WR404 for a run that is not there, or is of another environment.
CREATE FUNCTION run_decider(p_token text, p_permission text, p_environment text, p_run text, OUT id uuid, OUT name text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT me.id, me.name INTO id, name FROM person_who_may(p_token, p_permission) me;
  IF NOT EXISTS (SELECT 1 FROM run r WHERE r.id = p_run AND r.environment = p_environment) THEN
    RAISE EXCEPTION 'This run was not found.' USING ERRCODE = 'WR404';
  END IF;
END $$;

-- Refuses an entry that is not this person's, of this kind, about this run and step.
CREATE FUNCTION run_entry_fits(p_id uuid, p_name text, p_kind text, p_run text, p_step text, p_body text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v jsonb := p_body::jsonb;
BEGIN
  PERFORM record_names(p_body, p_id, p_name);
  IF v->>'kind' IS DISTINCT FROM p_kind OR v->>'runId' IS DISTINCT FROM p_run OR v->>'stepId' IS DISTINCT FROM p_step
     OR v->>'incidentId' IS DISTINCT FROM (SELECT incident_id FROM run WHERE id = p_run) THEN
    RAISE EXCEPTION 'An entry of this kind is about something else' USING ERRCODE = 'WR403';
  END IF;
END $$;

-- Refuses a decision, as the runner will look at it again, that is not this person's.
CREATE FUNCTION run_decision_fits(p_id uuid, p_name text, p_event text, p_step text, p_permission text, p_decision jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT COALESCE(p_decision @> jsonb_build_object('event', p_event, 'stepId', p_step, 'permission', p_permission, 'checked', false,
       'by', jsonb_build_object('id', p_id, 'name', p_name)), false) THEN
    RAISE EXCEPTION 'A decision names another person or another right' USING ERRCODE = 'WR403';
  END IF;
END $$;

-- Starts a run of a stamped environment: its steps, its locks (one run for each), and the record. Its starter is the session's person.
CREATE FUNCTION run_start(p_token text, p_environment text, p jsonb, p_body text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_kind text; v_run text := p->>'id';
BEGIN
  SELECT * INTO v_me FROM person_who_may(p_token, 'run');
  SELECT kind INTO v_kind FROM environment WHERE name = p_environment;
  IF v_kind IS NULL THEN
    RAISE EXCEPTION 'The store is not stamped with the environment %. Run "npm run migrate" with its WARROOM_CONFIG.', p_environment USING ERRCODE = 'WR409';
  END IF;
  IF p->>'mode' NOT IN ('real', 'drill', 'dry-run') OR (p->>'mode' = 'drill' AND v_kind = 'production') THEN
    RAISE EXCEPTION 'Drills run in staging or the lab.' USING ERRCODE = 'WR403';
  END IF;
  IF p->>'incidentId' IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM incident WHERE number::text = p->>'incidentId' AND environment = p_environment) THEN
    RAISE EXCEPTION 'This incident was not found.' USING ERRCODE = 'WR404';
  END IF;
  INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster, incident_id, reason,
    two_persons, inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
  VALUES (v_run, p->>'procedureId', (p->>'procedureVersion')::int, p->>'title', p->>'mode', p_environment, v_kind, p->>'cluster',
    p->>'incidentId', p->>'reason', v_kind = 'production' OR (p->>'twoPersons')::boolean, p->'inputs', p->'facts', '[]', 'preparing',
    p->>'says', v_me.id::text, v_me.name, clock_timestamp());
  INSERT INTO run_step (run_id, index, step_id, title, effect, definition_hash, optional, state, sentence, output)
  SELECT v_run, (x.ord - 1)::int, x.step->>'stepId', x.step->>'title', x.step->>'effect', x.step->>'definitionHash',
    COALESCE((x.step->>'optional')::boolean, false), 'pending', '', '{}'
  FROM jsonb_array_elements(p->'steps') WITH ORDINALITY AS x(step, ord);
  INSERT INTO resource_lock (environment, resource, run_id, taken_at)
  SELECT p_environment, r, v_run, clock_timestamp() FROM jsonb_array_elements_text(p->'resources') AS r;
  PERFORM run_entry_fits(v_me.id, v_me.name, 'run.started', v_run, NULL, p_body);
  PERFORM record_append(p_body);
END $$;

-- A decision about a step that lets the run go on: from where the person saw both, by a listed move.
CREATE FUNCTION run_decide_step(p_token text, p_environment text, p_event text, p jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_rule rule_step_decision%ROWTYPE; v_optional boolean; v_permission text; v_starter text; v_two boolean;
  v_run text := p->>'run'; v_step text := p->>'step';
BEGIN
  SELECT * INTO v_rule FROM rule_step_decision WHERE event = p_event AND from_state = p->>'stepFrom';
  SELECT optional INTO v_optional FROM run_step WHERE run_id = v_run AND step_id = v_step;
  v_permission := CASE WHEN v_optional AND p_event = 'skip' THEN 'run' ELSE COALESCE(v_rule.permission, 'decide ' || p_event) END;
  SELECT * INTO v_me FROM run_decider(p_token, v_permission, p_environment, v_run);
  SELECT started_by_id, two_persons INTO v_starter, v_two FROM run WHERE id = v_run;
  IF v_two AND v_rule.second_person AND NOT v_optional AND second_person_refusal(v_starter, v_me.id, clock_timestamp()) IS NOT NULL THEN
    RAISE EXCEPTION 'In this run, another person than the one who started it must decide this.' USING ERRCODE = 'WR403';
  END IF;
  IF p->>'stepTo' IS DISTINCT FROM v_rule.to_state OR p->>'runTo' IS DISTINCT FROM 'running'
     OR COALESCE(p->>'runFrom', '') NOT IN ('needs-person', 'paused') OR (SELECT count(*) FROM jsonb_object_keys(p->'facts')) <> 1
     OR (p_event <> 'skip' AND p->'skipped' IS DISTINCT FROM 'null')
     OR (p_event = 'skip' AND (p->'skipped'->>'id' IS DISTINCT FROM v_me.id::text OR p->'skipped'->>'name' IS DISTINCT FROM v_me.name)) THEN
    RAISE EXCEPTION 'There is no such decision' USING ERRCODE = 'WR403';
  END IF;
  PERFORM run_decision_fits(v_me.id, v_me.name, p_event, v_step, v_permission, p->'facts'->'decision');
  PERFORM run_entry_fits(v_me.id, v_me.name, 'step.' || p_event, v_run, v_step, p->>'stepEntry');
  PERFORM run_entry_fits(v_me.id, v_me.name, 'run.decided', v_run, NULL, p->>'runEntry');
  RETURN run_step_decide(p);
END $$;

-- Lets a run at rest continue: after a pause, or where a person was asked and no step awaits a decision.
CREATE FUNCTION run_resume(p_token text, p_environment text, p_run text, p_from text, p_says text, p_decision jsonb, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM run_decider(p_token, 'run', p_environment, p_run);
  PERFORM run_decision_fits(v_me.id, v_me.name, 'resume', NULL, 'run', p_decision);
  PERFORM run_entry_fits(v_me.id, v_me.name, 'run.resumed', p_run, NULL, p_body);
  UPDATE run SET state = 'running', sentence = p_says, facts = facts || jsonb_build_object('decision', p_decision), version = version + 1,
    waited_ms = waited_ms + COALESCE((extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::int, 0), waiting_since = NULL
  WHERE id = p_run AND state = p_from AND p_from IN ('paused', 'needs-person')
    AND (p_from = 'paused' OR NOT EXISTS (SELECT 1 FROM run_step s WHERE s.run_id = p_run
      AND s.state NOT IN ('pending', 'confirmed', 'already-so', 'skipped')));
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;

-- A wish, fulfilled by the runner at the next safe point: to pause, to stop, or (null) no longer to pause. A wish to stop stays.
CREATE FUNCTION run_wish(p_token text, p_environment text, p_run text, p_wish text, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  IF p_wish IS NOT NULL AND p_wish NOT IN ('pause', 'stop') THEN RAISE EXCEPTION 'There is no such wish' USING ERRCODE = 'WR403'; END IF;
  SELECT * INTO v_me FROM run_decider(p_token, 'run', p_environment, p_run);
  PERFORM run_entry_fits(v_me.id, v_me.name, COALESCE('run.asked-to-' || p_wish, 'run.resumed'), p_run, NULL, p_body);
  UPDATE run SET wish = p_wish, version = version + 1
  WHERE id = p_run AND state NOT IN ('stopped', 'done', 'aborted') AND wish IS DISTINCT FROM 'stop';
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;

-- Makes another outcome the run's own: facts are fixed, answers fall, and the steps named are looked at again. For who saw `p_version`.
CREATE FUNCTION run_revise(
  p_token text, p_environment text, p_run text, p_version int, p_step text, p_sentence text, p_facts jsonb, p_again text[], p_body text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM run_decider(p_token, 'command', p_environment, p_run);
  PERFORM run_decision_fits(v_me.id, v_me.name, 'revise', p_step, 'command', p_facts->'decision');
  PERFORM run_entry_fits(v_me.id, v_me.name, 'run.revised', p_run, p_step, p_body);
  -- Order of locks, as everywhere: steps, approvals, run, record.
  PERFORM 1 FROM run_step WHERE run_id = p_run AND step_id = ANY (p_again) ORDER BY index FOR UPDATE;
  PERFORM 1 FROM approval WHERE run_id = p_run AND state IN ('open', 'approved') ORDER BY id FOR UPDATE;
  UPDATE run SET state = 'running', sentence = p_sentence, facts = facts || p_facts, version = version + 1,
    waited_ms = waited_ms + COALESCE((extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::int, 0), waiting_since = NULL
  WHERE id = p_run AND version = p_version AND state = 'needs-person';
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE run_step s SET state = 'checking', sentence = p_sentence, since = clock_timestamp(), finished_at = NULL
  FROM rule_step_decision r
  WHERE s.run_id = p_run AND s.step_id = ANY (p_again) AND r.event = 'revise' AND r.from_state = s.state AND r.to_state = 'checking';
  UPDATE approval SET state = 'void' WHERE run_id = p_run AND state IN ('open', 'approved');
  PERFORM record_append(p_body);
  RETURN true;
END $$;

-- Makes the wait of a step longer, or settles what a finished run still owes; nothing else of a run's facts. For who saw `p_version`.
CREATE FUNCTION run_keep_decided(p_token text, p_environment text, p_run text, p_version int, p_step text, p_facts jsonb, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_over boolean; v_keys text[] := ARRAY(SELECT jsonb_object_keys(p_facts));
BEGIN
  IF v_keys NOT IN (ARRAY['waiting'], ARRAY['obligations']) THEN RAISE EXCEPTION 'There is no such decision' USING ERRCODE = 'WR403'; END IF;
  v_over := v_keys = ARRAY['obligations'];
  SELECT * INTO v_me FROM run_decider(p_token,
    CASE WHEN v_over AND p_body::jsonb->'evidence'->>'state' IS DISTINCT FROM 'met' THEN 'command' ELSE 'run' END, p_environment, p_run);
  PERFORM run_entry_fits(v_me.id, v_me.name, CASE WHEN v_over THEN 'run.obligation' ELSE 'step.waits-longer' END, p_run, p_step, p_body);
  UPDATE run SET facts = facts || p_facts, version = version + 1
  WHERE id = p_run AND version = p_version AND (state IN ('stopped', 'done', 'aborted')) = v_over;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;

-- Asks for one test of an integration; false while one is under way.
CREATE FUNCTION integration_test_ask(p_token text, p_environment text, p_id text, p_integration text, p_link text, p_patience_ms bigint, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_who_may(p_token, 'manage-settings');
  PERFORM pg_advisory_xact_lock(hashtextextended('integration test ' || p_environment || ' ' || p_integration, 0));
  IF EXISTS (SELECT 1 FROM integration_test WHERE environment = p_environment AND integration = p_integration AND finished_at IS NULL
             AND asked_at > clock_timestamp() - least(p_patience_ms, 600000) * interval '1 millisecond') THEN
    RETURN false;
  END IF;
  INSERT INTO integration_test (id, environment, integration, link, asked_by_id, asked_by_name, asked_at)
  VALUES (p_id, p_environment, p_integration, p_link, v_me.id::text, v_me.name, clock_timestamp());
  PERFORM record_append_as(p_token, p_body);
  RETURN true;
END $$;

-- Asks for a look at the prerequisites, as the person of a session, and answers by which id it is read. Whoever asks what somebody
-- else waits for, or was told a moment ago (p_fresh_ms), has that answer. A person waits for one answer only: what was asked before
-- and nobody has begun with, and nobody else waits for, gives way.
DROP FUNCTION preflight_ask;
CREATE FUNCTION preflight_ask_as(
  p_token text, p_environment text, p_id text, p_procedure text, p_inputs jsonb, p_mode text, p_digest text, p_waits_ms int, p_fresh_ms int
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me text;
  v_same text;
BEGIN
  SELECT id::text INTO v_me FROM person_who_may(p_token, 'view');
  -- One at a time: two that ask the same at the same moment must find each other.
  PERFORM pg_advisory_xact_lock(hashtextextended('preflight', 0));
  DELETE FROM preflight WHERE asked_at < clock_timestamp() - interval '1 hour';
  SELECT id INTO v_same FROM preflight
  WHERE environment = p_environment AND digest = p_digest AND (
    (state = 'asked' AND asked_at > clock_timestamp() - p_waits_ms * interval '1 millisecond')
    OR (state = 'running' AND taken_at > clock_timestamp() - p_waits_ms * interval '1 millisecond')
    OR (state = 'done' AND finished_at > clock_timestamp() - p_fresh_ms * interval '1 millisecond'))
  ORDER BY asked_at DESC LIMIT 1;
  UPDATE preflight SET asker_ids = array_remove(asker_ids, v_me)
  WHERE state = 'asked' AND v_me = ANY (asker_ids) AND id IS DISTINCT FROM v_same;
  UPDATE preflight SET state = 'failed', finished_at = clock_timestamp(),
    error = 'A newer question of the same person took its place.'
  WHERE state = 'asked' AND asker_ids = '{}' AND digest <> '';
  IF v_same IS NOT NULL THEN
    UPDATE preflight SET asker_ids = asker_ids || v_me WHERE id = v_same AND NOT v_me = ANY (asker_ids);
    RETURN v_same;
  END IF;
  INSERT INTO preflight (id, environment, procedure_id, inputs, mode, digest, asked_by_id, asker_ids, asked_at, state, checks)
  VALUES (p_id, p_environment, p_procedure, p_inputs, p_mode, p_digest, v_me, ARRAY[v_me], clock_timestamp(), 'asked', '[]');
  RETURN p_id;
END $$;

-- What the runner writes into the record of a message or an item names it by these words alone.
ALTER TABLE outbox ADD CONSTRAINT outbox_level CHECK (COALESCE(payload->>'level', 'L1') IN ('L1', 'L2', 'L3', 'L4')),
  ADD CONSTRAINT outbox_channel CHECK (channel IN ('pagerduty', 'slack', 'status-page'));
ALTER TABLE checklist_item ADD CONSTRAINT checklist_item_key CHECK (key ~ '^[a-z-]{1,40}$');

-- The runner asks for approvals and lets them fall; it gives none. Whatever rights somebody grants, a row that says that a person
-- decided comes from approval_decide alone.
CREATE FUNCTION approval_is_given_by_people() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state = 'open' AND NEW.kind IS NULL AND NEW.decided_at IS NULL AND NEW.decided_by_id IS NULL AND NEW.used_at IS NULL AND NEW.assertion IS NULL THEN
      RETURN NEW;
    END IF;
  ELSIF (NEW.id, NEW.run_id, NEW.step_id, NEW.digest, NEW.covers, NEW.kind, NEW.decided_at, NEW.decided_by_id, NEW.decided_by_name,
         NEW.assertion, NEW.asked_for_id, NEW.requested_at, NEW.expires_at)
    IS NOT DISTINCT FROM (OLD.id, OLD.run_id, OLD.step_id, OLD.digest, OLD.covers, OLD.kind, OLD.decided_at, OLD.decided_by_id, OLD.decided_by_name,
         OLD.assertion, OLD.asked_for_id, OLD.requested_at, OLD.expires_at)
    AND NEW.state IN (OLD.state, 'void', 'expired') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'An approval is given by a person' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER approval_is_given_by_people BEFORE INSERT OR UPDATE ON approval FOR EACH ROW
  WHEN (current_user IN ('warroom_web', 'warroom_runner')) EXECUTE FUNCTION approval_is_given_by_people();

-- The record's chain, as before, but that the runner writes in nobody's name but its own.
CREATE OR REPLACE FUNCTION record_append(p_body text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v jsonb := p_body::jsonb;
  v_n bigint; v_prev text; v_at timestamptz; v_hash text;
BEGIN
  IF session_user = 'warroom_runner' AND v->'actor'->>'kind' = 'person' THEN
    RAISE EXCEPTION 'The runner writes no entry in the name of a person' USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT n + 1, hash INTO STRICT v_n, v_prev FROM record_head WHERE id = 1 FOR UPDATE;
  v_at := date_trunc('milliseconds', clock_timestamp());
  v_hash := encode(sha256(convert_to(
    v_prev || E'\n' || v_n || E'\n' || to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || E'\n' || p_body,
    'UTF8')), 'hex');
  INSERT INTO record_entry (n, at, body, kind, actor, incident_id, run_id, step_id, text, prev_hash, hash)
  VALUES (v_n, v_at, p_body, v->>'kind', (v->'actor')::text, v->>'incidentId', v->>'runId', v->>'stepId', v->>'text', v_prev, v_hash);
  UPDATE record_head SET n = v_n, hash = v_hash WHERE id = 1;
  RETURN v_n;
END $$;


-- What triggers and other functions call resolves its names in our schema alone, whoever's statement it is in. (What each move of
-- a run asks names the schema itself: changing the path takes longer than the question.)
DO $$
DECLARE
  v_function regprocedure;
BEGIN
  FOR v_function IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proconfig IS NULL AND proname IN (
    'run_step_decide', 'approval_for', 'account_hands', 'same_hand',
    'second_person_refusal', 'is_last_admin')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', v_function);
  END LOOP;
END $$;
