-- Rules of the domain that functions of the store go by. They are written by each migration from the code, which states them once
-- (lib/store/rules.ts); neither web nor runner may write them.
CREATE TABLE rule_permission (
  permission text PRIMARY KEY,
  least_role account_role NOT NULL
);
-- What people write into the record themselves. All other kinds are written by the functions that decide, and by the runner.
CREATE TABLE rule_record_kind (
  kind text PRIMARY KEY,
  permission text NOT NULL REFERENCES rule_permission
);

-- Whose session this token opens, while it lasts: ids are null when it opens none. By the clock of this moment and what is committed
-- by now, whenever the transaction began: one that reads an older state is refused. Account and session stay as they are until the
-- transaction ends.
CREATE OR REPLACE FUNCTION session_person(
  p_token text, OUT account_id uuid, OUT session_id uuid, OUT role account_role, OUT fresh boolean, OUT limited boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'A decision is made on what is committed by now' USING ERRCODE = 'WR400';
  END IF;
  SELECT a.id, s.id, a.role, COALESCE(s.authenticated_at > clock_timestamp() - interval '5 minutes', false), s.must_choose_password
  INTO account_id, session_id, role, fresh, limited
  FROM session s JOIN account a ON a.id = s.account_id
  WHERE s.token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') AND s.revoked_at IS NULL AND a.disabled_at IS NULL
    AND s.expires_at > clock_timestamp() AND s.last_seen_at > clock_timestamp() - interval '12 hours'
  FOR SHARE OF s, a;
END $$;

-- The person of a live session who may do this. Raises WR401 without one, and WR403 when the role does not allow it.
CREATE FUNCTION person_who_may(p_token text, p_permission text, OUT id uuid, OUT name text, OUT role account_role, OUT session_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_least account_role;
BEGIN
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR v_me.limited THEN RAISE EXCEPTION 'Nobody is signed in' USING ERRCODE = 'WR401'; END IF;
  SELECT least_role INTO v_least FROM rule_permission WHERE permission = p_permission;
  IF v_least IS NULL OR v_me.role < v_least THEN
    RAISE EXCEPTION 'Your role is %; this needs the role %.', v_me.role, COALESCE(v_least::text, 'nobody has') USING ERRCODE = 'WR403';
  END IF;
  SELECT a.id, a.name, a.role, v_me.session_id INTO id, name, role, session_id FROM account a WHERE a.id = v_me.account_id;
END $$;

-- Refuses an entry that does not name this very person as its actor.
CREATE FUNCTION record_names(p_body text, p_id uuid, p_name text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF (p_body::jsonb)->'actor' IS DISTINCT FROM jsonb_build_object('kind', 'person', 'id', p_id, 'name', p_name) THEN
    RAISE EXCEPTION 'An entry of the record names another person than the one who acts' USING ERRCODE = 'WR403';
  END IF;
END $$;

-- An entry that a person writes: in the own name, of a kind that people write and this person may, about an incident that there is or
-- about none, and about no run: what happens to runs is written by whoever decides about them. Returns its number.
CREATE FUNCTION record_append_as(p_token text, p_body text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v jsonb := p_body::jsonb; v_permission text; v_me record;
BEGIN
  SELECT permission INTO v_permission FROM rule_record_kind WHERE kind = v->>'kind';
  SELECT * INTO v_me FROM person_who_may(p_token, COALESCE(v_permission, 'write ' || (v->>'kind')));
  PERFORM record_names(p_body, v_me.id, v_me.name);
  IF v->>'runId' IS NOT NULL OR v->>'stepId' IS NOT NULL
     OR (split_part(v->>'kind', '.', 1) = 'incident') <> (v->>'incidentId' IS NOT NULL)
     OR (v->>'incidentId' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM incident WHERE number::text = v->>'incidentId')) THEN
    RAISE EXCEPTION 'An entry of this kind is about something else' USING ERRCODE = 'WR403';
  END IF;
  RETURN record_append(p_body);
END $$;

-- The same, once per key and incident: a repeat after a lost answer gets the number of the first, and writes nothing.
CREATE FUNCTION record_append_once(p_token text, p_key text, p_body text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_number int := (p_body::jsonb->>'incidentId')::int; v_n bigint;
BEGIN
  PERFORM person_who_may(p_token, 'view');
  -- Two repeats at the same moment wait for each other here.
  PERFORM pg_advisory_xact_lock(hashtextextended(v_number || ' ' || p_key, 0));
  SELECT n INTO v_n FROM sent_key WHERE number = v_number AND key = p_key;
  IF v_n IS NULL THEN
    v_n := record_append_as(p_token, p_body);
    INSERT INTO sent_key (number, key, n) VALUES (v_number, p_key, v_n);
  END IF;
  RETURN v_n;
END $$;

-- What was sent under this key, once a repeat at the same moment has ended; null when nothing was.
CREATE FUNCTION record_sent(p_token text, p_number int, p_key text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM person_who_may(p_token, 'view');
  PERFORM pg_advisory_xact_lock(hashtextextended(p_number || ' ' || p_key, 0));
  RETURN (SELECT n FROM sent_key WHERE number = p_number AND key = p_key);
END $$;

-- By which the web proves to the store that it is the web, where no session speaks for a person: the padded key of an HMAC-SHA256
-- (RFC 2104), placed by the store's owner (lib/store/web-proof.ts). Neither web nor runner may read it here; the web has it from its own secret.
CREATE TABLE web_key (
  id int PRIMARY KEY CHECK (id = 1),
  inner_block bytea NOT NULL CHECK (length(inner_block) = 64),
  outer_block bytea NOT NULL CHECK (length(outer_block) = 64)
);

-- Is this the web's proof over these fields, made within ten minutes of now? Never without a key.
CREATE FUNCTION web_proves(p_proof text, p_at_ms bigint, VARIADIC p_fields text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_key web_key%ROWTYPE; v_said bytea; v_now bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  SELECT * INTO v_key FROM web_key WHERE id = 1;
  IF NOT FOUND OR p_proof IS NULL OR p_at_ms IS NULL OR abs(v_now - p_at_ms) > 600000 THEN RETURN false; END IF;
  SELECT convert_to(p_at_ms || string_agg(' ' || COALESCE(encode(sha256(convert_to(f, 'UTF8')), 'hex'), '-'), '' ORDER BY i), 'UTF8')
  INTO v_said FROM unnest(p_fields) WITH ORDINALITY AS x(f, i);
  -- Compared by their hashes, so that the time of the comparison tells nothing.
  RETURN sha256(convert_to(p_proof, 'UTF8'))
       = sha256(convert_to(encode(sha256(v_key.outer_block || sha256(v_key.inner_block || v_said)), 'hex'), 'UTF8'));
END $$;

-- What another system told the web, in that system's name: nobody is signed in, so the web proves that it checked the sender.
CREATE FUNCTION record_append_service(p_body text, p_at_ms bigint, p_proof text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v jsonb := p_body::jsonb;
BEGIN
  IF NOT web_proves(p_proof, p_at_ms, 'record', p_body) THEN
    RAISE EXCEPTION 'The store does not know the secret of this web. Run "npm run migrate" with its NEXTAUTH_SECRET.' USING ERRCODE = 'WR403';
  END IF;
  IF v->'actor'->>'kind' IS DISTINCT FROM 'service' OR COALESCE(v->>'kind', '') NOT IN ('incident.page', 'person.sign-on-refused') OR v->>'runId' IS NOT NULL THEN
    RAISE EXCEPTION 'Another system is not written down with this' USING ERRCODE = 'WR403';
  END IF;
  RETURN record_append(p_body);
END $$;
