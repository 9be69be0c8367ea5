-- Which moves of a step and of a run are allowed, and where a run can never be. The rows are those of lib/domain/run, written
-- by each migration (lib/store/run-rules.ts): the program and the store cannot disagree.
CREATE TABLE "state_transition" (
    "machine" TEXT NOT NULL,
    "from_state" TEXT NOT NULL,
    "to_state" TEXT NOT NULL,

    CONSTRAINT "state_transition_pkey" PRIMARY KEY ("machine","from_state","to_state")
);

CREATE TABLE "impossible_place" (
    "run_state" TEXT NOT NULL,
    "step_state" TEXT NOT NULL,
    "effect" TEXT NOT NULL,
    "rule" TEXT NOT NULL,

    CONSTRAINT "impossible_place_pkey" PRIMARY KEY ("run_state","step_state","effect")
);

-- A step or a run moves by a listed transition or not at all, whatever code asks for it.
CREATE FUNCTION move_is_listed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> NEW.state AND NOT EXISTS (
    SELECT 1 FROM state_transition WHERE machine = TG_TABLE_NAME AND from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'The state table of % has no way from % to %', TG_TABLE_NAME, OLD.state, NEW.state
      USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER run_transition BEFORE UPDATE OF state ON run FOR EACH ROW EXECUTE FUNCTION move_is_listed();
CREATE TRIGGER run_step_transition BEFORE UPDATE OF state ON run_step FOR EACH ROW EXECUTE FUNCTION move_is_listed();

-- No run is committed in a place where nobody knows how to continue. Looked at when the transaction ends: an intent changes
-- its step, its run and the journal one after the other.
CREATE FUNCTION run_is_in_a_possible_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_run text := CASE TG_TABLE_NAME WHEN 'run' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'run_id' END;
  v_rule text; v_place text;
BEGIN
  WITH step AS (
    SELECT s.step_id, s.index, s.state, s.state IN ('confirmed', 'already-so', 'skipped') AS settled,
      COALESCE((SELECT COALESCE(j.outcome, 'open') FROM effect_journal j
        WHERE j.run_id = s.run_id AND j.step_id = s.step_id ORDER BY j.attempt DESC LIMIT 1), 'none') AS effect
    FROM run_step s WHERE s.run_id = v_run),
  here AS (SELECT step_id FROM step ORDER BY settled, CASE WHEN settled THEN -index ELSE index END LIMIT 1)
  SELECT p.rule, r.state || ' / ' || s.state || ' / ' || s.effect INTO v_rule, v_place
  FROM run r CROSS JOIN step s
  -- Of a step that the run is not at, only what is of the step itself counts, as in a run that is over.
  JOIN impossible_place p ON p.step_state = s.state AND p.effect = s.effect
    AND p.run_state = CASE WHEN s.step_id = (SELECT step_id FROM here) THEN r.state ELSE 'done' END
  -- The watch over an old writer sends a settled step's call again, by an intent of its own.
  WHERE r.id = v_run AND NOT (s.settled AND s.effect = 'open') LIMIT 1;
  IF v_rule IS NOT NULL THEN
    RAISE EXCEPTION 'A run can never be at %', v_place USING ERRCODE = 'check_violation', CONSTRAINT = v_rule;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER run_place AFTER UPDATE OF state ON run DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION run_is_in_a_possible_place();
CREATE CONSTRAINT TRIGGER run_step_place AFTER UPDATE OF state ON run_step DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION run_is_in_a_possible_place();
CREATE CONSTRAINT TRIGGER effect_journal_place AFTER INSERT ON effect_journal DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION run_is_in_a_possible_place();
