-- What people decide of rows that were parked: decisions of negative revisions (one a row:
-- minus its record number), with who and why.

ALTER TABLE import_decisions ADD COLUMN decided_by uuid REFERENCES users (id) ON DELETE RESTRICT;
ALTER TABLE import_decisions ADD COLUMN decided_at timestamptz;
ALTER TABLE import_decisions ADD COLUMN note text;
ALTER TABLE import_decisions ADD CHECK ((revision < 0) = (decided_by IS NOT NULL));
CREATE INDEX import_decisions_waiting ON import_decisions (import_id, revision, record) WHERE decision = 'review';
CREATE INDEX import_decisions_by_people ON import_decisions (import_id, record) WHERE revision < 0;
