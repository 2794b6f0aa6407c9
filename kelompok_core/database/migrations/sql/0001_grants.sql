-- The runtime role reads and writes rows; it owns nothing, alters nothing, truncates nothing, and sees the
-- audit without touching it. The role may be another's to create (a managed server), so only when missing.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kelompok_runtime') THEN
    CREATE ROLE kelompok_runtime NOLOGIN;
  END IF;
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO kelompok_runtime', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO kelompok_runtime;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION new_id(), jsonb_later_wins(jsonb, jsonb), jsonb_earlier_wins(jsonb, jsonb),
  jsonb_fold_last(jsonb), jsonb_fold_first(jsonb), refresh_import_statistics() TO kelompok_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON
  users, organization_user_roles, api_keys, organizations, organization_relationships, members,
  post_categories, posts, post_tags, events, claim_requests, sdgs_signals, judgements TO kelompok_runtime;
GRANT SELECT ON audit_logs TO kelompok_runtime;
GRANT SELECT, INSERT ON source_records, import_rows, import_decisions TO kelompok_runtime;
GRANT UPDATE (last_seen_at, last_import_id, last_record, reading_sha256) ON source_records TO kelompok_runtime;
GRANT SELECT, INSERT, UPDATE ON imports, inbox_files TO kelompok_runtime;
GRANT SELECT ON alembic_version TO kelompok_runtime;
