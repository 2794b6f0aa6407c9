"""Waiting rows whose place a later row of their source takes: they wait no more, and the trail says what came."""

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.shared.imports import Import, ImportState
from kelompok_core.imports.shared.rights import actor_of, list_in_sight
from kelompok_core.records.owners_sql import OWNER
from kelompok_core.records.visibility_sql import sees, sees_params

_STANDS = f"state = '{ImportState.APPLIED.value}'"

SUPERSEDED = f"""
    EXISTS (SELECT FROM import_superseded c JOIN imports b ON b.id = c.by_import AND b.{_STANDS}
            WHERE c.import_id = d.import_id AND c.row_number = d.row_number)"""
"""Whether a later row took the place of decision ``d``, in an import that was not undone."""

UNDECIDED = f"""
    NOT EXISTS (SELECT FROM review_decisions p WHERE p.import_id = d.import_id AND p.row_number = d.row_number)
    AND NOT {SUPERSEDED}"""
"""Whether nobody decided ``d`` since it was sent to review, and nothing came in its place."""


def supersede(connection: sa.Connection, import_: Import, descriptor: EntityDescriptor, revision: int) -> None:
    """Close the waiting rows of the same source that the import being applied supersedes.

    Rows about records hidden from the import keep waiting, even if their source has the same name.
    """
    params = {"import": import_.id, "revision": revision, "entity": import_.entity, "source": import_.source_name}
    params |= {"scope": import_.organization_id}
    params |= sees_params(list_in_sight(connection, actor_of(connection, import_), import_))
    if connection.scalar(_SOME_WAIT, params):  # else the rows need not be looked through
        connection.execute(sa.text(_supersede(descriptor)), params)


# The organization of a waiting row; for rows about organizations, its candidates.
_IN_SIGHT = f"""
    ({sees("coalesce(d.organization_id, m.organization_id)")}
     OR m.entity = '{OWNER}' AND jsonb_path_exists(
          d.issues, '$[*].params.candidates[*] ? (@ == $scope)',
          jsonb_build_object('scope', CAST(CAST(:scope AS uuid) AS text))))"""
_WAITING = f"""
    imports m
    JOIN import_decisions d ON d.import_id = m.id AND d.revision = m.plan_revision AND d.decision = 'review'
    WHERE m.entity = :entity AND m.source_name = :source AND m.{_STANDS} AND m.id <> :import AND {UNDECIDED}
      AND {_IN_SIGHT}"""
_SOME_WAIT = sa.text(f"SELECT EXISTS (SELECT FROM {_WAITING})")


def _supersede(descriptor: EntityDescriptor) -> str:
    """Say which row took the place of which.

    A row with the same words is the same row. Others are told by what their source calls the record. An id is one
    record's; several rows of a name or an address are closed only when as many come, for it is not clear which they
    are, and where people share what they are known by, only by a row of the same name. A row that says what its source
    said beside the waiting one, or that may not be sent, takes no place.
    """
    name = f"->>'{descriptor.name_key}'" if descriptor.keys_are_shared else "->>''"
    return f"""
    INSERT INTO import_superseded (import_id, row_number, by_import, by_row_number)
    WITH waiting AS MATERIALIZED (
      SELECT w.import_id, w.row_number, o.identity, o.raw_sha256, o.external_id IS NOT NULL AS explicit,
             o.candidate{name} AS name
      FROM (SELECT d.import_id, d.row_number FROM {_WAITING}) w
      JOIN import_rows o ON o.import_id = w.import_id AND o.row_number = w.row_number),
    said AS MATERIALIZED (
      SELECT r.row_number, r.identity, r.raw_sha256, r.candidate{name} AS name
      FROM import_rows r
      JOIN import_decisions d ON d.import_id = r.import_id AND d.revision = :revision AND d.row_number = r.row_number
      WHERE r.import_id = :import AND r.identity IN (SELECT identity FROM waiting)
        AND d.reason NOT LIKE 'permission.%'
        AND (d.decision <> 'unchanged' OR EXISTS (
          SELECT FROM source_records s
          WHERE s.entity = :entity AND s.source_name = :source AND s.identity = r.identity
            AND s.raw_sha256 = r.raw_sha256 AND s.import_id = :import))),
    same AS (
      SELECT w.import_id, w.row_number, min(s.row_number) AS by_row_number
      FROM waiting w JOIN said s ON s.identity = w.identity AND s.raw_sha256 = w.raw_sha256 GROUP BY 1, 2),
    left_over AS (
      SELECT w.*, count(*) OVER (PARTITION BY w.identity, w.name) AS number
      FROM waiting w WHERE (w.import_id, w.row_number) NOT IN (SELECT import_id, row_number FROM same)),
    others AS (
      SELECT s.*, count(*) OVER (PARTITION BY s.identity, s.name) AS number
      FROM said s WHERE s.row_number NOT IN (SELECT by_row_number FROM same))
    SELECT import_id, row_number, :import, by_row_number FROM same
    UNION ALL
    SELECT w.import_id, w.row_number, :import, min(s.row_number)
    FROM left_over w
    JOIN others s ON s.identity = w.identity
      AND (w.explicit OR s.number >= w.number AND s.name IS NOT DISTINCT FROM w.name)
    GROUP BY 1, 2"""
