-- What is stored of dates is a date, or nothing.

-- A month or day that was written as zero is one that nobody knows.
SELECT set_config('kelompok.actor', 'system:migration', true), set_config('kelompok.origin', 'migration', true);
UPDATE organizations
  SET founded_on = regexp_replace(founded_on, '-00.*$', ''), dissolved_on = regexp_replace(dissolved_on, '-00.*$', '')
  WHERE founded_on ~ '-00' OR dissolved_on ~ '-00';
ALTER TABLE organizations DROP CONSTRAINT organizations_founded_on_check, DROP CONSTRAINT organizations_dissolved_on_check;
ALTER TABLE organizations
  ADD CHECK (founded_on ~ '^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$'),
  ADD CHECK (dissolved_on ~ '^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$');

-- A post that a person publishes was published now. When a source's post was, only the source knows.
ALTER TABLE posts DROP CONSTRAINT posts_check;
DROP TRIGGER date_publication ON posts;
CREATE TRIGGER date_publication BEFORE INSERT ON posts FOR EACH ROW
  WHEN (NEW.status = 'published' AND NEW.published_at IS NULL
        AND coalesce(current_setting('kelompok.import', true), '') = '')
  EXECUTE FUNCTION date_publication();
CREATE TRIGGER date_publication_later BEFORE UPDATE ON posts FOR EACH ROW
  WHEN (NEW.status = 'published' AND OLD.status <> 'published' AND NEW.published_at IS NULL
        AND coalesce(current_setting('kelompok.import', true), '') = '')
  EXECUTE FUNCTION date_publication();

-- Rows of an id that a file used for two records: the next files of the source are held against them.
CREATE INDEX import_decisions_duplicates ON import_decisions (import_id, revision, record)
  WHERE reason = 'id.duplicate_in_file';

-- Where in the code a failure came from; never what the error said, which may quote a row.
ALTER TABLE imports ADD failure_trace text;
ALTER TABLE enrichments ADD failure_trace text;
