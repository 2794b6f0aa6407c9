-- A row's position in its source is its row number; a record is a row of a core table.
ALTER TABLE import_rows RENAME COLUMN record TO row_number;
ALTER TABLE import_rows RENAME COLUMN as_record TO as_row_number;
ALTER TABLE import_decisions RENAME COLUMN record TO row_number;
ALTER TABLE import_decisions RENAME COLUMN turn TO apply_order;
ALTER TABLE import_superseded RENAME COLUMN record TO row_number;
ALTER TABLE import_superseded RENAME COLUMN by_record TO by_row_number;
ALTER TABLE source_records RENAME COLUMN record TO row_number;
ALTER TABLE source_records RENAME COLUMN last_record TO last_row_number;
ALTER TABLE source_sightings RENAME COLUMN last_record TO last_row_number;
ALTER VIEW evidence RENAME COLUMN record TO row_number;
ALTER VIEW evidence RENAME COLUMN last_record TO last_row_number;

ALTER FUNCTION see_again RENAME TO record_repeated_rows;

-- The same functions with the new names.
CREATE OR REPLACE FUNCTION public.forget_reading(import uuid, records uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  of_import public.imports;
BEGIN
  SELECT * INTO of_import FROM public.imports i WHERE i.id = import AND i.state IN ('applied', 'undone');
  EXECUTE '
    INSERT INTO public.source_sightings (evidence_id, last_seen_at, last_import_id, last_row_number, reading_sha256)
    SELECT e.id, e.last_seen_at, e.last_import_id, e.last_row_number, ''''
    FROM public.evidence e
    WHERE e.entity = $1 AND e.record_id IN (SELECT unnest($2))
      AND e.record_id IN (SELECT a.record_id FROM public.audit_logs a WHERE a.import_id = $3)
    ON CONFLICT (evidence_id) DO UPDATE SET reading_sha256 = excluded.reading_sha256'
    USING of_import.entity, records, of_import.id;
END
$function$;

CREATE OR REPLACE FUNCTION public.recall_rows(import uuid, records integer[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  UPDATE public.import_rows r SET raw = o.raw, candidate = o.candidate
  FROM public.import_rows o
  WHERE r.import_id = import AND r.row_number = ANY (records) AND r.raw IS NULL
    AND o.import_id = r.as_import AND o.row_number = r.as_row_number AND o.raw_sha256 = r.raw_sha256
$function$;

CREATE OR REPLACE FUNCTION public.record_evidence(import uuid, plan integer, is_first boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  said constant text := 'public.import_decisions d WHERE d.import_id = $1 AND d.revision = $2
    AND d.decision IN (''accepted'', ''merged'', ''unchanged'')';
  one_of_several constant text := 'EXISTS (
    SELECT FROM public.import_decisions n
    WHERE n.import_id = $1 AND n.revision = $2 AND n.apply_order = 2 AND n.target_id = d.target_id)';
  only_ones constant text := format(
    'SELECT d.row_number, d.target_id, d.row_number AS last_row_number FROM %s AND NOT %s', said, one_of_several);
  first_ones constant text := format('
    SELECT DISTINCT ON (r.identity, r.raw_sha256) r.row_number, d.target_id,
           last_value(r.row_number) OVER (
             PARTITION BY r.identity, r.raw_sha256 ORDER BY r.row_number
             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_row_number
    FROM (SELECT d.row_number, d.target_id FROM %s AND %s) d
    JOIN public.import_rows r ON r.import_id = $1 AND r.row_number = d.row_number AND r.raw IS NOT NULL
    ORDER BY r.identity, r.raw_sha256, r.row_number', said, one_of_several);
  chosen text;
BEGIN
  PERFORM public.require_applying(import, plan);
  FOREACH chosen IN ARRAY ARRAY[only_ones, first_ones] LOOP
    -- Built from constants; run dynamically, so that PostgreSQL plans it for this import.
    EXECUTE format('
      INSERT INTO public.source_records
        (entity, record_id, source_name, identity, external_id, raw, raw_sha256, file_name, file_sha256,
         row_number, line, selector, plugin, plugin_version, import_id, last_row_number, reading_sha256)
      SELECT i.entity, s.target_id, i.source_name, r.identity, r.external_id, r.raw, r.raw_sha256, i.file_name,
             i.file_sha256, r.row_number, r.line, r.selector, i.plugin, i.plugin_version, i.id, s.last_row_number,
             i.reading_sha256
      FROM public.imports i
      JOIN public.import_rows r ON r.import_id = i.id AND r.raw IS NOT NULL
      JOIN (%s) s ON s.row_number = r.row_number
      WHERE i.id = $1 %s', chosen,
      CASE WHEN NOT is_first
        THEN 'ON CONFLICT (entity, source_name, identity, raw_sha256, record_id) DO NOTHING' ELSE '' END)
      USING import, plan;
  END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION public.refresh_import_statistics(step text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET default_statistics_target TO '30'
AS $function$
BEGIN
  CASE step
    WHEN 'stage' THEN ANALYZE public.import_rows (import_id, row_number, verdict, identity, evidence_id);
    WHEN 'decide' THEN ANALYZE public.import_decisions (import_id, revision, row_number, decision, target_id);
    WHEN 'apply' THEN
      ANALYZE public.source_records (entity, record_id, source_name, identity, raw_sha256);
      ANALYZE public.audit_logs (import_id, entity, record_id, action, transaction_id);
  END CASE;
END $function$;

CREATE OR REPLACE FUNCTION public.require_applying(import uuid, plan integer)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
BEGIN
  PERFORM FROM public.imports i
  WHERE i.id = import AND CASE WHEN plan > 0 THEN i.state = 'planned' AND plan - i.plan_revision IN (0, 1)
                               ELSE i.state = 'applied' AND EXISTS (
                                 SELECT FROM public.import_decisions d
                                 WHERE d.import_id = i.id AND d.row_number = -plan AND d.revision = plan) END
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evidence refused: import % is not being applied', import
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$function$;

CREATE OR REPLACE FUNCTION public.require_deciding()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'public', 'pg_temp'
AS $function$
DECLARE
  wanted integer;
  open integer;
BEGIN
  SELECT count(*) INTO wanted FROM (SELECT DISTINCT n.import_id, n.revision FROM new_rows n) w;
  PERFORM FROM public.imports i WHERE i.id IN (SELECT n.import_id FROM new_rows n) FOR NO KEY UPDATE;
  SELECT count(*) INTO open
  FROM (SELECT n.import_id, n.revision, min(n.row_number) AS row_number, count(*) AS rows FROM new_rows n GROUP BY 1, 2) n
  JOIN public.imports i ON i.id = n.import_id
  WHERE CASE WHEN n.revision > 0 THEN i.state IN ('staged', 'planned') AND n.revision = i.plan_revision + 1
             ELSE i.state = 'applied' AND n.revision = -n.row_number AND n.rows = 1 AND EXISTS (
               SELECT FROM public.import_decisions d
               WHERE d.import_id = i.id AND d.revision = i.plan_revision AND d.row_number = n.row_number
                 AND d.decision = 'review') END;
  IF open <> wanted THEN
    RAISE EXCEPTION 'decisions refused: their import is not being planned, or no row waits for one'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'A plan is made of a staged import; a person decides rows of an applied one that wait.';
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION public.record_repeated_rows(import uuid, plan integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  of_import public.imports;
BEGIN
  PERFORM public.require_applying(import, plan);
  SELECT * INTO of_import FROM public.imports i WHERE i.id = import;
  EXECUTE '
    INSERT INTO public.source_sightings (evidence_id, last_import_id, last_row_number, reading_sha256)
    SELECT r.evidence_id, $1, max(r.row_number), $5
    FROM (
      SELECT evidence_id, row_number FROM public.import_rows WHERE import_id = $1 AND raw IS NULL AND $2 > 0
      UNION ALL
      SELECT s.id, r.row_number
      FROM public.import_decisions d
      JOIN public.import_rows r ON r.import_id = d.import_id AND r.row_number = d.row_number
      JOIN public.source_records s ON s.entity = $3 AND s.source_name = $4 AND s.identity = r.identity
        AND s.raw_sha256 = r.raw_sha256 AND s.record_id = d.target_id
      WHERE d.import_id = $1 AND d.revision = $2
        AND d.decision IN (''accepted'', ''merged'', ''unchanged'') AND r.raw IS NOT NULL) r
    GROUP BY r.evidence_id
    ON CONFLICT (evidence_id) DO UPDATE
      SET last_seen_at = now(), last_import_id = excluded.last_import_id, last_row_number = excluded.last_row_number,
          reading_sha256 = excluded.reading_sha256'
    USING import, plan, of_import.entity, of_import.source_name, of_import.reading_sha256;
END
$function$;
