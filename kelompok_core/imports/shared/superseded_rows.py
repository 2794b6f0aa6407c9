"""Closes review items that a later row of their source supersedes, and records which row that was."""

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.shared.imports import Import, ImportState
from kelompok_core.imports.shared.rights import actor_of, list_visible_to_import
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
"""Whether nobody has decided ``d`` since it was sent to review, and no later row superseded it."""


def supersede(connection: sa.Connection, import_: Import, descriptor: EntityDescriptor, revision: int) -> None:
    """Close the review items of the same source that rows of the import being applied supersede.

    Items about records hidden from the import stay open, even if their source has the same name.
    """
    params = {"import": import_.id, "revision": revision, "entity": import_.entity, "source": import_.source_name}
    params |= {"scope": import_.organization_id}
    params |= sees_params(list_visible_to_import(connection, actor_of(connection, import_), import_))
    if connection.scalar(_SOME_WAIT, params):  # otherwise there is no need to scan the rows
        connection.execute(sa.text(_supersede(descriptor)), params)


# The organization of a waiting row; for rows about organizations, its candidates.
_IS_VISIBLE = f"""
    ({sees("coalesce(d.organization_id, m.organization_id)")}
     OR m.entity = '{OWNER}' AND jsonb_path_exists(
          d.issues, '$[*].params.candidates[*] ? (@ == $scope)',
          jsonb_build_object('scope', CAST(CAST(:scope AS uuid) AS text))))"""
_WAITING = f"""
    imports m
    JOIN import_decisions d ON d.import_id = m.id AND d.revision = m.plan_revision AND d.decision = 'review'
    WHERE m.entity = :entity AND m.source_name = :source AND m.{_STANDS} AND m.id <> :import AND {UNDECIDED}
      AND {_IS_VISIBLE}"""
_SOME_WAIT = sa.text(f"SELECT EXISTS (SELECT FROM {_WAITING})")


def _supersede(descriptor: EntityDescriptor) -> str:
    """Record which row supersedes which review item.

    A row with the same content supersedes the item. Otherwise they must have the same identity:

    - An identity with an external id refers to one record, so any row with the id supersedes the item.
    - Without an external id, several rows may share an identity. Items are closed only if at least as many rows come,
      and if people can share keys, only by rows of the same name.

    A row does not supersede an item if its source sent it unchanged before this import, or if the sender lacks a right.
    """
    name = f"->>'{descriptor.name_key}'" if descriptor.keys_are_shared else "->>''"
    return f"""
    INSERT INTO import_superseded (import_id, row_number, by_import, by_row_number)
    WITH waiting AS MATERIALIZED (
      SELECT w.import_id, w.row_number, o.identity, o.raw_sha256, o.external_id IS NOT NULL AS explicit,
             o.candidate{name} AS name
      FROM (SELECT d.import_id, d.row_number FROM {_WAITING}) w
      JOIN import_rows o ON o.import_id = w.import_id AND o.row_number = w.row_number),
    sent AS MATERIALIZED (
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
      FROM waiting w JOIN sent s ON s.identity = w.identity AND s.raw_sha256 = w.raw_sha256 GROUP BY 1, 2),
    left_over AS (
      SELECT w.*, count(*) OVER (PARTITION BY w.identity, w.name) AS number
      FROM waiting w WHERE (w.import_id, w.row_number) NOT IN (SELECT import_id, row_number FROM same)),
    others AS (
      SELECT s.*, count(*) OVER (PARTITION BY s.identity, s.name) AS number
      FROM sent s WHERE s.row_number NOT IN (SELECT by_row_number FROM same))
    SELECT import_id, row_number, :import, by_row_number FROM same
    UNION ALL
    SELECT w.import_id, w.row_number, :import, min(s.row_number)
    FROM left_over w
    JOIN others s ON s.identity = w.identity
      AND (w.explicit OR s.number >= w.number AND s.name IS NOT DISTINCT FROM w.name)
    GROUP BY 1, 2"""
