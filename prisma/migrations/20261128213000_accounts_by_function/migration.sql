-- Accounts and sessions are made and changed by functions alone, under the owner's rights. Neither web nor runner writes them, or
-- reads what a person or a browser proves itself with.

-- Of a password the store keeps what proves it, and not what opens a session: the SHA-256 of argon2id's output, with its salt and
-- its parameters. The web works the output out and shows it once; who reads this column cannot.
ALTER TABLE account DISABLE TRIGGER USER;
UPDATE account SET password_hash = '$argon2id-sha256$' || split_part(password_hash, '$', 3) || '$' || split_part(password_hash, '$', 4) || '$'
  || split_part(password_hash, '$', 5) || '$'
  || rtrim(encode(sha256(decode(rpad(split_part(password_hash, '$', 6), (length(split_part(password_hash, '$', 6)) + 3) / 4 * 4, '='), 'base64')), 'base64'), '=')
WHERE password_hash LIKE '$argon2id$%';
ALTER TABLE account ENABLE TRIGGER USER;
ALTER TABLE account ADD COLUMN has_password boolean NOT NULL GENERATED ALWAYS AS (password_hash IS NOT NULL) STORED;

-- Numbers of the domain's rules that the functions below go by; written at each migration, as the other rules are.
CREATE TABLE rule_guessing (
  name text PRIMARY KEY,
  failures int NOT NULL,
  window_ms bigint NOT NULL
);
CREATE TABLE rule_span (
  name text PRIMARY KEY,
  ms bigint NOT NULL
);
CREATE FUNCTION rule_span_of(p_name text) RETURNS interval LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT ms * interval '1 millisecond' FROM rule_span WHERE name = p_name
$$;

-- What a login without a password is answered with, so that it looks like one with a password: derived from a secret of this store.
CREATE TABLE decoy_key (
  id int PRIMARY KEY CHECK (id = 1),
  key bytea NOT NULL
);
INSERT INTO decoy_key VALUES (1, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

-- An attempt that was let in: good for one password, for a minute.
CREATE TABLE sign_in_attempt (
  id uuid PRIMARY KEY,
  login text NOT NULL,
  address_group text NOT NULL,
  at timestamptz NOT NULL
);

-- Counts one attempt under a key. How long it is over its limit, ms; null while it is not.
CREATE FUNCTION sign_in_count(p_key text, p_rule text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_rule rule_guessing%ROWTYPE; v_failures int; v_end timestamptz;
BEGIN
  SELECT * INTO STRICT v_rule FROM rule_guessing WHERE name = p_rule;
  INSERT INTO sign_in_limit AS l (key, failures, window_end)
  VALUES (p_key, 1, clock_timestamp() + v_rule.window_ms * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN l.window_end <= clock_timestamp() THEN 1 ELSE l.failures + 1 END,
    window_end = CASE WHEN l.window_end <= clock_timestamp() THEN excluded.window_end ELSE l.window_end END
  RETURNING failures, window_end INTO v_failures, v_end;
  IF v_failures <= v_rule.failures THEN RETURN NULL; END IF;
  RETURN greatest(1, ceil(extract(epoch FROM v_end - clock_timestamp()) * 1000));
END $$;

-- Begins an attempt at a password: counted before anything is checked. Answers with what the password is hashed, alike for every
-- login, or how long to wait (ms). `p_group`: what of the address limits go by.
CREATE FUNCTION sign_in_begin(
  p_login text, p_address text, p_group text, OUT attempt uuid, OUT salt text, OUT parameters text, OUT wait_ms bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account account%ROWTYPE;
BEGIN
  wait_ms := sign_in_count('pair ' || p_group || ' ' || p_login, 'pair');
  IF wait_ms IS NOT NULL THEN RETURN; END IF;
  wait_ms := sign_in_count('address ' || p_group, 'address');
  IF wait_ms IS NOT NULL THEN RETURN; END IF;
  SELECT * INTO v_account FROM account WHERE login = p_login;
  wait_ms := sign_in_count('account ' || p_login, 'account');
  IF wait_ms IS NOT NULL THEN
    -- Somebody guesses at this account from many places. Its own people still get in from where they signed in before.
    IF NOT EXISTS (SELECT 1 FROM session s WHERE s.account_id = v_account.id AND s.address = p_address
                   AND s.created_at > clock_timestamp() - rule_span_of('known-address')) THEN RETURN; END IF;
    wait_ms := NULL;
  END IF;
  IF v_account.password_hash IS NOT NULL AND v_account.disabled_at IS NULL THEN
    parameters := split_part(v_account.password_hash, '$', 4);
    salt := split_part(v_account.password_hash, '$', 5);
  ELSE
    parameters := 'm=19456,t=2,p=1';
    SELECT rtrim(encode(substring(sha256(key || convert_to(p_login, 'UTF8')) FROM 1 FOR 16), 'base64'), '=') INTO salt FROM decoy_key;
  END IF;
  attempt := gen_random_uuid();
  DELETE FROM sign_in_attempt WHERE at < clock_timestamp() - interval '5 minutes';
  INSERT INTO sign_in_attempt VALUES (attempt, p_login, p_group, clock_timestamp());
END $$;

-- Does this output of argon2id prove the password of which this was kept?
CREATE FUNCTION password_proves(p_kept text, p_output bytea) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT COALESCE(p_kept LIKE '$argon2id-sha256$%'
    AND sha256(convert_to(split_part(p_kept, '$', 6), 'UTF8')) = sha256(convert_to(rtrim(encode(sha256(p_output), 'base64'), '='), 'UTF8')), false)
$$;

-- The account whose password an attempt proves, locked; no row when it proves none. The attempt is used up, and a right one takes back
-- what was counted for it.
CREATE FUNCTION sign_in_prove(p_attempt uuid, p_output bytea) RETURNS SETOF account
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_attempt sign_in_attempt%ROWTYPE; v_account account%ROWTYPE;
BEGIN
  DELETE FROM sign_in_attempt WHERE id = p_attempt AND at > clock_timestamp() - interval '1 minute' RETURNING * INTO v_attempt;
  IF NOT FOUND THEN RETURN; END IF;
  SELECT * INTO v_account FROM account WHERE login = v_attempt.login FOR UPDATE;
  IF NOT FOUND OR v_account.disabled_at IS NOT NULL OR NOT password_proves(v_account.password_hash, p_output) THEN RETURN; END IF;
  DELETE FROM sign_in_limit WHERE key = 'pair ' || v_attempt.address_group || ' ' || v_attempt.login;
  UPDATE sign_in_limit SET failures = failures - 1
  WHERE key IN ('address ' || v_attempt.address_group, 'account ' || v_attempt.login) AND failures > 0;
  RETURN NEXT v_account;
END $$;

CREATE FUNCTION session_insert(
  p_account uuid, p_token text, p_method text, p_authenticated_at timestamptz, p_limited boolean, p_user_agent text, p_address text
) RETURNS uuid LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO session (id, token_hash, account_id, method, created_at, last_seen_at, expires_at, user_agent, address,
    authenticated_at, authenticated_by, must_choose_password)
  SELECT gen_random_uuid(), encode(sha256(convert_to(p_token, 'UTF8')), 'hex'), p_account, p_method, now.at, now.at, now.at + rule_span_of('session-absolute'),
    left(p_user_agent, 300), p_address, CASE WHEN p_authenticated_at IS NOT NULL THEN least(p_authenticated_at, now.at) END, p_method, p_limited
  FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) now WHERE length(p_token) >= 32
  RETURNING id
$$;

-- Opens a session for whoever proves a password. One that an admin set opens one session, in which a new one must be chosen.
DROP FUNCTION session_start;
CREATE FUNCTION session_open_password(p_attempt uuid, p_output bytea, p_token text, p_user_agent text, p_address text, OUT session_id uuid, OUT refused text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account account%ROWTYPE;
BEGIN
  SELECT * INTO v_account FROM sign_in_prove(p_attempt, p_output);
  IF NOT FOUND THEN refused := 'wrong'; RETURN; END IF;
  IF v_account.password_once THEN
    IF v_account.password_used_at IS NOT NULL THEN refused := 'used'; RETURN; END IF;
    UPDATE account SET password_used_at = clock_timestamp() WHERE id = v_account.id;
  END IF;
  session_id := session_insert(v_account.id, p_token, 'password', clock_timestamp(), v_account.password_once, p_user_agent, p_address);
END $$;

-- Opens a session for whoever the identity provider vouched for, as the web proves that it did: for the account of this subject; or
-- for one that is made for, or connected by, an address of their own that the provider vouched for.
CREATE FUNCTION session_open_subject(
  p_issuer text, p_subject text, p_own_address text, p_name text, p_authenticated_ms bigint, p_token text, p_user_agent text,
  p_address text, p_at_ms bigint, p_proof text, OUT session_id uuid, OUT refused text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account account%ROWTYPE;
BEGIN
  IF NOT web_proves(p_proof, p_at_ms, 'open subject', p_issuer, p_subject, p_own_address, p_name, p_authenticated_ms::text, p_token) THEN
    refused := 'unproved'; RETURN;
  END IF;
  SELECT * INTO v_account FROM account WHERE oidc_issuer = p_issuer AND oidc_subject = p_subject FOR UPDATE;
  IF NOT FOUND AND p_own_address IS NOT NULL THEN
    -- Nobody acts here but whoever comes: what is made is made by nobody else.
    PERFORM set_config('warroom.person', '', true);
    INSERT INTO account (id, login, name, role, oidc_issuer, oidc_subject, verified_email)
    VALUES (gen_random_uuid(), p_own_address, p_name, 'viewer', p_issuer, p_subject, p_own_address)
    ON CONFLICT DO NOTHING RETURNING * INTO v_account;
    IF NOT FOUND THEN
      UPDATE account SET oidc_issuer = p_issuer, oidc_subject = p_subject, verified_email = p_own_address
      WHERE login = p_own_address AND oidc_subject IS NULL RETURNING * INTO v_account;
    END IF;
    -- Two first sign-ins at once: the other one made or connected it. Otherwise the address is another account's.
    IF NOT FOUND THEN SELECT * INTO v_account FROM account WHERE oidc_issuer = p_issuer AND oidc_subject = p_subject FOR UPDATE; END IF;
  END IF;
  IF v_account.id IS NULL THEN refused := 'refused'; RETURN; END IF;
  IF v_account.disabled_at IS NOT NULL THEN refused := 'disabled'; RETURN; END IF;
  PERFORM account_keep_address(v_account.id, p_own_address);
  session_id := session_insert(v_account.id, p_token, 'oidc', to_timestamp(p_authenticated_ms / 1000.0), false, p_user_agent, p_address);
END $$;

-- Keeps the address that single sign-on vouched for just now, unless another account has it.
CREATE FUNCTION account_keep_address(p_account uuid, p_own_address text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE account SET verified_email = p_own_address WHERE id = p_account AND verified_email IS DISTINCT FROM p_own_address AND p_own_address IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM account other WHERE other.id <> p_account AND (other.verified_email = p_own_address OR other.login = p_own_address))
$$;

-- One click of the lab, by the web's proof: only in a store that is for labs and nothing else.
CREATE FUNCTION session_open_lab(
  p_login text, p_name text, p_role account_role, p_token text, p_user_agent text, p_address text, p_at_ms bigint, p_proof text,
  OUT session_id uuid, OUT refused text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account account%ROWTYPE;
BEGIN
  IF NOT web_proves(p_proof, p_at_ms, 'open lab', p_login, p_name, p_role::text, p_token) THEN refused := 'unproved'; RETURN; END IF;
  IF NOT store_is_lab() THEN refused := 'not-lab'; RETURN; END IF;
  PERFORM set_config('warroom.person', '', true);
  INSERT INTO account (id, login, name, role) VALUES (gen_random_uuid(), p_login, p_name, p_role) ON CONFLICT DO NOTHING;
  SELECT * INTO v_account FROM account WHERE login = p_login FOR UPDATE;
  IF v_account.id IS NULL OR v_account.disabled_at IS NOT NULL OR v_account.role <> p_role OR v_account.has_password THEN refused := 'changed'; RETURN; END IF;
  session_id := session_insert(v_account.id, p_token, 'lab', clock_timestamp(), false, p_user_agent, p_address);
END $$;

CREATE FUNCTION store_is_lab() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT COALESCE(bool_and(kind IS NOT DISTINCT FROM 'lab'), false) FROM environment
$$;

-- The person of a session proves anew who they are: by a password (one for a single sign-in proves nothing), by single sign-on as
-- the web proves, or in a lab by one click. Answers null, or why not.
DROP FUNCTION session_authenticate;
CREATE FUNCTION session_confirm(p_token text, p_account uuid, p_method text, p_authenticated_at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  PERFORM 1 FROM session WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') FOR UPDATE;
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR v_me.limited THEN RETURN 'not-signed-in'; END IF;
  IF v_me.account_id IS DISTINCT FROM p_account THEN RETURN 'wrong'; END IF;
  UPDATE session SET authenticated_by = p_method, authenticated_at = greatest(authenticated_at, least(p_authenticated_at, clock_timestamp()))
  WHERE id = v_me.session_id;
  RETURN NULL;
END $$;

CREATE FUNCTION session_prove_password(p_token text, p_attempt uuid, p_output bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account account%ROWTYPE; v_me record;
BEGIN
  -- The session first, as whoever ends it does.
  PERFORM 1 FROM session WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') FOR UPDATE;
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR v_me.limited THEN RETURN 'not-signed-in'; END IF;
  SELECT * INTO v_account FROM sign_in_prove(p_attempt, p_output);
  IF NOT FOUND OR v_account.password_once THEN RETURN 'wrong'; END IF;
  RETURN session_confirm(p_token, v_account.id, 'password', clock_timestamp());
END $$;

CREATE FUNCTION session_prove_subject(
  p_token text, p_issuer text, p_subject text, p_own_address text, p_authenticated_ms bigint, p_at_ms bigint, p_proof text
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account uuid; v_refused text;
BEGIN
  IF NOT web_proves(p_proof, p_at_ms, 'prove subject', p_issuer, p_subject, p_own_address, p_authenticated_ms::text, p_token) THEN RETURN 'unproved'; END IF;
  SELECT id INTO v_account FROM account WHERE oidc_issuer = p_issuer AND oidc_subject = p_subject;
  v_refused := session_confirm(p_token, v_account, 'oidc', to_timestamp(p_authenticated_ms / 1000.0));
  IF v_refused IS NULL THEN PERFORM account_keep_address(v_account, p_own_address); END IF;
  RETURN v_refused;
END $$;

CREATE FUNCTION session_prove_lab(p_token text, p_at_ms bigint, p_proof text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_account uuid;
BEGIN
  IF NOT web_proves(p_proof, p_at_ms, 'prove lab', p_token) THEN RETURN 'unproved'; END IF;
  IF NOT store_is_lab() THEN RETURN 'not-lab'; END IF;
  SELECT account_id INTO v_account FROM session
  WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') AND method = 'lab';
  RETURN session_confirm(p_token, v_account, 'lab', clock_timestamp());
END $$;

-- With what the password of this session's person is hashed, to compare a new one with it; null when they have none.
CREATE FUNCTION session_salt(p_token text, OUT salt text, OUT parameters text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT split_part(a.password_hash, '$', 5), split_part(a.password_hash, '$', 4) INTO salt, parameters
  FROM session_person(p_token) me JOIN account a ON a.id = me.account_id WHERE a.password_hash IS NOT NULL;
END $$;

-- The new password of somebody who signed in with one for a single sign-in, as before; never the same one.
CREATE FUNCTION password_choose(p_token text, p_output bytea, p_password_hash text, p_body text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record;
BEGIN
  -- Changes of people follow one another; this comes before the session is held.
  PERFORM pg_advisory_xact_lock(7263118403);
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NOT NULL AND EXISTS (SELECT 1 FROM account WHERE id = v_me.account_id AND password_proves(password_hash, p_output)) THEN
    RETURN 'same';
  END IF;
  RETURN password_choose(p_token, p_password_hash, p_body);
END $$;

-- The session of a token, live or not, without what it is proved with.
CREATE FUNCTION session_of(p_token text) RETURNS TABLE (
  id uuid, account_id uuid, method text, last_seen_at timestamptz, expires_at timestamptz, revoked_at timestamptz, must_choose_password boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id, account_id, method, last_seen_at, expires_at, revoked_at, must_choose_password
  FROM session WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex')
$$;

-- Its person did something.
CREATE FUNCTION session_seen(p_token text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE session SET last_seen_at = clock_timestamp()
  WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') AND revoked_at IS NULL
    AND expires_at > clock_timestamp() AND last_seen_at > clock_timestamp() - rule_span_of('session-idle')
$$;

-- Signs out: the session ends by its own token.
CREATE FUNCTION session_end(p_token text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE session SET revoked_at = clock_timestamp() WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') AND revoked_at IS NULL
$$;

-- Ends a session of an account, or all of them; of one's own all but the one that asks. One's own, or as an admin. Returns how many.
CREATE FUNCTION sessions_end(p_token text, p_account uuid, p_session uuid) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_me record; v_ended int;
BEGIN
  SELECT * INTO v_me FROM person_who_may(p_token, 'view');
  IF v_me.id <> p_account THEN PERFORM person_who_may(p_token, 'manage-people'); END IF;
  UPDATE session SET revoked_at = clock_timestamp()
  WHERE account_id = p_account AND revoked_at IS NULL AND (id = p_session OR p_session IS NULL AND id <> v_me.session_id);
  GET DIAGNOSTICS v_ended = ROW_COUNT;
  RETURN v_ended;
END $$;

-- Somebody whom single sign-on named was refused: recorded once an hour, so that an admin can connect them.
CREATE FUNCTION sign_on_refused(p_issuer text, p_subject text, p_body text, p_at_ms bigint, p_proof text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT web_proves(p_proof, p_at_ms, 'record', p_body) THEN RETURN; END IF;
  IF sign_in_count('refused ' || p_issuer || ' ' || p_subject, 'refused') IS NULL THEN
    PERFORM record_append_service(p_body, p_at_ms, p_proof);
  END IF;
END $$;

-- An entry about what this person has just done, by a function that decided it: in the own name, and about a person, or about the very
-- answer that was given in this transaction.
CREATE OR REPLACE FUNCTION record_by(p_account uuid, p_body text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  v jsonb := p_body::jsonb; v_fits boolean;
BEGIN
  PERFORM record_names(p_body, p_account, (SELECT name FROM account WHERE id = p_account));
  v_fits := CASE split_part(v->>'kind', '.', 1)
    WHEN 'person' THEN v->>'runId' IS NULL AND v->>'stepId' IS NULL AND v->>'incidentId' IS NULL
    WHEN 'approval' THEN EXISTS (
      SELECT 1 FROM approval a WHERE a.id = v->'evidence'->>'approvalId' AND a.run_id = v->>'runId' AND a.step_id = v->>'stepId'
        AND a.decided_by_id = p_account::text AND v->>'kind' = CASE WHEN a.state = 'refused' THEN 'approval.refused'
          WHEN a.kind = 'break-glass' THEN 'approval.break-glass' ELSE 'approval.given' END)
    ELSE false END;
  IF v_fits IS NOT TRUE THEN
    RAISE EXCEPTION 'An entry of this kind is about something else' USING ERRCODE = 'WR403';
  END IF;
  PERFORM record_append(p_body);
END $$;

-- All that decides about people and approvals decides under the owner's rights.
DO $$
DECLARE
  v_function regprocedure;
BEGIN
  FOR v_function IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname IN (
    'approval_decide', 'person_acts', 'person_add', 'person_set_role', 'person_set_disabled', 'person_set_password', 'person_connect',
    'password_choose', 'passkey_add', 'passkey_remove', 'passkey_challenge')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = public, pg_temp', v_function);
  END LOOP;
END $$;

-- Forgets sessions that ended longer ago than this. Whatever is asked, none that has not ended goes.
CREATE FUNCTION session_forget(p_seconds double precision) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM session WHERE least(revoked_at, expires_at) < clock_timestamp() - make_interval(secs => greatest(p_seconds, 0))
$$;
