"""What kind of value a cell looks like; only to tell headers from rows and one dialect from another."""

import re
from collections.abc import Sequence
from enum import Enum


class Kind(Enum):
    """What a cell looks like. Text is everything else, and says nothing."""

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
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_+[A-Za-z0-9]+)+")


def filled_kind_of(cell: str) -> Kind:
    """Return what the cell looks like; of a word that stands for nothing, that it is blank."""
    bare = re.sub(r"[_\s]+", " ", cell.strip().strip("()[]<>")).strip().casefold()
    return Kind.BLANK if bare in _PLACEHOLDERS else kind_of(cell)


def is_ruler(cells: Sequence[str]) -> bool:
    """Return whether the cells only draw a line: ``----,-----``."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(map(_RULER.fullmatch, filled))


def are_machine_names(cells: Sequence[str]) -> bool:
    """Return whether the cells are names as programs give them, several: ``first_name``, ``X__CITY__C``."""
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


def is_tag_row(cells: Sequence[str]) -> bool:
    """Return whether every cell that is not blank is a tag of the Humanitarian Exchange Language, such as ``#org``."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_HXL_TAG.fullmatch(cell) for cell in filled)


def count_filled(cells: Sequence[str]) -> int:
    """Return how many cells are not blank."""
    return sum(1 for cell in cells if cell and not cell.isspace())
