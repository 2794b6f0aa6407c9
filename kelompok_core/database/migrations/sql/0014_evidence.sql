-- Deciding joins references with the evidence they name. Without statistics of that column the planner believes what it
-- last heard, mostly of a first import, where no row is a reference.

CREATE OR REPLACE FUNCTION refresh_import_statistics(step text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  CASE step
    WHEN 'stage' THEN ANALYZE public.import_rows (import_id, record, verdict, identity, evidence_id);
    WHEN 'decide' THEN ANALYZE public.import_decisions (import_id, revision, record, decision, target_id);
    WHEN 'apply' THEN
      ANALYZE public.source_records (entity, record_id, source_name, identity, raw_sha256);
      ANALYZE public.audit_logs (import_id, entity, record_id, action, transaction_id);
  END CASE;
END $$;
