-- What was written since a plan is asked of a tree: a block-range index has to be told of new pages after each import,
-- which reads them all, and costs several times what appending equal numbers to a tree does.
DROP INDEX audit_logs_transaction;
CREATE INDEX audit_logs_transaction ON audit_logs (transaction_id);

CREATE OR REPLACE FUNCTION refresh_import_statistics(step text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  CASE step
    WHEN 'stage' THEN ANALYZE public.import_rows (import_id, record, verdict, identity);
    WHEN 'decide' THEN ANALYZE public.import_decisions (import_id, revision, record, decision, target_id);
    WHEN 'apply' THEN
      ANALYZE public.source_records (entity, record_id, source_name, identity, raw_sha256);
      ANALYZE public.audit_logs (import_id, entity, record_id, action, transaction_id);
  END CASE;
END $$;
