"""Column names of a table whose rows are arrays: listed beside the rows, or in the first row."""

from collections.abc import Iterable

from kelompok_core.contracts import FreeNames
from kelompok_json_import.cursor import Exact

HEADERS = ("fields", "columns", "headers", "header", "cols", "kolom")
"""Members that hold the list of a table's columns, beside the list of its rows."""

SCHEMA = "schema"
"""The object that may contain that list."""


def column_names(columns: Iterable[object]) -> tuple[str, ...]:
    """Return a unique name for each column; unnamed columns are named by their number.

    Skips no column, because names and cells are matched by position.
    """
    free = FreeNames()
    return tuple(free.take(column_name(column) or f"column {number}") for number, column in enumerate(columns, 1))


def column_name(column: object) -> str | None:
    """Return a column's name, given as a string or number, or as an object that has one."""
    if isinstance(column, dict):
        names = (column.get(member) for member in ("name", "id", "key", "field", "label"))
        return next((name for name in names if isinstance(name, str) and name.strip()), None)
    if isinstance(column, int | float) and not isinstance(column, bool):  # such as a year
        return column.text if isinstance(column, Exact) else str(column)
    return column if isinstance(column, str) and column.strip() else None
