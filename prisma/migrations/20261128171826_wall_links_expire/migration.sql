-- A link to the wall ends by itself. Links that were made before may go on for 30 days.
ALTER TABLE "wall_link" ADD COLUMN "expires_at" TIMESTAMPTZ(3);
UPDATE "wall_link" SET "expires_at" = clock_timestamp() + interval '30 days';
ALTER TABLE "wall_link" ALTER COLUMN "expires_at" SET NOT NULL;

-- And it ends with whoever made it: when an account is disabled, removed, or may no longer make links (the role of a
-- viewer), its links are revoked in the same transaction, whatever code changed the account, and the record says so.
CREATE FUNCTION wall_links_end_with_creator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_ended int;
BEGIN
  UPDATE wall_link SET revoked_at = clock_timestamp()
  WHERE created_by_id = OLD.id::text AND revoked_at IS NULL AND expires_at > clock_timestamp();
  GET DIAGNOSTICS v_ended = ROW_COUNT;
  IF v_ended > 0 THEN
    PERFORM record_append(jsonb_build_object(
      'kind', 'wall.link-revoked',
      'actor', jsonb_build_object('kind', 'service', 'name', 'War Room'),
      'text', v_ended || CASE WHEN v_ended = 1 THEN ' wall link' ELSE ' wall links' END || ' of ' || OLD.name
        || ' revoked: this account may no longer make wall links.',
      'incidentId', null, 'runId', null, 'stepId', null,
      'evidence', jsonb_build_object('accountId', OLD.id, 'revoked', v_ended))::text);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER account_takes_its_wall_links AFTER UPDATE OF role, disabled_at ON account FOR EACH ROW
  WHEN (NEW.disabled_at IS NOT NULL OR NEW.role < 'responder') EXECUTE FUNCTION wall_links_end_with_creator();
CREATE TRIGGER account_removed_with_its_wall_links AFTER DELETE ON account FOR EACH ROW
  EXECUTE FUNCTION wall_links_end_with_creator();
