"""Issues about cells, rows or files, and tables of issues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # slow to import, so functions that create tables import it themselves
    import pandas as pd


class Severity(StrEnum):
    """The effect of an issue on its row, or for ``FATAL`` on the import.

    ``FATAL`` stops the import, and nothing is written. ``ERROR`` rejects the row. ``REVIEW`` lets a person decide.
    ``WARNING`` means that the row is used although a cell was changed, dropped or kept. ``INFO`` has no effect.
    """

    FATAL = "fatal"
    ERROR = "error"
    REVIEW = "review"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One coded finding about a row, cell or file.

    Attributes:
        code: Stable code such as ``my_plugin.odd_line``; its sentences are in the plugin's ``issues.json``.
        severity: See :class:`Severity`.
        row_number: Number of the row in the source, from 1; ``None`` for an issue about the file.
        line: Line in the original file, from 1, including title lines and line breaks in quotes.
        column: The header as in the source; ``None`` for an issue about the row or the file.
        value: The cell's text, or ``None``.
        params: Facts for the sentence, as JSON values (``{"expected": 9, "found": 11}``); never free text.
    """

    code: str
    severity: Severity
    row_number: int | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    params: dict[str, Any] = field(default_factory=dict)


ISSUE_COLUMNS = ("row_number", "line", "column", "value", "code", "severity", "params")
"""Columns of an issue table: row_number and line ``Int64``, params a ``dict``, the others text."""


def issue_table(issues: Iterable[Issue]) -> "pd.DataFrame":
    """Return the issues as a data frame with :data:`ISSUE_COLUMNS`, in the given order."""
    import pandas as pd

    rows = [
        (one.row_number, one.line, one.column, one.value, one.code, one.severity.value, one.params) for one in issues
    ]
    table = pd.DataFrame(rows, columns=list(ISSUE_COLUMNS), dtype="object")
    return table.astype({"row_number": "Int64", "line": "Int64"})


def no_issues() -> "pd.DataFrame":
    """Return an empty issue table."""
    return issue_table(())


def with_issues(table: "pd.DataFrame", issues: Sequence[Issue]) -> "pd.DataFrame":
    """Return an issue table with further issues added at its end."""
    import pandas as pd

    if not issues:
        return table
    further = issue_table(issues)
    return pd.concat([table, further], ignore_index=True) if len(table) else further
