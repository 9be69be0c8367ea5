-- What is done most often costs less: several moves of a run in one call, and rules that are asked only where they may be broken.

-- Moves a run and its steps, one after the other, under the runner's fence: `of` names the step, or is null for the run itself. Each
-- goes only from where it is thought to be; the first that is elsewhere ends it. Answers how many were moved, each with its entry.
-- Order of locks: lease, steps, run, head of the record.
CREATE FUNCTION run_moves(p_lease text, p_runner text, p_epoch bigint, p_run text, p_moves jsonb, p_bodies text[]) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
  v_done int := 0; m jsonb;
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR KEY SHARE;
  IF NOT FOUND THEN RETURN 0; END IF;
  IF jsonb_array_length(p_moves) > 1 THEN
    PERFORM 1 FROM run_step WHERE run_id = p_run AND step_id IN (SELECT x->>'of' FROM jsonb_array_elements(p_moves) x)
    ORDER BY index FOR NO KEY UPDATE;
  END IF;
  FOR i IN 0 .. jsonb_array_length(p_moves) - 1 LOOP
    m := p_moves->i;
    IF m->>'of' IS NOT NULL THEN
      UPDATE run_step SET state = m->>'to', sentence = m->>'says', touched = touched OR (m->>'touched')::boolean,
        since = clock_timestamp(), started_at = COALESCE(started_at, clock_timestamp()),
        finished_at = CASE WHEN (m->>'settled')::boolean THEN clock_timestamp() END,
        skipped_by_id = COALESCE(m->'skippedBy'->>'id', skipped_by_id),
        skipped_by_name = COALESCE(m->'skippedBy'->>'name', skipped_by_name),
        skip_reason = COALESCE(m->'skippedBy'->>'reason', skip_reason)
      WHERE run_id = p_run AND step_id = m->>'of' AND state = m->>'from';
      EXIT WHEN NOT FOUND;
      UPDATE run SET current_step_id = m->>'of', facts = facts || (m->'facts'), version = version + 1 WHERE id = p_run;
    ELSE
      UPDATE run SET state = m->>'to', sentence = m->>'says', version = version + 1, facts = facts || (m->'facts'),
        wish = CASE WHEN (m->>'ends')::boolean OR m->>'to' = 'paused' THEN NULL ELSE wish END,
        checks = COALESCE(NULLIF(m->'checks', 'null'), checks),
        finished_at = CASE WHEN (m->>'ends')::boolean THEN clock_timestamp() END,
        waited_ms = waited_ms + COALESCE((extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::int, 0),
        waiting_since = CASE WHEN (m->>'forPeople')::boolean THEN clock_timestamp() END
      WHERE id = p_run AND state = m->>'from' AND version = COALESCE((m->>'version')::int, version);
      EXIT WHEN NOT FOUND;
      IF (m->>'ends')::boolean THEN
        DELETE FROM resource_lock WHERE run_id = p_run;
      END IF;
    END IF;
    v_done := v_done + 1;
  END LOOP;
  FOR i IN 1 .. v_done LOOP
    PERFORM record_append(p_bodies[i]);
  END LOOP;
  RETURN v_done;
END $$;

-- Requests approval under the runner's fence; older open requests of the run are withdrawn, but those of the steps beside this one.
CREATE FUNCTION approval_request(p_lease text, p_runner text, p_epoch bigint, p_run text, p_id text, p_step text, p_digest text, p_title text,
  p_shown jsonb, p_bound jsonb, p_covers jsonb, p_type_to_confirm text, p_asked_for text, p_beside text[], p_valid_ms bigint, p_body text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR KEY SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE approval SET state = 'void' WHERE run_id = p_run AND state = 'open' AND step_id <> ALL (p_beside);
  INSERT INTO approval (id, run_id, step_id, digest, title, shown, bound, covers, type_to_confirm, state, requested_at, expires_at, asked_for_id)
  VALUES (p_id, p_run, p_step, p_digest, p_title, p_shown, p_bound, p_covers, p_type_to_confirm, 'open', clock_timestamp(),
    clock_timestamp() + make_interval(secs => p_valid_ms / 1000.0), p_asked_for);
  UPDATE run SET version = version + 1 WHERE id = p_run;
  PERFORM record_append(p_body);
  RETURN true;
END $$;

-- A check of the table is worked out again by each change of a row, whatever it changes; a type is asked where it is written. As
-- with the columns of words, which get their types from lib/store/words.ts.
ALTER TABLE run_step DROP CONSTRAINT run_step_stage;
CREATE DOMAIN run_step_stage AS jsonb CONSTRAINT run_step_stage CHECK (VALUE IS NULL OR COALESCE(
  VALUE->>'id' <> '' AND VALUE->>'title' <> '' AND (VALUE->>'atOnce')::int >= 1 AND VALUE->>'whenOneFails' IN ('others-finish', 'others-hold'), false));
ALTER TABLE run_step ALTER COLUMN stage TYPE run_step_stage;

-- The record is written by functions of the store alone, as before; who writes is asked inside, where the question is kept ready.
CREATE FUNCTION record_is_written_inside() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user IN ('warroom_web', 'warroom_runner') THEN
    RAISE EXCEPTION 'The record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER record_entry_new ON record_entry;
CREATE TRIGGER record_entry_new BEFORE INSERT ON record_entry FOR EACH ROW EXECUTE FUNCTION record_is_written_inside();
DROP TRIGGER record_head_moves ON record_head;
CREATE TRIGGER record_head_moves BEFORE UPDATE ON record_head FOR EACH ROW EXECUTE FUNCTION record_is_written_inside();

-- The same of the state table: its function takes a state that stays as it is, and nobody else need look.
DROP TRIGGER run_transition ON run;
CREATE TRIGGER run_transition BEFORE UPDATE OF state ON run FOR EACH ROW EXECUTE FUNCTION move_is_listed();
DROP TRIGGER run_step_transition ON run_step;
CREATE TRIGGER run_step_transition BEFORE UPDATE OF state ON run_step FOR EACH ROW EXECUTE FUNCTION move_is_listed();

-- Who acted by whose hand, as before; what a function of this language asks is planned once, not by each call.
CREATE OR REPLACE FUNCTION account_hands(p_account uuid, p_at timestamptz) RETURNS SETOF uuid LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
  RETURN QUERY WITH RECURSIVE hand(id) AS (
    SELECT p_account
    UNION
    SELECT next.id FROM hand CROSS JOIN LATERAL (
      SELECT c.by_id FROM account_change c
      WHERE c.account_id = hand.id AND c.by_id IS NOT NULL AND c.kind IN ('created', 'credentials') AND c.at > p_at - interval '24 hours'
      UNION ALL
      SELECT other.account_id FROM account_identity mine JOIN account_identity other ON other.key = mine.key
      WHERE mine.account_id = hand.id
    ) next(id))
  SELECT hand.id FROM hand;
END $$;
CREATE OR REPLACE FUNCTION same_hand(p_a uuid, p_b uuid, p_at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT account_hands(p_a, p_at) INTERSECT SELECT account_hands(p_b, p_at));
END $$;
