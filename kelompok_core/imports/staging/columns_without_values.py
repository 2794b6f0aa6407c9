"""Finds mapped columns in which no cell could be read: a fatal issue of the file, because every row lost a value."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from kelompok_core.contracts import Issue, Severity
from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.imports.shared.imports import Import, get_import
from kelompok_core.imports.staging.plugin_reading import unreadable
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.blanks import has_content

_FEWEST = 3
"""Fewer unreadable cells do not show that the whole column is unreadable."""

_SAMPLE_ROWS = 200


def require_values(connection: sa.Connection, import_id: UUID, columns: Iterable[str] | None = None) -> None:
    """Require that at least one cell of each mapped column, or of these columns, could be read.

    Checks nothing if the import has reused rows, because the import that read them checked the columns.

    Raises:
        ImportFailed: Naming the columns in which no filled cell could be read.
    """
    import_ = get_import(connection, import_id)
    if connection.scalar(_HAS_REUSED_ROWS, {"import": import_id}):
        return
    descriptor = get_descriptor(import_.entity)
    issues = [
        issue
        for column in (import_.mapping if columns is None else columns)
        if (issue := _issue_of(connection, import_, descriptor, column)) is not None
    ]
    if issues:
        raise unreadable(import_.file_name, issues)


def _issue_of(connection: sa.Connection, import_: Import, descriptor: EntityDescriptor, column: str) -> Issue | None:
    fields = [one.name for one in descriptor.fields if _reads(one, import_.mapping[column])]
    if not fields or any(guard.field in fields for guard in descriptor.guards):
        return None
    there = " OR ".join(f"candidate->>'{name}' IS NOT NULL" for name in fields)
    params = {"import": import_.id, "column": column, "limit": _SAMPLE_ROWS}
    some = f"SELECT EXISTS (SELECT FROM import_rows WHERE import_id = :import AND ({there}))"
    if connection.scalar(sa.text(some), params):
        return None
    lost = _list_cells(connection, params | {"has_issue": True})
    if len(lost) < _FEWEST or _list_cells(connection, params | {"has_issue": False}):
        return None
    facts = {"field": import_.mapping[column], "rows": len(lost), "line": lost[0].line}
    return Issue(
        code="column.nothing_read", severity=Severity.FATAL, line=lost[0].line, column=column, value=lost[0].value,
        params=facts,
    )  # fmt: skip


def _list_cells(connection: sa.Connection, params: dict[str, object]) -> list[sa.Row[Any]]:
    """Return the filled cells of a column that have an issue, or those that have none.

    A cell without a value and without an issue was understood, such as a plain «no».
    """
    rows = connection.execute(_FILLED, params).all()
    with_content = has_content(pd.Series([row.value for row in rows], dtype="str"))
    return [row for row, is_content in zip(rows, with_content, strict=True) if is_content]


def _reads(field: Field, target: str) -> bool:
    return field.name == target or any(part.name == target and part.aliases for part in field.parts)


_HAS_REUSED_ROWS = sa.text("SELECT EXISTS (SELECT FROM import_rows WHERE import_id = :import AND raw IS NULL)")
_FILLED = sa.text("""
    SELECT line, raw->>:column AS value FROM import_rows
    WHERE import_id = :import AND verdict IS DISTINCT FROM 'error' AND btrim(raw->>:column) <> ''
      AND CAST(:has_issue AS boolean) = coalesce(
            jsonb_path_exists(issues, '$[*] ? (@.column == $name)', jsonb_build_object('name', CAST(:column AS text))),
            false)
    ORDER BY row_number LIMIT :limit
""")
