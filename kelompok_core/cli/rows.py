"""Rows of an import for the terminal and for files: what each becomes, and which fields change from what to what."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kelompok_core.cli import output
from kelompok_core.cli.language import say
from kelompok_core.cli.list_files import Form, write_listing

if TYPE_CHECKING:
    from rich.console import Console

    from kelompok_core.imports.reporting.row_pages import DecidedRow

COLUMNS = ("line", "row_number", "decision", "reason", "name", "ref", "field", "before", "after")
"""Of a file of rows: a line for each field of each row that changes, and one for each other row."""

_SHORT = 60
"""Characters of a value in a preview; elsewhere values are whole."""


def render_rows(
    console: "Console", rows: "Sequence[DecidedRow]", *, whole: bool, told_below: Collection[str] = ()
) -> None:
    """Print rows: where they stand, what was decided, which record it is about, and what changes there.

    ``told_below`` are codes whose sentences follow.
    """
    cells = [
        (
            one.line,
            output.coloured(one.decision or ""),
            one.name or one.ref,
            describe_row(one, whole=whole) + (f" ({say('see below')})" if one.reason in told_below else ""),
        )
        for one in rows
    ]
    output.table(console, ("line", "decision", "record", "what changes"), cells, heading=3)


def describe_row(row: "DecidedRow", *, whole: bool) -> str:
    """Return in words what a row changes, or why it does not."""
    if row.decision == "accepted":
        said = "; ".join(
            f"{field}: {_shown(after, whole=whole)}" for field, _, after in changes_of(row) if after != row.name
        )
        return f"{say('new')}: {said}"
    if row.changes:
        return "; ".join(
            f"{field}: {_shown(before, whole=whole)} → {_shown(after, whole=whole)}"
            for field, before, after in changes_of(row)
        )
    return "" if row.decision == "unchanged" else (row.reason or "")


def changes_of(row: "DecidedRow") -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each field that changes, with what it was and what it becomes; extra cells each by its column."""
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
        return say("nothing")
    line = " ".join(_entries(value).split())
    return line if whole or len(line) <= _SHORT else line[: _SHORT - 1] + "…"


def _entries(value: str) -> str:
    """Return a list as its entries, any other value as it is."""
    if not value.startswith("["):
        return value
    try:
        return ", ".join(map(str, json.loads(value)))
    except ValueError:
        return value


def write_rows(rows: "Iterable[DecidedRow]", target: TextIO, path: Path) -> int:
    """Write rows as the file's ending says; return how many there are."""
    return write_listing(rows, Form(columns=COLUMNS, lines=_lines, to_json=lambda row: row.to_json()), target, path)


def _lines(row: "DecidedRow") -> Iterator[tuple[object, ...]]:
    known = (row.line, row.row_number, row.decision, row.reason, row.name, row.ref)
    for change in list(changes_of(row)) or [("", None, None)]:
        yield (*known, *change)
