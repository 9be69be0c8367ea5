-- The intent of fencing an old writer that comes back after its run had seen it closed. The step is settled by then and
-- stays so; the yes that covered the fence covers it still. Fence, approval, journal and record in one statement, as with
-- effect_intend. `open` answers an intent of this step without an outcome: it must be settled before another is made.
CREATE FUNCTION effect_intend_standing(
  p_lease text, p_runner text, p_epoch bigint, p_run text, p_step text, p_call jsonb, p_cli text, p_digest text,
  p_app_ms bigint, p_body text, OUT journal_id bigint, OUT refused text
) LANGUAGE plpgsql AS $$
DECLARE
  v_run run%ROWTYPE; v_attempt int;
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;
  IF NOT FOUND THEN refused := 'stale-epoch'; RETURN; END IF;
  SELECT * INTO v_run FROM run WHERE id = p_run FOR UPDATE;
  IF NOT FOUND THEN refused := 'not-running'; RETURN; END IF;
  IF v_run.mode = 'dry-run' THEN refused := 'dry-run'; RETURN; END IF;
  -- A step that a person skipped, or that is still at work, is not ours.
  PERFORM 1 FROM run_step WHERE run_id = p_run AND step_id = p_step AND state IN ('confirmed', 'already-so');
  IF NOT FOUND THEN refused := 'step-moved'; RETURN; END IF;
  PERFORM 1 FROM approval
  WHERE run_id = p_run AND state = 'approved' AND used_at IS NOT NULL
    AND covers @> jsonb_build_array(jsonb_build_object('stepId', p_step, 'digest', p_digest))
    AND (NOT v_run.two_persons OR decided_by_id <> v_run.started_by_id OR kind = 'break-glass');
  IF NOT FOUND THEN refused := 'not-approved'; RETURN; END IF;
  PERFORM 1 FROM effect_journal WHERE run_id = p_run AND step_id = p_step AND outcome IS NULL;
  IF FOUND THEN refused := 'open'; RETURN; END IF;
  SELECT COALESCE(max(attempt), 0) + 1 INTO v_attempt FROM effect_journal WHERE run_id = p_run AND step_id = p_step;
  INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms)
  VALUES (p_run, p_step, v_attempt, 'do', p_call, p_cli, p_digest, p_runner, p_epoch, clock_timestamp(), p_app_ms)
  RETURNING id INTO journal_id;
  UPDATE run SET version = version + 1 WHERE id = p_run;
  PERFORM record_append(p_body);
END $$;
