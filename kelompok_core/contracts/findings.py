"""Issues: one coded finding about a cell, a row or a file, and the table many of them travel in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # loaded where tables are made: who reads no rows should not wait for it
    import pandas as pd


class Severity(StrEnum):
    """What a finding does to its row (or, when ``FATAL``, to the whole import).

    ``FATAL`` stops the import and nothing is written; ``ERROR`` rejects the row; ``REVIEW`` lets a
    person decide; ``WARNING`` means the row is used although a cell was changed, dropped or kept; ``INFO`` informs.
    """

    FATAL = "fatal"
    ERROR = "error"
    REVIEW = "review"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One finding.

    Attributes:
        code: Stable code such as ``my_plugin.odd_line``; its sentences are in the plugin's ``issues.json``.
        severity: See :class:`Severity`.
        row_number: Number of the row in the source, from 1; ``None`` when the finding is about the file.
        line: Physical line in the original file, from 1, counting title lines and line breaks in quotes.
        column: Header as written, or ``None`` when the finding is about the row or the file.
        value: The text as read, or ``None``.
        params: JSON-able facts for the sentence (``{"expected": 9, "found": 11}``); never free text.
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
    """Return the issues as a frame with :data:`ISSUE_COLUMNS`, one row each, in the given order."""
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
    """Return an issue table with further issues behind those it has."""
    import pandas as pd

    if not issues:
        return table
    further = issue_table(issues)
    return pd.concat([table, further], ignore_index=True) if len(table) else further
