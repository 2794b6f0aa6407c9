"""The decide step: one decision per row, stored as the plan. A dry run ends here."""

from collections.abc import Mapping
from time import monotonic
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.rules import MANAGING_ROLES, Action, list_organizations_held, list_organizations_where
from kelompok_core.database.locks import refresh_statistics, use_memory, working_on
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.imports.deciding import free_slugs_sql, plan_sql
from kelompok_core.imports.deciding.decision_rules import DecisionRules
from kelompok_core.imports.deciding.steps import statements
from kelompok_core.imports.running.watchdog import watched
from kelompok_core.imports.shared import repeated_rows_sql
from kelompok_core.imports.shared.acting import noticing_takeover
from kelompok_core.imports.shared.columns import ORGANIZATION
from kelompok_core.imports.shared.imports import (
    DECISIONS,
    Import,
    ImportState,
    get_import,
    update_held,
)
from kelompok_core.imports.shared.options import DuplicatePolicy
from kelompok_core.imports.shared.rights import actor_of, list_visible_to_import
from kelompok_core.installation import Installation, Progress
from kelompok_core.records.registry import get_descriptor
from kelompok_core.records.visibility_sql import sees_params
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_core.values.merge_policy import MergePolicy


def decide(installation: Installation, import_id: UUID) -> Import:
    """Plan a staged import; do nothing if it is already planned."""
    engine = installation.database.engine
    with working_on(engine, import_id):
        with installation.database.connect() as connection:
            import_ = get_import(connection, import_id)
        if import_.state is not ImportState.STAGED:
            return import_
        started = monotonic()
        reach(FailPoint.DECIDE_BEGUN)
        with watched(installation, import_):
            import_ = _plan(engine, import_, started)
        reach(FailPoint.DECIDE_DONE)
        refresh_statistics(engine, import_.rows_staged, "decide")
        installation.on_progress(Progress(step="decide", rows=import_.rows_staged))
        return import_


def _plan(engine: sa.Engine, import_: Import, started: float) -> Import:
    """Make and store the plan in one snapshot, so that apply can find what has changed since."""
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ")
    with snapshot as connection, connection.begin():
        with noticing_takeover(import_):
            plan = make_plan(connection, import_, revision=1)
            reach(FailPoint.DECIDE_DECIDED)
            duration = {"decide": round(monotonic() - started, 3)}
            update_held(
                connection,
                import_,
                state=ImportState.PLANNED,
                planned_at=sa.func.now(),
                durations=dict(import_.durations) | duration,
                **plan,
            )
        reach(FailPoint.DECIDE_UPDATED)
        return get_import(connection, import_.id)


def make_plan(
    connection: sa.Connection, import_: Import, *, revision: int, reviewed: int | None = None
) -> dict[str, Any]:
    """Decide every row in this transaction and store the decisions; return the import's new columns.

    With ``reviewed``, the number of a revision a person approved, rows now decided otherwise go to review.
    """
    use_memory(connection)
    descriptor = get_descriptor(import_.entity)
    params = _params(connection, import_) | {"revision": revision, "reviewed": reviewed}
    shared = bool(connection.scalar(sa.text(repeated_rows_sql.SOME_SHARED), params))
    for statement in statements(_rules(descriptor, import_), shared=shared):
        connection.execute(sa.text(statement), params)
    connection.execute(sa.text(free_slugs_sql.assign_slugs(descriptor)), params)
    if connection.scalar(sa.text(free_slugs_sql.SOME_TAKEN)):
        for statement in free_slugs_sql.number_slugs(descriptor):
            connection.execute(sa.text(statement), params)
    if reviewed is not None:
        connection.execute(sa.text(plan_sql.KEEP_REVIEWED), params)
    connection.execute(sa.text(plan_sql.INSERT_DECISIONS), params)
    return _count(connection) | {
        "plan_revision": revision,
        "plan_snapshot": sa.text("pg_current_snapshot()"),
        "plan_epoch": sa.text("current_epoch()"),
    }


def _rules(descriptor: EntityDescriptor, import_: Import) -> DecisionRules:
    given = import_.options.policies
    policies: Mapping[str, MergePolicy] = {
        field.name: field.policy if field.only_added else given.get(field.name, field.policy)
        for field in descriptor.mapped_fields(import_.mapping.values())
    }
    last_wins = import_.options.duplicates is DuplicatePolicy.LAST
    return DecisionRules(
        descriptor=descriptor,
        policies=policies,
        last_wins=last_wins,
        rows_name_owners=ORGANIZATION in import_.mapping.values(),
    )


def _params(connection: sa.Connection, import_: Import) -> dict[str, object]:
    """Return the statements' parameters; the rights are those of the actor who applies the plan, or requested it."""
    actor = actor_of(connection, import_)
    permitted = list_organizations_where(connection, actor, Action.IMPORT_APPLY)
    return {
        "import": import_.id,
        "entity": import_.entity,
        "source": import_.source_name,
        "origin": import_.origin,
        "reading": connection.scalar(_READING, {"import": import_.id}),
        "scope": import_.organization_id,
        "manages": list_organizations_held(connection, actor, MANAGING_ROLES),
        "everywhere": permitted is None,
        "permitted": permitted or [],
        "organization_column": next((name for name, target in import_.mapping.items() if target == ORGANIZATION), None),
        "timezone": import_.options.timezone or DEFAULT_ZONE,
        "last_wins": import_.options.duplicates is DuplicatePolicy.LAST,
        "actor": actor.id,
        **sees_params(list_visible_to_import(connection, actor, import_)),
    }


_READING = sa.text("SELECT reading_sha256 FROM imports WHERE id = :import")


def _count(connection: sa.Connection) -> dict[str, int]:
    rows = connection.execute(sa.text("SELECT decision, count(*) AS number FROM deciding_final GROUP BY decision"))
    counts = dict.fromkeys(DECISIONS, 0) | {row.decision: row.number for row in rows}
    return counts | {"rows_read": sum(counts.values())}
