-- What belongs to what: references that the store itself holds every row to, in all that was kept and all that comes. Rows of a
-- store that exists are looked at first, and the one that refers to nothing is named. The words that a column may hold are not in
-- here: each migration writes them anew from the domain's lists (lib/store/words.ts).
--
-- The record (record_entry, timeline_tally) refers to nothing on purpose: it is evidence, and must not depend on what it is about.

CREATE FUNCTION pg_temp.refer(p_table text, p_name text, p_columns text, p_target text, p_to text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_row jsonb;
BEGIN
  EXECUTE format('SELECT to_jsonb(k) FROM (SELECT %3$s FROM %1$I) k
      WHERE NOT EXISTS (SELECT 1 FROM jsonb_each(to_jsonb(k)) e WHERE e.value = ''null'') AND (%3$s) NOT IN (SELECT %5$s FROM %4$I) LIMIT 1',
    p_table, p_name, p_columns, p_target, p_to) INTO v_row;
  IF v_row IS NOT NULL THEN
    RAISE EXCEPTION 'A row of % refers to a row of % that is not there: %', p_table, p_target, v_row
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = p_name, HINT = 'Mend or remove that row, and migrate again.';
  END IF;
  EXECUTE format('ALTER TABLE %1$I DROP CONSTRAINT IF EXISTS %2$I', p_table, p_name);
  EXECUTE format('ALTER TABLE %1$I ADD CONSTRAINT %2$I FOREIGN KEY (%3$s) REFERENCES %4$I (%5$s)', p_table, p_name, p_columns, p_target, p_to);
END $$;

-- Effects and approvals belong to a step of their run; a run is at one of its own steps. Lines of output name a step, and are kept
-- whatever they name.
SELECT pg_temp.refer('effect_journal', 'effect_journal_step_fkey', 'run_id, step_id', 'run_step', 'run_id, step_id');
ALTER TABLE effect_journal DROP CONSTRAINT effect_journal_run_fkey;
SELECT pg_temp.refer('approval', 'approval_step_fkey', 'run_id, step_id', 'run_step', 'run_id, step_id');
ALTER TABLE approval DROP CONSTRAINT approval_run_fkey;
SELECT pg_temp.refer('run', 'run_current_step_fkey', 'id, current_step_id', 'run_step', 'run_id, step_id');

-- A run names its incident as the record does, by text; the number is what the store can hold it to.
DO $$
DECLARE
  v_run record;
BEGIN
  SELECT id, incident_id INTO v_run FROM run WHERE incident_id !~ '^[0-9]{1,9}$' LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'Run % names an incident by something that is no number: %', v_run.id, v_run.incident_id
      USING ERRCODE = 'check_violation', HINT = 'Mend that row, and migrate again.';
  END IF;
END $$;
ALTER TABLE run ADD COLUMN incident_number int GENERATED ALWAYS AS (incident_id::int) STORED;
SELECT pg_temp.refer('run', 'run_incident_fkey', 'incident_number, environment', 'incident', 'number, environment');

-- A duplicate is merged into an incident of its own environment.
SELECT pg_temp.refer('incident', 'incident_merged_into_fkey', 'merged_into, environment', 'incident', 'number, environment');

-- Evidence belongs to an item of the checklist; pins, corrections and keys of what was sent to entries of the record.
SELECT pg_temp.refer('checklist_evidence', 'checklist_evidence_item_fkey', 'number, key', 'checklist_item', 'number, key');
ALTER TABLE checklist_evidence DROP CONSTRAINT checklist_evidence_number_fkey;
SELECT pg_temp.refer('timeline_mark', 'timeline_mark_entry_fkey', 'n', 'record_entry', 'n');
SELECT pg_temp.refer('timeline_mark', 'timeline_mark_correction_fkey', 'corrected_by', 'record_entry', 'n');
SELECT pg_temp.refer('sent_key', 'sent_key_entry_fkey', 'n', 'record_entry', 'n');

-- Accounts are disabled and never deleted: who did what to whose account refers to both.
SELECT pg_temp.refer('account_change', 'account_change_account_fkey', 'account_id', 'account', 'id');
SELECT pg_temp.refer('account_change', 'account_change_by_fkey', 'by_id', 'account', 'id');

DROP FUNCTION pg_temp.refer(text, text, text, text, text);

-- Written by each migration from the domain's lists instead.
ALTER TABLE outbox DROP CONSTRAINT outbox_channel;
ALTER TABLE environment DROP CONSTRAINT environment_kind;
ALTER TABLE checklist_item DROP CONSTRAINT checklist_item_key;
