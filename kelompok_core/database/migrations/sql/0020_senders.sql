-- Whether the sender of an import could see all organizations at the time. For senders who see all of them, evidence by
-- senders who did not does not identify records. Earlier imports count as sent by someone who saw all.
ALTER TABLE imports ADD COLUMN sees_all boolean NOT NULL DEFAULT true;
ALTER TABLE imports ALTER COLUMN sees_all SET DEFAULT false;
CREATE INDEX imports_limited ON imports (id) WHERE NOT sees_all;
