"""Names of a table's columns, which stand beside its rows or in the first of them: one for each place."""

from collections.abc import Iterable
from typing import Any

from kelompok_core.contracts import FreeNames
from kelompok_json_import.cursor import Exact

HEADERS = ("fields", "columns", "headers", "header", "cols", "kolom")
"""What programs call the list of a table's columns, beside the list of its rows."""

SCHEMA = "schema"
"""What they call the object that such a list may be in."""


def column_names(columns: Iterable[Any]) -> tuple[str, ...]:
    """Return a name for each column; one that is given none is called by its number, and no two are called alike.

    None is left out: the cells of all behind it would come under names of others.
    """
    free = FreeNames()
    return tuple(free.take(column_name(column) or f"column {number}") for number, column in enumerate(columns, 1))


def column_name(column: Any) -> str | None:
    """Return the name of a column that is given as such, or as an object with one."""
    if isinstance(column, dict):
        names = (column.get(member) for member in ("name", "id", "key", "field", "label"))
        return next((name for name in names if isinstance(name, str) and name.strip()), None)
    if isinstance(column, int | float) and not isinstance(column, bool):  # a year, say
        return column.text if isinstance(column, Exact) else str(column)
    return column if isinstance(column, str) and column.strip() else None
