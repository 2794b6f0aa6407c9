"""Unwraps lines that are quoted as a whole, as in a table pasted into one column of a spreadsheet."""

import re
from collections.abc import Sequence

from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords

_WRAPPED = re.compile(r'\s*"((?:[^"]|"")*)"\s*')
_DELIMITERS = ",;\t|"
_FEWEST_CELLS = 3


def are_wrapped(lines: Sequence[str], words: HeaderWords) -> bool:
    """Return whether every line is one quoted cell, with the same number of cells in each.

    A column of values such as «Doe, John» looks the same, so two cells count only below a header.
    """
    inner = [found[1] if (found := _WRAPPED.fullmatch(line)) else None for line in lines if line.strip()]
    texts = [text.replace('""', '"') for text in inner if text is not None]
    if len(texts) < len(inner) or len(texts) < 2:  # noqa: PLR2004  (a header and a record)
        return False
    return any(_are_rows([text.split(mark) for text in texts], words) for mark in _DELIMITERS)


def _are_rows(rows: Sequence[Sequence[str]], words: HeaderWords) -> bool:
    widths = set(map(len, rows))
    return min(widths) > 1 and (words.are_mostly_header(rows[0]) or (len(widths) == 1 and min(widths) >= _FEWEST_CELLS))


def unwrap(line: str) -> str:
    """Return a line without its enclosing quotation marks, if it has them."""
    found = _WRAPPED.fullmatch(line)
    return line if found is None else found[1].replace('""', '"') + "\n"
