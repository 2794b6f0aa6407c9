-- The queue: an import with queued_at waits for a worker, or is worked on by leased_by. The fence counts who has had
-- it: who holds an older number may no longer write.

CREATE TABLE workers (
  id uuid PRIMARY KEY DEFAULT new_id(),
  host text NOT NULL,
  pid integer NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE imports
  ADD COLUMN key_id uuid REFERENCES api_keys (id) ON DELETE RESTRICT,
  ADD COLUMN approved_key_id uuid REFERENCES api_keys (id) ON DELETE RESTRICT,
  ADD COLUMN cancelled_by uuid REFERENCES users (id) ON DELETE RESTRICT,
  ADD COLUMN failure_code text,
  ADD COLUMN failure_hint text,
  ADD COLUMN queued_at timestamptz,
  ADD COLUMN leased_by uuid,
  ADD COLUMN fence integer NOT NULL DEFAULT 0,
  ADD COLUMN attempts integer NOT NULL DEFAULT 0;

CREATE INDEX imports_queue ON imports (queued_at) WHERE queued_at IS NOT NULL;
CREATE INDEX imports_organization ON imports (organization_id, id);

-- A worker is alive while its own session holds its lock and it was seen lately. A killed one loses the lock at once;
-- a frozen one is not seen.
CREATE FUNCTION worker_lives(worker uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM workers w
    JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('worker:' || w.id, 0)
    WHERE w.id = worker AND w.seen_at > now() - interval '30 seconds')
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO kelompok_runtime;
