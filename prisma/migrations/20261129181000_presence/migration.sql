-- Whoever has a live page open is there, though they touch nothing. Kept apart from last_seen_at: a page that is left open must not
-- keep a session from ending by idleness.
ALTER TABLE session ADD COLUMN present_at timestamptz(3);

-- These sessions have a live stream open now.
CREATE FUNCTION session_present(p_sessions uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE session SET present_at = clock_timestamp() WHERE id = ANY (p_sessions) AND revoked_at IS NULL AND expires_at > clock_timestamp()
$$;
