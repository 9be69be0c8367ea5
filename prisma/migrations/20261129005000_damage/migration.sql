-- Findings of damage to the data (corruption, deletion) stay until a person dismisses them with a reason, whichever runner collects.
CREATE TABLE damage (
  environment text NOT NULL REFERENCES environment (name),
  kind text NOT NULL,
  found_at timestamptz(3) NOT NULL,
  -- Confidence and bounds follow from these.
  signs jsonb NOT NULL,
  -- All three or none: written by the function below alone.
  dismissed_at timestamptz(3),
  dismissed_by uuid REFERENCES account (id),
  reason text,
  PRIMARY KEY (environment, kind, found_at)
);
-- One of a kind at a time.
CREATE UNIQUE INDEX damage_open ON damage (environment, kind) WHERE dismissed_at IS NULL;

-- Dismisses a finding, with its entry in the record. False when it was dismissed before. Raises WR401 and WR403.
CREATE FUNCTION damage_dismiss(p_token text, p_environment text, p_kind text, p_found_at bigint, p_reason text, p_body text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v jsonb := p_body::jsonb;
BEGIN
  SELECT * INTO v_me FROM person_who_may(p_token, 'command');
  PERFORM record_names(p_body, v_me.id, v_me.name);
  IF v->>'kind' IS DISTINCT FROM 'damage.dismissed' OR v->>'runId' IS NOT NULL OR v->>'stepId' IS NOT NULL OR v->>'incidentId' IS NOT NULL
     OR v->'evidence'->>'environment' IS DISTINCT FROM p_environment OR v->'evidence'->>'reason' IS DISTINCT FROM p_reason
     OR COALESCE(btrim(p_reason), '') = '' THEN
    RAISE EXCEPTION 'An entry of this kind is about something else' USING ERRCODE = 'WR403';
  END IF;
  UPDATE damage SET dismissed_at = clock_timestamp(), dismissed_by = v_me.id, reason = p_reason
  WHERE environment = p_environment AND kind = p_kind AND dismissed_at IS NULL
    AND found_at = timestamptz 'epoch' + p_found_at * interval '1 millisecond';
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_append(p_body);
  RETURN true;
END $$;
