-- Evidence comes only from an import's own steps: rows while it is staged, decisions while it is planned or by a person,
-- and source records, which the database itself copies from the decided rows.

-- Checked once per statement: a row trigger would double the cost of COPY. The import stays locked until the transaction
-- ends, so that staging cannot end while rows are still arriving.
CREATE FUNCTION require_staging() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  wanted integer;
  open integer;
BEGIN
  SELECT count(*) INTO wanted FROM (SELECT DISTINCT n.import_id FROM new_rows n) w;
  SELECT count(*) INTO open FROM (
    SELECT FROM public.imports i
    WHERE i.id IN (SELECT n.import_id FROM new_rows n) AND i.state IN ('received', 'staging')
    FOR NO KEY UPDATE) o;
  IF open <> wanted THEN
    RAISE EXCEPTION 'rows refused: their import is not being staged'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Rows come in while an import is received or staging, and never afterwards.';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER require_staging AFTER INSERT ON import_rows REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION require_staging();

-- A plan must be the next revision of a staged or planned import. A person decides waiting rows of an applied import.
CREATE FUNCTION require_deciding() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  wanted integer;
  open integer;
BEGIN
  SELECT count(*) INTO wanted FROM (SELECT DISTINCT n.import_id, n.revision FROM new_rows n) w;
  PERFORM FROM public.imports i WHERE i.id IN (SELECT n.import_id FROM new_rows n) FOR NO KEY UPDATE;
  SELECT count(*) INTO open
  FROM (SELECT n.import_id, n.revision, min(n.record) AS record, count(*) AS rows FROM new_rows n GROUP BY 1, 2) n
  JOIN public.imports i ON i.id = n.import_id
  WHERE CASE WHEN n.revision > 0 THEN i.state IN ('staged', 'planned') AND n.revision = i.plan_revision + 1
             ELSE i.state = 'applied' AND n.revision = -n.record AND n.rows = 1 AND EXISTS (
               SELECT FROM public.import_decisions d
               WHERE d.import_id = i.id AND d.revision = i.plan_revision AND d.record = n.record
                 AND d.decision = 'review') END;
  IF open <> wanted THEN
    RAISE EXCEPTION 'decisions refused: their import is not being planned, or no row waits for one'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'A plan is made of a staged import; a person decides rows of an applied one that wait.';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER require_deciding AFTER INSERT ON import_decisions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION require_deciding();

-- Evidence is written only while the import is applied, or when a person decides one of its rows.
CREATE FUNCTION require_applying(import uuid, plan integer) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM public.imports i
  WHERE i.id = import AND CASE WHEN plan > 0 THEN i.state = 'planned' AND plan - i.plan_revision IN (0, 1)
                               ELSE i.state = 'applied' AND EXISTS (
                                 SELECT FROM public.import_decisions d
                                 WHERE d.import_id = i.id AND d.record = -plan AND d.revision = plan) END
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evidence refused: import % is not being applied', import
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;

-- Keeps the first row for each value. Most records have one row; only the rest are sorted. With ``is_first``, when the
-- source is new, the lookup of earlier evidence is skipped.
CREATE FUNCTION record_evidence(import uuid, plan integer, is_first boolean) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  said constant text := 'public.import_decisions d WHERE d.import_id = $1 AND d.revision = $2
    AND d.decision IN (''accepted'', ''merged'', ''unchanged'')';
  one_of_several constant text := 'EXISTS (
    SELECT FROM public.import_decisions n
    WHERE n.import_id = $1 AND n.revision = $2 AND n.turn = 2 AND n.target_id = d.target_id)';
  only_ones constant text := format(
    'SELECT d.record, d.target_id, d.record AS last_record FROM %s AND NOT %s', said, one_of_several);
  first_ones constant text := format('
    SELECT DISTINCT ON (r.identity, r.raw_sha256) r.record, d.target_id,
           last_value(r.record) OVER (
             PARTITION BY r.identity, r.raw_sha256 ORDER BY r.record
             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_record
    FROM (SELECT d.record, d.target_id FROM %s AND %s) d
    JOIN public.import_rows r ON r.import_id = $1 AND r.record = d.record AND r.raw IS NOT NULL
    ORDER BY r.identity, r.raw_sha256, r.record', said, one_of_several);
  chosen text;
BEGIN
  PERFORM public.require_applying(import, plan);
  FOREACH chosen IN ARRAY ARRAY[only_ones, first_ones] LOOP
    -- Built from constants; run dynamically, so that PostgreSQL plans it for this import.
    EXECUTE format('
      INSERT INTO public.source_records
        (entity, record_id, source_name, identity, external_id, raw, raw_sha256, file_name, file_sha256,
         record, line, selector, plugin, plugin_version, import_id, last_record, reading_sha256)
      SELECT i.entity, s.target_id, i.source_name, r.identity, r.external_id, r.raw, r.raw_sha256, i.file_name,
             i.file_sha256, r.record, r.line, r.selector, i.plugin, i.plugin_version, i.id, s.last_record,
             i.reading_sha256
      FROM public.imports i
      JOIN public.import_rows r ON r.import_id = i.id AND r.raw IS NOT NULL
      JOIN (%s) s ON s.record = r.record
      WHERE i.id = $1 %s', chosen,
      CASE WHEN NOT is_first
        THEN 'ON CONFLICT (entity, source_name, identity, raw_sha256, record_id) DO NOTHING' ELSE '' END)
      USING import, plan;
  END LOOP;
END
$$;

-- Marks known evidence as seen again: by references, and by rows that were read anew. Runs before new evidence is
-- recorded.
CREATE FUNCTION see_again(import uuid, plan integer) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_import public.imports;
BEGIN
  PERFORM public.require_applying(import, plan);
  SELECT * INTO of_import FROM public.imports i WHERE i.id = import;
  EXECUTE '
    INSERT INTO public.source_sightings (evidence_id, last_import_id, last_record, reading_sha256)
    SELECT r.evidence_id, $1, max(r.record), $5
    FROM (
      SELECT evidence_id, record FROM public.import_rows WHERE import_id = $1 AND raw IS NULL AND $2 > 0
      UNION ALL
      SELECT s.id, r.record
      FROM public.import_decisions d
      JOIN public.import_rows r ON r.import_id = d.import_id AND r.record = d.record
      JOIN public.source_records s ON s.entity = $3 AND s.source_name = $4 AND s.identity = r.identity
        AND s.raw_sha256 = r.raw_sha256 AND s.record_id = d.target_id
      WHERE d.import_id = $1 AND d.revision = $2
        AND d.decision IN (''accepted'', ''merged'', ''unchanged'') AND r.raw IS NOT NULL) r
    GROUP BY r.evidence_id
    ON CONFLICT (evidence_id) DO UPDATE
      SET last_seen_at = now(), last_import_id = excluded.last_import_id, last_record = excluded.last_record,
          reading_sha256 = excluded.reading_sha256'
    USING import, plan, of_import.entity, of_import.source_name, of_import.reading_sha256;
END
$$;

-- After an undo, the next import compares these records again instead of treating them as known.
CREATE FUNCTION forget_reading(import uuid, records uuid[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_import public.imports;
BEGIN
  SELECT * INTO of_import FROM public.imports i WHERE i.id = import AND i.state IN ('applied', 'undone');
  EXECUTE '
    INSERT INTO public.source_sightings (evidence_id, last_seen_at, last_import_id, last_record, reading_sha256)
    SELECT e.id, e.last_seen_at, e.last_import_id, e.last_record, ''''
    FROM public.evidence e
    WHERE e.entity = $1 AND e.record_id IN (SELECT unnest($2))
      AND e.record_id IN (SELECT a.record_id FROM public.audit_logs a WHERE a.import_id = $3)
    ON CONFLICT (evidence_id) DO UPDATE SET reading_sha256 = excluded.reading_sha256'
    USING of_import.entity, records, of_import.id;
END
$$;

-- A reference must restore exactly the row it was read as.
CREATE OR REPLACE FUNCTION recall_rows(import uuid, records integer[]) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE public.import_rows r SET raw = o.raw, candidate = o.candidate
  FROM public.import_rows o
  WHERE r.import_id = import AND r.record = ANY (records) AND r.raw IS NULL
    AND o.import_id = r.as_import AND o.record = r.as_record AND o.raw_sha256 = r.raw_sha256
$$;

REVOKE INSERT ON source_records FROM kelompok_runtime;
REVOKE INSERT, UPDATE ON source_sightings FROM kelompok_runtime;
GRANT EXECUTE ON FUNCTION record_evidence(uuid, integer, boolean), see_again(uuid, integer),
  forget_reading(uuid, uuid[]) TO kelompok_runtime;
