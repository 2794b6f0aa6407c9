"""Rows of an import, for the terminal and for files: their decisions, and the old and new values of their fields."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kelompok_core.cli import output
from kelompok_core.cli.language import translate
from kelompok_core.cli.list_files import Form, write_listing

if TYPE_CHECKING:
    from rich.console import Console

    from kelompok_core.imports.reporting.row_pages import DecidedRow

COLUMNS = ("line", "row_number", "decision", "reason", "name", "ref", "field", "before", "after")
"""Columns of a file of rows: one line for each field that changes, and one line for a row that changes nothing."""

_SHORT = 60
"""Maximum length of a value in a preview, in characters; elsewhere values are complete."""


def render_rows(
    console: "Console", rows: "Sequence[DecidedRow]", *, whole: bool, explained_below: Collection[str] = ()
) -> None:
    """Print rows: the line, decision, record and changes of each.

    ``explained_below`` are the reasons whose explanation is printed after the rows.
    """
    cells = [
        (
            one.line,
            output.coloured(one.decision or ""),
            one.name or one.ref,
            describe_row(one, whole=whole) + (f" ({translate('see below')})" if one.reason in explained_below else ""),
        )
        for one in rows
    ]
    output.table(console, ("line", "decision", "record", "what changes"), cells, heading=3)


def describe_row(row: "DecidedRow", *, whole: bool) -> str:
    """Describe what a row changes, or why it changes nothing."""
    if row.decision == "accepted":
        values = "; ".join(
            f"{field}: {_shown(after, whole=whole)}" for field, _, after in changes_of(row) if after != row.name
        )
        return f"{translate('new')}: {values}"
    if row.changes:
        return "; ".join(
            f"{field}: {_shown(before, whole=whole)} → {_shown(after, whole=whole)}"
            for field, before, after in changes_of(row)
        )
    return "" if row.decision == "unchanged" else (row.reason or "")


def changes_of(row: "DecidedRow") -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each field that changes with its old and new value; extra cells are listed by column."""
    for field, (before, after) in (row.changes or {}).items():
        if field == "extra":
            known = before or {}
            for name, cell in (after or {}).items():
                if known.get(name) != cell:
                    yield f"extra[{name}]", known.get(name), cell
        else:
            yield field, _text(before), _text(after)


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(value: str | None, *, whole: bool) -> str:
    if value is None:
        return translate("nothing")
    line = " ".join(_entries(value).split())
    return line if whole or len(line) <= _SHORT else line[: _SHORT - 1] + "…"


def _entries(value: str) -> str:
    """Return the entries of a JSON list separated by commas, any other value unchanged."""
    if not value.startswith("["):
        return value
    try:
        return ", ".join(map(str, json.loads(value)))
    except ValueError:
        return value


def write_rows(rows: "Iterable[DecidedRow]", target: TextIO, path: Path) -> int:
    """Write rows in the format of the file's extension; return their number."""
    return write_listing(rows, Form(columns=COLUMNS, lines=_lines, to_json=lambda row: row.to_json()), target, path)


def _lines(row: "DecidedRow") -> Iterator[tuple[object, ...]]:
    known = (row.line, row.row_number, row.decision, row.reason, row.name, row.ref)
    for change in list(changes_of(row)) or [("", None, None)]:
        yield (*known, *change)
