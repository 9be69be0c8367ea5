-- The intent of an effect, all in one statement: the fence (our epoch of the lease, by this clock, held until commit), the
-- run (running, not asked to stop), the approval of a DANGEROUS effect (another person's yes to this very call, in time),
-- the step (checking -> acting), the journal and the record. Answers null, or why not. One change of each row: the run is
-- locked by the change that it gets anyway, and a refusal is explained only once there is one.
CREATE OR REPLACE FUNCTION effect_intend(
  p_lease text, p_runner text, p_epoch bigint, p_run text, p_step text, p_attempt int, p_direction text,
  p_call jsonb, p_cli text, p_digest text, p_dangerous boolean, p_sentence text, p_app_ms bigint, p_body text,
  OUT journal_id bigint, OUT refused text
) LANGUAGE plpgsql AS $$
DECLARE
  v_two boolean; v_starter text; v_approval text;
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;
  IF NOT FOUND THEN refused := 'stale-epoch'; RETURN; END IF;
  UPDATE run SET version = version + 1
  WHERE id = p_run AND state = 'running' AND mode <> 'dry-run' AND (wish IS DISTINCT FROM 'stop' OR p_direction <> 'do')
  RETURNING two_persons, started_by_id INTO v_two, v_starter;
  IF NOT FOUND THEN
    SELECT CASE WHEN state <> 'running' THEN 'not-running'
                WHEN wish = 'stop' AND p_direction = 'do' THEN 'asked-to-stop'
                WHEN mode = 'dry-run' THEN 'dry-run' ELSE 'step-moved' END INTO refused FROM run WHERE id = p_run;
    refused := COALESCE(refused, 'not-running');
    RETURN;
  END IF;
  IF p_dangerous THEN
    SELECT id INTO v_approval FROM approval
    WHERE run_id = p_run AND state = 'approved' AND (used_at IS NOT NULL OR expires_at > clock_timestamp())
      AND covers @> jsonb_build_array(jsonb_build_object('stepId', p_step, 'digest', p_digest))
      AND (NOT v_two OR decided_by_id <> v_starter OR kind = 'break-glass')
    ORDER BY decided_at DESC LIMIT 1;
    IF v_approval IS NULL THEN refused := 'not-approved'; RETURN; END IF;
    UPDATE approval SET used_at = clock_timestamp() WHERE id = v_approval AND used_at IS NULL;
  END IF;
  UPDATE run_step SET state = CASE p_direction WHEN 'do' THEN 'acting' ELSE 'undoing' END, attempts = p_attempt, call = p_call, cli = p_cli, digest = p_digest,
      sentence = p_sentence, since = clock_timestamp(), crashed = false
  WHERE run_id = p_run AND step_id = p_step AND attempts = p_attempt - 1
    AND state = CASE p_direction WHEN 'do' THEN 'checking' ELSE 'undoing' END;
  IF NOT FOUND THEN refused := 'step-moved'; RETURN; END IF;
  INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms)
  VALUES (p_run, p_step, p_attempt, p_direction, p_call, p_cli, p_digest, p_runner, p_epoch, clock_timestamp(), p_app_ms)
  RETURNING id INTO journal_id;
  PERFORM record_append(p_body);
END $$;

-- The outcome of an effect: written once. The step moves on only under the fence; a runner that lost its lease may still
-- say what it saw, and no more. The chain of the record is held last, so that other writers wait for as little as can be.
CREATE OR REPLACE FUNCTION effect_settle(
  p_lease text, p_runner text, p_epoch bigint, p_id bigint, p_outcome text, p_message text, p_reply jsonb,
  p_step_state text, p_sentence text, p_touched boolean, p_crashed boolean, p_body text,
  OUT written boolean, OUT moved boolean
) LANGUAGE plpgsql AS $$
DECLARE
  v_run text; v_step text; v_direction text;
BEGIN
  moved := false;
  UPDATE effect_journal SET outcome = p_outcome, outcome_at = clock_timestamp(), message = p_message, reply = p_reply
  WHERE id = p_id AND outcome IS NULL RETURNING run_id, step_id, direction INTO v_run, v_step, v_direction;
  written := FOUND;
  IF written THEN
    PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;
    IF FOUND THEN
      UPDATE run_step SET state = CASE WHEN v_direction = 'do' THEN p_step_state ELSE state END, sentence = p_sentence,
          touched = touched OR p_touched, crashed = p_crashed, since = clock_timestamp()
      WHERE run_id = v_run AND step_id = v_step AND state IN ('acting', 'undoing');
      moved := FOUND;
      UPDATE run SET version = version + 1 WHERE id = v_run;
    END IF;
  END IF;
  PERFORM record_append(p_body);
END $$;

-- Which entries are a story decides one of the record's indexes, so it is asked at each entry. A function in SQL is taken
-- apart and put into the index's condition anew by every statement, which cost as much as all else about an entry;
-- one in PL/pgSQL is kept, and says the same.
CREATE OR REPLACE FUNCTION timeline_story(p_kind text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE split_part(p_kind, '.', 1)
    WHEN 'incident' THEN split_part(p_kind, '.', 2) IN
      ('declared', 'detection', 'status', 'role', 'decision', 'action', 'page', 'update', 'correction')
    ELSE split_part(p_kind, '.', 1) IN ('run', 'approval') END;
END $$;

-- What is refused stays what it was (every change of an entry, every new or deleted head, and any write by the app's role that
-- does not go through record_append); what is allowed no longer calls a function in order to be let through.
DROP TRIGGER record_entry_rows ON record_entry;
DROP TRIGGER record_head_rows ON record_head;
CREATE TRIGGER record_entry_rows BEFORE UPDATE OR DELETE ON record_entry FOR EACH ROW EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_entry_new BEFORE INSERT ON record_entry FOR EACH ROW WHEN (current_user = 'warroom_app') EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_head_rows BEFORE INSERT OR DELETE ON record_head FOR EACH ROW EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_head_moves BEFORE UPDATE ON record_head FOR EACH ROW WHEN (current_user = 'warroom_app') EXECUTE FUNCTION record_is_append_only();
