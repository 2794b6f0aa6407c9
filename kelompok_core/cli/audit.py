"""``kelompok audit``: who changed what, when, and through which import."""

from typing import TYPE_CHECKING, Annotated

import typer

from kelompok_core.cli import completion, output, terminal
from kelompok_core.cli.language import translate
from kelompok_core.cli.terminal import JsonOption, LimitOption
from kelompok_core.issues.sentences import local_time

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kelompok_core.audit.trail import AuditEntry


def audit(
    record: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Only changes of this record: its slug, its e-mail address, or at least the last 8 digits of its id.",
        ),
    ] = None,
    import_id: Annotated[
        str | None,
        typer.Option("--import", metavar="ID", help="Only changes by this import.", autocompletion=completion.imports),
    ] = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
) -> None:
    """Show who changed what, newest first."""
    with terminal.open_installation() as installation, installation.database.connect() as connection:
        entries = _entries(connection, record, import_id, limit)
    rows = [
        (local_time(one.occurred_at, seconds=True), translate(one.action), translate(one.entity), _name(one), one.actor,
         one.origin,
         ", ".join(one.changed()))
        for one in entries
    ]  # fmt: skip
    columns = ("at", "action", "entity", "record", "actor", "origin", "fields")
    output.show(
        as_json,
        lambda: [_to_json(one) for one in entries],
        lambda console: output.table(console, columns, rows),
    )


def _entries(connection: "sa.Connection", record: str | None, import_id: str | None, limit: int) -> "list[AuditEntry]":
    import sqlalchemy as sa

    from kelompok_core.audit import trail
    from kelompok_core.database.ids import get_id
    from kelompok_core.errors import NotFound
    from kelompok_core.record_queries import SHORTEST_ID

    if import_id is not None:
        return list(trail.list_for_import(connection, get_id(connection, "imports", import_id), limit=limit))
    if record is None:
        return list(trail.list_latest(connection, limit=limit))
    found = connection.scalar(
        sa.text(_FIND_RECORD), {"ref": record, "tail": record if len(record) >= SHORTEST_ID else ""}
    )
    if found is None:
        raise NotFound("record", record)
    return list(trail.list_for_record(connection, found, limit=limit))


# Searches the audit entries, so that deleted records are found, too. Organizations come first if names are equal.
_FIND_RECORD = """
    SELECT record_id FROM audit_logs
    WHERE coalesce(after, before)->>'slug' = :ref OR coalesce(after, before)->>'email' = lower(:ref)
       OR (:tail <> '' AND right(record_id::text, length(:tail)) = lower(:tail))
    ORDER BY entity = 'organizations' DESC, id DESC LIMIT 1"""


def _name(entry: "AuditEntry") -> str:
    values = entry.after or entry.before or {}
    return str(values.get("slug") or values.get("email") or values.get("name") or entry.record_id)


def _to_json(entry: "AuditEntry") -> dict[str, object]:
    return {
        "at": entry.occurred_at.isoformat(),
        "action": entry.action,
        "entity": entry.entity,
        "record": str(entry.record_id),
        "actor": entry.actor,
        "origin": entry.origin,
        "import": str(entry.import_id) if entry.import_id else None,
        "plugin": entry.plugin,
        "changed": {name: list(pair) for name, pair in entry.changed().items()},
    }
