"""Undo of an applied import: deletes created records, restores changed ones, keeps later changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.database.locks import lock_entity, lock_import, working_on
from kelompok_core.errors import Conflict
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.imports.shared.acting import act_on
from kelompok_core.imports.shared.imports import ImportRecord, ImportState, get_import, update_import
from kelompok_core.imports.shared.rights import authorize_undo
from kelompok_core.imports.undoing import undo_sql
from kelompok_core.installation import Workbench
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

    def to_json(self) -> dict[str, Any]:
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

    record: ImportRecord
    counts: Mapping[str, int]
    left: Sequence[Reversal]
    dry_run: bool
    again: bool

    @property
    def changes_something(self) -> bool:
        """Whether a record is deleted or restored, or has become as before the import by other means."""
        touched = self.counts["deleted"] + self.counts["restored"]
        return touched > 0 or sum(self.counts.values()) > len(self.left)

    def to_json(self) -> dict[str, Any]:
        return {
            "import": str(self.record.id),
            "state": self.record.state.value,
            "dry_run": self.dry_run,
            "again": self.again,
            "counts": dict(self.counts),
            "left": [one.to_json() for one in self.left],
        }


def undo(bench: Workbench, import_id: UUID, actor: Actor, *, dry_run: bool = False) -> UndoReport:
    """Undo the import in one transaction; if it is already undone, try again what that undo left.

    Raises:
        NotPermitted: When the actor may not undo imports there.
        Conflict: When the import was not applied.
    """
    with (
        working_on(bench.database.engine, import_id),
        bench.database.connect() as connection,
        connection.begin() as transaction,
    ):
        lock_import(connection, import_id)
        record = get_import(connection, import_id)
        authorize_undo(connection, actor, record)
        if record.state not in (ImportState.APPLIED, ImportState.UNDONE):
            raise Conflict(
                f"import {import_id} was not applied, so there is nothing to undo: its state is «{record.state}»",
                hint="See which were applied: kelompok import list",
            )
        _work_out(connection, record)
        report = _report(connection, record, dry_run=dry_run)
        if dry_run:
            transaction.rollback()
            return report
        reach(FailPoint.UNDO_WORKED_OUT)
        if not report.again or report.changes_something:
            _take_back(connection, record, actor)
        reach(FailPoint.UNDO_UPDATED)
        return replace(report, record=get_import(connection, import_id))


def _params(record: ImportRecord) -> dict[str, Any]:
    return {"import": record.id, "source": record.source_name, "entity": record.entity}


def _work_out(connection: sa.Connection, record: ImportRecord) -> None:
    """Lock the records that the import wrote, and determine each one's outcome."""
    descriptor = get_descriptor(record.entity)
    params = _params(record)
    params["undone_at"] = connection.scalar(_UNDONE_AT, params)
    lock_entity(connection, record.entity)
    connection.execute(sa.text(undo_sql.LOCK_RECORDS.format(entity=descriptor.entity)), params)
    references = [(row.child, row.child_column) for row in connection.execute(sa.text(undo_sql.REFERENCES), params)]
    for statement in undo_sql.statements(descriptor, references):
        connection.execute(sa.text(statement), params)


def _take_back(connection: sa.Connection, record: ImportRecord, actor: Actor) -> None:
    descriptor = get_descriptor(record.entity)
    params = _params(record)
    act_on(connection, record, actor.id, origin="undo")
    for statement in (
        undo_sql.restore_changed(descriptor),
        undo_sql.delete_created(descriptor),
        undo_sql.FORGET_READING,
        undo_sql.RECORD_REVERSALS,
    ):
        connection.execute(sa.text(statement), params)
        reach(FailPoint.UNDO_STATEMENT)
    if record.state is not ImportState.UNDONE:
        update_import(connection, record.id, state=ImportState.UNDONE, undone_at=sa.func.now(), undone_by=actor.id)


def _report(connection: sa.Connection, record: ImportRecord, *, dry_run: bool) -> UndoReport:
    counted = connection.execute(sa.text("SELECT outcome, count(*) AS number FROM undoing_outcomes GROUP BY outcome"))
    counts = dict.fromkeys(OUTCOMES, 0) | {row.outcome: row.number for row in counted}
    left = [Reversal(**row._asdict()) for row in connection.execute(_LEFT)]
    again = record.state is ImportState.UNDONE
    return UndoReport(record=record, counts=counts, left=left, dry_run=dry_run, again=again)


_LEFT = sa.text("""
    SELECT record_id, label, outcome, reason, restored, kept FROM undoing_outcomes
    WHERE reason IS NOT NULL ORDER BY label, record_id""")
_UNDONE_AT = sa.text("SELECT undone_at FROM imports WHERE id = :import")
