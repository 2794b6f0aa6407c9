-- What a source said stays as it was read: nobody changes it. That it was said again is told beside it, in one narrow
-- row for each that was, so that a list that comes again does not write its evidence anew.

CREATE TABLE source_sightings (
  evidence_id bigint PRIMARY KEY,  -- of source_records, where nothing is ever removed: checking it would double the cost
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  last_import_id uuid NOT NULL,
  last_record integer NOT NULL,
  reading_sha256 bytea NOT NULL
) WITH (fillfactor = 50);  -- With room on its page a row need not leave it when it changes.

INSERT INTO source_sightings (evidence_id, last_seen_at, last_import_id, last_record, reading_sha256)
SELECT id, last_seen_at, last_import_id, last_record, reading_sha256
FROM source_records WHERE last_import_id <> import_id;

-- How the evidence stands today. Its own last_record and reading_sha256 are those of the import that first said it.
ALTER TABLE source_records DROP COLUMN last_seen_at, DROP COLUMN last_import_id;
ALTER TABLE source_records RESET (fillfactor);
CREATE VIEW evidence AS
SELECT s.id, s.entity, s.record_id, s.source_name, s.identity, s.external_id, s.raw, s.raw_sha256, s.file_name,
       s.file_sha256, s.record, s.line, s.selector, s.plugin, s.plugin_version, s.import_id, s.first_seen_at,
       coalesce(g.last_seen_at, s.first_seen_at) AS last_seen_at,
       coalesce(g.last_import_id, s.import_id) AS last_import_id,
       coalesce(g.last_record, s.last_record) AS last_record,
       coalesce(g.reading_sha256, s.reading_sha256) AS reading_sha256
FROM source_records s LEFT JOIN source_sightings g ON g.evidence_id = s.id;

REVOKE UPDATE (last_record, reading_sha256) ON source_records FROM kelompok_runtime;
GRANT SELECT ON evidence TO kelompok_runtime;
GRANT SELECT, INSERT, UPDATE ON source_sightings TO kelompok_runtime;

DROP TRIGGER no_removal ON source_records;
CREATE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON source_records
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_removal BEFORE DELETE OR TRUNCATE ON source_sightings
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
