"""Columns that were meant as fields and gave nothing: an error of the file, since every row of it lost something."""

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
"""Filled cells that say something about their column, and not only about themselves."""

_LOOKED_AT = 200


def require_values(connection: sa.Connection, import_id: UUID, columns: Iterable[str] | None = None) -> None:
    """See that some value came of each column, or of these.

    Rows that were read before in the same way are not looked at: then the columns were asked about.

    Raises:
        ImportFailed: Naming the columns of which every filled cell was left out.
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
    asked = {"import": import_.id, "column": column, "limit": _LOOKED_AT}
    some = f"SELECT EXISTS (SELECT FROM import_rows WHERE import_id = :import AND ({there}))"
    if connection.scalar(sa.text(some), asked):
        return None
    lost = _saying(connection, asked | {"spoken_of": True})
    if len(lost) < _FEWEST or _saying(connection, asked | {"spoken_of": False}):
        return None
    params = {"field": import_.mapping[column], "rows": len(lost), "line": lost[0].line}
    return Issue(
        code="column.nothing_read", severity=Severity.FATAL, line=lost[0].line, column=column, value=lost[0].value,
        params=params,
    )  # fmt: skip


def _saying(connection: sa.Connection, asked: dict[str, object]) -> list[sa.Row[Any]]:
    """Return filled cells of a column that say something: those of which something was found to be said, or others.

    What was left out is said of its cell; a cell that nothing is said of was understood, as a plain no is.
    """
    rows = connection.execute(_FILLED, asked).all()
    saying = has_content(pd.Series([row.value for row in rows], dtype="str"))
    return [row for row, says in zip(rows, saying, strict=True) if says]


def _reads(field: Field, target: str) -> bool:
    return field.name == target or any(part.name == target and part.aliases for part in field.parts)


_HAS_REUSED_ROWS = sa.text("SELECT EXISTS (SELECT FROM import_rows WHERE import_id = :import AND raw IS NULL)")
_FILLED = sa.text("""
    SELECT line, raw->>:column AS value FROM import_rows
    WHERE import_id = :import AND verdict IS DISTINCT FROM 'error' AND btrim(raw->>:column) <> ''
      AND CAST(:spoken_of AS boolean) = coalesce(
            jsonb_path_exists(issues, '$[*] ? (@.column == $name)', jsonb_build_object('name', CAST(:column AS text))),
            false)
    ORDER BY row_number LIMIT :limit
""")
