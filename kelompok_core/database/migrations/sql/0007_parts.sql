-- Parts of an import that several machines read: one row for each that has come to the end of the source.

CREATE TABLE import_parts (
  import_id uuid NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  parts integer NOT NULL CHECK (parts > 0),
  number integer NOT NULL CHECK (number BETWEEN 1 AND parts),
  rows_read integer NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (import_id, parts, number)
);

GRANT SELECT, INSERT, UPDATE ON import_parts TO kelompok_runtime;
