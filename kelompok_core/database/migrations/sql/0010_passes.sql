-- A digest of all that reading a source rested on; null until its rows are all staged. Imports with the same one have
-- the same rows, and the later need not read them.
ALTER TABLE imports ADD COLUMN pass_sha256 bytea;
CREATE INDEX imports_pass ON imports (pass_sha256, created_at) WHERE pass_sha256 IS NOT NULL;
