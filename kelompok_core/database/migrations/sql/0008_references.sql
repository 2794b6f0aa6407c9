-- A row that its source sent before is staged as a reference to the row it was read and understood as then: most rows
-- of a list that comes again are such. What they said is recalled only where deciding needs it.

ALTER TABLE import_rows
  ALTER COLUMN raw DROP NOT NULL,
  ADD COLUMN as_import uuid,
  ADD COLUMN as_record integer,
  ADD COLUMN evidence_id bigint,
  ADD CHECK (raw IS NOT NULL OR as_import IS NOT NULL AND as_record IS NOT NULL AND evidence_id IS NOT NULL);

-- Each import moves the last sighting of rows it finds again on. With room on its page a row need not leave it.
ALTER TABLE source_records SET (fillfactor = 70);

CREATE FUNCTION recall_rows(import uuid, records integer[]) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.import_rows r SET raw = o.raw, candidate = o.candidate
  FROM public.import_rows o
  WHERE r.import_id = import AND r.record = ANY (records) AND r.raw IS NULL
    AND o.import_id = r.as_import AND o.record = r.as_record
$$;
REVOKE ALL ON FUNCTION recall_rows(uuid, integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION recall_rows(uuid, integer[]) TO kelompok_runtime;

-- Rows are looked up by what their source calls them: the planner has to know how many it calls the same. Each step
-- asks for what it wrote.
DROP FUNCTION refresh_import_statistics();
CREATE FUNCTION refresh_import_statistics(step text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  CASE step
    WHEN 'stage' THEN ANALYZE public.import_rows (import_id, record, verdict, identity);
    WHEN 'decide' THEN ANALYZE public.import_decisions (import_id, revision, record, decision, target_id);
    WHEN 'apply' THEN
      ANALYZE public.source_records (entity, record_id, source_name, identity, raw_sha256);
      ANALYZE public.audit_logs (import_id, entity, record_id, action, transaction_id);
      -- Block ranges that are not summarized yet are read whole by whoever asks for what was written since.
      PERFORM brin_summarize_new_values('public.audit_logs_transaction');
  END CASE;
END $$;
REVOKE ALL ON FUNCTION refresh_import_statistics(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refresh_import_statistics(text) TO kelompok_runtime;
