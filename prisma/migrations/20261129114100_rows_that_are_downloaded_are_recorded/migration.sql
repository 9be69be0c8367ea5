-- Rows of a comparison are customers' data. Whoever takes them as a file is written down before the first row is sent; the entry is in
-- the name of the session's person, about a run of this environment that has compared rows.
CREATE FUNCTION run_rows_taken(p_token text, p_environment text, p_run text, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM run_decider(p_token, 'run', p_environment, p_run);
  PERFORM run_entry_fits(v_me.id, v_me.name, 'rows.downloaded', p_run, NULL, p_body);
  PERFORM 1 FROM run WHERE id = p_run AND jsonb_typeof(facts->'comparison') = 'object';
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;
