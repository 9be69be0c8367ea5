-- What a person says to a step of a run under way, while that step looks for its proof. Who said it, and when, is the store's own word.
CREATE FUNCTION run_answer_step(p_token text, p_environment text, p_run text, p_step text, p_answer jsonb, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM run_decider(p_token, 'command', p_environment, p_run);
  PERFORM run_entry_fits(v_me.id, v_me.name, 'step.answered', p_run, p_step, p_body);
  IF p_body::jsonb->'evidence'->'answer' IS DISTINCT FROM p_answer THEN
    RAISE EXCEPTION 'An entry says something else than the answer' USING ERRCODE = 'WR403';
  END IF;
  UPDATE run r SET facts = r.facts || jsonb_build_object('answer/' || p_step, jsonb_build_object('value', p_answer,
      'by', jsonb_build_object('id', v_me.id, 'name', v_me.name), 'at', floor(extract(epoch FROM clock_timestamp()) * 1000))),
    version = r.version + 1
  WHERE r.id = p_run AND r.state NOT IN ('stopped', 'done', 'aborted')
    AND EXISTS (SELECT 1 FROM run_step s WHERE s.run_id = r.id AND s.step_id = p_step AND s.state = 'verifying');
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;
