"""Marks cells that a spreadsheet would run as formulas, and removes the marks when the file is imported."""

import csv
import re
from collections.abc import Iterable
from typing import TextIO

MARK = "'"
"""The prefix with which spreadsheets mark text that looks like a formula."""

SEPARATORS = ";,|\t\r\n"
"""Characters at which a spreadsheet may split a cell, whatever the file's delimiter."""

TRIGGERS = r"=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207c\u207a\u208c\u208a\u2a75\u2a76\ufb29\u2212"
"""Characters that start a formula, with the full-width, small and raised forms that some programs normalise."""

# All of Unicode's white space, format and control characters except the separators, and invisible letters and marks:
# fillers, selectors, the Braille blank. Quotation marks are skipped because a cell may be split within quotes.
_SKIPPED = (
    r"'\uff07\"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    r"\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff0-\uffff\ud800-\udfff\ue000-\uf8ff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
"""Characters that may hide before a formula."""

# Possessive, so that a long run of blanks causes no backtracking.
_FORMULA = rf"[{_SKIPPED}]*+[{TRIGGERS}]"
_BLANK_START = rf"\A[{_SKIPPED}]*+[\t\r\n]"
_PLACES = re.compile(rf"(?:\A|(?<=[{SEPARATORS}]))(?={_FORMULA})|(?={_BLANK_START})")
_MARKED = re.compile(rf"(?:\A|(?<=[{SEPARATORS}])){MARK}(?={_FORMULA})|\A{MARK}(?={_BLANK_START[2:]})")
_HAS_PLACE = re.compile(rf"[\t\r\n{TRIGGERS}]")


def guard_formula(cell: str | None) -> str:
    """Return the cell in a form that spreadsheets treat as text; :func:`unguard_formula` reverses it.

    The mark goes at the start and after each character where the spreadsheet may split the cell.
    """
    if cell is None:
        return ""
    return _PLACES.sub(MARK, cell) if _HAS_PLACE.search(cell) else cell


def unguard_formula(cell: str) -> str:
    """Return a cell of an error file or an export as it was in the original."""
    return _MARKED.sub("", cell) if MARK in cell else cell


class SafeWriter:
    """Writes CSV rows with every cell guarded. Use it for every file that a spreadsheet may open."""

    def __init__(self, target: TextIO, *, delimiter: str = ",") -> None:
        self._writer = csv.writer(target, delimiter=delimiter, lineterminator="\r\n")

    def writerow(self, row: Iterable[object]) -> None:
        """Write one row; None is an empty cell."""
        self._writer.writerow([guard_formula(None if cell is None else str(cell)) for cell in row])
