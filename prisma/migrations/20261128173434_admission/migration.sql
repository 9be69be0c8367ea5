-- AlterTable
ALTER TABLE "preflight" ADD COLUMN     "asker_ids" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "digest" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "taken_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "admission" (
    "key" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "admission_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "preflight_digest_idx" ON "preflight"("digest");

-- How long somebody must wait before the next one of a kind, ms; 0 when it is let in now, and then it is counted. So many at
-- once (p_burst), and one more in each p_every_ms. One statement decides, so that many at the same time count as many.
CREATE FUNCTION admit(p_key text, p_burst int, p_every_ms int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_every interval := p_every_ms * interval '1 millisecond';
  v_until timestamptz;
BEGIN
  INSERT INTO admission AS a (key, until) VALUES (p_key, clock_timestamp() + v_every)
  ON CONFLICT (key) DO UPDATE SET until = greatest(a.until, clock_timestamp()) + v_every
    WHERE greatest(a.until, clock_timestamp()) <= clock_timestamp() + (p_burst - 1) * v_every
  RETURNING until INTO v_until;
  IF FOUND THEN RETURN 0; END IF;
  SELECT until INTO STRICT v_until FROM admission WHERE key = p_key;
  RETURN greatest(1, ceil(extract(epoch FROM v_until - (p_burst - 1) * v_every - clock_timestamp()) * 1000));
END $$;

-- Asks for a look at the prerequisites and answers by which id it is read. Whoever asks what somebody else waits for, or was
-- told a moment ago (p_fresh_ms), has that answer. A person waits for one answer only: what was asked before and nobody has
-- begun with, and nobody else waits for, gives way.
CREATE FUNCTION preflight_ask(
  p_id text, p_procedure text, p_inputs jsonb, p_mode text, p_digest text, p_asker text, p_waits_ms int, p_fresh_ms int
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_same text;
BEGIN
  -- One at a time: two that ask the same at the same moment must find each other.
  PERFORM pg_advisory_xact_lock(hashtextextended('preflight', 0));
  DELETE FROM preflight WHERE asked_at < clock_timestamp() - interval '1 hour';
  SELECT id INTO v_same FROM preflight
  WHERE digest = p_digest AND (
    (state = 'asked' AND asked_at > clock_timestamp() - p_waits_ms * interval '1 millisecond')
    OR (state = 'running' AND taken_at > clock_timestamp() - p_waits_ms * interval '1 millisecond')
    OR (state = 'done' AND finished_at > clock_timestamp() - p_fresh_ms * interval '1 millisecond'))
  ORDER BY asked_at DESC LIMIT 1;
  UPDATE preflight SET asker_ids = array_remove(asker_ids, p_asker)
  WHERE state = 'asked' AND p_asker = ANY (asker_ids) AND id IS DISTINCT FROM v_same;
  UPDATE preflight SET state = 'failed', finished_at = clock_timestamp(),
    error = 'A newer question of the same person took its place.'
  WHERE state = 'asked' AND asker_ids = '{}' AND digest <> '';
  IF v_same IS NOT NULL THEN
    UPDATE preflight SET asker_ids = asker_ids || p_asker WHERE id = v_same AND NOT p_asker = ANY (asker_ids);
    RETURN v_same;
  END IF;
  INSERT INTO preflight (id, procedure_id, inputs, mode, digest, asked_by_id, asker_ids, asked_at, state, checks)
  VALUES (p_id, p_procedure, p_inputs, p_mode, p_digest, p_asker, ARRAY[p_asker], clock_timestamp(), 'asked', '[]');
  RETURN p_id;
END $$;
