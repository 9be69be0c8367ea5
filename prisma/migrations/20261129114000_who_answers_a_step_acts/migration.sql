-- Whoever answered a step of a run, such as what is merged, acted in it: another person must approve what comes of the answer. The
-- rule of actedIn in lib/domain/run/approval-rule.ts. Answers are written by run_answer_step alone, in the name of a session.
CREATE FUNCTION run_answered_by(p_run text) RETURNS SETOF text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT DISTINCT f.value->'by'->>'id' FROM run r, jsonb_each(r.facts) f
  WHERE r.id = p_run AND starts_with(f.key, 'answer/') AND f.value->'by'->>'id' IS NOT NULL
$$;

-- As before, and nobody who answered a step.
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
      WHERE c->>'stepId' = p_step AND c->>'digest' = p_digest AND COALESCE(c->>'direction', 'do') = p_direction)
    AND (NOT p_two OR a.kind = 'break-glass' OR (a.decided_by_id <> COALESCE(a.asked_for_id, p_starter)
      AND a.decided_by_id NOT IN (SELECT run_answered_by(p_run))))
    AND clock_timestamp() < CASE WHEN used.last IS NULL THEN a.expires_at
      ELSE LEAST(used.last + interval '10 minutes', a.decided_at + interval '1 hour') END
    AND (p_again OR NOT used.same)
  ORDER BY a.decided_at DESC LIMIT 1;
  RETURN v_id;
END $$;

-- As before, and nobody who answered a step.
CREATE OR REPLACE FUNCTION approval_decide(
  p_token text, p_environment text, p_approval text, p_state text, p_kind text, p_reason text, p_digest text, p_assertion jsonb,
  p_body text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_asked approval%ROWTYPE; v_starter text; v_two boolean; v_environment text; v_name text; v_refused text;
BEGIN
  IF p_state NOT IN ('approved', 'refused') OR p_kind NOT IN ('second-person', 'break-glass') THEN
    RAISE EXCEPTION 'No such answer: % %', p_state, p_kind;
  END IF;
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR v_me.limited THEN RETURN 'not-signed-in'; END IF;
  SELECT * INTO v_asked FROM approval WHERE id = p_approval FOR UPDATE;
  IF NOT FOUND THEN RETURN 'not-found'; END IF;
  SELECT COALESCE(v_asked.asked_for_id, started_by_id), two_persons, environment INTO v_starter, v_two, v_environment FROM run WHERE id = v_asked.run_id;
  IF v_environment IS DISTINCT FROM p_environment THEN RETURN 'not-found'; END IF;
  IF v_asked.state IN ('approved', 'refused') THEN RETURN 'answered'; END IF;
  IF v_asked.state <> 'open' OR v_asked.digest <> p_digest THEN RETURN 'changed'; END IF;
  IF v_asked.expires_at <= clock_timestamp() THEN RETURN 'expired'; END IF;
  IF p_state = 'refused' THEN
    IF v_me.role < 'approver' AND v_me.account_id::text <> v_starter THEN RETURN 'not-allowed'; END IF;
  ELSE
    IF v_me.role < 'approver' OR (p_kind = 'break-glass' AND v_me.role < 'commander') THEN RETURN 'not-allowed'; END IF;
    IF v_two AND p_kind = 'second-person' THEN
      v_refused := second_person_refusal(v_starter, v_me.account_id, clock_timestamp());
      IF v_refused IS NOT NULL THEN RETURN v_refused; END IF;
      SELECT refused INTO v_refused FROM run_answered_by(v_asked.run_id) AS answered (id),
        second_person_refusal(answered.id, v_me.account_id, clock_timestamp()) AS refused WHERE refused IS NOT NULL LIMIT 1;
      IF v_refused IS NOT NULL THEN RETURN v_refused; END IF;
    END IF;
    IF p_assertion IS NULL THEN
      IF NOT v_me.fresh THEN RETURN 'not-fresh'; END IF;
    ELSIF NOT EXISTS (SELECT 1 FROM passkey WHERE id = p_assertion->>'id' AND account_id = v_me.account_id) THEN RETURN 'foreign-passkey';
    END IF;
  END IF;
  UPDATE run SET version = version + 1 WHERE id = v_asked.run_id AND state IN ('running', 'waiting');
  IF NOT FOUND THEN RETURN 'moved'; END IF;
  SELECT name INTO v_name FROM account WHERE id = v_me.account_id;
  UPDATE approval SET state = p_state, kind = p_kind, decided_at = clock_timestamp(), decided_by_id = v_me.account_id::text,
    decided_by_name = v_name, reason = p_reason, assertion = p_assertion
  WHERE id = p_approval;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;
