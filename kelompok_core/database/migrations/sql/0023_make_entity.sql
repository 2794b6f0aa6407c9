-- What the migration of a new entity calls for its table, so that no trigger and no right is forgotten.
CREATE FUNCTION make_audited(target regclass) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION public.record_audit()', target);
  EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s
                  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION public.record_audit()', target);
  EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION public.record_audit()', target);
  EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %s
                  FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change()', target);
  EXECUTE format('CREATE TRIGGER count_version BEFORE UPDATE ON %s
                  FOR EACH ROW EXECUTE FUNCTION public.count_version()', target);
END
$$;

CREATE FUNCTION make_entity(target regclass) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  missing text;
BEGIN
  SELECT string_agg(needed, ', ' ORDER BY needed) INTO missing
  FROM unnest(ARRAY['id', 'version', 'created_at', 'updated_at', 'field_origins']) needed
  WHERE NOT EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = target AND a.attname = needed AND NOT a.attisdropped);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'table % lacks columns of an entity: %', target, missing USING ERRCODE = 'invalid_table_definition';
  END IF;
  PERFORM public.make_audited(target);
  EXECUTE format('CREATE TRIGGER signals_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                  FOR EACH STATEMENT EXECUTE FUNCTION public.remove_signals()', target);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO kelompok_runtime', target);
END
$$;

-- Only migrations, which run as the owner, call them.
REVOKE ALL ON FUNCTION make_audited(regclass), make_entity(regclass) FROM PUBLIC;
