-- Whether whoever sent an import saw all organizations then: what others said of a list tells those who see all of them
-- not which record is which. Imports of before are taken for theirs.
ALTER TABLE imports ADD COLUMN sees_all boolean NOT NULL DEFAULT true;
ALTER TABLE imports ALTER COLUMN sees_all SET DEFAULT false;
CREATE INDEX imports_limited ON imports (id) WHERE NOT sees_all;
