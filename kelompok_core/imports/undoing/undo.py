"""Undo of an applied import: deletes created records, restores changed ones, keeps later changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.database.locks import lock_entity, lock_import, working_on
from kelompok_core.errors import Conflict
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.imports.shared.acting import act_on
from kelompok_core.imports.shared.imports import Import, ImportState, get_import, update_import
from kelompok_core.imports.shared.rights import authorize_undo
from kelompok_core.imports.undoing import undo_sql
from kelompok_core.installation import Installation
from kelompok_core.records.registry import get_descriptor

OUTCOMES = ("deleted", "restored", "kept", "refused")


@dataclass(frozen=True, kw_only=True)
class Reversal:
    """The result of the undo for one record that the import wrote.

    Attributes:
        label: The record's name.
        outcome: One of :data:`OUTCOMES`; a restored record may also have kept fields.
        reason: Why not everything was undone; None if it was.
        restored: Fields that have their old value again.
        kept: Fields that were changed later and keep their value.
    """

    record_id: UUID
    label: str | None
    outcome: str
    reason: str | None
    restored: Sequence[str]
    kept: Sequence[str]

    def to_json(self) -> dict[str, object]:
        return {
            "record": str(self.record_id),
            "label": self.label,
            "outcome": self.outcome,
            "reason": self.reason,
            "restored": list(self.restored),
            "kept": list(self.kept),
        }


@dataclass(frozen=True, kw_only=True)
class UndoReport:
    """What an undo did, or in a dry run would do: counts by outcome, and the records not completely undone.

    A repeated undo (``again``) counts only the records that earlier ones left.
    """

    import_: Import
    counts: Mapping[str, int]
    left: Sequence[Reversal]
    dry_run: bool
    again: bool

    @property
    def changes_something(self) -> bool:
        """Whether a record is deleted or restored, or has become as before the import by other means."""
        touched = self.counts["deleted"] + self.counts["restored"]
        return touched > 0 or sum(self.counts.values()) > len(self.left)

    def to_json(self) -> dict[str, object]:
        return {
            "import": str(self.import_.id),
            "state": self.import_.state.value,
            "dry_run": self.dry_run,
            "again": self.again,
            "counts": dict(self.counts),
            "left": [one.to_json() for one in self.left],
        }


def undo(installation: Installation, import_id: UUID, actor: Actor, *, dry_run: bool = False) -> UndoReport:
    """Undo the import in one transaction; if it is already undone, retry what that undo left.

    Raises:
        NotPermitted: When the actor may not undo imports in every organization in which it wrote.
        Conflict: When the import was not applied.
    """
    with (
        working_on(installation.database.engine, import_id),
        installation.database.connect() as connection,
        connection.begin() as transaction,
    ):
        lock_import(connection, import_id)
        import_ = get_import(connection, import_id)
        authorize_undo(connection, actor, import_)
        if import_.state not in (ImportState.APPLIED, ImportState.UNDONE):
            raise Conflict(
                f"import {import_id} was not applied, so there is nothing to undo: its state is «{import_.state}»",
                hint="See which were applied: kelompok import list",
            )
        _determine_outcomes(connection, import_)
        report = _report(connection, import_, dry_run=dry_run)
        if dry_run:
            transaction.rollback()
            return report
        reach(FailPoint.UNDO_WORKED_OUT)
        if not report.again or report.changes_something:
            _reverse(connection, import_, actor)
        reach(FailPoint.UNDO_UPDATED)
        return replace(report, import_=get_import(connection, import_id))


def _params(import_: Import) -> dict[str, object]:
    return {"import": import_.id, "source": import_.source_name, "entity": import_.entity}


def _determine_outcomes(connection: sa.Connection, import_: Import) -> None:
    """Lock the records that the import wrote, and determine each one's outcome."""
    descriptor = get_descriptor(import_.entity)
    params = _params(import_)
    params["undone_at"] = connection.scalar(_UNDONE_AT, params)
    lock_entity(connection, import_.entity)
    connection.execute(sa.text(undo_sql.LOCK_RECORDS.format(entity=descriptor.entity)), params)
    references = [(row.child, row.child_column) for row in connection.execute(sa.text(undo_sql.REFERENCES), params)]
    for statement in undo_sql.statements(descriptor, references):
        connection.execute(sa.text(statement), params)


def _reverse(connection: sa.Connection, import_: Import, actor: Actor) -> None:
    descriptor = get_descriptor(import_.entity)
    params = _params(import_)
    act_on(connection, import_, actor.id, origin="undo")
    for statement in (
        undo_sql.restore_changed(descriptor),
        undo_sql.delete_created(descriptor),
        undo_sql.FORGET_READING,
        undo_sql.RECORD_REVERSALS,
    ):
        connection.execute(sa.text(statement), params)
        reach(FailPoint.UNDO_STATEMENT)
    if import_.state is not ImportState.UNDONE:
        update_import(connection, import_.id, state=ImportState.UNDONE, undone_at=sa.func.now(), undone_by=actor.id)


def _report(connection: sa.Connection, import_: Import, *, dry_run: bool) -> UndoReport:
    counted = connection.execute(sa.text("SELECT outcome, count(*) AS number FROM undoing_outcomes GROUP BY outcome"))
    counts = dict.fromkeys(OUTCOMES, 0) | {row.outcome: row.number for row in counted}
    left = [Reversal(**row._asdict()) for row in connection.execute(_LEFT)]
    again = import_.state is ImportState.UNDONE
    return UndoReport(import_=import_, counts=counts, left=left, dry_run=dry_run, again=again)


_LEFT = sa.text("""
    SELECT record_id, label, outcome, reason, restored, kept FROM undoing_outcomes
    WHERE reason IS NOT NULL ORDER BY label, record_id""")
_UNDONE_AT = sa.text("SELECT undone_at FROM imports WHERE id = :import")
