"""Waiting rows whose place a later row of their source takes: they wait no more, and the trail says what came."""

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.shared.imports import ImportRecord, ImportState
from kelompok_core.imports.shared.rights import actor_of, list_in_sight
from kelompok_core.records.owners_sql import HOME
from kelompok_core.records.visibility_sql import sees, sees_params

_STANDS = f"state = '{ImportState.APPLIED.value}'"

SUPERSEDED = f"""
    EXISTS (SELECT FROM import_superseded c JOIN imports b ON b.id = c.by_import AND b.{_STANDS}
            WHERE c.import_id = d.import_id AND c.record = d.record)"""
"""Whether a later row took the place of decision ``d``, in an import that was not undone."""

UNDECIDED = f"""
    NOT EXISTS (SELECT FROM import_decisions p
                WHERE p.import_id = d.import_id AND p.record = d.record AND p.revision = -d.record)
    AND NOT {SUPERSEDED}"""
"""Whether nobody decided ``d`` since it was parked, and nothing came in its place."""


def supersede(connection: sa.Connection, record: ImportRecord, descriptor: EntityDescriptor, revision: int) -> None:
    """Close the waiting rows of the same source that the import being applied supersedes.

    Rows about records hidden from the import keep waiting, even if their source has the same name.
    """
    params = {"import": record.id, "revision": revision, "entity": record.entity, "source": record.source_name}
    params |= {"scope": record.organization_id}
    params |= sees_params(list_in_sight(connection, actor_of(connection, record), record))
    if connection.scalar(_SOME_WAIT, params):  # else the rows need not be looked through
        connection.execute(sa.text(_supersede(descriptor)), params)


# The organization of a waiting row; for rows about organizations, its candidates.
_IN_SIGHT = f"""
    ({sees("coalesce(d.organization_id, m.organization_id)")}
     OR m.entity = '{HOME}' AND jsonb_path_exists(
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
    INSERT INTO import_superseded (import_id, record, by_import, by_record)
    WITH waiting AS MATERIALIZED (
      SELECT w.import_id, w.record, o.identity, o.raw_sha256, o.external_id IS NOT NULL AS explicit,
             o.candidate{name} AS name
      FROM (SELECT d.import_id, d.record FROM {_WAITING}) w
      JOIN import_rows o ON o.import_id = w.import_id AND o.record = w.record),
    said AS MATERIALIZED (
      SELECT r.record, r.identity, r.raw_sha256, r.candidate{name} AS name
      FROM import_rows r
      JOIN import_decisions d ON d.import_id = r.import_id AND d.revision = :revision AND d.record = r.record
      WHERE r.import_id = :import AND r.identity IN (SELECT identity FROM waiting)
        AND d.reason NOT LIKE 'permission.%'
        AND (d.decision <> 'unchanged' OR EXISTS (
          SELECT FROM source_records s
          WHERE s.entity = :entity AND s.source_name = :source AND s.identity = r.identity
            AND s.raw_sha256 = r.raw_sha256 AND s.import_id = :import))),
    same AS (
      SELECT w.import_id, w.record, min(s.record) AS by_record
      FROM waiting w JOIN said s ON s.identity = w.identity AND s.raw_sha256 = w.raw_sha256 GROUP BY 1, 2),
    left_over AS (
      SELECT w.*, count(*) OVER (PARTITION BY w.identity, w.name) AS number
      FROM waiting w WHERE (w.import_id, w.record) NOT IN (SELECT import_id, record FROM same)),
    others AS (
      SELECT s.*, count(*) OVER (PARTITION BY s.identity, s.name) AS number
      FROM said s WHERE s.record NOT IN (SELECT by_record FROM same))
    SELECT import_id, record, :import, by_record FROM same
    UNION ALL
    SELECT w.import_id, w.record, :import, min(s.record)
    FROM left_over w
    JOIN others s ON s.identity = w.identity
      AND (w.explicit OR s.number >= w.number AND s.name IS NOT DISTINCT FROM w.name)
    GROUP BY 1, 2"""
