"""The SQL of where rows belong: organizations, named by each row or by the whole import, and the rows refused there."""

from kelompok_core.issues import reasons
from kelompok_core.records.visibility_sql import said_by_limited, sees, sees_said

OWNER = "organizations"
"""The entity whose records others belong to."""

RESTS_ON = "'organizations', 'users', 'organization_user_roles'"
"""Tables beside the entity's own that decisions rest on."""

SLUG_OF_OWNER = "(SELECT o.slug FROM organizations o WHERE o.id = t.organization_id)"
"""The organization of the record ``t``, as a row would name it."""

_NAMED = """
      SELECT DISTINCT candidate->>'organization' AS written, candidate->>'organization_key' AS key
      FROM import_rows WHERE import_id = :import AND verdict IS DISTINCT FROM 'error'"""
_UNNAMED = "SELECT NULL::text AS written, NULL::text AS key"


def owners(*, named: bool) -> str:
    """Find each organization that rows name, once: by slug, else by an id some source knows it by, else by name.

    Only visible organizations count: a name shared by several means the one the importer can see, and hidden ones are
    treated as missing.
    Where no column names one (``named``), all rows belong where the import does.
    """
    return f"""
    CREATE TEMPORARY TABLE deciding_owners ON COMMIT DROP AS
    WITH {_known(_NAMED if named else _UNNAMED)}
    SELECT k.written, o.id AS owner,
           CAST(:scope AS uuid) IS NULL AND o.claim_status = 'claimed'
             AND NOT o.id = ANY (CAST(:manages AS uuid[])) AS guarded,
           CASE WHEN cardinality(k.ids) = 0 AND CAST(:scope AS uuid) IS NOT NULL THEN '{reasons.OUT_OF_SCOPE.code}'
                WHEN cardinality(k.ids) = 0 THEN '{reasons.OWNER_NOT_FOUND.code}'
                WHEN cardinality(k.ids) > 1 THEN '{reasons.OWNER_AMBIGUOUS.code}'
                WHEN NOT CAST(:everywhere AS boolean) AND NOT o.id = ANY (CAST(:permitted AS uuid[]))
                  THEN '{reasons.NOT_PERMITTED.code}' END AS problem
    FROM known k LEFT JOIN organizations o ON cardinality(k.ids) = 1 AND o.id = k.ids[1]"""


def _known(said: str) -> str:
    """Return the common table expressions of which organizations each of the names ``said`` may mean."""
    return f"""said AS ({said}),
    by_id AS (
      SELECT s.external_id, array_agg(DISTINCT s.record_id) AS ids
      FROM evidence s JOIN organizations o ON o.id = s.record_id
      WHERE s.entity = 'organizations' AND s.external_id IN (SELECT written FROM said)
        AND {sees_said("o.id", said_by_limited("s"))}
      GROUP BY s.external_id),
    by_name AS (
      SELECT o.name_key, array_agg(o.id) AS ids FROM organizations o
      WHERE o.name_key IN (SELECT key FROM said) AND {sees("o.id")} GROUP BY o.name_key),
    known AS (
      SELECT w.written, CASE WHEN w.written IS NULL THEN ARRAY[CAST(:scope AS uuid)]
                             ELSE coalesce(CASE WHEN s.id IS NOT NULL THEN ARRAY[s.id] END,
                                           i.ids, n.ids, '{{}}') END AS ids
      FROM said w
      LEFT JOIN organizations s ON s.slug = w.written AND {sees("s.id")}
      LEFT JOIN by_id i ON i.external_id = w.written LEFT JOIN by_name n ON n.name_key = w.key)"""


COUNTRIES = f"""
    WITH {_known("SELECT * FROM unnest(CAST(:written AS text[]), CAST(:keys AS text[])) AS one (written, key)")}
    SELECT k.written, o.country FROM known k JOIN organizations o ON cardinality(k.ids) = 1 AND o.id = k.ids[1]
    WHERE o.country IS NOT NULL"""
"""The countries of organizations as rows name them, where one is meant and its country is known."""

ELSEWHERE = f"""
    SELECT coalesce(bit_xor(hashtextextended(concat_ws('|', id, slug, name_key, country), 0)), 0) FROM organizations
    WHERE country <> :phone_country AND {sees("id")}"""
"""What numbers without a code rest on where rows name their organizations: those of other countries."""


def join_owners(*, named: bool) -> str:
    """Return the join of rows ``i`` with where they belong, ``h``."""
    if not named:  # and that is one: the planner could not know that all rows have it
        return "CROSS JOIN deciding_owners h"
    return "JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '')"


def refused(*, named: bool) -> str:
    """Find the rows that may not go where they belong."""
    return f"""
    CREATE TEMPORARY TABLE deciding_refused ON COMMIT DROP AS
    SELECT i.row_number, h.problem,
           jsonb_build_object('column', CAST(:organization_column AS text), 'value', h.written) AS params
    FROM import_rows i {join_owners(named=named)}
    WHERE i.import_id = :import AND i.verdict IS DISTINCT FROM 'error' AND h.problem IS NOT NULL"""


# For imports of organizations: refuse rows about any organization but the import's own, before any review.
REFUSE_OUTSIDE = f"""
    WITH outside AS (
      DELETE FROM deciding_rows
      WHERE CAST(:scope AS uuid) IS NOT NULL AND target IS DISTINCT FROM CAST(:scope AS uuid)
        AND NOT coalesce(CAST(:scope AS uuid) = ANY (candidates), false)
      RETURNING row_number)
    INSERT INTO deciding_refused (row_number, problem, params)
    SELECT row_number, '{reasons.OUT_OF_SCOPE.code}', '{{}}' FROM outside"""

NOBODY_REFUSED = """
    CREATE TEMPORARY TABLE deciding_refused (row_number integer, problem text, params jsonb) ON COMMIT DROP"""
