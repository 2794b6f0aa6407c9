-- Find the owner of each row.
CREATE TEMPORARY TABLE deciding_owners ON COMMIT DROP AS
    WITH named AS (
      SELECT DISTINCT candidate->>'organization' AS written, candidate->>'organization_key' AS key
      FROM import_rows WHERE import_id = :import AND verdict IS DISTINCT FROM 'error'),
    by_id AS (
      SELECT s.external_id,
             coalesce(array_agg(DISTINCT s.record_id) FILTER (WHERE s.source_name = CAST(:source AS text)),
                      array_agg(DISTINCT s.record_id)) AS ids
      FROM evidence s JOIN organizations o ON o.id = s.record_id
      WHERE s.entity = 'organizations' AND s.external_id IN (SELECT written FROM named)
        AND coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (s.import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)) AND s.last_import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)))
             ELSE o.id = ANY (CAST(:sees AS uuid[])) END, false)
      GROUP BY s.external_id),
    by_name AS (
      SELECT o.name_key, array_agg(o.id) AS ids FROM organizations o
      WHERE o.name_key IN (SELECT key FROM named) AND coalesce(CAST(:sees_all AS boolean) OR o.id = ANY (CAST(:sees AS uuid[])), false) GROUP BY o.name_key),
    known AS (
      SELECT w.written, CASE WHEN w.written IS NULL THEN ARRAY[CAST(:scope AS uuid)]
                             ELSE coalesce(CASE WHEN s.id IS NOT NULL THEN ARRAY[s.id] END,
                                           i.ids, n.ids, '{}') END AS ids
      FROM named w
      LEFT JOIN organizations s ON s.slug = w.written AND coalesce(CAST(:sees_all AS boolean) OR s.id = ANY (CAST(:sees AS uuid[])), false)
      LEFT JOIN by_id i ON i.external_id = w.written LEFT JOIN by_name n ON n.name_key = w.key)
    SELECT k.written, o.id AS owner,
           CAST(:scope AS uuid) IS NULL AND o.claim_status = 'claimed'
             AND NOT o.id = ANY (CAST(:manages AS uuid[])) AS guarded,
           CASE WHEN cardinality(k.ids) = 0 AND CAST(:scope AS uuid) IS NOT NULL THEN 'permission.scope'
                WHEN cardinality(k.ids) = 0 THEN 'relation.not_found'
                WHEN cardinality(k.ids) > 1 THEN 'relation.ambiguous'
                WHEN NOT CAST(:everywhere AS boolean) AND NOT o.id = ANY (CAST(:permitted AS uuid[]))
                  THEN 'permission.denied' END AS problem
    FROM known k LEFT JOIN organizations o ON cardinality(k.ids) = 1 AND o.id = k.ids[1];
ANALYZE deciding_owners;

-- Refuse rows whose owner is missing or not permitted.
CREATE TEMPORARY TABLE deciding_refused ON COMMIT DROP AS
    SELECT i.row_number, h.problem,
           jsonb_build_object('column', CAST(:organization_column AS text), 'value', h.written) AS params
    FROM import_rows i JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '')
    WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error' AND h.problem IS NOT NULL;

-- Find rows whose identity refers to several records.
CREATE TEMPORARY TABLE deciding_shared ON COMMIT DROP AS
        WITH judged AS (
          SELECT DISTINCT substr(right_ref, length('source:' || CAST(:source AS text) || ':') + 1) AS identity
          FROM judgements WHERE entity = 'posts' AND judgement = 'different' AND superseded_at IS NULL
            AND starts_with(right_ref, 'source:' || CAST(:source AS text) || ':')),
        words AS (
          SELECT s.identity, s.raw_sha256, s.record_id, t.title_key AS name, s.last_seen_at, s.last_row_number, s.id
          FROM evidence s JOIN posts t ON t.id = s.record_id
          WHERE s.entity = 'posts' AND s.source_name = :source AND s.identity IN (SELECT identity FROM judged)
            AND coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (s.import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)) AND s.last_import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)))
             ELSE t.organization_id = ANY (CAST(:sees AS uuid[])) END, false)),
        several AS (
          SELECT identity FROM words GROUP BY identity HAVING count(DISTINCT record_id) > 1)
        SELECT i.row_number, i.identity || '|' || coalesce(same.record_id::text, named.record_id::text, '') AS identity,
               coalesce(same.record_id, named.record_id) AS record_id
        FROM import_rows i
        LEFT JOIN import_rows o ON o.import_id = i.as_import AND o.row_number = i.as_row_number
        LEFT JOIN LATERAL (
          SELECT s.record_id FROM words s WHERE s.identity = i.identity AND s.raw_sha256 = i.raw_sha256
          ORDER BY s.last_seen_at DESC, s.last_row_number DESC, s.id DESC LIMIT 1) same ON true
        LEFT JOIN LATERAL (
          SELECT s.record_id FROM words s
          WHERE s.identity = i.identity AND s.name = coalesce(i.candidate, o.candidate)->>'title_key'
          ORDER BY s.last_seen_at DESC, s.last_row_number DESC, s.id DESC LIMIT 1) named ON true
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND i.identity IN (SELECT identity FROM several);

-- Find rows that the source sent before, word for word.
CREATE TEMPORARY TABLE deciding_repeated ON COMMIT DROP AS
        SELECT g.row_number, g.owner, g.guarded, s.record_id AS target FROM (
          SELECT i.row_number, coalesce(p.identity, i.identity) AS identity, i.evidence_id, h.owner, h.guarded
          FROM 
        import_rows i JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '') LEFT JOIN deciding_shared p ON p.row_number = i.row_number
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND NOT EXISTS (SELECT FROM deciding_refused f WHERE f.row_number = i.row_number)) g
        JOIN evidence s ON s.id = g.evidence_id
        JOIN posts t ON t.id = s.record_id
        WHERE EXISTS (SELECT FROM source_records WHERE entity = :entity AND source_name = :source)
          AND coalesce(s.reading_sha256 = :reading, false)
          AND coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (s.import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)) AND s.last_import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)))
             ELSE t.organization_id = ANY (CAST(:sees AS uuid[])) END, false)
          AND NOT EXISTS (
            SELECT FROM evidence o
            WHERE o.entity = 'posts' AND o.source_name = :source AND o.record_id = s.record_id
              AND (o.last_seen_at, o.last_row_number, o.id) > (s.last_seen_at, s.last_row_number, s.id));
ANALYZE deciding_repeated;

-- Find the records that the source already knows by the identities of the other rows.
CREATE TEMPORARY TABLE deciding_known ON COMMIT DROP AS
        SELECT DISTINCT ON (s.identity) s.identity, s.record_id, s.raw_sha256, s.reading_sha256,
               'match.known' AS reason, t.id IS NOT NULL AS alive
        FROM evidence s LEFT JOIN posts t ON t.id = s.record_id
        WHERE s.entity = 'posts' AND s.source_name = :source AND s.identity IN (
        SELECT i.identity FROM import_rows i
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error' AND (SELECT count(*) FROM deciding_repeated) < (SELECT rows_staged FROM imports WHERE id = :import) AND NOT EXISTS (SELECT FROM deciding_repeated s WHERE s.row_number = i.row_number))
          -- A record that an undo deleted counts as never created.
          AND (t.id IS NOT NULL OR NOT EXISTS (
            SELECT FROM audit_logs a WHERE a.record_id = s.record_id AND a.action = 'delete' AND a.origin = 'undo'))
          AND (coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (s.import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)) AND s.last_import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)))
             ELSE t.organization_id = ANY (CAST(:sees AS uuid[])) END, false) OR t.id IS NULL AND EXISTS (
            SELECT FROM imports m CROSS JOIN LATERAL (
              SELECT target_id, organization_id FROM import_decisions
              WHERE import_id = m.id AND row_number = s.row_number AND revision = m.plan_revision
              UNION ALL
              SELECT target_id, organization_id FROM review_decisions
              WHERE import_id = m.id AND row_number = s.row_number) d
            WHERE m.id = s.import_id AND d.target_id = s.record_id AND coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (s.import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)) AND s.last_import_id IN (SELECT id FROM imports WHERE NOT sees_all AND actor_id <> CAST(:actor AS uuid)))
             ELSE d.organization_id = ANY (CAST(:sees AS uuid[])) END, false)))
        ORDER BY s.identity, s.last_seen_at DESC, s.last_row_number DESC, s.id DESC;
INSERT INTO deciding_known (identity, record_id, raw_sha256, reading_sha256, reason, alive)
        SELECT DISTINCT ON (p.identity) p.identity, s.record_id, s.raw_sha256, s.reading_sha256,
               'match.known', true
        FROM deciding_shared p JOIN evidence s ON s.record_id = p.record_id
        WHERE s.entity = 'posts' AND s.source_name = :source
        ORDER BY p.identity, s.last_seen_at DESC, s.last_row_number DESC, s.id DESC;
ANALYZE deciding_known;

-- Find further repeated rows, by what the source last sent of these records.
INSERT INTO deciding_repeated (row_number, owner, guarded, target)
        SELECT g.row_number, g.owner, g.guarded, n.record_id FROM (
          SELECT i.row_number, coalesce(p.identity, i.identity) AS identity, i.raw_sha256, h.owner, h.guarded
          FROM 
        import_rows i JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '') LEFT JOIN deciding_shared p ON p.row_number = i.row_number
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND NOT EXISTS (SELECT FROM deciding_refused f WHERE f.row_number = i.row_number) AND i.evidence_id IS NULL AND (SELECT count(*) FROM deciding_repeated) < (SELECT rows_staged FROM imports WHERE id = :import)) g
        JOIN deciding_known n ON n.identity = g.identity AND n.alive
        WHERE coalesce(n.raw_sha256 = g.raw_sha256, false) AND coalesce(n.reading_sha256 = :reading, false)
          AND EXISTS (SELECT FROM deciding_known);
CREATE UNIQUE INDEX ON deciding_repeated (row_number);
ANALYZE deciding_repeated;

-- Fill in the values of rows that refer to an earlier row.
SELECT recall_rows(:import, ARRAY(
    SELECT row_number FROM import_rows WHERE import_id = :import AND raw IS NULL
      AND EXISTS (SELECT FROM source_records WHERE entity = :entity AND source_name = :source) AND (SELECT count(*) FROM deciding_repeated) < (SELECT rows_staged FROM imports WHERE id = :import)
    EXCEPT SELECT row_number FROM deciding_repeated));

-- List the other rows with the keys that records are found by.
CREATE TEMPORARY TABLE deciding_keys ON COMMIT DROP AS 
        SELECT i.row_number, coalesce(p.identity, i.identity) AS identity,
               i.external_id IS NOT NULL AS explicit,
               i.raw_sha256, h.owner, h.guarded, i.new_record_id, i.reason AS asks,
               false AS nameless,
               CASE WHEN i.external_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN i.external_id::uuid END AS own_id,
               i.candidate->>'slug_base' AS slug_base, i.candidate->>'title_key' AS title_key, i.candidate->>'url_key' AS url_key, (i.candidate->>'written_on')::date AS written_on, i.candidate->>'slug' AS slug
        FROM 
        import_rows i JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '') LEFT JOIN deciding_shared p ON p.row_number = i.row_number
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND NOT EXISTS (SELECT FROM deciding_refused f WHERE f.row_number = i.row_number) AND (SELECT count(*) FROM deciding_repeated) < (SELECT rows_staged FROM imports WHERE id = :import) AND NOT EXISTS (SELECT FROM deciding_repeated s WHERE s.row_number = i.row_number);
ANALYZE deciding_keys;

-- Find records by an id of our own, from an export.
INSERT INTO deciding_known (identity, record_id, reason, alive)
    SELECT DISTINCT ON (k.identity) k.identity, t.id, 'match.own_id', true
    FROM deciding_keys k JOIN posts t ON t.id = k.own_id
    WHERE t.organization_id = k.owner AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity);

-- Check whether there is any record yet.
CREATE TEMPORARY TABLE deciding_there ON COMMIT DROP AS 
            SELECT t.id FROM deciding_owners h CROSS JOIN LATERAL (
              SELECT id FROM posts WHERE organization_id = h.owner
              ORDER BY organization_id, title_key LIMIT 1) t LIMIT 1;

-- Find records by key.
CREATE TEMPORARY TABLE deciding_matches ON COMMIT DROP AS
        SELECT row_number,
               count(DISTINCT target) FILTER (WHERE agrees) AS agreeing,
               (array_agg(target ORDER BY rank, target) FILTER (WHERE agrees))[1] AS target,
               (array_agg(reason ORDER BY rank, target) FILTER (WHERE agrees))[1] AS reason,
               bool_or(renumbered) AS renumbered,
               array_agg(DISTINCT target) AS candidates
        FROM (
        SELECT k.row_number, m.id AS target, 'match.slug' AS reason, 1 AS rank, m.agrees AND m.open AS agrees,
               m.agrees AND NOT m.open AS renumbered
        FROM deciding_keys k
        CROSS JOIN LATERAL (
          SELECT t.id, (k.nameless OR t.title_key = k.title_key) AS agrees, true AS open FROM posts t
          WHERE t.slug = k.slug AND t.organization_id = k.owner AND NOT (coalesce(lower(t.url_key) <> lower(k.url_key), false) OR coalesce(t.written_on <> k.written_on, false)) AND 
    NOT EXISTS (
      SELECT FROM judgements j
      WHERE j.entity = 'posts' AND j.left_ref = 'record:' || t.id AND j.judgement = 'different'
        AND j.right_ref = 'source:' || CAST(:source AS text) || ':' || k.identity AND j.superseded_at IS NULL) AND 
    NOT (k.explicit AND EXISTS (
      SELECT FROM source_records s WHERE s.record_id = t.id AND s.entity = 'posts'
        AND s.source_name = :source AND s.external_id IS NOT NULL))
          ORDER BY agrees DESC, t.id LIMIT 3) m
        WHERE k.slug IS NOT NULL AND EXISTS (SELECT FROM deciding_there)
          AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity) UNION ALL 
        SELECT k.row_number, m.id AS target, 'match.url' AS reason, 2 AS rank, m.agrees AND m.open AS agrees,
               m.agrees AND NOT m.open AS renumbered
        FROM deciding_keys k
        CROSS JOIN LATERAL (
          SELECT t.id, (k.nameless OR t.title_key = k.title_key) AS agrees, true AS open FROM posts t
          WHERE t.url_key = k.url_key AND t.organization_id = k.owner AND NOT (false) AND 
    NOT EXISTS (
      SELECT FROM judgements j
      WHERE j.entity = 'posts' AND j.left_ref = 'record:' || t.id AND j.judgement = 'different'
        AND j.right_ref = 'source:' || CAST(:source AS text) || ':' || k.identity AND j.superseded_at IS NULL) AND 
    NOT (k.explicit AND EXISTS (
      SELECT FROM source_records s WHERE s.record_id = t.id AND s.entity = 'posts'
        AND s.source_name = :source AND s.external_id IS NOT NULL))
          ORDER BY agrees DESC, t.id LIMIT 3) m
        WHERE k.url_key IS NOT NULL AND EXISTS (SELECT FROM deciding_there)
          AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity) UNION ALL 
        SELECT k.row_number, m.id AS target, 'match.title_date' AS reason, 3 AS rank, m.agrees AND m.open AS agrees,
               m.agrees AND NOT m.open AS renumbered
        FROM deciding_keys k
        CROSS JOIN LATERAL (
          SELECT t.id, true AS agrees, true AS open FROM posts t
          WHERE t.title_key = k.title_key AND t.written_on = k.written_on AND t.organization_id = k.owner AND NOT (coalesce(lower(t.url_key) <> lower(k.url_key), false) OR coalesce(t.written_on <> k.written_on, false)) AND 
    NOT EXISTS (
      SELECT FROM judgements j
      WHERE j.entity = 'posts' AND j.left_ref = 'record:' || t.id AND j.judgement = 'different'
        AND j.right_ref = 'source:' || CAST(:source AS text) || ':' || k.identity AND j.superseded_at IS NULL) AND 
    NOT (k.explicit AND EXISTS (
      SELECT FROM source_records s WHERE s.record_id = t.id AND s.entity = 'posts'
        AND s.source_name = :source AND s.external_id IS NOT NULL))
          ORDER BY agrees DESC, t.id LIMIT 3) m
        WHERE k.title_key IS NOT NULL AND k.written_on IS NOT NULL AND EXISTS (SELECT FROM deciding_there)
          AND NOT EXISTS (SELECT FROM deciding_known n WHERE n.identity = k.identity)) found GROUP BY row_number;
ANALYZE deciding_matches;

-- Count repeated rows by name.
CREATE TEMPORARY TABLE deciding_namesakes ON COMMIT DROP AS
    SELECT s.owner, t.title_key AS name_key, count(DISTINCT s.target) AS number
    FROM deciding_repeated s JOIN posts t ON t.id = s.target
    WHERE t.title_key IN (SELECT title_key FROM deciding_keys) GROUP BY s.owner, t.title_key;
ANALYZE deciding_namesakes;

-- Give each row its record and the reason.
CREATE TEMPORARY TABLE deciding_rows ON COMMIT DROP AS
        SELECT k.row_number, k.identity, k.explicit, k.raw_sha256, k.owner, k.guarded, k.new_record_id,
               CASE WHEN k.asks IS NULL THEN coalesce(n.record_id, CASE WHEN m.agreeing = 1 THEN m.target END)
               END AS target,
               CASE WHEN k.asks IS NOT NULL THEN k.asks
                    WHEN n.record_id IS NOT NULL THEN n.reason
                    WHEN m.agreeing = 1 THEN m.reason
                    WHEN m.agreeing > 1 THEN 'match.multiple'
                    WHEN m.renumbered THEN 'id.new_for_known'
                    WHEN m.row_number IS NOT NULL THEN 'match.key_conflict'
                    WHEN w.id IS NOT NULL THEN 'match.possible_duplicate'
                    ELSE 'match.none' END AS reason,
               k.asks IS NOT NULL
                 OR n.record_id IS NULL AND coalesce(m.agreeing <> 1, w.id IS NOT NULL) AS for_review,
               CASE WHEN n.record_id IS NOT NULL THEN ARRAY[n.record_id]
                    ELSE coalesce(m.candidates, ARRAY[w.id]) END AS candidates,
               NULL::integer AS duplicate_of,
               k.alike - 1 + coalesce(o.number, 0) AS namesakes
        FROM (SELECT y.*, max(y.place) OVER (PARTITION BY y.title_key, y.owner) AS alike
              FROM (SELECT x.*, dense_rank() OVER (
                      PARTITION BY x.title_key, x.owner ORDER BY x.identity) AS place
                    FROM deciding_keys x) y) k
        LEFT JOIN deciding_known n ON n.identity = k.identity
        LEFT JOIN deciding_matches m ON m.row_number = k.row_number
        LEFT JOIN deciding_namesakes o ON o.name_key = k.title_key AND o.owner IS NOT DISTINCT FROM k.owner
        LEFT JOIN LATERAL (
          SELECT t.id FROM posts t
          WHERE EXISTS (SELECT FROM deciding_there) AND n.identity IS NULL AND m.row_number IS NULL
            AND t.title_key = k.title_key
            AND NOT k.nameless
            AND t.organization_id = k.owner AND NOT (coalesce(lower(t.url_key) <> lower(k.url_key), false) OR coalesce(t.written_on <> k.written_on, false))
            AND 
    NOT (k.explicit AND EXISTS (
      SELECT FROM source_records s WHERE s.record_id = t.id AND s.entity = 'posts'
        AND s.source_name = :source AND s.external_id IS NOT NULL)) AND 
    NOT EXISTS (
      SELECT FROM judgements j
      WHERE j.entity = 'posts' AND j.left_ref = 'record:' || t.id AND j.judgement = 'different'
        AND j.right_ref = 'source:' || CAST(:source AS text) || ':' || k.identity AND j.superseded_at IS NULL) LIMIT 1) w ON true;

-- Include repeated rows whose record other rows of the file refer to as well.
CREATE TEMPORARY TABLE deciding_included ON COMMIT DROP AS
        SELECT s.*, coalesce(p.identity, i.identity) AS identity, i.external_id IS NOT NULL AS explicit, i.raw_sha256
        FROM deciding_repeated s JOIN import_rows i ON i.import_id = :import AND i.row_number = s.row_number
        LEFT JOIN deciding_shared p ON p.row_number = i.row_number
        WHERE s.target IN (SELECT target FROM deciding_rows);
DELETE FROM deciding_repeated s USING deciding_included b WHERE s.row_number = b.row_number;
SELECT recall_rows(:import, ARRAY(SELECT row_number FROM deciding_included));
INSERT INTO deciding_keys 
        SELECT i.row_number, coalesce(p.identity, i.identity) AS identity,
               i.external_id IS NOT NULL AS explicit,
               i.raw_sha256, h.owner, h.guarded, i.new_record_id, i.reason AS asks,
               false AS nameless,
               CASE WHEN i.external_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN i.external_id::uuid END AS own_id,
               i.candidate->>'slug_base' AS slug_base, i.candidate->>'title_key' AS title_key, i.candidate->>'url_key' AS url_key, (i.candidate->>'written_on')::date AS written_on, i.candidate->>'slug' AS slug
        FROM 
        import_rows i JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '') LEFT JOIN deciding_shared p ON p.row_number = i.row_number
        WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error'
          AND NOT EXISTS (SELECT FROM deciding_refused f WHERE f.row_number = i.row_number) AND EXISTS (SELECT FROM deciding_included b WHERE b.row_number = i.row_number);
INSERT INTO deciding_rows
            (row_number, identity, explicit, raw_sha256, owner, guarded, target, reason, for_review, namesakes)
        SELECT row_number, identity, explicit, raw_sha256, owner, guarded, target, 'match.known', false, 0
        FROM deciding_included;

-- Refuse rows of records outside the import's scope.
ANALYZE deciding_rows;

-- Find rows that a person rejected before.
CREATE TEMPORARY TABLE deciding_rejected ON COMMIT DROP AS
    SELECT DISTINCT o.identity, o.raw_sha256
    FROM review_decisions d
    JOIN imports m ON m.id = d.import_id AND m.entity = 'posts' AND m.source_name = :source AND m.state = 'applied'
    JOIN import_rows o ON o.import_id = d.import_id AND o.row_number = d.row_number
    WHERE d.decision = 'rejected' AND (coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (NOT m.sees_all AND m.actor_id <> CAST(:actor AS uuid))
             ELSE coalesce(d.organization_id, m.organization_id) = ANY (CAST(:sees AS uuid[])) END, false) OR coalesce(d.organization_id, m.organization_id) IS NULL AND m.actor_id = CAST(:actor AS uuid));
UPDATE deciding_rows r SET for_review = true, reason = 'review.rejected_before' 
    FROM import_rows i JOIN deciding_rejected x ON x.identity = i.identity AND x.raw_sha256 = i.raw_sha256
    WHERE i.import_id = :import AND EXISTS (SELECT FROM deciding_rejected)
      AND i.row_number = r.row_number
      AND NOT EXISTS (SELECT FROM deciding_included b WHERE b.row_number = r.row_number);

-- Send rows to review that may be the record of an earlier row.
UPDATE deciding_rows r SET for_review = true, reason = 'match.possible_duplicate', duplicate_of = first.row_number
        FROM deciding_keys k
        JOIN (SELECT DISTINCT ON (f.owner, f.title_key) f.* FROM deciding_keys f
              JOIN deciding_rows g ON g.row_number = f.row_number AND g.target IS NULL AND NOT g.for_review
              WHERE g.namesakes > 0
              ORDER BY f.owner, f.title_key, f.row_number) first
          ON (first.title_key) = (k.title_key) AND first.owner IS NOT DISTINCT FROM k.owner
        WHERE r.row_number = k.row_number AND r.target IS NULL AND NOT r.for_review AND r.namesakes > 0 AND NOT (r.explicit AND first.explicit)
          AND EXISTS (SELECT FROM deciding_rows WHERE namesakes > 0 AND NOT explicit)
          AND first.row_number < r.row_number AND first.identity <> r.identity AND NOT (coalesce(lower(first.url_key) <> lower(k.url_key), false) OR coalesce(first.written_on <> k.written_on, false));

-- Find rows that contradicted another row and that nobody has decided.
CREATE TEMPORARY TABLE deciding_contested ON COMMIT DROP AS
    SELECT DISTINCT ON (o.identity, o.raw_sha256) o.identity, o.raw_sha256, o.candidate,
           CASE d.reason WHEN 'match.shared_key' THEN d.reason WHEN 'id.duplicate_in_file'
                THEN CASE WHEN CAST(:last_wins AS boolean) THEN 'id.conflict_before'
                          ELSE 'id.duplicate_before' END
                ELSE 'dup.conflict_before' END AS again,
           CASE d.reason WHEN 'id.duplicate_in_file' THEN 'id.conflict_before'
                WHEN 'match.shared_key' THEN d.reason
                ELSE 'dup.conflict_before' END AS otherwise
    FROM import_decisions d
    JOIN imports m ON m.id = d.import_id AND m.plan_revision = d.revision
      AND m.entity = 'posts' AND m.source_name = :source AND m.state = 'applied'
    JOIN import_rows o ON o.import_id = d.import_id AND o.row_number = d.row_number
    WHERE d.reason IN ('id.duplicate_in_file', 'match.shared_key', 'dup.conflict_in_file', 'dup.conflict_before')
      AND (d.reason = 'id.duplicate_in_file' OR NOT CAST(:last_wins AS boolean)) AND (coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (NOT m.sees_all AND m.actor_id <> CAST(:actor AS uuid))
             ELSE coalesce(d.organization_id, m.organization_id) = ANY (CAST(:sees AS uuid[])) END, false) OR coalesce(d.organization_id, m.organization_id) IS NULL AND m.actor_id = CAST(:actor AS uuid))
      AND NOT EXISTS (
        SELECT FROM review_decisions p
        JOIN imports n ON n.id = p.import_id AND n.entity = m.entity AND n.source_name = m.source_name
          AND n.state = 'applied'
        JOIN import_rows q ON q.import_id = p.import_id AND q.row_number = p.row_number
        WHERE q.identity = o.identity AND p.decided_at > m.applied_at
          AND (coalesce(
        CASE WHEN CAST(:sees_all AS boolean) THEN NOT (NOT n.sees_all AND n.actor_id <> CAST(:actor AS uuid))
             ELSE coalesce(p.organization_id, n.organization_id) = ANY (CAST(:sees AS uuid[])) END, false) OR coalesce(p.organization_id, n.organization_id) IS NULL AND n.actor_id = CAST(:actor AS uuid))
          AND CASE WHEN o.external_id IS NULL THEN q.raw_sha256 = o.raw_sha256 ELSE p.decision <> 'rejected' END)
    ORDER BY o.identity, o.raw_sha256, m.applied_at DESC;

-- Order the rows of each record.
CREATE TEMPORARY TABLE deciding_groups ON COMMIT DROP AS
    SELECT o.row_number, o.explicit, o.reason, o.namesakes, o.party, o.is_new, o.owner, o.guarded,
           (row_number() OVER of_target)::integer AS apply_order,
           first_value(o.given) OVER of_target AS target,
           coalesce(o.row_number <= s.until, false) AND NOT o.contradicted AS repeated
    FROM (SELECT d.row_number, d.explicit, d.reason, d.namesakes, d.owner, d.guarded, d.target IS NULL AS is_new,
                 
    EXISTS (SELECT FROM deciding_contested c WHERE c.identity = d.identity AND c.raw_sha256 = d.raw_sha256) AS contradicted,
                 -- Computed here once per row: in the window it would be computed repeatedly.
                 coalesce(d.target, d.new_record_id, new_id()) AS given, coalesce(d.target::text, d.identity) AS party
          FROM deciding_rows d WHERE NOT d.for_review) o
    LEFT JOIN (
      SELECT coalesce(d.target::text, d.identity) AS party, max(d.row_number) AS until
      FROM deciding_rows d JOIN deciding_included b ON b.row_number = d.row_number
      GROUP BY coalesce(d.target::text, d.identity)) s ON s.party = o.party
    WINDOW of_target AS (PARTITION BY o.party ORDER BY o.row_number);
ANALYZE deciding_groups;

-- Find values that people did not accept.
CREATE TEMPORARY TABLE deciding_declined ON COMMIT DROP AS
    SELECT identity, target, jsonb_object_agg(field, value ORDER BY decided_at) AS declined
    FROM (
      SELECT q.identity, p.target_id AS target, p.decided_at, e.key AS field, e.value
      FROM review_decisions p
      JOIN imports n ON n.id = p.import_id AND n.state = 'applied' AND n.entity = 'posts' AND n.source_name = :source
      JOIN import_rows q ON q.import_id = p.import_id AND q.row_number = p.row_number
      CROSS JOIN LATERAL (
        SELECT key, value FROM jsonb_each(p.issues->0->'params'->'declined')
        UNION ALL SELECT key, '[]' FROM jsonb_each(p.changes)) e
      WHERE p.target_id IS NOT NULL) f
    GROUP BY identity, target;

-- List rows with errors.
CREATE TEMPORARY TABLE deciding_wrong ON COMMIT DROP AS
    SELECT row_number, identity, external_id, reason, candidate FROM import_rows
    WHERE import_id = :import AND verdict = 'error';

-- Find rows with errors whose id another row has.
CREATE TEMPORARY TABLE deciding_used_ids ON COMMIT DROP AS
    SELECT i.row_number, array_agg(DISTINCT e.key) AS fields
    FROM deciding_wrong i
    JOIN import_rows q ON q.import_id = :import AND q.identity = i.identity AND q.row_number <> i.row_number
    CROSS JOIN LATERAL jsonb_each_text(jsonb_strip_nulls(q.candidate - 'extra')) e
    WHERE i.external_id IS NOT NULL
      AND NOT CAST(:last_wins AS boolean)
      AND (i.candidate->>e.key <> e.value OR e.key = 'title' AND i.candidate->>e.key IS NULL)
    GROUP BY i.row_number;

-- Compare each row with its record as the rows before it leave it.
CREATE TEMPORARY TABLE deciding_diffs ON COMMIT DROP AS
        WITH sequence AS (
          SELECT r.row_number, r.apply_order, r.explicit, r.target, r.is_new, r.reason, r.owner, r.guarded, r.repeated,
                 i.raw_sha256, i.candidate, coalesce(jsonb_strip_nulls(i.candidate->'extra'), '{}') AS extra,
                 jsonb_fold_first(jsonb_strip_nulls(i.candidate - 'extra')) OVER before AS earlier,
                 jsonb_fold_first(jsonb_strip_nulls(i.candidate->'extra')) OVER before AS earlier_extra
          FROM deciding_groups r JOIN import_rows i ON i.import_id = :import AND i.row_number = r.row_number
          WHERE 
            (NOT r.is_new OR r.party IN (SELECT party FROM deciding_groups WHERE apply_order = 2))
          WINDOW before AS (PARTITION BY r.party ORDER BY r.apply_order
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
        based AS MATERIALIZED (
          SELECT s.*, t.id IS NOT NULL AS alive, t.version AS base_version, t.field_origins AS origins, t.updated_at,
                 false AS claimed, t.organization_id AS organization_id,
                 jsonb_build_object('title', t.title, 'slug', t.slug, 'excerpt', t.excerpt, 'content', t.content, 'canonical_url', t.canonical_url, 'language', t.language, 'written_on', t.written_on, 'status', t.status, 'published_at', to_char(t.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'category_slug', (SELECT v.slug FROM post_categories v WHERE v.id = t.category_id), 'tags', t.tags, 'author', t.post_data->'author') AS stored,
                 CASE WHEN NOT s.is_new AND EXISTS (SELECT FROM deciding_declined) THEN (
                   SELECT n.declined FROM deciding_rows r
                   JOIN deciding_declined n ON n.target = r.target
                     AND r.identity IN (n.identity, n.identity || '|' || n.target)
                   WHERE r.row_number = s.row_number LIMIT 1) END AS declined, NULL::jsonb AS reported,
                 coalesce(t.post_data->'extra'->CAST(:source AS text), '{}')
                   || coalesce(s.earlier_extra, '{}') AS known_extra
          FROM sequence s LEFT JOIN posts t ON t.id = s.target AND NOT s.is_new
          WHERE NOT s.repeated),
        compared AS MATERIALIZED (
          SELECT b.*,
                 jsonb_strip_nulls(jsonb_build_object('title', CASE WHEN b.candidate->>'title' <> coalesce(CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END, '') AND (CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END IS NULL OR coalesce(b.origins->>'title', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'title' AND coalesce(b.declined->>'title' = b.candidate->>'title', b.declined->>'title' IS NULL) AND CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END, b.candidate->>'title') END, 'slug', CASE WHEN b.candidate->>'slug' <> coalesce(CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END, '') AND (false OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false)) AND NOT (false OR coalesce(b.declined ? 'slug' AND coalesce(b.declined->>'slug' = b.candidate->>'slug', b.declined->>'slug' IS NULL) AND CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END, b.candidate->>'slug') END, 'excerpt', CASE WHEN b.candidate->>'excerpt' <> coalesce(CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END, '') AND (CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'excerpt' AND coalesce(b.declined->>'excerpt' = b.candidate->>'excerpt', b.declined->>'excerpt' IS NULL) AND CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END, b.candidate->>'excerpt') END, 'content', CASE WHEN b.candidate->>'content' <> coalesce(CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END, '') AND (CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END IS NULL OR coalesce(b.origins->>'content', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'content' AND coalesce(b.declined->>'content' = b.candidate->>'content', b.declined->>'content' IS NULL) AND CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END, b.candidate->>'content') END, 'canonical_url', CASE WHEN b.candidate->>'canonical_url' <> coalesce(CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END, '') AND (CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'canonical_url' AND coalesce(b.declined->>'canonical_url' = b.candidate->>'canonical_url', b.declined->>'canonical_url' IS NULL) AND CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END, b.candidate->>'canonical_url') END, 'language', CASE WHEN b.candidate->>'language' <> coalesce(CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END, '') AND (CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END IS NULL OR coalesce(b.origins->>'language', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'language' AND coalesce(b.declined->>'language' = b.candidate->>'language', b.declined->>'language' IS NULL) AND CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END, b.candidate->>'language') END, 'written_on', CASE WHEN b.candidate->>'written_on' <> coalesce(CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END, '') AND (CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin) AND NOT (coalesce(starts_with((CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END), (b.candidate->>'written_on_in_brief')), false) OR coalesce(b.declined ? 'written_on' AND coalesce(b.declined->>'written_on' = b.candidate->>'written_on', b.declined->>'written_on' IS NULL) AND CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END, b.candidate->>'written_on') END, 'status', CASE WHEN b.candidate->>'status' <> coalesce(CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END, '') AND (CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END IS NULL OR coalesce(b.origins->>'status', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'status' AND coalesce(b.declined->>'status' = b.candidate->>'status', b.declined->>'status' IS NULL) AND CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END, b.candidate->>'status') END, 'published_at', CASE WHEN 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END <> coalesce(CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END, '') AND (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'published_at' AND coalesce(b.declined->>'published_at' = 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END, b.declined->>'published_at' IS NULL) AND CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END, 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END) END, 'category', CASE WHEN b.candidate->>'category_slug' <> coalesce(CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END, '') AND (CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END IS NULL OR coalesce(b.origins->>'category', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'category' AND coalesce(b.declined->>'category' = b.candidate->>'category_slug', b.declined->>'category' IS NULL) AND CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END, b.candidate->>'category_slug') END, 'tags', CASE WHEN b.candidate->>'tags' <> coalesce(CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END, '') AND (CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'tags' AND coalesce(b.declined->>'tags' = b.candidate->>'tags', b.declined->>'tags' IS NULL) AND CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END, b.candidate->>'tags') END, 'author', CASE WHEN b.candidate->>'author' <> coalesce(CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END, '') AND (CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END IS NULL OR coalesce(b.origins->>'author', :origin) = :origin) AND NOT (false OR coalesce(b.declined ? 'author' AND coalesce(b.declined->>'author' = b.candidate->>'author', b.declined->>'author' IS NULL) AND CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END IS NOT NULL, false)) THEN jsonb_build_array(CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END, b.candidate->>'author') END))
                   || CASE WHEN b.known_extra || b.extra = b.known_extra THEN '{}'::jsonb
                      ELSE jsonb_build_object(
                        'extra', jsonb_build_array(b.known_extra, b.known_extra || b.extra)) END AS changes,
                 array_remove(ARRAY[CASE WHEN b.candidate->>'title' <> CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END AND true AND NOT (false OR coalesce(b.declined ? 'title' AND coalesce(b.declined->>'title' = b.candidate->>'title', b.declined->>'title' IS NULL) AND CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END IS NOT NULL, false)) AND coalesce(b.origins->>'title', :origin) LIKE 'person:%' THEN 'title' END, CASE WHEN b.candidate->>'slug' <> CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END AND false AND NOT (false OR coalesce(b.declined ? 'slug' AND coalesce(b.declined->>'slug' = b.candidate->>'slug', b.declined->>'slug' IS NULL) AND CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END IS NOT NULL, false)) AND coalesce(b.origins->>'slug', :origin) LIKE 'person:%' THEN 'slug' END, CASE WHEN b.candidate->>'excerpt' <> CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END AND true AND NOT (false OR coalesce(b.declined ? 'excerpt' AND coalesce(b.declined->>'excerpt' = b.candidate->>'excerpt', b.declined->>'excerpt' IS NULL) AND CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END IS NOT NULL, false)) AND coalesce(b.origins->>'excerpt', :origin) LIKE 'person:%' THEN 'excerpt' END, CASE WHEN b.candidate->>'content' <> CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END AND true AND NOT (false OR coalesce(b.declined ? 'content' AND coalesce(b.declined->>'content' = b.candidate->>'content', b.declined->>'content' IS NULL) AND CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END IS NOT NULL, false)) AND coalesce(b.origins->>'content', :origin) LIKE 'person:%' THEN 'content' END, CASE WHEN b.candidate->>'canonical_url' <> CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END AND true AND NOT (false OR coalesce(b.declined ? 'canonical_url' AND coalesce(b.declined->>'canonical_url' = b.candidate->>'canonical_url', b.declined->>'canonical_url' IS NULL) AND CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END IS NOT NULL, false)) AND coalesce(b.origins->>'canonical_url', :origin) LIKE 'person:%' THEN 'canonical_url' END, CASE WHEN b.candidate->>'language' <> CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END AND true AND NOT (false OR coalesce(b.declined ? 'language' AND coalesce(b.declined->>'language' = b.candidate->>'language', b.declined->>'language' IS NULL) AND CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END IS NOT NULL, false)) AND coalesce(b.origins->>'language', :origin) LIKE 'person:%' THEN 'language' END, CASE WHEN b.candidate->>'written_on' <> CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END AND true AND NOT (coalesce(starts_with((CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END), (b.candidate->>'written_on_in_brief')), false) OR coalesce(b.declined ? 'written_on' AND coalesce(b.declined->>'written_on' = b.candidate->>'written_on', b.declined->>'written_on' IS NULL) AND CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END IS NOT NULL, false)) AND coalesce(b.origins->>'written_on', :origin) LIKE 'person:%' THEN 'written_on' END, CASE WHEN b.candidate->>'status' <> CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END AND true AND NOT (false OR coalesce(b.declined ? 'status' AND coalesce(b.declined->>'status' = b.candidate->>'status', b.declined->>'status' IS NULL) AND CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END IS NOT NULL, false)) AND coalesce(b.origins->>'status', :origin) LIKE 'person:%' THEN 'status' END, CASE WHEN 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END <> CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END AND true AND NOT (false OR coalesce(b.declined ? 'published_at' AND coalesce(b.declined->>'published_at' = 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END, b.declined->>'published_at' IS NULL) AND CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END IS NOT NULL, false)) AND coalesce(b.origins->>'published_at', :origin) LIKE 'person:%' THEN 'published_at' END, CASE WHEN b.candidate->>'category_slug' <> CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END AND true AND NOT (false OR coalesce(b.declined ? 'category' AND coalesce(b.declined->>'category' = b.candidate->>'category_slug', b.declined->>'category' IS NULL) AND CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END IS NOT NULL, false)) AND coalesce(b.origins->>'category', :origin) LIKE 'person:%' THEN 'category' END, CASE WHEN b.candidate->>'tags' <> CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END AND true AND NOT (false OR coalesce(b.declined ? 'tags' AND coalesce(b.declined->>'tags' = b.candidate->>'tags', b.declined->>'tags' IS NULL) AND CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END IS NOT NULL, false)) AND coalesce(b.origins->>'tags', :origin) LIKE 'person:%' THEN 'tags' END, CASE WHEN b.candidate->>'author' <> CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END AND true AND NOT (false OR coalesce(b.declined ? 'author' AND coalesce(b.declined->>'author' = b.candidate->>'author', b.declined->>'author' IS NULL) AND CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END IS NOT NULL, false)) AND coalesce(b.origins->>'author', :origin) LIKE 'person:%' THEN 'author' END]::text[], NULL) AS locked,
                 array_remove(ARRAY[CASE WHEN b.candidate->>'title' <> CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END AND true AND NOT (false OR coalesce(b.declined ? 'title' AND coalesce(b.declined->>'title' = b.candidate->>'title', b.declined->>'title' IS NULL) AND CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END IS NOT NULL, false)) AND coalesce(b.origins->>'title', :origin) LIKE 'source:%' AND coalesce(b.origins->>'title', :origin) <> :origin THEN 'title' END, CASE WHEN b.candidate->>'excerpt' <> CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END AND true AND NOT (false OR coalesce(b.declined ? 'excerpt' AND coalesce(b.declined->>'excerpt' = b.candidate->>'excerpt', b.declined->>'excerpt' IS NULL) AND CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END IS NOT NULL, false)) AND coalesce(b.origins->>'excerpt', :origin) LIKE 'source:%' AND coalesce(b.origins->>'excerpt', :origin) <> :origin THEN 'excerpt' END, CASE WHEN b.candidate->>'content' <> CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END AND true AND NOT (false OR coalesce(b.declined ? 'content' AND coalesce(b.declined->>'content' = b.candidate->>'content', b.declined->>'content' IS NULL) AND CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END IS NOT NULL, false)) AND coalesce(b.origins->>'content', :origin) LIKE 'source:%' AND coalesce(b.origins->>'content', :origin) <> :origin THEN 'content' END, CASE WHEN b.candidate->>'canonical_url' <> CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END AND true AND NOT (false OR coalesce(b.declined ? 'canonical_url' AND coalesce(b.declined->>'canonical_url' = b.candidate->>'canonical_url', b.declined->>'canonical_url' IS NULL) AND CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END IS NOT NULL, false)) AND coalesce(b.origins->>'canonical_url', :origin) LIKE 'source:%' AND coalesce(b.origins->>'canonical_url', :origin) <> :origin THEN 'canonical_url' END, CASE WHEN b.candidate->>'language' <> CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END AND true AND NOT (false OR coalesce(b.declined ? 'language' AND coalesce(b.declined->>'language' = b.candidate->>'language', b.declined->>'language' IS NULL) AND CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END IS NOT NULL, false)) AND coalesce(b.origins->>'language', :origin) LIKE 'source:%' AND coalesce(b.origins->>'language', :origin) <> :origin THEN 'language' END, CASE WHEN b.candidate->>'written_on' <> CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END AND true AND NOT (coalesce(starts_with((CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END), (b.candidate->>'written_on_in_brief')), false) OR coalesce(b.declined ? 'written_on' AND coalesce(b.declined->>'written_on' = b.candidate->>'written_on', b.declined->>'written_on' IS NULL) AND CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END IS NOT NULL, false)) AND coalesce(b.origins->>'written_on', :origin) LIKE 'source:%' AND coalesce(b.origins->>'written_on', :origin) <> :origin THEN 'written_on' END, CASE WHEN b.candidate->>'status' <> CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END AND true AND NOT (false OR coalesce(b.declined ? 'status' AND coalesce(b.declined->>'status' = b.candidate->>'status', b.declined->>'status' IS NULL) AND CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END IS NOT NULL, false)) AND coalesce(b.origins->>'status', :origin) LIKE 'source:%' AND coalesce(b.origins->>'status', :origin) <> :origin THEN 'status' END, CASE WHEN 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END <> CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END AND true AND NOT (false OR coalesce(b.declined ? 'published_at' AND coalesce(b.declined->>'published_at' = 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END, b.declined->>'published_at' IS NULL) AND CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END IS NOT NULL, false)) AND coalesce(b.origins->>'published_at', :origin) LIKE 'source:%' AND coalesce(b.origins->>'published_at', :origin) <> :origin THEN 'published_at' END, CASE WHEN b.candidate->>'category_slug' <> CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END AND true AND NOT (false OR coalesce(b.declined ? 'category' AND coalesce(b.declined->>'category' = b.candidate->>'category_slug', b.declined->>'category' IS NULL) AND CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END IS NOT NULL, false)) AND coalesce(b.origins->>'category', :origin) LIKE 'source:%' AND coalesce(b.origins->>'category', :origin) <> :origin THEN 'category' END, CASE WHEN b.candidate->>'tags' <> CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END AND true AND NOT (false OR coalesce(b.declined ? 'tags' AND coalesce(b.declined->>'tags' = b.candidate->>'tags', b.declined->>'tags' IS NULL) AND CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END IS NOT NULL, false)) AND coalesce(b.origins->>'tags', :origin) LIKE 'source:%' AND coalesce(b.origins->>'tags', :origin) <> :origin THEN 'tags' END, CASE WHEN b.candidate->>'author' <> CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END AND true AND NOT (false OR coalesce(b.declined ? 'author' AND coalesce(b.declined->>'author' = b.candidate->>'author', b.declined->>'author' IS NULL) AND CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END IS NOT NULL, false)) AND coalesce(b.origins->>'author', :origin) LIKE 'source:%' AND coalesce(b.origins->>'author', :origin) <> :origin THEN 'author' END]::text[], NULL) AS outranked,
                 array_remove(ARRAY[]::text[], NULL) AS withheld,
                 array_remove(ARRAY[CASE WHEN b.candidate->>'written_on' <> CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END AND true AND coalesce(starts_with((CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END), (b.candidate->>'written_on_in_brief')), false) THEN 'written_on' END]::text[], NULL) AS less_detailed,
                 array_remove(ARRAY[CASE WHEN b.candidate->>'title' <> CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END AND true AND coalesce(b.declined ? 'title' AND coalesce(b.declined->>'title' = b.candidate->>'title', b.declined->>'title' IS NULL) AND CASE WHEN b.stored->>'title' IS NULL OR coalesce(b.origins->>'title', :origin) = :origin THEN coalesce(b.earlier->>'title', b.stored->>'title') ELSE b.stored->>'title' END IS NOT NULL, false) THEN 'title' END, CASE WHEN b.candidate->>'slug' <> CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END AND false AND coalesce(b.declined ? 'slug' AND coalesce(b.declined->>'slug' = b.candidate->>'slug', b.declined->>'slug' IS NULL) AND CASE WHEN b.stored->>'slug' IS NULL OR (coalesce(b.origins->>'slug', :origin) NOT LIKE 'person:%' AND false) THEN coalesce(b.earlier->>'slug', b.stored->>'slug') ELSE b.stored->>'slug' END IS NOT NULL, false) THEN 'slug' END, CASE WHEN b.candidate->>'excerpt' <> CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END AND true AND coalesce(b.declined ? 'excerpt' AND coalesce(b.declined->>'excerpt' = b.candidate->>'excerpt', b.declined->>'excerpt' IS NULL) AND CASE WHEN b.stored->>'excerpt' IS NULL OR coalesce(b.origins->>'excerpt', :origin) = :origin THEN coalesce(b.earlier->>'excerpt', b.stored->>'excerpt') ELSE b.stored->>'excerpt' END IS NOT NULL, false) THEN 'excerpt' END, CASE WHEN b.candidate->>'content' <> CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END AND true AND coalesce(b.declined ? 'content' AND coalesce(b.declined->>'content' = b.candidate->>'content', b.declined->>'content' IS NULL) AND CASE WHEN b.stored->>'content' IS NULL OR coalesce(b.origins->>'content', :origin) = :origin THEN coalesce(b.earlier->>'content', b.stored->>'content') ELSE b.stored->>'content' END IS NOT NULL, false) THEN 'content' END, CASE WHEN b.candidate->>'canonical_url' <> CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END AND true AND coalesce(b.declined ? 'canonical_url' AND coalesce(b.declined->>'canonical_url' = b.candidate->>'canonical_url', b.declined->>'canonical_url' IS NULL) AND CASE WHEN b.stored->>'canonical_url' IS NULL OR coalesce(b.origins->>'canonical_url', :origin) = :origin THEN coalesce(b.earlier->>'canonical_url', b.stored->>'canonical_url') ELSE b.stored->>'canonical_url' END IS NOT NULL, false) THEN 'canonical_url' END, CASE WHEN b.candidate->>'language' <> CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END AND true AND coalesce(b.declined ? 'language' AND coalesce(b.declined->>'language' = b.candidate->>'language', b.declined->>'language' IS NULL) AND CASE WHEN b.stored->>'language' IS NULL OR coalesce(b.origins->>'language', :origin) = :origin THEN coalesce(b.earlier->>'language', b.stored->>'language') ELSE b.stored->>'language' END IS NOT NULL, false) THEN 'language' END, CASE WHEN b.candidate->>'written_on' <> CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END AND true AND coalesce(b.declined ? 'written_on' AND coalesce(b.declined->>'written_on' = b.candidate->>'written_on', b.declined->>'written_on' IS NULL) AND CASE WHEN b.stored->>'written_on' IS NULL OR coalesce(b.origins->>'written_on', :origin) = :origin THEN coalesce(b.earlier->>'written_on', b.stored->>'written_on') ELSE b.stored->>'written_on' END IS NOT NULL, false) THEN 'written_on' END, CASE WHEN b.candidate->>'status' <> CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END AND true AND coalesce(b.declined ? 'status' AND coalesce(b.declined->>'status' = b.candidate->>'status', b.declined->>'status' IS NULL) AND CASE WHEN b.stored->>'status' IS NULL OR coalesce(b.origins->>'status', :origin) = :origin THEN coalesce(b.earlier->>'status', b.stored->>'status') ELSE b.stored->>'status' END IS NOT NULL, false) THEN 'status' END, CASE WHEN 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END <> CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END AND true AND coalesce(b.declined ? 'published_at' AND coalesce(b.declined->>'published_at' = 
        CASE WHEN b.candidate->>'published_at' IS NULL OR (b.candidate->>'published_at_in_brief') IS NULL OR (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) IS NULL THEN b.candidate->>'published_at'
             WHEN (b.candidate->>'published_at_in_brief') = '?' THEN (CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END) ELSE to_char(CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE (CAST(:timezone AS text))::interval ELSE (CASE WHEN length((b.candidate->>'published_at_in_brief')) = 10 THEN ((b.candidate->>'published_at_in_brief'))::date + (CASE WHEN CAST(:timezone AS text) ~ '^[+-]' THEN ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE (CAST(:timezone AS text))::interval ELSE ((CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END))::timestamptz AT TIME ZONE CAST(:timezone AS text) END)::time ELSE ((b.candidate->>'published_at_in_brief'))::timestamp END) AT TIME ZONE CAST(:timezone AS text) END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END, b.declined->>'published_at' IS NULL) AND CASE WHEN b.stored->>'published_at' IS NULL OR coalesce(b.origins->>'published_at', :origin) = :origin THEN coalesce(b.earlier->>'published_at', b.stored->>'published_at') ELSE b.stored->>'published_at' END IS NOT NULL, false) THEN 'published_at' END, CASE WHEN b.candidate->>'category_slug' <> CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END AND true AND coalesce(b.declined ? 'category' AND coalesce(b.declined->>'category' = b.candidate->>'category_slug', b.declined->>'category' IS NULL) AND CASE WHEN b.stored->>'category_slug' IS NULL OR coalesce(b.origins->>'category', :origin) = :origin THEN coalesce(b.earlier->>'category_slug', b.stored->>'category_slug') ELSE b.stored->>'category_slug' END IS NOT NULL, false) THEN 'category' END, CASE WHEN b.candidate->>'tags' <> CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END AND true AND coalesce(b.declined ? 'tags' AND coalesce(b.declined->>'tags' = b.candidate->>'tags', b.declined->>'tags' IS NULL) AND CASE WHEN b.stored->>'tags' IS NULL OR coalesce(b.origins->>'tags', :origin) = :origin THEN coalesce(b.earlier->>'tags', b.stored->>'tags') ELSE b.stored->>'tags' END IS NOT NULL, false) THEN 'tags' END, CASE WHEN b.candidate->>'author' <> CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END AND true AND coalesce(b.declined ? 'author' AND coalesce(b.declined->>'author' = b.candidate->>'author', b.declined->>'author' IS NULL) AND CASE WHEN b.stored->>'author' IS NULL OR coalesce(b.origins->>'author', :origin) = :origin THEN coalesce(b.earlier->>'author', b.stored->>'author') ELSE b.stored->>'author' END IS NOT NULL, false) THEN 'author' END]::text[], NULL) AS kept
          FROM based b)
        SELECT c.row_number, c.apply_order, c.explicit, c.target, c.is_new, c.reason, c.alive, c.base_version,
               c.claimed,
               c.organization_id, c.owner, c.guarded, c.changes, c.locked, c.outranked, c.withheld,
               c.less_detailed, c.kept,
               false AS reversed,
               c.apply_order > 1 AND (EXISTS (
                 SELECT FROM jsonb_each(c.changes) e WHERE e.key <> 'extra' AND e.value->>0 IS NOT NULL)
                 OR EXISTS (SELECT FROM jsonb_each_text(c.extra) x
                            WHERE c.earlier_extra->>x.key IS NOT NULL AND c.earlier_extra->>x.key <> x.value))
                 AS contradicts
        FROM compared c;

-- Decide each row.
CREATE TEMPORARY TABLE deciding_final ON COMMIT DROP AS
    SELECT i.row_number, 'rejected' AS decision,
           CASE WHEN u.row_number IS NULL THEN i.reason ELSE 'id.duplicate_in_file' END
             AS reason,
           NULL::uuid AS target_id, NULL::uuid AS owner, NULL::integer AS base_version, 1 AS apply_order,
           NULL::jsonb AS changes, CASE WHEN u.row_number IS NOT NULL THEN 'error' END AS severity,
           CASE WHEN u.row_number IS NOT NULL THEN jsonb_build_object('fields', u.fields) END AS params,
           NULL::jsonb AS notes
    FROM deciding_wrong i LEFT JOIN deciding_used_ids u ON u.row_number = i.row_number
    UNION ALL
    SELECT r.row_number, 'rejected', r.problem, NULL, NULL, NULL, 1, NULL, 'error', r.params, NULL
    FROM deciding_refused r
    UNION ALL
    SELECT r.row_number, 'review', r.reason, NULL, r.owner, NULL, 1, NULL, CASE WHEN k.asks IS NULL THEN 'review' END,
           jsonb_build_object('candidates', array_remove(r.candidates, NULL), 'row_number', r.duplicate_of),
           -- The question itself is stored with the row; this only names the record it is about.
           CASE WHEN k.asks IS NOT NULL AND cardinality(array_remove(r.candidates, NULL)) > 0
                THEN to_jsonb(array_remove(ARRAY[
                  jsonb_build_object(
                    'code', 'match.known', 'severity', 'info',
                    'params', jsonb_build_object('candidates', array_remove(r.candidates, NULL))),
                  NULL::jsonb], NULL)) END
    FROM deciding_rows r JOIN deciding_keys k ON k.row_number = r.row_number WHERE r.for_review
    UNION ALL
    SELECT r.row_number, 'unchanged', 'match.known', r.target, r.owner, NULL, r.apply_order, NULL, NULL,
           NULL, NULL
    FROM deciding_groups r WHERE r.repeated
    UNION ALL
    SELECT s.row_number, 'unchanged', 'match.known', s.target, s.owner, NULL, 1, NULL, NULL, NULL, NULL
    FROM deciding_repeated s
    UNION ALL
    SELECT r.row_number, 'accepted', CASE WHEN r.namesakes > 0 THEN 'match.same_name' ELSE r.reason END,
           r.target, r.owner, NULL, 1, NULL,
           CASE WHEN r.namesakes > 0 THEN 'info' END,
           CASE WHEN r.namesakes > 0 THEN jsonb_build_object('namesakes', r.namesakes) END, NULL
    FROM deciding_groups r WHERE r.is_new AND r.apply_order = 1 AND true AND NOT r.guarded
    UNION ALL
    SELECT r.row_number, 'review', 'match.target_claimed', NULL, r.owner, NULL, 1, NULL, 'review', '{}', NULL
    FROM deciding_groups r WHERE r.is_new AND r.apply_order = 1 AND r.guarded
    UNION ALL
    SELECT r.row_number, 'rejected', 'permission.scope', NULL, r.owner, NULL, 1, NULL, 'error', '{}', NULL
    FROM deciding_groups r WHERE r.is_new AND r.apply_order = 1 AND NOT true
    UNION ALL
    SELECT o.row_number, v.decision, coalesce(v.reason, o.reason), o.target, o.owner, o.base_version, o.apply_order,
           CASE v.decision WHEN 'merged' THEN o.changes END, v.severity,
           jsonb_strip_nulls(jsonb_build_object(
             'fields', CASE WHEN v.verdict IN ('id.duplicate_in_file', 'id.duplicate_before', 'match.shared_key', 'id.conflict_before', 'dup.conflict_in_file', 'dup.conflict_before')
                            THEN (SELECT jsonb_agg(key) FROM jsonb_object_keys(o.changes) key)
                            WHEN cardinality(o.locked) > 0 THEN to_jsonb(o.locked) END,
             'candidates', CASE WHEN v.decision = 'review' AND NOT o.is_new THEN to_jsonb(ARRAY[o.target]) END,
             'changes', CASE v.decision WHEN 'review' THEN o.changes END)),
           nullif(to_jsonb(array_remove(ARRAY[
        CASE WHEN cardinality(o.outranked) > 0 THEN jsonb_build_object(
          'code', 'field.source_outranked', 'severity', 'warning', 'params', jsonb_build_object('fields', o.outranked)) END, 
        CASE WHEN cardinality(o.withheld) > 0 THEN jsonb_build_object(
          'code', 'consent.withdrawn_kept', 'severity', 'warning', 'params', jsonb_build_object('fields', o.withheld)) END, 
        CASE WHEN cardinality(o.less_detailed) > 0 THEN jsonb_build_object(
          'code', 'field.less_said', 'severity', 'warning', 'params', jsonb_build_object('fields', o.less_detailed)) END, 
        CASE WHEN cardinality(o.kept) > 0 THEN jsonb_build_object(
          'code', 'field.kept_in_review', 'severity', 'warning', 'params', jsonb_build_object('fields', o.kept)) END, NULL::jsonb], NULL)), '[]')
    FROM (
      SELECT d.*,
             CASE WHEN NOT d.is_new AND NOT d.alive THEN 'match.target_deleted'
                  WHEN d.owner IS NULL AND CAST(:scope AS uuid) IS NOT NULL
                       AND d.organization_id IS DISTINCT FROM CAST(:scope AS uuid) THEN 'permission.scope'
                  WHEN NOT d.is_new AND d.owner <> d.organization_id THEN 'match.other_organization'
                  WHEN cardinality(d.locked) > 0 THEN 'field.locked_by_person'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) AND d.explicit
                       THEN 'id.duplicate_in_file'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) AND d.changes ? 'title'
                       THEN 'match.shared_key'
                  WHEN d.contradicts AND NOT CAST(:last_wins AS boolean) THEN 'dup.conflict_in_file'
                  WHEN d.guarded AND d.is_new THEN 'match.target_claimed'
                  WHEN d.changes = '{}' AND d.apply_order > 1 THEN 'dup.identical_in_file'
                  WHEN d.changes = '{}' THEN 'match.same_values'
                  WHEN d.reversed THEN 'value.end_before_start'
                  WHEN d.guarded THEN 'match.target_claimed'
                  WHEN d.claimed AND NOT d.organization_id = ANY (CAST(:manages AS uuid[]))
                       THEN 'match.target_claimed'
                  WHEN false THEN 'match.shared_key'
                  WHEN d.contested IS NOT NULL THEN d.contested
                  ELSE 'merge' END AS verdict
      FROM (
        SELECT x.*,
               CASE WHEN NOT x.is_new AND EXISTS (SELECT FROM deciding_contested) THEN (
        SELECT CASE WHEN c.raw_sha256 = r.raw_sha256 THEN c.again ELSE c.otherwise END
        FROM deciding_rows r
        JOIN deciding_contested c ON c.identity = r.identity
        CROSS JOIN LATERAL jsonb_each(x.changes) e
        WHERE r.row_number = x.row_number AND 
    CASE e.key WHEN 'extra' THEN e.value->1 <> (e.value->1 || (e.value->0)) ELSE e.value->>0 IS NOT NULL END
          -- Another name; or, unless later rows are newer, any change by a row sent again, or a value of that row.
          AND (e.key = 'title' OR NOT CAST(:last_wins AS boolean) AND (
               c.raw_sha256 = r.raw_sha256
               OR e.key <> 'extra' AND e.value->>1 IN (c.candidate->>e.key, c.candidate->>(e.key || '_slug'))))
        ORDER BY c.raw_sha256 = r.raw_sha256 DESC LIMIT 1) END AS contested
        FROM deciding_diffs x WHERE NOT (x.is_new AND x.apply_order = 1)) d) o
    JOIN (VALUES ('permission.scope', 'rejected', 'permission.scope', 'error'), ('permission.denied', 'rejected', 'permission.denied', 'error'), ('relation.not_found', 'rejected', 'relation.not_found', 'error'), ('relation.ambiguous', 'rejected', 'relation.ambiguous', 'error'), ('review.rejected_before', 'rejected', 'review.rejected_before', 'error'), ('id.duplicate_in_file', 'rejected', 'id.duplicate_in_file', 'error'), ('id.duplicate_before', 'rejected', 'id.duplicate_before', 'error'), ('match.possible_duplicate', 'review', 'match.possible_duplicate', 'review'), ('match.multiple', 'review', 'match.multiple', 'review'), ('match.key_conflict', 'review', 'match.key_conflict', 'review'), ('match.shared_key', 'review', 'match.shared_key', 'review'), ('id.new_for_known', 'review', 'id.new_for_known', 'review'), ('id.conflict_before', 'review', 'id.conflict_before', 'review'), ('dup.conflict_in_file', 'review', 'dup.conflict_in_file', 'review'), ('dup.conflict_before', 'review', 'dup.conflict_before', 'review'), ('match.target_deleted', 'review', 'match.target_deleted', 'review'), ('match.target_claimed', 'review', 'match.target_claimed', 'review'), ('match.other_organization', 'review', 'match.other_organization', 'review'), ('field.locked_by_person', 'review', 'field.locked_by_person', 'review'), ('value.end_before_start', 'review', 'value.end_before_start', 'review'), ('plan.stale', 'review', 'plan.stale', 'review'), ('dup.identical_in_file', 'unchanged', 'dup.identical_in_file', 'info'), ('match.same_values', 'unchanged', NULL, NULL), ('merge', 'merged', NULL, NULL))
      v (verdict, decision, reason, severity) ON v.verdict = o.verdict;
UPDATE deciding_final f
    SET decision = 'rejected', reason = 'review.rejected_before', severity = 'error', changes = NULL,
        params = '{}'
    
    FROM import_rows i JOIN deciding_rejected x ON x.identity = i.identity AND x.raw_sha256 = i.raw_sha256
    WHERE i.import_id = :import AND EXISTS (SELECT FROM deciding_rejected) AND i.row_number = f.row_number AND f.decision = 'review';
