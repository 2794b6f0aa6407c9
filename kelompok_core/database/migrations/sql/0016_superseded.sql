-- Rows that waited for a person when a later row of their source took their place. They wait no more while the import
-- that brought it stands; undone, it did not bring it, and they wait again.
CREATE TABLE import_superseded (
  import_id uuid NOT NULL,
  record integer NOT NULL,
  by_import uuid NOT NULL,
  by_record integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (import_id, record, by_import)
);
GRANT SELECT, INSERT ON import_superseded TO kelompok_runtime;
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON import_superseded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What could not be taken back is tried again by a later undo of the import: the last attempt tells how a record stands.
ALTER TABLE import_reversals ADD COLUMN attempt integer NOT NULL DEFAULT 1;
ALTER TABLE import_reversals DROP CONSTRAINT import_reversals_pkey, ADD PRIMARY KEY (import_id, record_id, attempt);

-- Rows that contradicted another of their record: the next files of the source are held against them.
DROP INDEX import_decisions_duplicates;
CREATE INDEX import_decisions_contesting ON import_decisions (import_id, revision, record)
  WHERE reason IN ('id.duplicate_in_file', 'dup.conflict_in_file', 'dup.conflict_before', 'match.shared_key');
