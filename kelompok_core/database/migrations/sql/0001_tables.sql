-- Core tables: people and rights, the community's records, evidence, imports and their decisions.
-- Stable fields are columns; *_data and social_links hold what is dynamic. No table here is partitioned:
-- a write straight into a partition would pass the parent's statement triggers by.

-- Time-ordered ids keep the indexes of a bulk import dense; PostgreSQL 18 brings the function, older do not.
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS ''SELECT uuidv7()''';
  ELSE
    EXECUTE $f$
      CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $sql$
        SELECT encode(
          set_byte(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            6, 112 + (get_byte(uuid_send(gen_random_uuid()), 6) & 15)),
          'hex')::uuid
      $sql$
    $f$;
  END IF;
END
$$;

-- Folding rows of one group in order: the later value wins, or the earlier one does.
CREATE FUNCTION jsonb_later_wins(state jsonb, incoming jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT coalesce(state, ''{}'') || coalesce(incoming, ''{}'')';
CREATE FUNCTION jsonb_earlier_wins(state jsonb, incoming jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT coalesce(incoming, ''{}'') || coalesce(state, ''{}'')';
CREATE AGGREGATE jsonb_fold_last(jsonb) (sfunc = jsonb_later_wins, stype = jsonb);
CREATE AGGREGATE jsonb_fold_first(jsonb) (sfunc = jsonb_earlier_wins, stype = jsonb);

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT new_id(),
  email text NOT NULL CHECK (email = lower(email) AND position('@' IN email) > 1),
  name text NOT NULL CHECK (name <> ''),
  platform_role text CHECK (platform_role IN ('admin', 'steward')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  password_hash text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (email)
);

CREATE TABLE organizations (
  id uuid PRIMARY KEY DEFAULT new_id(),
  name text NOT NULL CHECK (name <> '' AND length(name) <= 500),
  slug text COLLATE "C" NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  legal_name text,
  description text,
  history text,
  category text,
  country text CHECK (country ~ '^[A-Z]{2}$'),
  region text,
  city text,
  address text,
  website_url text,
  official_email text,
  phone text,
  founded_on text CHECK (founded_on ~ '^\d{4}(-\d{2}(-\d{2})?)?$'),
  dissolved_on text CHECK (dissolved_on ~ '^\d{4}(-\d{2}(-\d{2})?)?$'),
  is_active boolean GENERATED ALWAYS AS (dissolved_on IS NULL) STORED,
  social_links jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(social_links) = 'object'),
  profile_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(profile_data) = 'object'),
  sdgs_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(sdgs_data) = 'object'),
  claim_status text NOT NULL DEFAULT 'unclaimed' CHECK (claim_status IN ('unclaimed', 'pending', 'claimed')),
  claimed_by_user_id uuid REFERENCES users (id) ON DELETE RESTRICT,
  claimed_at timestamptz,
  name_key text NOT NULL,
  website_key text,
  email_key text,
  field_origins jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (slug),
  CHECK ((claim_status = 'claimed') = (claimed_by_user_id IS NOT NULL))
);
CREATE INDEX organizations_name_key ON organizations (name_key);
CREATE INDEX organizations_website_key ON organizations (website_key) WHERE website_key IS NOT NULL;
CREATE INDEX organizations_email_key ON organizations (email_key) WHERE email_key IS NOT NULL;

CREATE TABLE organization_user_roles (
  id uuid PRIMARY KEY DEFAULT new_id(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  role text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, user_id)
);
CREATE INDEX organization_user_roles_user ON organization_user_roles (user_id);

CREATE TABLE api_keys (
  id uuid PRIMARY KEY DEFAULT new_id(),
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  organization_id uuid REFERENCES organizations (id) ON DELETE RESTRICT,
  name text NOT NULL,
  prefix text NOT NULL,
  key_sha256 bytea NOT NULL CHECK (length(key_sha256) = 32),
  scopes text[] NOT NULL DEFAULT '{}',
  expires_at timestamptz,
  revoked_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (key_sha256)
);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE organization_relationships (
  id uuid PRIMARY KEY DEFAULT new_id(),
  from_organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  to_organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  kind text NOT NULL CHECK (kind IN ('parent', 'member', 'partner', 'predecessor')),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (from_organization_id, to_organization_id, kind),
  CHECK (from_organization_id <> to_organization_id)
);
CREATE INDEX organization_relationships_to ON organization_relationships (to_organization_id);

CREATE TABLE members (
  id uuid PRIMARY KEY DEFAULT new_id(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  user_id uuid REFERENCES users (id) ON DELETE RESTRICT,
  name text NOT NULL CHECK (name <> ''),
  position text,
  email text,
  phone text,
  started_on date,
  ended_on date,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
  social_links jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(social_links) = 'object'),
  profile_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(profile_data) = 'object'),
  name_key text NOT NULL,
  email_key text,
  field_origins jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (ended_on >= started_on)
);
CREATE INDEX members_name_key ON members (organization_id, name_key);
CREATE INDEX members_email_key ON members (organization_id, email_key) WHERE email_key IS NOT NULL;

CREATE TABLE post_categories (
  id uuid PRIMARY KEY DEFAULT new_id(),
  name text NOT NULL CHECK (name <> ''),
  slug text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (slug)
);

CREATE TABLE posts (
  id uuid PRIMARY KEY DEFAULT new_id(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  category_id uuid REFERENCES post_categories (id) ON DELETE RESTRICT,
  title text NOT NULL CHECK (title <> ''),
  slug text NOT NULL,
  excerpt text,
  content text,
  canonical_url text,
  language text,
  written_on date,
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
  published_at timestamptz,
  post_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(post_data) = 'object'),
  title_key text NOT NULL,
  url_key text,
  field_origins jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, slug),
  CHECK ((status = 'published') <= (published_at IS NOT NULL))
);
CREATE INDEX posts_title_key ON posts (organization_id, title_key);
CREATE INDEX posts_url_key ON posts (organization_id, url_key) WHERE url_key IS NOT NULL;

CREATE TABLE post_tags (
  id uuid PRIMARY KEY DEFAULT new_id(),
  post_id uuid NOT NULL REFERENCES posts (id) ON DELETE RESTRICT,
  name text NOT NULL CHECK (name <> ''),
  slug text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (post_id, slug)
);

CREATE TABLE events (
  id uuid PRIMARY KEY DEFAULT new_id(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  title text NOT NULL CHECK (title <> ''),
  slug text NOT NULL,
  description text,
  starts_at timestamptz,
  ends_at timestamptz,
  timezone text NOT NULL DEFAULT 'Asia/Jakarta',
  all_day boolean NOT NULL DEFAULT false,
  location_name text,
  address text,
  city text,
  region text,
  country text,
  url text,
  external_uid text,
  status text NOT NULL DEFAULT 'planned' CHECK (status IN ('draft', 'planned', 'cancelled', 'held')),
  event_data jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(event_data) = 'object'),
  title_key text NOT NULL,
  url_key text,
  field_origins jsonb NOT NULL DEFAULT '{}',
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, slug),
  CHECK (ends_at >= starts_at)
);
CREATE INDEX events_title_key ON events (organization_id, title_key, starts_at);
CREATE INDEX events_url_key ON events (organization_id, url_key) WHERE url_key IS NOT NULL;
CREATE INDEX events_external_uid ON events (external_uid) WHERE external_uid IS NOT NULL;

CREATE TABLE claim_requests (
  id uuid PRIMARY KEY DEFAULT new_id(),
  organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE RESTRICT,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  message text,
  evidence_url text,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'withdrawn')),
  decided_by_user_id uuid REFERENCES users (id) ON DELETE RESTRICT,
  decided_at timestamptz,
  decision_note text,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((status IN ('approved', 'rejected')) = (decided_at IS NOT NULL))
);
CREATE UNIQUE INDEX claim_requests_one_open ON claim_requests (organization_id, user_id) WHERE status = 'pending';

CREATE TABLE sdgs_signals (
  id uuid PRIMARY KEY DEFAULT new_id(),
  entity text NOT NULL,
  record_id uuid NOT NULL,
  goal smallint NOT NULL CHECK (goal BETWEEN 1 AND 17),
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
  UNIQUE (entity, record_id, goal, origin)
);

CREATE TABLE judgements (
  id uuid PRIMARY KEY DEFAULT new_id(),
  entity text NOT NULL,
  left_ref text NOT NULL,
  right_ref text NOT NULL,
  judgement text NOT NULL CHECK (judgement IN ('same', 'different', 'unsure')),
  reason text,
  likeness real CHECK (likeness BETWEEN 0 AND 1),
  features jsonb NOT NULL DEFAULT '{}',
  matcher text,
  actor_id uuid REFERENCES users (id) ON DELETE RESTRICT,
  superseded_at timestamptz,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (left_ref < right_ref)
);
CREATE UNIQUE INDEX judgements_live ON judgements (entity, left_ref, right_ref) WHERE superseded_at IS NULL;

-- Evidence: what a source said, kept as read. Rows are added and their last sighting moves on; nothing else.
CREATE TABLE source_records (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity text NOT NULL,
  record_id uuid NOT NULL,
  source_name text NOT NULL,
  identity text NOT NULL,
  external_id text,
  raw jsonb NOT NULL,
  raw_sha256 bytea NOT NULL,
  file_name text NOT NULL,
  file_sha256 bytea NOT NULL,
  record integer NOT NULL,
  line integer,
  selector text,
  plugin text NOT NULL,
  plugin_version text NOT NULL,
  import_id uuid NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  last_import_id uuid NOT NULL,
  last_record integer NOT NULL,
  reading_sha256 bytea NOT NULL,
  UNIQUE (entity, source_name, identity, raw_sha256)
);
CREATE INDEX source_records_record ON source_records (record_id);

CREATE TABLE imports (
  id uuid PRIMARY KEY DEFAULT new_id(),
  state text NOT NULL DEFAULT 'received'
    CHECK (state IN ('received', 'staging', 'staged', 'planned', 'applied', 'failed', 'cancelled', 'undone')),
  mode text NOT NULL CHECK (mode IN ('dry_run', 'apply')),
  entity text NOT NULL,
  plugin text NOT NULL,
  plugin_version text NOT NULL,
  job text NOT NULL,
  source_name text NOT NULL,
  file_name text NOT NULL,
  file_url text NOT NULL,
  file_sha256 bytea NOT NULL,
  file_bytes bigint NOT NULL,
  media_type text NOT NULL,
  actor_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  organization_id uuid,
  approved_by uuid REFERENCES users (id) ON DELETE RESTRICT,
  idempotency_key text,
  fingerprint bytea NOT NULL,
  options jsonb NOT NULL DEFAULT '{}',
  header text[] NOT NULL DEFAULT '{}',
  mapping jsonb NOT NULL DEFAULT '{}',
  reading_sha256 bytea,
  read_as jsonb NOT NULL DEFAULT '{}',
  issues jsonb NOT NULL DEFAULT '[]',
  rows_staged integer NOT NULL DEFAULT 0,
  blank_lines integer NOT NULL DEFAULT 0,
  plan_revision integer NOT NULL DEFAULT 0,
  plan_snapshot pg_snapshot,
  rows_read integer,
  accepted integer,
  merged integer,
  unchanged integer,
  rejected integer,
  review integer,
  run_id text,
  failure text,
  durations jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  planned_at timestamptz,
  applied_at timestamptz,
  -- The count invariant: every row read has exactly one outcome.
  CHECK (state NOT IN ('planned', 'applied', 'undone')
         OR rows_read = accepted + merged + unchanged + rejected + review)
);
CREATE UNIQUE INDEX imports_idempotency ON imports (actor_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX imports_run ON imports (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX imports_created ON imports (created_at DESC);
CREATE INDEX imports_unfinished ON imports (fingerprint)
  WHERE state IN ('received', 'staging', 'staged', 'planned');

-- One row a data record of the source. No foreign key to imports: one check a row would double the COPY.
CREATE TABLE import_rows (
  import_id uuid NOT NULL,
  record integer NOT NULL CHECK (record > 0),
  line integer,
  selector text,
  raw jsonb NOT NULL,
  raw_sha256 bytea NOT NULL,
  identity text,
  external_id text,
  candidate jsonb,
  verdict text CHECK (verdict IN ('error', 'review')),
  reason text,
  issues jsonb,
  PRIMARY KEY (import_id, record)
);

CREATE TABLE import_decisions (
  import_id uuid NOT NULL,
  revision integer NOT NULL,
  record integer NOT NULL,
  decision text NOT NULL CHECK (decision IN ('accepted', 'merged', 'unchanged', 'rejected', 'review')),
  reason text NOT NULL,
  target_id uuid,
  base_version integer,
  turn integer NOT NULL DEFAULT 1,
  slug text,
  changes jsonb,
  issues jsonb,
  PRIMARY KEY (import_id, revision, record),
  CHECK ((decision IN ('accepted', 'merged', 'unchanged')) <= (target_id IS NOT NULL)),
  CHECK ((decision = 'merged') = (changes IS NOT NULL AND decision = 'merged'))
);

-- Statistics of what was just written: without them the planner takes a fresh import for one row, and joins its
-- hundred thousand one by one. Only the owner may analyze a table; the columns that are joined by are enough.
CREATE FUNCTION refresh_import_statistics() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  ANALYZE public.import_rows (import_id, record, verdict);
  ANALYZE public.import_decisions (import_id, revision, record, decision, target_id);
  ANALYZE public.source_records (entity, record_id, source_name, identity, raw_sha256);
  ANALYZE public.audit_logs (import_id, entity, record_id, action);
END
$$;

-- Files an inbox sensor has taken, so that one file has one effect whatever Dagster forgets.
CREATE TABLE inbox_files (
  id uuid PRIMARY KEY DEFAULT new_id(),
  plugin text NOT NULL,
  job text NOT NULL,
  path text NOT NULL,
  size bigint NOT NULL,
  modified_at timestamptz NOT NULL,
  claimed_path text,
  import_id uuid,
  state text NOT NULL DEFAULT 'seen' CHECK (state IN ('seen', 'claimed', 'done', 'failed')),
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX inbox_files_waiting ON inbox_files (plugin, job, path) WHERE state = 'seen';
