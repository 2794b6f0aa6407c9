-- The error file of an import: with wanted_at set it waits for a worker, or leased_by is writing it. The latest file is in
-- storage under file_id; content identifies its plan and decided rows, so that an outdated file can be recognised.
CREATE TABLE error_files (
  import_id uuid PRIMARY KEY REFERENCES imports (id) ON DELETE CASCADE,
  wanted_at timestamptz,
  leased_by uuid,
  attempts integer NOT NULL DEFAULT 0,
  content text,
  file_id uuid,
  tried_at timestamptz,
  failure text,
  failure_hint text
);
CREATE INDEX error_files_wanted ON error_files (wanted_at) WHERE wanted_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON error_files TO kelompok_runtime;
