-- Taking imports back: what became of each record an undone import had written.

ALTER TABLE imports ADD COLUMN undone_at timestamptz;
ALTER TABLE imports ADD COLUMN undone_by uuid REFERENCES users (id) ON DELETE RESTRICT;

-- deleted: it was the import's own; restored: fields have their old value back; kept: changed since; refused: other
-- records need it.
CREATE TABLE import_reversals (
  import_id uuid NOT NULL REFERENCES imports (id) ON DELETE RESTRICT,
  record_id uuid NOT NULL,
  label text,
  outcome text NOT NULL CHECK (outcome IN ('deleted', 'restored', 'kept', 'refused')),
  reason text,
  restored text[] NOT NULL DEFAULT '{}',
  kept text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (import_id, record_id)
);
GRANT SELECT, INSERT ON import_reversals TO kelompok_runtime;
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON import_reversals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The same raw row may be evidence of a record that was taken back and of the one that took its place.
ALTER TABLE source_records DROP CONSTRAINT source_records_entity_source_name_identity_raw_sha256_key;
ALTER TABLE source_records ADD UNIQUE (entity, source_name, identity, raw_sha256, record_id);
