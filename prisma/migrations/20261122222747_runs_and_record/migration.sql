-- CreateTable
CREATE TABLE "run" (
    "id" TEXT NOT NULL,
    "procedure_id" TEXT NOT NULL,
    "procedure_version" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "mode" TEXT NOT NULL,
    "environment" TEXT NOT NULL,
    "environment_kind" TEXT NOT NULL,
    "cluster" TEXT NOT NULL,
    "incident_id" TEXT,
    "reason" TEXT NOT NULL,
    "two_persons" BOOLEAN NOT NULL,
    "inputs" JSONB NOT NULL,
    "facts" JSONB NOT NULL,
    "checks" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "sentence" TEXT NOT NULL,
    "wish" TEXT,
    "current_step_id" TEXT,
    "started_by_id" TEXT NOT NULL,
    "started_by_name" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "waiting_since" TIMESTAMPTZ(3),
    "waited_ms" INTEGER NOT NULL DEFAULT 0,
    "output_lines" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run_step" (
    "run_id" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "step_id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "effect" TEXT NOT NULL,
    "definition_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "sentence" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "touched" BOOLEAN NOT NULL DEFAULT false,
    "crashed" BOOLEAN NOT NULL DEFAULT false,
    "call" JSONB,
    "cli" TEXT,
    "digest" TEXT,
    "output" JSONB NOT NULL,
    "since" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "skipped_by_id" TEXT,
    "skipped_by_name" TEXT,
    "skip_reason" TEXT,

    CONSTRAINT "run_step_pkey" PRIMARY KEY ("run_id","step_id")
);

-- CreateTable
CREATE TABLE "effect_journal" (
    "id" BIGSERIAL NOT NULL,
    "run_id" TEXT NOT NULL,
    "step_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "direction" TEXT NOT NULL,
    "call" JSONB NOT NULL,
    "cli" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "runner" TEXT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "intended_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT,
    "outcome_at" TIMESTAMPTZ(3),
    "message" TEXT,
    "reply" JSONB,
    "app_ms" BIGINT NOT NULL,

    CONSTRAINT "effect_journal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "approval" (
    "id" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "step_id" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "shown" JSONB NOT NULL,
    "bound" JSONB NOT NULL,
    "covers" JSONB NOT NULL,
    "type_to_confirm" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "kind" TEXT,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "decided_at" TIMESTAMPTZ(3),
    "decided_by_id" TEXT,
    "decided_by_name" TEXT,
    "reason" TEXT,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "approval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "record_entry" (
    "n" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "body" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "incident_id" TEXT,
    "run_id" TEXT,
    "step_id" TEXT,
    "text" TEXT NOT NULL,
    "prev_hash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "record_entry_pkey" PRIMARY KEY ("n")
);

-- CreateTable
CREATE TABLE "record_head" (
    "id" INTEGER NOT NULL,
    "n" BIGINT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "record_head_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "resource_lock" (
    "resource" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "taken_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "resource_lock_pkey" PRIMARY KEY ("resource")
);

-- CreateTable
CREATE TABLE "run_output" (
    "run_id" TEXT NOT NULL,
    "n" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "step_id" TEXT,
    "kind" TEXT NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "run_output_pkey" PRIMARY KEY ("run_id","n")
);

-- CreateTable
CREATE TABLE "preflight" (
    "id" TEXT NOT NULL,
    "procedure_id" TEXT NOT NULL,
    "inputs" JSONB NOT NULL,
    "mode" TEXT NOT NULL,
    "asked_by_id" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "checks" JSONB NOT NULL,
    "error" TEXT,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "preflight_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "run_started_at_idx" ON "run"("started_at");

-- CreateIndex
CREATE INDEX "run_incident_id_idx" ON "run"("incident_id");

-- CreateIndex
CREATE UNIQUE INDEX "effect_journal_run_id_step_id_attempt_key" ON "effect_journal"("run_id", "step_id", "attempt");

-- CreateIndex
CREATE INDEX "approval_run_id_idx" ON "approval"("run_id");

-- CreateIndex
CREATE INDEX "record_entry_run_id_n_idx" ON "record_entry"("run_id", "n");

-- CreateIndex
CREATE INDEX "record_entry_incident_id_n_idx" ON "record_entry"("incident_id", "n");

-- CreateIndex
CREATE INDEX "preflight_state_idx" ON "preflight"("state");

-- The record's chain. Only record_append adds to it: it holds the head while it works out number, time and hash, so that
-- entries have no gaps and no two have the same predecessor. The hash covers predecessor, number, time and body.
INSERT INTO "record_head" ("id", "n", "hash") VALUES (1, 0, repeat('0', 64));

CREATE FUNCTION record_append(p_body text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v jsonb := p_body::jsonb;
  v_n bigint; v_prev text; v_at timestamptz; v_hash text;
BEGIN
  SELECT n + 1, hash INTO STRICT v_n, v_prev FROM record_head WHERE id = 1 FOR UPDATE;
  v_at := date_trunc('milliseconds', clock_timestamp());
  v_hash := encode(sha256(convert_to(
    v_prev || E'\n' || v_n || E'\n' || to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || E'\n' || p_body,
    'UTF8')), 'hex');
  INSERT INTO record_entry (n, at, body, kind, actor, incident_id, run_id, step_id, text, prev_hash, hash)
  VALUES (v_n, v_at, p_body, v->>'kind', (v->'actor')::text, v->>'incidentId', v->>'runId', v->>'stepId', v->>'text', v_prev, v_hash);
  UPDATE record_head SET n = v_n, hash = v_hash WHERE id = 1;
  RETURN v_n;
END $$;

CREATE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'record_entry' AND TG_OP = 'INSERT' AND current_user <> 'warroom_app' THEN RETURN NEW; END IF;
  IF TG_TABLE_NAME = 'record_head' AND TG_OP = 'UPDATE' AND current_user <> 'warroom_app' THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'The record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER record_entry_rows BEFORE INSERT OR UPDATE OR DELETE ON record_entry FOR EACH ROW EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_entry_whole BEFORE TRUNCATE ON record_entry FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_head_rows BEFORE INSERT OR UPDATE OR DELETE ON record_head FOR EACH ROW EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_head_whole BEFORE TRUNCATE ON record_head FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only();

-- The intent of an effect, all in one statement: the fence (our epoch of the lease, by this clock, held until commit), the
-- run (running, not asked to stop), the approval of a DANGEROUS effect (another person's yes to this very call, in time),
-- the step (checking -> acting), the journal and the record. Answers null, or why not.
CREATE FUNCTION effect_intend(
  p_lease text, p_runner text, p_epoch bigint, p_run text, p_step text, p_attempt int, p_direction text,
  p_call jsonb, p_cli text, p_digest text, p_dangerous boolean, p_sentence text, p_app_ms bigint, p_body text,
  OUT journal_id bigint, OUT refused text
) LANGUAGE plpgsql AS $$
DECLARE
  v_run run%ROWTYPE; v_approval text;
BEGIN
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;
  IF NOT FOUND THEN refused := 'stale-epoch'; RETURN; END IF;
  SELECT * INTO v_run FROM run WHERE id = p_run FOR UPDATE;
  IF NOT FOUND OR v_run.state <> 'running' THEN refused := 'not-running'; RETURN; END IF;
  IF v_run.wish = 'stop' AND p_direction = 'do' THEN refused := 'asked-to-stop'; RETURN; END IF;
  IF v_run.mode = 'dry-run' THEN refused := 'dry-run'; RETURN; END IF;
  IF p_dangerous THEN
    SELECT id INTO v_approval FROM approval
    WHERE run_id = p_run AND state = 'approved' AND (used_at IS NOT NULL OR expires_at > clock_timestamp())
      AND covers @> jsonb_build_array(jsonb_build_object('stepId', p_step, 'digest', p_digest))
      AND (NOT v_run.two_persons OR decided_by_id <> v_run.started_by_id OR kind = 'break-glass')
    ORDER BY decided_at DESC LIMIT 1;
    IF v_approval IS NULL THEN refused := 'not-approved'; RETURN; END IF;
    UPDATE approval SET used_at = clock_timestamp() WHERE id = v_approval AND used_at IS NULL;
  END IF;
  UPDATE run_step SET state = 'acting', attempts = p_attempt, call = p_call, cli = p_cli, digest = p_digest,
      sentence = p_sentence, since = clock_timestamp(), crashed = false
  WHERE run_id = p_run AND step_id = p_step AND attempts = p_attempt - 1
    AND state = CASE p_direction WHEN 'do' THEN 'checking' ELSE 'undoing' END;
  IF NOT FOUND THEN refused := 'step-moved'; RETURN; END IF;
  IF p_direction = 'undo' THEN UPDATE run_step SET state = 'undoing' WHERE run_id = p_run AND step_id = p_step; END IF;
  INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms)
  VALUES (p_run, p_step, p_attempt, p_direction, p_call, p_cli, p_digest, p_runner, p_epoch, clock_timestamp(), p_app_ms)
  RETURNING id INTO journal_id;
  UPDATE run SET version = version + 1 WHERE id = p_run;
  PERFORM record_append(p_body);
END $$;

-- The outcome of an effect: written once. The step moves on only under the fence; a runner that lost its lease may still
-- say what it saw, and no more.
CREATE FUNCTION effect_settle(
  p_lease text, p_runner text, p_epoch bigint, p_id bigint, p_outcome text, p_message text, p_reply jsonb,
  p_step_state text, p_sentence text, p_touched boolean, p_crashed boolean, p_body text,
  OUT written boolean, OUT moved boolean
) LANGUAGE plpgsql AS $$
DECLARE
  v effect_journal%ROWTYPE;
BEGIN
  moved := false;
  UPDATE effect_journal SET outcome = p_outcome, outcome_at = clock_timestamp(), message = p_message, reply = p_reply
  WHERE id = p_id AND outcome IS NULL RETURNING * INTO v;
  written := FOUND;
  PERFORM record_append(p_body);
  IF NOT written THEN RETURN; END IF;
  PERFORM 1 FROM lease WHERE name = p_lease AND holder = p_runner AND epoch = p_epoch AND expires_at > clock_timestamp() FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE run_step SET state = CASE WHEN v.direction = 'do' THEN p_step_state ELSE state END, sentence = p_sentence,
      touched = touched OR p_touched, crashed = p_crashed, since = clock_timestamp()
  WHERE run_id = v.run_id AND step_id = v.step_id AND state IN ('acting', 'undoing');
  moved := FOUND;
  UPDATE run SET version = version + 1 WHERE id = v.run_id;
END $$;
