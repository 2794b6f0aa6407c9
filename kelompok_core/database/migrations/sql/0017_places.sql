-- Lets a backup be restored elsewhere: received files are found by content, and plans are pinned to an epoch.

-- A received file is found by its SHA-256 in the configured storage. A stored URL would point to the installation that
-- received the file.
DO $$
DECLARE
  other text := (SELECT file_url FROM imports
                 WHERE file_url NOT LIKE '%/sha256/' || left(encode(file_sha256, 'hex'), 2) || '/'
                       || encode(file_sha256, 'hex') LIMIT 1);
BEGIN
  IF other IS NOT NULL THEN
    RAISE EXCEPTION 'a received file is not kept under its SHA-256: %', other
      USING HINT = 'Move it to sha256/<first two digits>/<SHA-256> in the folder for received files and correct its file_url.';
  END IF;
END
$$;
ALTER TABLE imports DROP COLUMN file_url;

-- The server's system identifier, set by initdb; 0 where a managed server does not reveal it.
CREATE FUNCTION server_identifier() RETURNS bigint
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT system_identifier FROM pg_control_system());
EXCEPTION WHEN insufficient_privilege THEN
  RETURN 0;
END
$$;

-- Transaction ids can be compared only on the server that assigned them. An epoch is the period in which they can: it
-- ends when the database is restored or found on another server.
CREATE TABLE installation (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  server_identifier bigint NOT NULL,
  -- Added to the server's transaction ids, so that the ids in the audit keep rising when a new server starts over.
  transaction_offset bigint NOT NULL DEFAULT 0,
  begun_at timestamptz NOT NULL DEFAULT now(),
  restored_from text
);

-- NULL when the database came to this server other than by a restore: then no plan belongs to this epoch.
CREATE FUNCTION current_epoch() RETURNS uuid
  LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT epoch FROM public.installation WHERE server_identifier = public.server_identifier()
$$;

-- Begins an epoch, as the owner: after a restore, or when the database is found on another server.
CREATE FUNCTION begin_epoch(restored_from text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  newest bigint := coalesce((SELECT max(transaction_id) FROM public.audit_logs), 0);
  shift bigint := CASE WHEN newest >= pg_current_xact_id()::text::bigint THEN newest ELSE 0 END;
BEGIN
  DELETE FROM public.installation;
  INSERT INTO public.installation (server_identifier, transaction_offset, restored_from)
  VALUES (public.server_identifier(), shift, restored_from);
  EXECUTE format('ALTER TABLE public.audit_logs ALTER transaction_id SET DEFAULT pg_current_xact_id()::text::bigint%s',
                 CASE WHEN shift > 0 THEN ' + ' || shift ELSE '' END);
END
$$;
SELECT begin_epoch();

-- NULL for plans from before epochs existed: they are recomputed before they are applied.
ALTER TABLE imports ADD COLUMN plan_epoch uuid;

REVOKE ALL ON FUNCTION server_identifier(), current_epoch(), begin_epoch(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION server_identifier(), current_epoch() TO kelompok_runtime;
GRANT SELECT ON installation TO kelompok_runtime;
