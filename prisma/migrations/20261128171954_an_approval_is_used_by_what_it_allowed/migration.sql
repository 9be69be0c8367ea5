-- AlterTable
ALTER TABLE "effect_journal" ADD COLUMN     "approval_id" TEXT,
ADD COLUMN     "busy" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "approval" ADD COLUMN     "asked_for_id" TEXT;

-- CreateIndex
CREATE INDEX "effect_journal_approval_id_idx" ON "effect_journal"("approval_id");

-- AddForeignKey
ALTER TABLE "effect_journal" ADD CONSTRAINT "effect_journal_approval_id_fkey" FOREIGN KEY ("approval_id") REFERENCES "approval"("id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- Approvals of before: the effects that they allowed name them, and the fence may still be sent by the watch over an old
-- writer, which is what its title says ("now or later").
UPDATE effect_journal j SET approval_id = (
  SELECT a.id FROM approval a
  WHERE a.run_id = j.run_id AND a.used_at IS NOT NULL AND a.decided_at <= j.intended_at
    AND a.covers @> jsonb_build_array(jsonb_build_object('stepId', j.step_id, 'digest', j.digest))
  ORDER BY a.decided_at DESC LIMIT 1)
WHERE j.approval_id IS NULL;
UPDATE approval SET covers = (
  SELECT jsonb_agg(CASE WHEN c->>'stepId' = 'fence' THEN c || '{"standing": true}' ELSE c END) FROM jsonb_array_elements(covers) c)
WHERE covers @> '[{"stepId": "fence"}]';

-- Which approval allows this call now, or null. The rule of lib/domain/run/approval-rule.ts, by the store's clock: another
-- person's yes to this very call, in time, that was not used for this call before. A call that was certainly refused uses
-- nothing; one whose runner was lost before it acted (p_again) may be sent again under the same approval.
CREATE FUNCTION approval_for(
  p_run text, p_step text, p_direction text, p_digest text, p_two boolean, p_starter text, p_again boolean
) RETURNS text LANGUAGE plpgsql STABLE AS $$
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
    AND (NOT p_two OR a.kind = 'break-glass' OR a.decided_by_id <> COALESCE(a.asked_for_id, p_starter))
    AND clock_timestamp() < CASE WHEN used.last IS NULL THEN a.expires_at
      ELSE LEAST(used.last + interval '10 minutes', a.decided_at + interval '1 hour') END
    AND (p_again OR NOT used.same)
  ORDER BY a.decided_at DESC LIMIT 1;
  RETURN v_id;
END $$;

-- The intent of an effect, all in one statement: the fence (our epoch of the lease, by this clock, held until commit), the
-- run (running, not asked to stop), the approval of a DANGEROUS effect, the step (checking -> acting), the journal and the
-- record. Answers null, or why not. The fence is held by a key share: it keeps another runner from taking the lease until
-- this has committed, and lets our own renewals through, however long the record's head is waited for.
CREATE OR REPLACE FUNCTION effect_intend(
  p_lease text, p_runner text, p_epoch bigint, p_run text, p_step text, p_attempt int, p_direction text,
  p_call jsonb, p_cli text, p_digest text, p_dangerous boolean, p_sentence text, p_app_ms bigint, p_body text,
  OUT journal_id bigint, OUT refused text
) LANGUAGE plpgsql AS $$
DECLARE
  v_two boolean; v_starter text; v_approval text; v_crashed boolean; v_looked text;
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR KEY SHARE;
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
    SELECT crashed INTO v_crashed FROM run_step
    WHERE run_id = p_run AND step_id = p_step AND attempts = p_attempt - 1
      AND state = CASE p_direction WHEN 'do' THEN 'checking' ELSE 'undoing' END
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN refused := 'step-moved'; RETURN; END IF;
    v_approval := approval_for(p_run, p_step, p_direction, p_digest, v_two, v_starter, v_crashed);
    IF v_approval IS NULL THEN refused := 'not-approved'; RETURN; END IF;
  END IF;
  -- A running run at a step at work with an open intent: always a possible place, so that nobody need look.
  v_looked := set_config('warroom.place', 'possible', true);
  UPDATE run_step SET state = CASE p_direction WHEN 'do' THEN 'acting' ELSE 'undoing' END, attempts = p_attempt, call = p_call,
      cli = p_cli, digest = p_digest, sentence = p_sentence, since = clock_timestamp(), crashed = false
  WHERE run_id = p_run AND step_id = p_step AND attempts = p_attempt - 1
    AND state = CASE p_direction WHEN 'do' THEN 'checking' ELSE 'undoing' END;
  IF NOT FOUND THEN
    refused := 'step-moved';
    v_looked := set_config('warroom.place', '', true);
    RETURN;
  END IF;
  INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms, approval_id)
  VALUES (p_run, p_step, p_attempt, p_direction, p_call, p_cli, p_digest, p_runner, p_epoch, clock_timestamp(), p_app_ms, v_approval)
  RETURNING id INTO journal_id;
  v_looked := set_config('warroom.place', '', true);
  PERFORM record_append(p_body);
END $$;

-- The outcome of an effect: written once. The step moves on only under the fence; a runner that lost its lease may still
-- say what it saw, and whoever drives the run next goes on from there. Unless the effect was certainly refused, its approval
-- is used by it.
CREATE OR REPLACE FUNCTION effect_settle(
  p_lease text, p_runner text, p_epoch bigint, p_id bigint, p_outcome text, p_message text, p_reply jsonb,
  p_step_state text, p_sentence text, p_touched boolean, p_crashed boolean, p_body text,
  OUT written boolean, OUT moved boolean
) LANGUAGE plpgsql AS $$
DECLARE
  v_run text; v_step text; v_direction text; v_approval text; v_run_state text; v_state text; v_rule text; v_looked text;
BEGIN
  moved := false;
  UPDATE effect_journal SET outcome = p_outcome, outcome_at = clock_timestamp(), message = p_message, reply = p_reply,
      busy = (p_outcome = 'rejected' AND p_step_state = 'checking')
  WHERE id = p_id AND outcome IS NULL RETURNING run_id, step_id, direction, approval_id INTO v_run, v_step, v_direction, v_approval;
  written := FOUND;
  IF written THEN
    UPDATE run SET version = version + 1 WHERE id = v_run RETURNING state INTO v_run_state;
    PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR KEY SHARE;
    IF FOUND THEN
      -- The place is looked at here, where all that makes it is known.
      v_looked := set_config('warroom.place', 'possible', true);
      UPDATE run_step SET state = CASE WHEN v_direction = 'do' THEN p_step_state ELSE state END, sentence = p_sentence,
          touched = touched OR p_touched, crashed = p_crashed, since = clock_timestamp()
      WHERE run_id = v_run AND step_id = v_step AND state IN ('acting', 'undoing') RETURNING state INTO v_state;
      moved := FOUND;
      v_looked := set_config('warroom.place', '', true);
      v_rule := CASE WHEN moved THEN broken_rule(v_run_state, v_state, p_outcome) END;
      IF v_rule IS NOT NULL OR v_state IN ('confirmed', 'already-so', 'skipped') THEN
        RAISE EXCEPTION 'An outcome never leads to % / % / %', v_run_state, v_state, p_outcome
          USING ERRCODE = 'check_violation', CONSTRAINT = COALESCE(v_rule, 'settled_is_verified');
      END IF;
    END IF;
    IF p_outcome <> 'rejected' AND v_approval IS NOT NULL THEN
      UPDATE approval SET used_at = clock_timestamp() WHERE id = v_approval AND used_at IS NULL;
    END IF;
  END IF;
  PERFORM record_append(p_body);
END $$;

-- As before, with the fence held by a key share, and only where the approval says so of this step.
CREATE OR REPLACE FUNCTION effect_intend_standing(
  p_lease text, p_runner text, p_epoch bigint, p_run text, p_step text, p_call jsonb, p_cli text, p_digest text,
  p_app_ms bigint, p_body text, OUT journal_id bigint, OUT refused text
) LANGUAGE plpgsql AS $$
DECLARE
  v_run run%ROWTYPE; v_attempt int; v_approval text;
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR KEY SHARE;
  IF NOT FOUND THEN refused := 'stale-epoch'; RETURN; END IF;
  SELECT * INTO v_run FROM run WHERE id = p_run FOR UPDATE;
  IF NOT FOUND THEN refused := 'not-running'; RETURN; END IF;
  IF v_run.mode = 'dry-run' THEN refused := 'dry-run'; RETURN; END IF;
  -- A step that a person skipped, or that is still at work, is not ours.
  PERFORM 1 FROM run_step WHERE run_id = p_run AND step_id = p_step AND state IN ('confirmed', 'already-so');
  IF NOT FOUND THEN refused := 'step-moved'; RETURN; END IF;
  SELECT id INTO v_approval FROM approval
  WHERE run_id = p_run AND state = 'approved' AND used_at IS NOT NULL
    AND covers @> jsonb_build_array(jsonb_build_object('stepId', p_step, 'digest', p_digest, 'standing', true))
    AND (NOT v_run.two_persons OR kind = 'break-glass' OR decided_by_id <> COALESCE(asked_for_id, v_run.started_by_id))
  ORDER BY decided_at DESC LIMIT 1;
  IF v_approval IS NULL THEN refused := 'not-approved'; RETURN; END IF;
  PERFORM 1 FROM effect_journal WHERE run_id = p_run AND step_id = p_step AND outcome IS NULL;
  IF FOUND THEN refused := 'open'; RETURN; END IF;
  SELECT COALESCE(max(attempt), 0) + 1 INTO v_attempt FROM effect_journal WHERE run_id = p_run AND step_id = p_step;
  INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms, approval_id)
  VALUES (p_run, p_step, v_attempt, 'do', p_call, p_cli, p_digest, p_runner, p_epoch, clock_timestamp(), p_app_ms, v_approval)
  RETURNING id INTO journal_id;
  UPDATE run SET version = version + 1 WHERE id = p_run;
  PERFORM record_append(p_body);
END $$;

-- A person's decision about a step that lets the run go on: both move together or not at all, so that no run is left at rest
-- with a step at work. False when either is elsewhere by now.
CREATE FUNCTION run_step_decide(p jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM run_step WHERE run_id = p->>'run' AND step_id = p->>'step' AND state = p->>'stepFrom' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM 1 FROM run WHERE id = p->>'run' AND state = p->>'runFrom' FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE run_step SET state = p->>'stepTo', sentence = p->>'stepSays', since = clock_timestamp(),
      started_at = COALESCE(started_at, clock_timestamp()),
      finished_at = CASE WHEN (p->>'settled')::boolean THEN clock_timestamp() END,
      skipped_by_id = COALESCE(p->'skipped'->>'id', skipped_by_id),
      skipped_by_name = COALESCE(p->'skipped'->>'name', skipped_by_name),
      skip_reason = COALESCE(p->'skipped'->>'reason', skip_reason)
  WHERE run_id = p->>'run' AND step_id = p->>'step';
  UPDATE run SET state = p->>'runTo', sentence = p->>'runSays', current_step_id = p->>'step', facts = facts || (p->'facts'),
      version = version + 1,
      waited_ms = waited_ms + COALESCE((extract(epoch FROM clock_timestamp() - waiting_since) * 1000)::int, 0),
      waiting_since = NULL
  WHERE id = p->>'run';
  PERFORM record_append(p->>'stepEntry');
  PERFORM record_append(p->>'runEntry');
  RETURN true;
END $$;
