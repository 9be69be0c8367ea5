-- What a sender calls an alert, so that many of one kind are one group. Empty for those that came before, and for senders
-- that name none: then the title stands in.
ALTER TABLE alert ADD COLUMN name text;
CREATE INDEX alert_open_idx ON alert (environment) WHERE dismissed_at IS NULL AND incident_number IS NULL AND resolved_at IS NULL;
