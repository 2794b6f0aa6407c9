"""The apply step: applies the whole plan in one transaction, so that a killed process leaves nothing behind."""

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize
from kelompok_core.database.locks import lock_entity, lock_import, refresh_statistics, use_memory, working_on
from kelompok_core.errors import Conflict, ImportFailed, TakenOver
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.imports.applying import apply_sql
from kelompok_core.imports.applying.chosen_decisions import PLANNED, PLANNED_STEP
from kelompok_core.imports.deciding.decide import make_plan
from kelompok_core.imports.running.queue import enqueue
from kelompok_core.imports.shared.acting import act_on
from kelompok_core.imports.shared.imports import (
    Import,
    ImportState,
    failure_columns,
    get_import,
    update_held,
    update_import,
)
from kelompok_core.imports.shared.repeated_rows_sql import SOURCE_IS_KNOWN
from kelompok_core.imports.shared.rights import actor_of, authorize_import
from kelompok_core.imports.shared.superseded_rows import supersede
from kelompok_core.installation import Installation, Progress
from kelompok_core.records.registry import get_descriptor

_ATTEMPTS = 5
_CANCELLED = "57014"
_logger = logging.getLogger(__name__)


class _RecordsChanged(Exception):
    """Records changed between the check and the write. Apply tries again."""

    def __str__(self) -> str:
        return "records changed while they were written"


def approve(installation: Installation, import_id: UUID, actor: Actor, *, queued: bool = False) -> Import:
    """Approve a dry run's plan in the name of this actor; with ``queued``, a worker applies it.

    Raises:
        Conflict: When there is no plan waiting.
        NotPermitted: When the actor may not apply this import.
    """
    with installation.database.connect() as connection, connection.begin():
        lock_import(connection, import_id)
        import_ = get_import(connection, import_id)
        _authorize(connection, actor, import_)
        if import_.state is ImportState.APPLIED or import_.queued_at is not None:
            return import_
        if import_.state is not ImportState.PLANNED:
            raise Conflict(
                f"import {import_id} has no plan to apply: its state is «{import_.state}»",
                hint="Run it again with --dry-run to plan it, then apply that plan.",
            )
        act_on(connection, import_, actor.id)
        update_import(connection, import_id, approved_by=actor.id, approved_key_id=actor.key_id)
        if queued:
            enqueue(connection, import_id)
        return get_import(connection, import_id)


def apply(installation: Installation, import_id: UUID) -> Import:
    """Apply a planned import; do nothing if it is applied already, or a dry run that nobody approved.

    Raises:
        NotPermitted: When the actor may no longer apply this import.
        ImportFailed: When records kept changing while they were written.
    """
    with working_on(installation.database.engine, import_id):
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                import_ = _apply_once(installation, import_id)
            except _RecordsChanged as changed:
                cause: Exception = changed
            except sa.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == _CANCELLED:
                    raise TakenOver(import_id) from error
                if not _should_retry(error):
                    raise
                cause = error.orig if isinstance(error.orig, Exception) else error
            else:
                reach(FailPoint.APPLY_DONE)
                written = sum((import_.counts or {}).get(decision, 0) for decision in ("accepted", "merged"))
                refresh_statistics(installation.database.engine, written, "apply")
                installation.on_progress(Progress(step="apply", rows=import_.rows_staged))
                return import_
            _logger.info("Import %s, attempt %d to apply: %s", import_id, attempt, cause)
    raise ImportFailed(
        f"import {import_id} could not be applied in {_ATTEMPTS} attempts; the last time: {cause}",
        hint="Try again when fewer people write at once. Nothing was applied.",
    ) from cause


def _should_retry(error: sa.exc.DBAPIError) -> bool:
    """Return whether to try again: after a serialization failure, a deadlock, a used slug or a deleted organization."""
    return getattr(error.orig, "sqlstate", None) in ("40001", "40P01", "23505", "23503")


def _apply_once(installation: Installation, import_id: UUID) -> Import:
    started = monotonic()
    with installation.database.connect() as connection, connection.begin():
        use_memory(connection)
        lock_import(connection, import_id)
        import_ = get_import(connection, import_id)
        if import_.state is not ImportState.PLANNED or import_.waits_for_approval:
            return import_
        actor = actor_of(connection, import_)
        _authorize(connection, actor, import_)
        act_on(connection, import_, actor.id)
        lock_entity(connection, import_.entity)
        reach(FailPoint.APPLY_BEGUN)
        columns = _plan_again_if_changed(connection, import_)
        revision = columns.get("plan_revision", import_.plan_revision)
        _write(connection, import_, revision, columns or dict(import_.counts or {}))
        columns["durations"] = dict(import_.durations) | {"apply": round(monotonic() - started, 3)}
        update_held(
            connection,
            import_,
            state=ImportState.APPLIED,
            applied_at=sa.func.now(),
            **failure_columns(None),
            **columns,
        )
        reach(FailPoint.APPLY_UPDATED)
        return get_import(connection, import_id)


def _authorize(connection: sa.Connection, actor: Actor, import_: Import) -> None:
    """Require the right to apply the import, and the rights that values in it need."""
    authorize_import(connection, actor, Action.IMPORT_APPLY, import_.entity, import_.organization_id)
    for action in import_.needs:
        authorize(connection, actor.acting_on(import_.entity), Action(action), import_.organization_id)


def _plan_again_if_changed(connection: sa.Connection, import_: Import) -> dict[str, Any]:
    """Decide again if records may have changed since the plan, or if one person requested it and another approved it.

    The decisions of a reviewed plan stay.
    """
    same_rights = import_.approved_by is None or import_.released_by == (import_.actor_id, import_.key_id)
    if same_rights and not _may_have_changed(connection, import_):
        return {}
    reviewed = import_.plan_revision if import_.dry_run else None
    return make_plan(connection, import_, revision=import_.plan_revision + 1, reviewed=reviewed)


def _may_have_changed(connection: sa.Connection, import_: Import) -> bool:
    """Return whether records may have changed since the plan; True for a plan made before a restore."""
    planned = connection.execute(sa.text(apply_sql.PLANNED_BEFORE), {"import": import_.id}).one_or_none()
    if planned is None:
        return True
    params = {"import": import_.id, "entity": import_.entity, "since": planned.since, "shift": planned.shift}
    return bool(connection.scalar(sa.text(apply_sql.RECORDS_CHANGED), params))


def _write(connection: sa.Connection, import_: Import, revision: int, counts: Mapping[str, object]) -> None:
    """Write records and evidence, and check that the counts match the plan."""
    descriptor = get_descriptor(import_.entity)
    fields = descriptor.mapped_fields(import_.mapping.values())
    params = {
        "import": import_.id,
        "revision": revision,
        "entity": import_.entity,
        "source": import_.source_name,
        "origin": import_.origin,
    }

    def run(statement: str, **more: object) -> int:
        return connection.execute(sa.text(statement), params | more).rowcount

    run(apply_sql.LOCK_TARGETS.format(table=descriptor.entity))
    if connection.scalar(sa.text(apply_sql.COUNT_CHANGED.format(table=descriptor.entity)), params):
        raise _RecordsChanged
    for field in fields:
        if field.vocabulary:
            run(apply_sql.add_terms(field, PLANNED))
    written = {"accepted": run(apply_sql.insert_accepted(descriptor, fields, PLANNED)), "merged": 0}
    reach(FailPoint.APPLY_INSERTED)
    steps = connection.execute(sa.text(apply_sql.MERGE_ORDER), params).all()
    for step in steps:
        statement = apply_sql.update_merged(descriptor, fields, PLANNED_STEP)
        written["merged"] += run(statement, apply_order=step.apply_order)
    if (withdrawal := descriptor.withdrawal) is not None:
        run(apply_sql.withdraw(descriptor, descriptor.field(withdrawal.field)))
    reach(FailPoint.APPLY_MERGED)
    if written != {name: counts[name] for name in written}:
        raise _RecordsChanged
    _record_evidence(connection, params)
    supersede(connection, import_, descriptor, revision)
    reach(FailPoint.APPLY_RECORDED)


def _record_evidence(connection: sa.Connection, params: Mapping[str, object]) -> None:
    is_known = connection.scalar(sa.text(f"SELECT {SOURCE_IS_KNOWN}"), params)
    if is_known:  # a new source cannot have repeated rows
        connection.execute(sa.text(apply_sql.RECORD_REPEATED_ROWS), params)
    connection.execute(sa.text(apply_sql.RECORD_EVIDENCE), {**params, "is_first": not is_known})
