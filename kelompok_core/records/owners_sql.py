"""SQL that finds the owner of each row, given by the row or the import, and refuses rows without a permitted owner."""

from kelompok_core.issues import reasons
from kelompok_core.records.visibility_sql import from_limited_senders, sees, sees_evidence

OWNER = "organizations"
"""The entity whose records others belong to."""

DECISIONS_DEPEND_ON = "'organizations', 'users', 'organization_user_roles'"
"""Tables besides the entity's own that decisions depend on."""

SLUG_OF_OWNER = "(SELECT o.slug FROM organizations o WHERE o.id = t.organization_id)"
"""SQL of the slug of the organization that owns the record ``t``."""

_NAMED = """
      SELECT DISTINCT candidate->>'organization' AS written, candidate->>'organization_key' AS key
      FROM import_rows WHERE import_id = :import AND verdict IS DISTINCT FROM 'error'"""
_UNNAMED = "SELECT NULL::text AS written, NULL::text AS key"


def owners(*, named: bool) -> str:
    """Find each organization that rows name: by its slug, or else by its external id, or else by its name.

    An external id is first looked for in the import's own source, then in all sources: «11» of one program is another
    organization than «11» of another one. Only visible organizations count: hidden ones are treated as missing. If no
    column names organizations (``named`` is false), the import's organization owns all rows.
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


def _known(named: str) -> str:
    """Return common table expressions with the organizations that each name may mean; ``named`` selects the names."""
    return f"""named AS ({named}),
    by_id AS (
      SELECT s.external_id,
             coalesce(array_agg(DISTINCT s.record_id) FILTER (WHERE s.source_name = CAST(:source AS text)),
                      array_agg(DISTINCT s.record_id)) AS ids
      FROM evidence s JOIN organizations o ON o.id = s.record_id
      WHERE s.entity = 'organizations' AND s.external_id IN (SELECT written FROM named)
        AND {sees_evidence("o.id", from_limited_senders("s"))}
      GROUP BY s.external_id),
    by_name AS (
      SELECT o.name_key, array_agg(o.id) AS ids FROM organizations o
      WHERE o.name_key IN (SELECT key FROM named) AND {sees("o.id")} GROUP BY o.name_key),
    known AS (
      SELECT w.written, CASE WHEN w.written IS NULL THEN ARRAY[CAST(:scope AS uuid)]
                             ELSE coalesce(CASE WHEN s.id IS NOT NULL THEN ARRAY[s.id] END,
                                           i.ids, n.ids, '{{}}') END AS ids
      FROM named w
      LEFT JOIN organizations s ON s.slug = w.written AND {sees("s.id")}
      LEFT JOIN by_id i ON i.external_id = w.written LEFT JOIN by_name n ON n.name_key = w.key)"""


COUNTRIES = f"""
    WITH {_known("SELECT * FROM unnest(CAST(:written AS text[]), CAST(:keys AS text[])) AS one (written, key)")}
    SELECT k.written, o.country FROM known k JOIN organizations o ON cardinality(k.ids) = 1 AND o.id = k.ids[1]
    WHERE o.country IS NOT NULL"""
"""The country of each organization that rows name, if the name is unambiguous and the country is known."""

COUNTRIES_DIGEST = f"""
    SELECT coalesce(bit_xor(hashtextextended(concat_ws('|', id, slug, name_key, country), 0)), 0) FROM organizations
    WHERE country <> :phone_country AND {sees("id")}"""
"""A digest of the organizations in other countries. Phone numbers without a country code are read by them."""


def join_owners(*, named: bool) -> str:
    """Return the join of rows ``i`` with their owners ``h``."""
    if not named:  # there is one owner, but the planner could not know that all rows have it
        return "CROSS JOIN deciding_owners h"
    return "JOIN deciding_owners h ON coalesce(h.written, '') = coalesce(i.candidate->>'organization', '')"


def refused(*, named: bool) -> str:
    """Find the rows whose owner is missing, ambiguous or not permitted."""
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
