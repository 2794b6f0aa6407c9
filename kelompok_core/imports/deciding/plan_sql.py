"""SQL that stores a plan's decisions, and keeps those that a person has reviewed."""

from kelompok_core.issues import reasons

# Stored in file order, each with the organization that owns the record.
INSERT_DECISIONS = """
    INSERT INTO import_decisions
        (import_id, revision, row_number, decision, reason, target_id, base_version, apply_order, slug, organization_id,
         changes, issues)
    SELECT :import, :revision, f.row_number, f.decision, f.reason, f.target_id, f.base_version, f.apply_order,
           CASE f.decision WHEN 'accepted' THEN s.slug END, f.owner, f.changes,
           CASE WHEN f.severity IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
             'code', f.reason, 'severity', f.severity, 'column', f.params->'column', 'value', f.params->'value',
             'params', coalesce(f.params, '{}'))) || coalesce(f.notes, '[]') ELSE f.notes END
    FROM deciding_final f LEFT JOIN deciding_slugs s ON s.row_number = f.row_number ORDER BY f.row_number"""

# A reviewed plan is binding: a row that would now be decided differently goes to review instead.
KEEP_REVIEWED = f"""
    UPDATE deciding_final f
    SET decision = 'review', reason = '{reasons.PLAN_IS_STALE.code}', severity = 'review', changes = NULL,
        params = coalesce(f.params, '{{}}')
          || jsonb_build_object('planned', p.decision, 'now', f.decision, 'because', f.reason)
    FROM import_decisions p
    WHERE p.import_id = :import AND p.revision = :reviewed AND p.row_number = f.row_number
      AND (p.decision, p.changes) IS DISTINCT FROM (f.decision, f.changes)
      OR p.import_id = :import AND p.revision = :reviewed AND p.row_number = f.row_number
      AND f.decision <> 'accepted' AND p.target_id IS DISTINCT FROM f.target_id"""
