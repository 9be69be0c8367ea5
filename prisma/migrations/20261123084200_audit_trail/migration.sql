-- The audit trail shows what people did to people, settings and links, and who approved what, without walking past the
-- thousands of entries of incidents and runs between them. Entries of those cost nothing here.
CREATE INDEX record_entry_audit_idx ON record_entry (n)
  WHERE split_part(kind, '.', 1) NOT IN ('incident', 'run', 'step', 'effect');
