-- Which way out of an incident people have decided for. The record has every decision; the incident has the one that counts.
CREATE DOMAIN incident_decided AS jsonb CONSTRAINT incident_decided CHECK (VALUE IS NULL OR COALESCE(
  VALUE->>'option' <> '' AND VALUE->>'title' <> '' AND VALUE->>'reason' <> '' AND VALUE->'by'->>'id' <> '' AND VALUE->'by'->>'name' <> ''
  AND jsonb_typeof(VALUE->'at') = 'number', false));
ALTER TABLE incident ADD COLUMN decided incident_decided;
