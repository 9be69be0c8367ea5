-- Steps that run at the same time. The stage stands with each of its steps; people decide about one of them while the others go on.

ALTER TABLE run_step ADD COLUMN stage jsonb CONSTRAINT run_step_stage CHECK (stage IS NULL OR COALESCE(
  stage->>'id' <> '' AND stage->>'title' <> '' AND (stage->>'atOnce')::int >= 1 AND stage->>'whenOneFails' IN ('others-finish', 'others-hold'), false));

-- A decision about a step, and a step's wait, stand under the step's name: those of two steps do not overwrite each other.
UPDATE run SET facts = (facts - 'decision') || jsonb_build_object('decision/' || (facts->'decision'->>'stepId'), facts->'decision')
WHERE state NOT IN ('stopped', 'done', 'aborted') AND facts->'decision'->>'stepId' IS NOT NULL AND facts->'decision'->>'event' <> 'revise';
UPDATE run SET facts = (facts - 'waiting') || jsonb_build_object('waiting/' || (facts->'waiting'->>'stepId'), facts->'waiting')
WHERE state NOT IN ('stopped', 'done', 'aborted') AND facts->'waiting'->>'stepId' IS NOT NULL;

-- How much a step is at work. Written anew from lib/domain/run by each migration, as are the rules of places.
CREATE FUNCTION work_order(p_step text) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 0 $$;

-- No run is committed in a place where nobody knows how to continue. With a stage that holds for each of its open steps: the most
-- active one stands for what the run does, and no other may be at work where the run is not.
CREATE OR REPLACE FUNCTION run_is_in_a_possible_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_run text; v_rule text; v_place text;
BEGIN
  IF TG_TABLE_NAME = 'run' THEN
    v_run := NEW.id;
  ELSE
    v_run := NEW.run_id;
  END IF;
  WITH step AS (
    SELECT s.step_id, s.index, s.state, s.stage->>'id' AS stage, s.state IN ('confirmed', 'already-so', 'skipped') AS settled,
      COALESCE((SELECT COALESCE(j.outcome, 'open') FROM public.effect_journal j
        WHERE j.run_id = s.run_id AND j.step_id = s.step_id ORDER BY j.attempt DESC LIMIT 1), 'none') AS effect
    FROM public.run_step s WHERE s.run_id = v_run),
  -- Of the stage of a step in the middle of an effect, or of the first open step, the one that is most at work; or the last step.
  first AS (SELECT index, stage, settled FROM step
    ORDER BY settled, state IN ('acting', 'unknown', 'verifying', 'undoing') DESC, CASE WHEN settled THEN -index ELSE index END LIMIT 1),
  open AS (SELECT s.step_id, s.index, s.state FROM step s CROSS JOIN first f
    WHERE s.index = f.index OR (s.stage = f.stage AND NOT s.settled AND NOT f.settled)),
  here AS (SELECT step_id FROM open ORDER BY public.work_order(state), index LIMIT 1)
  SELECT rule, r.state || ' / ' || s.state || ' / ' || s.effect INTO v_rule, v_place
  FROM public.run r CROSS JOIN step s
  -- Of a step that the run is not at, only what is of the step itself counts, as in a run that is over.
  CROSS JOIN LATERAL public.broken_rule(CASE WHEN s.step_id = (SELECT step_id FROM here) THEN r.state
    WHEN s.step_id IN (SELECT step_id FROM open) THEN 'beside ' || r.state ELSE 'done' END, s.state, s.effect) AS rule
  -- The watch over an old writer sends a settled step's call again, by an intent of its own.
  WHERE r.id = v_run AND rule IS NOT NULL AND NOT (s.settled AND s.effect = 'open') LIMIT 1;
  IF v_rule IS NOT NULL THEN
    RAISE EXCEPTION 'A run can never be at %', v_place USING ERRCODE = 'check_violation', CONSTRAINT = v_rule;
  END IF;
  RETURN NULL;
END $$;

-- Starts a run, as before, and keeps with each step the stage that it is of.
CREATE OR REPLACE FUNCTION run_start(p_token text, p_environment text, p jsonb, p_body text) RETURNS void
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
  INSERT INTO run_step (run_id, index, step_id, title, effect, definition_hash, optional, stage, state, sentence, output)
  SELECT v_run, (x.ord - 1)::int, x.step->>'stepId', x.step->>'title', x.step->>'effect', x.step->>'definitionHash',
    COALESCE((x.step->>'optional')::boolean, false), NULLIF(x.step->'stage', 'null'), 'pending', '', '{}'
  FROM jsonb_array_elements(p->'steps') WITH ORDINALITY AS x(step, ord);
  INSERT INTO resource_lock (environment, resource, run_id, taken_at)
  SELECT p_environment, r, v_run, clock_timestamp() FROM jsonb_array_elements_text(p->'resources') AS r;
  PERFORM run_entry_fits(v_me.id, v_me.name, 'run.started', v_run, NULL, p_body);
  PERFORM record_append(p_body);
END $$;

-- A decision about a step, as before; about a step of a stage also while other steps of it are at work.
CREATE OR REPLACE FUNCTION run_decide_step(p_token text, p_environment text, p_event text, p jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_rule rule_step_decision%ROWTYPE; v_optional boolean; v_staged boolean; v_permission text; v_starter text; v_two boolean;
  v_run text := p->>'run'; v_step text := p->>'step';
BEGIN
  SELECT * INTO v_rule FROM rule_step_decision WHERE event = p_event AND from_state = p->>'stepFrom';
  SELECT optional, stage IS NOT NULL INTO v_optional, v_staged FROM run_step WHERE run_id = v_run AND step_id = v_step;
  v_permission := CASE WHEN v_optional AND p_event = 'skip' THEN 'run' ELSE COALESCE(v_rule.permission, 'decide ' || p_event) END;
  SELECT * INTO v_me FROM run_decider(p_token, v_permission, p_environment, v_run);
  SELECT started_by_id, two_persons INTO v_starter, v_two FROM run WHERE id = v_run;
  IF v_two AND v_rule.second_person AND NOT v_optional AND second_person_refusal(v_starter, v_me.id, clock_timestamp()) IS NOT NULL THEN
    RAISE EXCEPTION 'In this run, another person than the one who started it must decide this.' USING ERRCODE = 'WR403';
  END IF;
  IF p->>'stepTo' IS DISTINCT FROM v_rule.to_state OR p->>'runTo' IS DISTINCT FROM 'running'
     OR NOT (COALESCE(p->>'runFrom', '') IN ('needs-person', 'paused') OR (v_staged AND COALESCE(p->>'runFrom', '') IN ('running', 'waiting')))
     OR (SELECT count(*) FROM jsonb_object_keys(p->'facts')) <> 1
     OR (p_event <> 'skip' AND p->'skipped' IS DISTINCT FROM 'null')
     OR (p_event = 'skip' AND (p->'skipped'->>'id' IS DISTINCT FROM v_me.id::text OR p->'skipped'->>'name' IS DISTINCT FROM v_me.name)) THEN
    RAISE EXCEPTION 'There is no such decision' USING ERRCODE = 'WR403';
  END IF;
  PERFORM run_decision_fits(v_me.id, v_me.name, p_event, v_step, v_permission, p->'facts'->('decision/' || v_step));
  PERFORM run_entry_fits(v_me.id, v_me.name, 'step.' || p_event, v_run, v_step, p->>'stepEntry');
  PERFORM run_entry_fits(v_me.id, v_me.name, 'run.decided', v_run, NULL, p->>'runEntry');
  RETURN run_step_decide(p);
END $$;

-- As before, but that each step's wait has a name of its own.
CREATE OR REPLACE FUNCTION run_keep_decided(p_token text, p_environment text, p_run text, p_version int, p_step text, p_facts jsonb, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_over boolean; v_keys text[] := ARRAY(SELECT jsonb_object_keys(p_facts));
BEGIN
  IF v_keys IS DISTINCT FROM ARRAY['waiting/' || p_step] AND v_keys IS DISTINCT FROM ARRAY['obligations'] THEN RAISE EXCEPTION 'There is no such decision' USING ERRCODE = 'WR403'; END IF;
  v_over := v_keys = ARRAY['obligations'];
  SELECT * INTO v_me FROM run_decider(p_token,
    CASE WHEN v_over AND p_body::jsonb->'evidence'->>'state' IS DISTINCT FROM 'met' THEN 'command' ELSE 'run' END, p_environment, p_run);
  PERFORM run_entry_fits(v_me.id, v_me.name, CASE WHEN v_over THEN 'run.obligation' ELSE 'step.waits-longer' END, p_run, p_step, p_body);
  UPDATE run SET facts = facts || p_facts, version = version + 1
  WHERE id = p_run AND (state IN ('stopped', 'done', 'aborted')) = v_over
    -- A wait is made longer as the person saw that wait; what other steps say meanwhile does not matter.
    AND CASE WHEN v_over THEN version = p_version
      ELSE facts->v_keys[1] = p_facts->v_keys[1] || jsonb_build_object('extendedMs',
        (p_facts->v_keys[1]->>'extendedMs')::numeric - (p_facts->v_keys[1]->>'limitMs')::numeric) END;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;
