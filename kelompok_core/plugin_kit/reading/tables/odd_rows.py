"""Rows that may or may not be records. They go to review, because only a person can decide."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kelompok_core.contracts import Issue, JsonValue, Severity
from kelompok_core.plugin_kit.reading.tables.cell_kinds import Kind, count_filled, kind_of

if TYPE_CHECKING:
    from kelompok_core.plugin_kit.reading.tables.table_reader import Record

_DELIMITERS = ",;\t|"
_RARELY = 0.1
_HEADINGS = re.compile(
    r"(?:pengurus|anggota|seksi|sie|divisi|bidang|komisi|departemen|panitia|relawan|dewan|koordinator|pembina|pengawas"
    r"|members?|volunteers?|board|staff|committee|departments?|section)\b",
    re.IGNORECASE,
)
"""Beginnings of lines that are the heading of a group of rows."""
_STARTS = frozenset(
    {
        "pen", "ang", "sek", "sie", "div", "bid", "kom", "dep", "pan", "rel", "dew", "koo", "pem", "mem", "vol", "boa",
        "sta", "com", "sec",
    }
)  # fmt: skip


class OddRows:
    """Recognizes rows that need a person's decision.

    Args:
        rows: The table's first rows.
        width: The expected number of cells.
        delimiter: The delimiter between cells.

    Attributes:
        checks_capitals: Whether rows that begin with a cell in capitals may be headings.
    """

    def __init__(self, rows: Sequence[Sequence[str]], width: int, delimiter: str) -> None:
        filled = [count for count in map(count_filled, rows) if count]
        alone = sum(len(row) == 1 for row in rows if count_filled(row))
        self._width = width
        self._delimiter = delimiter
        self._checks_short = width > 1 and alone <= max(1, _RARELY * len(filled))
        self._checks_headings = bool(filled) and sum(count > 1 for count in filled) > len(filled) // 2
        self.checks_capitals = sum(_begins_in_capitals(row) for row in rows) <= _RARELY * len(filled)

    def may_start_heading(self, start: str) -> bool:
        """Return whether a heading may begin with these lower-case letters, judged by the first three.

        Headings in capitals are recognized elsewhere.
        """
        return self._checks_headings and start[:3] in _STARTS

    def may_be_heading(self, first: str) -> bool:
        """Return whether a row that begins with this cell may be a heading."""
        if not self._checks_headings:
            return False
        return _HEADINGS.match(first) is not None or (self.checks_capitals and first.isupper())

    def judged(self, record: "Record") -> "Record":
        """Return the record, with a finding if it is odd and has none yet."""
        if record.oddity is not None:
            return record
        issue = self._check_single_cell(record) or self._check_heading(record)
        return record if issue is None else record._replace(oddity=issue)

    def _check_single_cell(self, record: "Record") -> Issue | None:
        if len(record.cells) != 1 or self._width == 1:
            return None
        cell = record.cells[0]
        other = next((one for one in _DELIMITERS if cell.count(one) == self._width - 1), None)
        if other is not None:
            params: dict[str, JsonValue] = {"delimiter": other, "expected": self._delimiter}
            return _issue("row.other_delimiter", Severity.ERROR, record, **params)
        if self._checks_short:
            return _issue("row.one_cell", Severity.REVIEW, record, expected=self._width)
        return None

    def _check_heading(self, record: "Record") -> Issue | None:
        filled = [cell.strip() for cell in record.cells if cell.strip()]
        if len(filled) == 2 and len(filled[0]) == 1 and record.cells[0].strip():  # noqa: PLR2004  («A», «PENGURUS»)
            filled = filled[1:]
        is_one = len(filled) == 1 and len(record.cells) == self._width > 2  # noqa: PLR2004
        if is_one and kind_of(filled[0]) is Kind.TEXT and self.may_be_heading(filled[0]):
            return _issue("row.may_be_heading", Severity.REVIEW, record)
        return None


def _begins_in_capitals(row: Sequence[str]) -> bool:
    return next((cell.strip().isupper() for cell in row if kind_of(cell) is Kind.TEXT), False)


def _issue(code: str, severity: Severity, record: "Record", **params: JsonValue) -> Issue:
    return Issue(code=code, severity=severity, line=record.line, params={"line": record.line, **params})
