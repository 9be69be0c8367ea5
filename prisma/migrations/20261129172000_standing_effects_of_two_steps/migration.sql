-- A watch sends the call of a settled step again, by an intent of its own. With calls of two such steps, the effect of the one
-- was held against its step when the other was sent, and nothing more could be sent for that run.
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
        WHERE j.run_id = s.run_id AND j.step_id = s.step_id
          -- What a watch sent after the step had ended is no effect of the step.
          AND NOT (s.state IN ('confirmed', 'already-so', 'skipped') AND COALESCE(j.intended_at > s.since, false)) ORDER BY j.attempt DESC LIMIT 1), 'none') AS effect
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
  WHERE r.id = v_run AND rule IS NOT NULL AND NOT (s.settled AND s.effect = 'open') LIMIT 1;
  IF v_rule IS NOT NULL THEN
    RAISE EXCEPTION 'A run can never be at %', v_place USING ERRCODE = 'check_violation', CONSTRAINT = v_rule;
  END IF;
  RETURN NULL;
END $$;
