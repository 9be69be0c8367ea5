-- AlterTable
ALTER TABLE "account" ADD COLUMN     "oidc_by_admin" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "password_once" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "password_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "verified_email" TEXT;

-- AlterTable
ALTER TABLE "session" ADD COLUMN     "authenticated_at" TIMESTAMPTZ(3),
ADD COLUMN     "authenticated_by" TEXT,
ADD COLUMN     "challenge" TEXT,
ADD COLUMN     "challenge_at" TIMESTAMPTZ(3),
ADD COLUMN     "must_choose_password" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "approval" ADD COLUMN     "assertion" JSONB;

-- CreateTable
CREATE TABLE "passkey" (
    "id" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "public_key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "transports" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "passkey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_identity" (
    "key" TEXT NOT NULL,
    "account_id" UUID NOT NULL,

    CONSTRAINT "account_identity_pkey" PRIMARY KEY ("key","account_id")
);

-- CreateTable
CREATE TABLE "account_change" (
    "id" BIGSERIAL NOT NULL,
    "account_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "by_id" UUID,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "account_change_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "passkey_account_id_idx" ON "passkey"("account_id");

-- CreateIndex
CREATE INDEX "account_identity_account_id_idx" ON "account_identity"("account_id");

-- CreateIndex
CREATE INDEX "account_change_at_idx" ON "account_change"("at");

-- CreateIndex
CREATE UNIQUE INDEX "account_verified_email_key" ON "account"("verified_email");

-- AddForeignKey
ALTER TABLE "passkey" ADD CONSTRAINT "passkey_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account_identity" ADD CONSTRAINT "account_identity_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What was done to an account, by whom. The person who acts is set by the functions below for their own transaction; a change
-- that comes any other way is nobody's.
CREATE FUNCTION account_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_by uuid := NULLIF(current_setting('warroom.person', true), '')::uuid;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO account_change (account_id, kind, by_id) VALUES (NEW.id, 'created', v_by);
  ELSE
    IF (NEW.password_hash, NEW.oidc_issuer, NEW.oidc_subject) IS DISTINCT FROM (OLD.password_hash, OLD.oidc_issuer, OLD.oidc_subject) THEN
      INSERT INTO account_change (account_id, kind, by_id) VALUES (NEW.id, 'credentials', v_by);
    END IF;
    IF NEW.role <> OLD.role THEN INSERT INTO account_change (account_id, kind, by_id) VALUES (NEW.id, 'role', v_by); END IF;
    IF OLD.disabled_at IS NOT NULL AND NEW.disabled_at IS NULL THEN
      INSERT INTO account_change (account_id, kind, by_id) VALUES (NEW.id, 'enabled', v_by);
    END IF;
  END IF;
  DELETE FROM account_identity WHERE account_id = NEW.id AND key NOT LIKE 'passkey %';
  INSERT INTO account_identity (account_id, key) SELECT NEW.id, key FROM identity_keys(NEW) AS key;
  RETURN NULL;
END $$;

CREATE FUNCTION passkey_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_by uuid := NULLIF(current_setting('warroom.person', true), '')::uuid;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM account_identity WHERE account_id = OLD.account_id AND key = 'passkey ' || OLD.id;
    INSERT INTO account_change (account_id, kind, by_id) VALUES (OLD.account_id, 'credentials', v_by);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO account_identity (account_id, key) VALUES (NEW.account_id, 'passkey ' || NEW.id);
    INSERT INTO account_change (account_id, kind, by_id) VALUES (NEW.account_id, 'credentials', v_by);
  END IF;
  RETURN NULL;
END $$;

-- One spelling for one mailbox or login: compatibility forms, case (ASCII), blanks and a +tag make no difference.
CREATE FUNCTION identity_address(p_address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT regexp_replace(lower(btrim(normalize(p_address, NFKC), E' \t\r\n') COLLATE "C"), '^([^+@]+)\+[^@]*@([^@]*)$', '\1@\2')
$$;

CREATE FUNCTION identity_keys(p account) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
  SELECT 'address ' || identity_address(p.login)
  UNION SELECT 'address ' || identity_address(p.verified_email) WHERE p.verified_email IS NOT NULL
  UNION SELECT 'subject ' || rtrim(p.oidc_issuer, '/') || ' ' || p.oidc_subject WHERE p.oidc_subject IS NOT NULL
$$;

INSERT INTO account_identity (account_id, key) SELECT account.id, key FROM account, identity_keys(account) AS key;
CREATE TRIGGER account_changes AFTER INSERT OR UPDATE ON account FOR EACH ROW EXECUTE FUNCTION account_changed();
CREATE TRIGGER passkey_changes AFTER INSERT OR UPDATE OR DELETE ON passkey FOR EACH ROW EXECUTE FUNCTION passkey_changed();

-- Whose session this token opens, while it lasts: ids are null when it opens none. `fresh`: the person proved within five minutes
-- who they are. `limited`: opened by a password for one sign-in, good for choosing a new one. Account and session stay as they are
-- until the transaction ends.
CREATE FUNCTION session_person(
  p_token text, OUT account_id uuid, OUT session_id uuid, OUT role account_role, OUT fresh boolean, OUT limited boolean
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT a.id, s.id, a.role, COALESCE(s.authenticated_at > clock_timestamp() - interval '5 minutes', false), s.must_choose_password
  INTO account_id, session_id, role, fresh, limited
  FROM session s JOIN account a ON a.id = s.account_id
  WHERE s.token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') AND s.revoked_at IS NULL AND a.disabled_at IS NULL
    AND s.expires_at > clock_timestamp() AND s.last_seen_at > clock_timestamp() - interval '12 hours'
  FOR SHARE OF s, a;
END $$;

-- An entry of the record about what this person does; another person's name in it is refused.
CREATE FUNCTION record_by(p_account uuid, p_body text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (p_body::jsonb)->'actor'->>'id' IS DISTINCT FROM p_account::text THEN
    RAISE EXCEPTION 'An entry of the record names another person than the one who acts' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM record_append(p_body);
END $$;

-- Every account whose owner may be the human behind this one: by identity, or by having made or reset it within a day.
CREATE FUNCTION account_hands(p_account uuid, p_at timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE hand(id) AS (
    SELECT p_account
    UNION
    SELECT next.id FROM hand CROSS JOIN LATERAL (
      SELECT c.by_id FROM account_change c
      WHERE c.account_id = hand.id AND c.by_id IS NOT NULL AND c.kind IN ('created', 'credentials') AND c.at > p_at - interval '24 hours'
      UNION ALL
      SELECT other.account_id FROM account_identity mine JOIN account_identity other ON other.key = mine.key
      WHERE mine.account_id = hand.id
    ) next(id))
  SELECT id FROM hand
$$;

CREATE FUNCTION same_hand(p_a uuid, p_b uuid, p_at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT account_hands(p_a, p_at) INTERSECT SELECT account_hands(p_b, p_at))
$$;

-- Why this account is no second person for what the starter began; null when they are two people. The same rule as
-- secondPersonRefusal in lib/domain/people/second-person.ts.
CREATE FUNCTION second_person_refusal(p_starter text, p_other uuid, p_at timestamptz) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_starter uuid;
BEGIN
  IF p_starter = p_other::text THEN RETURN 'starter'; END IF;
  IF p_starter !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN RETURN NULL; END IF;
  v_starter := p_starter::uuid;
  IF EXISTS (SELECT 1 FROM account_identity a JOIN account_identity b ON b.key = a.key
             WHERE a.account_id = v_starter AND b.account_id = p_other) THEN RETURN 'same-identity'; END IF;
  IF same_hand(v_starter, p_other, p_at) THEN RETURN 'same-hand'; END IF;
  IF EXISTS (SELECT 1 FROM account_change c WHERE c.account_id = p_other AND c.by_id <> p_other AND c.at > p_at - interval '24 hours'
             AND same_hand(v_starter, c.by_id, p_at)) THEN RETURN 'favour'; END IF;
  RETURN NULL;
END $$;

-- A person's answer to a request for approval, once: by a live session of an enabled account whose role may give it, in the
-- environment of the run, to the very digest that the person saw, in time, and in a two-person run by a second person
-- (break-glass apart). A yes takes proof within five minutes of who gives it, or a passkey's signature over it, which the runner
-- verifies. Answers null, or why not.
CREATE FUNCTION approval_decide(
  p_token text, p_environment text, p_approval text, p_state text, p_kind text, p_reason text, p_digest text, p_assertion jsonb,
  p_body text
) RETURNS text LANGUAGE plpgsql AS $$
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

-- Opens a session. `p_proof` is the hash that the password matched: one that was replaced meanwhile opens nothing, and one for a
-- single sign-in opens one session, in which a new password must be chosen.
CREATE FUNCTION session_start(
  p_token text, p_account uuid, p_method text, p_proof text, p_authenticated_at timestamptz, p_now timestamptz, p_expires_at timestamptz,
  p_user_agent text, p_address text, OUT session_id uuid, OUT refused text
) LANGUAGE plpgsql AS $$
DECLARE
  v_account account%ROWTYPE; v_once boolean := false;
BEGIN
  SELECT * INTO v_account FROM account WHERE id = p_account FOR UPDATE;
  IF NOT FOUND OR v_account.disabled_at IS NOT NULL THEN refused := 'disabled'; RETURN; END IF;
  IF p_proof IS NOT NULL THEN
    IF v_account.password_hash IS DISTINCT FROM p_proof THEN refused := 'changed'; RETURN; END IF;
    v_once := v_account.password_once;
    IF v_once AND v_account.password_used_at IS NOT NULL THEN refused := 'used'; RETURN; END IF;
    IF v_once THEN UPDATE account SET password_used_at = clock_timestamp() WHERE id = p_account; END IF;
  END IF;
  session_id := gen_random_uuid();
  INSERT INTO session (id, token_hash, account_id, method, created_at, last_seen_at, expires_at, user_agent, address,
    authenticated_at, authenticated_by, must_choose_password)
  VALUES (session_id, encode(sha256(convert_to(p_token, 'UTF8')), 'hex'), p_account, p_method, p_now, p_now, p_expires_at, p_user_agent, p_address,
    CASE WHEN p_authenticated_at < clock_timestamp() THEN p_authenticated_at WHEN p_authenticated_at IS NOT NULL THEN clock_timestamp() END,
    p_method, v_once);
END $$;

-- The person of a session has proved anew who they are. `p_proof` as above; a password for one sign-in proves nothing.
CREATE FUNCTION session_authenticate(p_token text, p_method text, p_proof text, p_authenticated_at timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  PERFORM 1 FROM session WHERE token_hash = encode(sha256(convert_to(p_token, 'UTF8')), 'hex') FOR UPDATE;
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR v_me.limited THEN RETURN 'not-signed-in'; END IF;
  IF p_method = 'password' AND NOT EXISTS (SELECT 1 FROM account WHERE id = v_me.account_id AND password_hash = p_proof AND NOT password_once) THEN
    RETURN 'changed';
  END IF;
  UPDATE session SET authenticated_by = p_method,
    authenticated_at = CASE WHEN p_authenticated_at > clock_timestamp() THEN clock_timestamp() ELSE GREATEST(authenticated_at, p_authenticated_at) END
  WHERE id = v_me.session_id;
  RETURN NULL;
END $$;

-- Whoever changes people or their credentials: by a live session, of this role at least, who proved within five minutes who they
-- are. Changes of people follow one another. From here on this transaction's changes are this person's.
CREATE FUNCTION person_acts(p_token text, p_least account_role, OUT account_id uuid, OUT session_id uuid, OUT refused text) LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  PERFORM pg_advisory_xact_lock(7263118403);
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR v_me.limited THEN refused := 'not-signed-in'; RETURN; END IF;
  IF v_me.role < p_least THEN refused := 'not-allowed'; RETURN; END IF;
  IF NOT v_me.fresh THEN refused := 'not-fresh'; RETURN; END IF;
  account_id := v_me.account_id;
  session_id := v_me.session_id;
  PERFORM set_config('warroom.person', account_id::text, true);
END $$;

-- True when this is the last account that can manage people.
CREATE FUNCTION is_last_admin(p_account uuid) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT 1 FROM account WHERE id = p_account AND role = 'admin' AND disabled_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM account WHERE id <> p_account AND role = 'admin' AND disabled_at IS NULL)
$$;

CREATE FUNCTION person_add(p_token text, p_id uuid, p_login text, p_name text, p_role account_role, p_password_hash text, p_body text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'admin');
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  IF EXISTS (SELECT 1 FROM account WHERE login = p_login OR verified_email = p_login) THEN RETURN 'taken'; END IF;
  INSERT INTO account (id, login, name, role, password_hash, password_once)
  VALUES (p_id, p_login, p_name, p_role, p_password_hash, p_password_hash IS NOT NULL);
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

CREATE FUNCTION person_set_role(p_token text, p_account uuid, p_from account_role, p_to account_role, p_body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'admin');
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  IF p_to <> 'admin' AND is_last_admin(p_account) THEN RETURN 'last-admin'; END IF;
  UPDATE account SET role = p_to WHERE id = p_account AND role = p_from;
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

CREATE FUNCTION person_set_disabled(p_token text, p_account uuid, p_disabled boolean, p_body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'admin');
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  IF p_disabled AND is_last_admin(p_account) THEN RETURN 'last-admin'; END IF;
  UPDATE account SET disabled_at = CASE WHEN p_disabled THEN clock_timestamp() END
  WHERE id = p_account AND (disabled_at IS NULL) = p_disabled;
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  IF p_disabled THEN UPDATE session SET revoked_at = clock_timestamp() WHERE account_id = p_account AND revoked_at IS NULL; END IF;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

-- One's own password, or another person's, which then opens one session. All other sessions of the account end.
CREATE FUNCTION person_set_password(p_token text, p_account uuid, p_password_hash text, p_body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'viewer');
  IF v_me.refused IS NULL AND v_me.account_id <> p_account THEN SELECT * INTO v_me FROM person_acts(p_token, 'admin'); END IF;
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  UPDATE account SET password_hash = p_password_hash, password_once = (id <> v_me.account_id), password_used_at = NULL WHERE id = p_account;
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  UPDATE session SET revoked_at = clock_timestamp() WHERE account_id = p_account AND revoked_at IS NULL AND id <> v_me.session_id;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

-- The new password of somebody who signed in with one for a single sign-in; the session is a whole one from here on.
CREATE FUNCTION password_choose(p_token text, p_password_hash text, p_body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  PERFORM pg_advisory_xact_lock(7263118403);
  SELECT * INTO v_me FROM session_person(p_token);
  IF v_me.account_id IS NULL OR NOT v_me.limited THEN RETURN 'not-signed-in'; END IF;
  PERFORM set_config('warroom.person', v_me.account_id::text, true);
  UPDATE account SET password_hash = p_password_hash, password_once = false, password_used_at = NULL WHERE id = v_me.account_id;
  UPDATE session SET must_choose_password = false WHERE id = v_me.session_id;
  UPDATE session SET revoked_at = clock_timestamp() WHERE account_id = v_me.account_id AND revoked_at IS NULL AND id <> v_me.session_id;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

-- Connects an account with an identity of single sign-on, or (without a subject) disconnects it. Its sessions end.
CREATE FUNCTION person_connect(p_token text, p_account uuid, p_issuer text, p_subject text, p_body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'admin');
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  IF EXISTS (SELECT 1 FROM account WHERE oidc_issuer = p_issuer AND oidc_subject = p_subject AND id <> p_account) THEN RETURN 'taken'; END IF;
  UPDATE account SET oidc_issuer = p_issuer, oidc_subject = p_subject, oidc_by_admin = (p_subject IS NOT NULL), verified_email = NULL
  WHERE id = p_account AND (oidc_subject IS NULL) = (p_subject IS NOT NULL);
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  UPDATE session SET revoked_at = clock_timestamp() WHERE account_id = p_account AND revoked_at IS NULL AND id <> v_me.session_id;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

-- A passkey of one's own, for the challenge that this session was given within five minutes.
CREATE FUNCTION passkey_add(p_token text, p_challenge text, p_id text, p_public_key text, p_name text, p_transports jsonb, p_body text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'viewer');
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  UPDATE session SET challenge = NULL WHERE id = v_me.session_id AND challenge = p_challenge AND challenge_at > clock_timestamp() - interval '5 minutes';
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  IF EXISTS (SELECT 1 FROM passkey WHERE id = p_id) THEN RETURN 'taken'; END IF;
  INSERT INTO passkey (id, account_id, public_key, name, transports) VALUES (p_id, v_me.account_id, p_public_key, p_name, p_transports);
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

-- One's own passkey, or another person's, is forgotten.
CREATE FUNCTION passkey_remove(p_token text, p_id text, p_body text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record; v_owner uuid;
BEGIN
  SELECT account_id INTO v_owner FROM passkey WHERE id = p_id;
  SELECT * INTO v_me FROM person_acts(p_token, 'viewer');
  IF v_me.refused IS NULL AND v_me.account_id IS DISTINCT FROM v_owner THEN SELECT * INTO v_me FROM person_acts(p_token, 'admin'); END IF;
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  DELETE FROM passkey WHERE id = p_id;
  IF NOT FOUND THEN RETURN 'changed'; END IF;
  PERFORM record_by(v_me.account_id, p_body);
  RETURN NULL;
END $$;

-- What a new passkey of this session must sign.
CREATE FUNCTION passkey_challenge(p_token text, p_challenge text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_me record;
BEGIN
  SELECT * INTO v_me FROM person_acts(p_token, 'viewer');
  IF v_me.refused IS NOT NULL THEN RETURN v_me.refused; END IF;
  UPDATE session SET challenge = p_challenge, challenge_at = clock_timestamp() WHERE id = v_me.session_id;
  RETURN NULL;
END $$;
