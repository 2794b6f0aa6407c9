"""Rows that may or may not be records. They go to review, because only a person can decide."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kelompok_core.contracts import Issue, JsonValue, Severity
from kelompok_csv_import.kinds import Kind, count_filled, kind_of

if TYPE_CHECKING:
    from kelompok_csv_import.tables import Record

_DELIMITERS = ",;\t|"
_RARELY = 0.1
_HEADINGS = re.compile(
    r"(?:pengurus|anggota|seksi|sie|divisi|bidang|komisi|departemen|panitia|relawan|dewan|koordinator|pembina|pengawas"
    r"|members?|volunteers?|board|staff|committee|departments?|section)\b",
    re.IGNORECASE,
)
"""How lines begin that head a group of rows."""
_STARTS = frozenset(
    {
        "pen", "ang", "sek", "sie", "div", "bid", "kom", "dep", "pan", "rel", "dew", "koo", "pem", "mem", "vol", "boa",
        "sta", "com", "sec",
    }
)  # fmt: skip


class OddRows:
    """Tells which rows of a table are to be asked about.

    Args:
        rows: Some of the table's rows, from its beginning.
        width: How many cells a record has.
        delimiter: What stands between them.

    Attributes:
        asks_of_capitals: Whether rows that begin in capitals may be headings.
    """

    def __init__(self, rows: Sequence[Sequence[str]], width: int, delimiter: str) -> None:
        filled = [count for count in map(count_filled, rows) if count]
        alone = sum(len(row) == 1 for row in rows if count_filled(row))
        self._width = width
        self._delimiter = delimiter
        self._asks_of_short = width > 1 and alone <= max(1, _RARELY * len(filled))
        self._asks_of_headings = bool(filled) and sum(count > 1 for count in filled) > len(filled) // 2
        self.asks_of_capitals = sum(_is_shouted(row) for row in rows) <= _RARELY * len(filled)

    def may_start_heading(self, start: str) -> bool:
        """Return whether a heading that is not all capitals may begin with these lower-case letters; three decide."""
        return self._asks_of_headings and start[:3] in _STARTS

    def may_be_heading(self, first: str) -> bool:
        """Return whether a row that begins with this cell needs a look."""
        if not self._asks_of_headings:
            return False
        return _HEADINGS.match(first) is not None or (self.asks_of_capitals and first.isupper())

    def judged(self, record: "Record") -> "Record":
        """Return the record, with what is odd about it if nothing else is."""
        if record.oddity is not None:
            return record
        issue = self._of_one_cell(record) or self._of_heading(record)
        return record if issue is None else record._replace(oddity=issue)

    def _of_one_cell(self, record: "Record") -> Issue | None:
        if len(record.cells) != 1 or self._width == 1:
            return None
        cell = record.cells[0]
        other = next((one for one in _DELIMITERS if cell.count(one) == self._width - 1), None)
        if other is not None:
            params: dict[str, JsonValue] = {"delimiter": other, "expected": self._delimiter}
            return _issue("row.other_delimiter", Severity.ERROR, record, **params)
        if self._asks_of_short:
            return _issue("row.one_cell", Severity.REVIEW, record, expected=self._width)
        return None

    def _of_heading(self, record: "Record") -> Issue | None:
        filled = [cell.strip() for cell in record.cells if cell.strip()]
        if len(filled) == 2 and len(filled[0]) == 1 and record.cells[0].strip():  # noqa: PLR2004  («A», «PENGURUS»)
            filled = filled[1:]
        is_one = len(filled) == 1 and len(record.cells) == self._width > 2  # noqa: PLR2004
        if is_one and kind_of(filled[0]) is Kind.TEXT and self.may_be_heading(filled[0]):
            return _issue("row.may_be_heading", Severity.REVIEW, record)
        return None


def _is_shouted(row: Sequence[str]) -> bool:
    return next((cell.strip().isupper() for cell in row if kind_of(cell) is Kind.TEXT), False)


def _issue(code: str, severity: Severity, record: "Record", **params: JsonValue) -> Issue:
    return Issue(code=code, severity=severity, line=record.line, params={"line": record.line, **params})
