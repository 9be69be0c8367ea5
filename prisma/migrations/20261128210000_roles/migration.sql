-- Web and runner have a role each. Neither writes an entry of the record but by a function that runs under the owner's rights:
-- their rights do not allow it, and these triggers refuse it whatever somebody grants by mistake.
DROP TRIGGER record_entry_new ON record_entry;
DROP TRIGGER record_head_moves ON record_head;
CREATE TRIGGER record_entry_new BEFORE INSERT ON record_entry FOR EACH ROW
  WHEN (current_user IN ('warroom_web', 'warroom_runner')) EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER record_head_moves BEFORE UPDATE ON record_head FOR EACH ROW
  WHEN (current_user IN ('warroom_web', 'warroom_runner')) EXECUTE FUNCTION record_is_append_only();

-- Called by triggers alone; what it says must not depend on who is asking by what name.
CREATE OR REPLACE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'The record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
