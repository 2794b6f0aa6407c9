"""Classifies cells by what they look like, to distinguish headers from rows and one dialect from another."""

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum


class Kind(Enum):
    """What a cell looks like. Text is anything else, and proves nothing."""

    BLANK = "blank"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    ADDRESS = "address"
    TEXT = "text"


_FORMS = (
    (Kind.NUMBER, re.compile(r"[-+]?[$€£¥]?\s?[-+]?(\d{1,3}([.,' ]\d{3})+|\d+)?([.,]\d+)?([eE][-+]?\d+)?\s?[%€]?")),
    (Kind.DATE, re.compile(r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4})([T ]\d.*)?")),
    (Kind.TIME, re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?")),
    (Kind.ADDRESS, re.compile(r"https?://\S+|www\.\S+|[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")),
)
_LONGEST = 200
_HXL_TAG = re.compile(r"#[A-Za-z][A-Za-z0-9_]*(\s*\+\s*!?[A-Za-z0-9_]+)*")


_PLACEHOLDERS = frozenset(
    {
        "", "-", "--", "n/a", "na", "nan", "null", "none", "nil", "?", "#n/a", "missing", "unknown", "not available",
        "tidak ada", "tdk ada", "belum ada", "belum", "kosong", "nihil", "tbd", "tba",
    }
)  # fmt: skip
_RULER = re.compile(r"[-=_*~+.:|\s]{3,}")
_MOSTLY = 0.8
_SEVERAL = 3
_NUMBERED = re.compile(r"[(\[]?\s*(\d{1,3})\s*[)\].]?")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_+[A-Za-z0-9]+)+")


def filled_kind_of(cell: str) -> Kind:
    """Return what the cell looks like; placeholders such as «n/a» count as blank."""
    bare = re.sub(r"[_\s]+", " ", cell.strip().strip("()[]<>")).strip().casefold()
    return Kind.BLANK if bare in _PLACEHOLDERS else kind_of(cell)


def is_ruler(cells: Sequence[str]) -> bool:
    """Return whether the cells are only a drawn line: ``----,-----``."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(map(_RULER.fullmatch, filled))


def are_machine_names(cells: Sequence[str]) -> bool:
    """Return whether there are several filled cells, all machine-readable names: ``first_name``, ``X__CITY__C``."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and all(map(_IDENTIFIER.fullmatch, filled))


def kind_of(cell: str) -> Kind:
    """Return what the cell looks like."""
    bare = cell.strip()
    if not bare:
        return Kind.BLANK
    if len(bare) > _LONGEST:
        return Kind.TEXT
    for kind, form in _FORMS:
        if form.fullmatch(bare) and (kind is not Kind.NUMBER or any(map(str.isdigit, bare))):
            return kind
    return Kind.TEXT


_COLUMN_NOTES = re.compile(
    r"(?:string|text|teks|varchar|char|int|integer|number|numeric|angka|bilangan|float|decimal|double|date|tanggal|tgl"
    r"|datetime|timestamp|time|boolean|bool|email|url|wajib|wajib diisi|harus diisi|boleh kosong|required|mandatory"
    r"|optional|opsional|pilihan|otomatis)(?:\s*\(.*\))?"
    r"|(?:contoh|misal|misalnya|mis\.|example|e\.g\.|format)\b.*",
    re.IGNORECASE,
)
"""Instructions for filling in a column, below its header."""


def are_column_notes(cells: Sequence[str]) -> bool:
    """Return whether there are several filled cells, all naming a column's type or how to fill it in."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and all(map(_COLUMN_NOTES.fullmatch, filled))


def is_tag_row(cells: Sequence[str]) -> bool:
    """Return whether all filled cells are tags of the Humanitarian Exchange Language (HXL), such as ``#org``."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_HXL_TAG.fullmatch(cell) for cell in filled)


def count_filled(cells: Sequence[str]) -> int:
    """Return the number of non-blank cells."""
    return sum(1 for cell in cells if cell and not cell.isspace())


def column_kinds(rows: Sequence[Sequence[str]], width: int) -> dict[int, Kind]:
    """Return the kind of each column in which nearly all values have the same kind, other than text."""
    found: dict[int, Kind] = {}
    for at in range(width):
        kinds = Counter(filled_kind_of(row[at]) for row in rows if at < len(row))
        del kinds[Kind.BLANK]
        if not kinds:
            continue
        kind, times = kinds.most_common(1)[0]
        if kind is not Kind.TEXT and times >= _MOSTLY * kinds.total():
            found[at] = kind
    return found


def are_column_numbers(cells: Sequence[str]) -> bool:
    """Return whether the cells number the columns, as in official forms: ``1;2;3`` or ``(1),(2)``."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    numbers = [int(found[1]) for cell in filled if (found := _NUMBERED.fullmatch(cell))]
    in_brackets = all(cell[:1] in "([" for cell in filled)
    return len(filled) >= _SEVERAL - in_brackets and numbers == list(range(1, len(filled) + 1))
