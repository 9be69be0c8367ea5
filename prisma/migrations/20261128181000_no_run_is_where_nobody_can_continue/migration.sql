-- Which moves of a step and of a run are allowed, and where a run can never be. Both functions are written anew from
-- lib/domain/run by each migration (lib/store/run-rules.ts), so that the program and the store cannot disagree; they compare
-- with constants, because every move asks them.

-- A step or a run moves by a listed transition or not at all, whatever code asks for it.
CREATE FUNCTION move_is_listed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER run_transition BEFORE UPDATE OF state ON run
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION move_is_listed();
CREATE TRIGGER run_step_transition BEFORE UPDATE OF state ON run_step
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION move_is_listed();

-- The name of the rule that is broken by a run being here, or null.
CREATE FUNCTION broken_rule(p_run text, p_step text, p_effect text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN NULL; END $$;

-- No run is committed in a place where nobody knows how to continue. Looked at when the transaction ends: an intent changes
-- its step, its run and the journal one after the other.
CREATE FUNCTION run_is_in_a_possible_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_run text; v_rule text; v_place text;
BEGIN
  IF TG_TABLE_NAME = 'run' THEN
    v_run := NEW.id;
  ELSE
    v_run := NEW.run_id;
  END IF;
  WITH step AS (
    SELECT s.step_id, s.index, s.state, s.state IN ('confirmed', 'already-so', 'skipped') AS settled,
      COALESCE((SELECT COALESCE(j.outcome, 'open') FROM public.effect_journal j
        WHERE j.run_id = s.run_id AND j.step_id = s.step_id ORDER BY j.attempt DESC LIMIT 1), 'none') AS effect
    FROM public.run_step s WHERE s.run_id = v_run),
  here AS (SELECT step_id FROM step ORDER BY settled, CASE WHEN settled THEN -index ELSE index END LIMIT 1)
  SELECT rule, r.state || ' / ' || s.state || ' / ' || s.effect INTO v_rule, v_place
  FROM public.run r CROSS JOIN step s
  -- Of a step that the run is not at, only what is of the step itself counts, as in a run that is over.
  CROSS JOIN LATERAL public.broken_rule(CASE WHEN s.step_id = (SELECT step_id FROM here) THEN r.state ELSE 'done' END, s.state, s.effect) AS rule
  -- The watch over an old writer sends a settled step's call again, by an intent of its own.
  WHERE r.id = v_run AND rule IS NOT NULL AND NOT (s.settled AND s.effect = 'open') LIMIT 1;
  IF v_rule IS NOT NULL THEN
    RAISE EXCEPTION 'A run can never be at %', v_place USING ERRCODE = 'check_violation', CONSTRAINT = v_rule;
  END IF;
  RETURN NULL;
END $$;
-- effect_intend and effect_settle say of their own statements that they have looked.
CREATE CONSTRAINT TRIGGER run_place AFTER UPDATE OF state ON run DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION run_is_in_a_possible_place();
CREATE CONSTRAINT TRIGGER run_step_place AFTER UPDATE OF state ON run_step DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.state <> NEW.state AND current_setting('warroom.place', true) IS DISTINCT FROM 'possible')
  EXECUTE FUNCTION run_is_in_a_possible_place();
CREATE CONSTRAINT TRIGGER effect_journal_place AFTER INSERT ON effect_journal DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (current_setting('warroom.place', true) IS DISTINCT FROM 'possible')
  EXECUTE FUNCTION run_is_in_a_possible_place();
