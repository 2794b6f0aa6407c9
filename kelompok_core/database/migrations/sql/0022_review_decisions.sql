-- What a person decides about a row in review has a table of its own: one decision a row. Before, it was a decision of a
-- plan whose number was minus the row's.
CREATE TABLE review_decisions (
  import_id uuid NOT NULL,
  row_number integer NOT NULL,
  decision text NOT NULL CHECK (decision IN ('accepted', 'merged', 'unchanged', 'rejected')),
  reason text NOT NULL,
  target_id uuid,
  slug text,
  changes jsonb,
  issues jsonb,
  organization_id uuid,
  decided_by uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  decided_at timestamptz NOT NULL,
  note text,
  PRIMARY KEY (import_id, row_number),
  CHECK ((decision IN ('accepted', 'merged', 'unchanged')) <= (target_id IS NOT NULL)),
  CHECK ((decision = 'merged') = (changes IS NOT NULL AND decision = 'merged'))
);
INSERT INTO review_decisions (import_id, row_number, decision, reason, target_id, slug, changes, issues,
                              organization_id, decided_by, decided_at, note)
SELECT import_id, row_number, decision, reason, target_id, slug, changes, issues, organization_id, decided_by,
       decided_at, note
FROM import_decisions WHERE revision < 0;
DELETE FROM import_decisions WHERE revision < 0;

DROP INDEX import_decisions_by_people;
-- The check of who decided goes with the column.
ALTER TABLE import_decisions DROP COLUMN decided_by, DROP COLUMN decided_at, DROP COLUMN note;
ALTER TABLE import_decisions ADD CHECK (revision > 0);
GRANT SELECT, INSERT ON review_decisions TO kelompok_runtime;

-- A plan must be the next revision of a staged or planned import.
CREATE OR REPLACE FUNCTION require_deciding() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  wanted integer;
  open integer;
BEGIN
  SELECT count(*) INTO wanted FROM (SELECT DISTINCT n.import_id, n.revision FROM new_rows n) w;
  PERFORM FROM public.imports i WHERE i.id IN (SELECT n.import_id FROM new_rows n) FOR NO KEY UPDATE;
  SELECT count(*) INTO open
  FROM (SELECT DISTINCT n.import_id, n.revision FROM new_rows n) n
  JOIN public.imports i ON i.id = n.import_id
  WHERE i.state IN ('staged', 'planned') AND n.revision = i.plan_revision + 1;
  IF open <> wanted THEN
    RAISE EXCEPTION 'decisions refused: their import is not being planned'
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'A plan is made of a staged import.';
  END IF;
  RETURN NULL;
END
$$;

-- A person decides rows of an applied import that its plan sent to review. The primary key allows one decision a row.
CREATE FUNCTION require_review() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  wanted integer;
  open integer;
BEGIN
  SELECT count(*) INTO wanted FROM new_rows;
  PERFORM FROM public.imports i WHERE i.id IN (SELECT n.import_id FROM new_rows n) FOR NO KEY UPDATE;
  SELECT count(*) INTO open
  FROM new_rows n
  JOIN public.imports i ON i.id = n.import_id AND i.state = 'applied'
  JOIN public.import_decisions d ON d.import_id = i.id AND d.revision = i.plan_revision AND d.row_number = n.row_number
  WHERE d.decision = 'review';
  IF open <> wanted THEN
    RAISE EXCEPTION 'decisions refused: no row of an applied import waits for one'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'A person decides rows of an applied import that are in review.';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER require_review AFTER INSERT ON review_decisions REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION require_review();

-- Evidence of a plan is written only while the plan is applied.
CREATE OR REPLACE FUNCTION require_applying(import uuid, plan integer) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM FROM public.imports i
  WHERE i.id = import AND i.state = 'planned' AND plan - i.plan_revision IN (0, 1)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evidence refused: import % is not being applied', import
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;

-- Keeps the evidence of one row that a person decided, unless it is known.
CREATE FUNCTION record_reviewed_evidence(import uuid, row_number integer) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM public.imports i
  WHERE i.id = $1 AND i.state = 'applied' AND EXISTS (
    SELECT FROM public.review_decisions d WHERE d.import_id = i.id AND d.row_number = $2)
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'evidence refused: nobody decided row % of import %', $2, $1
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO public.source_records
    (entity, record_id, source_name, identity, external_id, raw, raw_sha256, file_name, file_sha256,
     row_number, line, selector, plugin, plugin_version, import_id, last_row_number, reading_sha256)
  SELECT i.entity, d.target_id, i.source_name, r.identity, r.external_id, r.raw, r.raw_sha256, i.file_name,
         i.file_sha256, r.row_number, r.line, r.selector, i.plugin, i.plugin_version, i.id, r.row_number,
         i.reading_sha256
  FROM public.imports i
  JOIN public.review_decisions d ON d.import_id = i.id AND d.row_number = $2
  JOIN public.import_rows r ON r.import_id = i.id AND r.row_number = d.row_number AND r.raw IS NOT NULL
  WHERE i.id = $1 AND d.decision IN ('accepted', 'merged', 'unchanged')
  ON CONFLICT (entity, source_name, identity, raw_sha256, record_id) DO NOTHING;
END
$$;
GRANT EXECUTE ON FUNCTION record_reviewed_evidence(uuid, integer) TO kelompok_runtime;

-- Marks known evidence as repeated: by references, and by rows that were read anew. Runs before new evidence is recorded.
CREATE OR REPLACE FUNCTION record_repeated_rows(import uuid, plan integer) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_import public.imports;
BEGIN
  PERFORM public.require_applying(import, plan);
  SELECT * INTO of_import FROM public.imports i WHERE i.id = import;
  EXECUTE '
    INSERT INTO public.source_sightings (evidence_id, last_import_id, last_row_number, reading_sha256)
    SELECT r.evidence_id, $1, max(r.row_number), $5
    FROM (
      SELECT evidence_id, row_number FROM public.import_rows WHERE import_id = $1 AND raw IS NULL
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
$$;

-- Deciding looks rows up in what people decided before.
CREATE OR REPLACE FUNCTION refresh_import_statistics(step text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = '30' AS $$
BEGIN
  CASE step
    WHEN 'stage' THEN
      ANALYZE public.import_rows (import_id, row_number, verdict, identity, evidence_id);
      ANALYZE public.review_decisions (import_id, row_number, decision, target_id);
    WHEN 'decide' THEN ANALYZE public.import_decisions (import_id, revision, row_number, decision, target_id);
    WHEN 'apply' THEN
      ANALYZE public.source_records (entity, record_id, source_name, identity, raw_sha256);
      ANALYZE public.audit_logs (import_id, entity, record_id, action, transaction_id);
  END CASE;
END $$;
