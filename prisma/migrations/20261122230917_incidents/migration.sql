-- CreateTable
CREATE TABLE "incident" (
    "number" SERIAL NOT NULL,
    "environment" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "severity_reason" TEXT,
    "scenario" TEXT NOT NULL,
    "symptoms" JSONB NOT NULL,
    "status" TEXT NOT NULL,
    "status_times" JSONB NOT NULL,
    "impact_started_at" TIMESTAMPTZ(3) NOT NULL,
    "detected_at" TIMESTAMPTZ(3),
    "declared_at" TIMESTAMPTZ(3) NOT NULL,
    "declared_by_id" TEXT NOT NULL,
    "declared_by_name" TEXT NOT NULL,
    "resolved_at" TIMESTAMPTZ(3),
    "next_update_due_at" TIMESTAMPTZ(3),
    "merged_into" INTEGER,
    "report_state" TEXT NOT NULL DEFAULT 'draft',
    "report_version" INTEGER NOT NULL DEFAULT 1,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "incident_pkey" PRIMARY KEY ("number")
);

-- CreateTable
CREATE TABLE "incident_role" (
    "number" INTEGER NOT NULL,
    "role" TEXT NOT NULL,
    "holder_id" TEXT,
    "holder_name" TEXT,
    "since" TIMESTAMPTZ(3),
    "offered_to_id" TEXT,
    "offered_to_name" TEXT,
    "offered_by_id" TEXT,
    "offered_by_name" TEXT,

    CONSTRAINT "incident_role_pkey" PRIMARY KEY ("number","role")
);

-- CreateTable
CREATE TABLE "timeline_tally" (
    "incident_id" TEXT NOT NULL,
    "everything" INTEGER NOT NULL,
    "story" INTEGER NOT NULL,

    CONSTRAINT "timeline_tally_pkey" PRIMARY KEY ("incident_id")
);

-- CreateTable
CREATE TABLE "timeline_mark" (
    "number" INTEGER NOT NULL,
    "n" BIGINT NOT NULL,
    "pinned" BOOLEAN NOT NULL DEFAULT false,
    "corrected_by" BIGINT,

    CONSTRAINT "timeline_mark_pkey" PRIMARY KEY ("number","n")
);

-- CreateTable
CREATE TABLE "sent_key" (
    "number" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "n" BIGINT NOT NULL,

    CONSTRAINT "sent_key_pkey" PRIMARY KEY ("number","key")
);

-- CreateTable
CREATE TABLE "incident_task" (
    "id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "assignee_id" TEXT,
    "assignee_name" TEXT,
    "due_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by_id" TEXT NOT NULL,
    "created_by_name" TEXT NOT NULL,
    "done_at" TIMESTAMPTZ(3),

    CONSTRAINT "incident_task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "checklist_item" (
    "number" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "says" TEXT NOT NULL,
    "checked_at" TIMESTAMPTZ(3),
    "asked_at" TIMESTAMPTZ(3),
    "reopened" BOOLEAN NOT NULL DEFAULT false,
    "hand_by_id" TEXT,
    "hand_by_name" TEXT,
    "hand_reason" TEXT,
    "hand_at" TIMESTAMPTZ(3),

    CONSTRAINT "checklist_item_pkey" PRIMARY KEY ("number","key")
);

-- CreateTable
CREATE TABLE "checklist_evidence" (
    "id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "request" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "passed" BOOLEAN,

    CONSTRAINT "checklist_evidence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "page" (
    "id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "level" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "asked_by_id" TEXT NOT NULL,
    "asked_by_name" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(3) NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3),
    "acknowledged_by" TEXT,

    CONSTRAINT "page_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "status_update" (
    "id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "by_id" TEXT NOT NULL,
    "by_name" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "status_update_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "about" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_at" TIMESTAMPTZ(3) NOT NULL,
    "sent_at" TIMESTAMPTZ(3),
    "says" TEXT,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "report_section" (
    "number" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "saved_at" TIMESTAMPTZ(3) NOT NULL,
    "by_id" TEXT NOT NULL,
    "by_name" TEXT NOT NULL,

    CONSTRAINT "report_section_pkey" PRIMARY KEY ("number","key","version")
);

-- CreateTable
CREATE TABLE "report_action" (
    "id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "title" TEXT NOT NULL,
    "owner_id" TEXT,
    "owner_name" TEXT,
    "due_on" TEXT,
    "state" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "report_action_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "wall_link" (
    "id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by_id" TEXT NOT NULL,
    "created_by_name" TEXT NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "wall_link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert" (
    "id" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "severity" TEXT,
    "first_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "times" INTEGER NOT NULL DEFAULT 1,
    "resolved_at" TIMESTAMPTZ(3),
    "dismissed_at" TIMESTAMPTZ(3),
    "incident_number" INTEGER,

    CONSTRAINT "alert_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "incident_environment_status_idx" ON "incident"("environment", "status");

-- CreateIndex
CREATE INDEX "incident_task_number_idx" ON "incident_task"("number");

-- CreateIndex
CREATE INDEX "checklist_item_asked_at_idx" ON "checklist_item"("asked_at");

-- CreateIndex
CREATE INDEX "checklist_evidence_number_key_at_idx" ON "checklist_evidence"("number", "key", "at");

-- CreateIndex
CREATE INDEX "page_number_asked_at_idx" ON "page"("number", "asked_at");

-- CreateIndex
CREATE INDEX "status_update_number_at_idx" ON "status_update"("number", "at");

-- CreateIndex
CREATE INDEX "outbox_state_next_at_idx" ON "outbox"("state", "next_at");

-- CreateIndex
CREATE INDEX "outbox_about_idx" ON "outbox"("about");

-- CreateIndex
CREATE INDEX "report_action_number_idx" ON "report_action"("number");

-- CreateIndex
CREATE UNIQUE INDEX "wall_link_token_hash_key" ON "wall_link"("token_hash");

-- CreateIndex
CREATE INDEX "alert_last_at_idx" ON "alert"("last_at");

-- CreateIndex
CREATE UNIQUE INDEX "alert_source_fingerprint_key" ON "alert"("source", "fingerprint");

-- A timeline is what the record says of one incident. What people read first (the story) is decided by the kind of an
-- entry alone, so that both can be paged by number; pins and corrections stand beside it in timeline_mark.
CREATE FUNCTION timeline_kind(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE split_part(p_kind, '.', 1)
    WHEN 'incident' THEN split_part(p_kind, '.', 2)
    WHEN 'run' THEN 'run'
    WHEN 'approval' THEN 'approval'
    ELSE 'step' END
$$;
CREATE FUNCTION timeline_story(p_kind text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE split_part(p_kind, '.', 1)
    WHEN 'incident' THEN split_part(p_kind, '.', 2) IN
      ('declared', 'detection', 'status', 'role', 'decision', 'action', 'page', 'update', 'correction')
    ELSE split_part(p_kind, '.', 1) IN ('run', 'approval') END
$$;
CREATE INDEX record_entry_story_idx ON record_entry (incident_id, n) WHERE timeline_story(kind);

CREATE FUNCTION timeline_count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO timeline_tally AS t (incident_id, everything, story)
  VALUES (NEW.incident_id, 1, timeline_story(NEW.kind)::int)
  ON CONFLICT (incident_id) DO UPDATE SET everything = t.everything + 1, story = t.story + EXCLUDED.story;
  RETURN NULL;
END $$;
CREATE TRIGGER record_entry_tally AFTER INSERT ON record_entry
  FOR EACH ROW WHEN (NEW.incident_id IS NOT NULL) EXECUTE FUNCTION timeline_count();
