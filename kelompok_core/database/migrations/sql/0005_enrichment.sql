-- Enrichment: runs, the records they have seen, and signals: goals in sdgs_signals, everything else in
-- profile_signals. A signal is a plugin's (origin is its name) or a person's (origin is «person»).

-- As before, but for tables that have a column called origin themselves.
CREATE OR REPLACE FUNCTION record_audit() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  actor text := nullif(current_setting('kelompok.actor', true), '');
  origin text := nullif(current_setting('kelompok.origin', true), '');
  import_id uuid := nullif(current_setting('kelompok.import', true), '')::uuid;
  plugin text := nullif(current_setting('kelompok.plugin', true), '');
  request_id text := nullif(current_setting('kelompok.request', true), '');
  secrets text[] := ARRAY['password_hash', 'key_sha256'];
BEGIN
  IF actor IS NULL OR origin IS NULL THEN
    RAISE EXCEPTION 'unaudited write to % refused: the transaction names no actor and origin', TG_TABLE_NAME
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Write through the services, or set kelompok.actor and kelompok.origin for the transaction.';
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO public.audit_logs (action, entity, record_id, actor, origin, import_id, plugin, request_id, after)
      SELECT 'create', TG_TABLE_NAME, n.id, actor, origin, import_id, plugin, request_id, to_jsonb(n) - secrets
      FROM new_rows n;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO public.audit_logs
        (action, entity, record_id, actor, origin, import_id, plugin, request_id, before, after)
      SELECT 'update', TG_TABLE_NAME, n.id, actor, origin, import_id, plugin, request_id,
             to_jsonb(o) - secrets, to_jsonb(n) - secrets
      FROM new_rows n JOIN old_rows o ON o.id = n.id;
  ELSE
    INSERT INTO public.audit_logs (action, entity, record_id, actor, origin, import_id, plugin, request_id, before)
      SELECT 'delete', TG_TABLE_NAME, o.id, actor, origin, import_id, plugin, request_id, to_jsonb(o) - secrets
      FROM old_rows o;
  END IF;
  RETURN NULL;
END
$$;

CREATE TABLE enrichments (
  id uuid PRIMARY KEY DEFAULT new_id(),
  state text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'running', 'done', 'failed', 'undone')),
  plugin text NOT NULL,
  plugin_version text NOT NULL,
  job text NOT NULL,
  actor_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  organization_id uuid,
  import_id uuid,
  changed_since timestamptz,
  dry_run boolean NOT NULL DEFAULT false,
  again boolean NOT NULL DEFAULT false,
  config jsonb NOT NULL DEFAULT '{}',
  counts jsonb NOT NULL DEFAULT '{}',
  failure text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  undone_by uuid REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX enrichments_created ON enrichments (created_at DESC);

-- What each plugin made of which text, last time: the same text and method are not looked at again.
CREATE TABLE enriched_records (
  plugin text NOT NULL,
  entity text NOT NULL,
  record_id uuid NOT NULL,
  method text NOT NULL,
  text_sha256 bytea NOT NULL,
  enrichment_id uuid NOT NULL,
  PRIMARY KEY (plugin, entity, record_id)
);

ALTER TABLE sdgs_signals ADD COLUMN organization_id uuid NOT NULL;
CREATE INDEX sdgs_signals_organization ON sdgs_signals (organization_id);

CREATE TABLE profile_signals (
  id uuid PRIMARY KEY DEFAULT new_id(),
  entity text NOT NULL,
  record_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  property text NOT NULL CHECK (property <> ''),
  value text NOT NULL CHECK (value <> ''),
  confidence real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  field text NOT NULL,
  evidence jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(evidence) = 'array'),
  origin text NOT NULL,
  origin_version text,
  text_sha256 bytea,
  status text NOT NULL DEFAULT 'present' CHECK (status IN ('present', 'removed')),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (entity, record_id, property, value, origin)
);
CREATE INDEX profile_signals_organization ON profile_signals (organization_id);

CREATE TRIGGER audit_insert AFTER INSERT ON profile_signals REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION record_audit();
CREATE TRIGGER audit_update AFTER UPDATE ON profile_signals REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION record_audit();
CREATE TRIGGER audit_delete AFTER DELETE ON profile_signals REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION record_audit();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON profile_signals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER count_version BEFORE UPDATE ON profile_signals
  FOR EACH ROW EXECUTE FUNCTION count_version();

-- Undo reads what a run wrote from the audit; imports have an index of their own.
CREATE INDEX audit_logs_enrichment ON audit_logs (request_id) WHERE origin = 'enrichment';

-- The summary of an organization's goals: by its own texts and people first, then by its public posts and events.
CREATE FUNCTION refresh_sdgs(changed uuid[]) RETURNS void LANGUAGE sql AS $$
  WITH present AS (
    SELECT s.organization_id, s.goal, s.confidence, s.origin,
           s.entity = 'organizations' OR s.origin = 'person' AS own
    FROM sdgs_signals s
    LEFT JOIN posts p ON s.entity = 'posts' AND p.id = s.record_id
    LEFT JOIN events e ON s.entity = 'events' AND e.id = s.record_id
    WHERE s.organization_id = ANY (changed) AND s.status = 'present'
      AND (s.entity = 'organizations' OR p.status = 'published' OR e.status <> 'draft')
  ), goals AS (
    SELECT organization_id, goal, bool_or(own) AS own,
           coalesce(max(confidence) FILTER (WHERE own), max(confidence)) AS confidence,
           array_agg(DISTINCT origin ORDER BY origin) AS origins, count(*) FILTER (WHERE NOT own) AS elsewhere
    FROM present GROUP BY organization_id, goal
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY organization_id
                                 ORDER BY own DESC, confidence DESC, elsewhere DESC, goal) AS rank
    FROM goals
  ), summary AS (
    SELECT organization_id, jsonb_object_agg(goal::text, jsonb_build_object(
             'rank', rank, 'confidence', round(confidence::numeric, 2), 'own', own, 'origins', to_jsonb(origins),
             'posts_and_events', elsewhere)) AS data
    FROM ranked GROUP BY organization_id
  )
  UPDATE organizations o SET sdgs_data = coalesce(s.data, '{}')
  FROM unnest(changed) AS c (id) LEFT JOIN summary s ON s.organization_id = c.id
  WHERE o.id = c.id AND o.sdgs_data IS DISTINCT FROM coalesce(s.data, '{}')
$$;

CREATE FUNCTION keep_sdgs_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM refresh_sdgs(ARRAY(SELECT DISTINCT organization_id FROM new_rows ORDER BY 1));
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM refresh_sdgs(ARRAY(SELECT DISTINCT organization_id FROM old_rows ORDER BY 1));
  ELSE
    PERFORM refresh_sdgs(ARRAY(SELECT DISTINCT n.organization_id FROM new_rows n JOIN old_rows o ON o.id = n.id
                               WHERE (n.status, n.confidence) IS DISTINCT FROM (o.status, o.confidence) ORDER BY 1));
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER sdgs_insert AFTER INSERT ON sdgs_signals REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_sdgs_in_step();
CREATE TRIGGER sdgs_update AFTER UPDATE ON sdgs_signals REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_sdgs_in_step();
CREATE TRIGGER sdgs_delete AFTER DELETE ON sdgs_signals REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_sdgs_in_step();

-- A post or event that is published, or no longer is, counts or counts no longer.
CREATE FUNCTION publish_sdgs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed uuid[] := ARRAY(
    SELECT DISTINCT s.organization_id FROM new_rows n JOIN old_rows o ON o.id = n.id AND o.status <> n.status
    JOIN sdgs_signals s ON s.entity = TG_TABLE_NAME AND s.record_id = n.id ORDER BY 1);
BEGIN
  IF cardinality(changed) > 0 THEN
    PERFORM refresh_sdgs(changed);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER sdgs_publish AFTER UPDATE ON posts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION publish_sdgs();
CREATE TRIGGER sdgs_publish AFTER UPDATE ON events REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION publish_sdgs();

-- Signals go with their record.
CREATE FUNCTION remove_signals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM sdgs_signals s USING old_rows o WHERE s.entity = TG_TABLE_NAME AND s.record_id = o.id;
  DELETE FROM profile_signals s USING old_rows o WHERE s.entity = TG_TABLE_NAME AND s.record_id = o.id;
  DELETE FROM enriched_records s USING old_rows o WHERE s.entity = TG_TABLE_NAME AND s.record_id = o.id;
  RETURN NULL;
END
$$;
DO $$
DECLARE
  enriched text;
BEGIN
  FOREACH enriched IN ARRAY ARRAY['organizations', 'members', 'posts', 'events']
  LOOP
    EXECUTE format('CREATE TRIGGER signals_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION remove_signals()', enriched);
  END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON profile_signals, enriched_records TO kelompok_runtime;
GRANT SELECT, INSERT, UPDATE ON enrichments TO kelompok_runtime;
