-- A call may be covered for a time of its own after the approval was given (`forMs`, at most a day): the removal of temporary
-- copies, whose names were shown, comes hours after the yes to make them. Every other call keeps the usual times.
CREATE OR REPLACE FUNCTION approval_for(
  p_run text, p_step text, p_direction text, p_digest text, p_two boolean, p_starter text, p_again boolean
) RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE v_id text;
BEGIN
  SELECT a.id INTO v_id
  FROM approval a CROSS JOIN LATERAL (
    SELECT max(COALESCE(j.outcome_at, j.intended_at)) AS last,
      COALESCE(bool_or(j.step_id = p_step AND j.direction = p_direction), false) AS same
    FROM effect_journal j WHERE j.approval_id = a.id AND j.outcome IS DISTINCT FROM 'rejected') used
  WHERE a.run_id = p_run AND a.state = 'approved'
    AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.covers) c
      WHERE c->>'stepId' = p_step AND c->>'digest' = p_digest AND COALESCE(c->>'direction', 'do') = p_direction
        AND clock_timestamp() < CASE
          WHEN c->>'forMs' IS NOT NULL
            THEN a.decided_at + LEAST((c->>'forMs')::float8 * interval '1 millisecond', interval '24 hours')
          WHEN used.last IS NULL THEN a.expires_at
          ELSE LEAST(used.last + interval '10 minutes', a.decided_at + interval '1 hour') END)
    AND (NOT p_two OR a.kind = 'break-glass' OR (a.decided_by_id <> COALESCE(a.asked_for_id, p_starter)
      AND a.decided_by_id NOT IN (SELECT run_answered_by(p_run))))
    AND (p_again OR NOT used.same)
  ORDER BY a.decided_at DESC LIMIT 1;
  RETURN v_id;
END $$;
