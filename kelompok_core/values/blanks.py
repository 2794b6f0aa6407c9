"""Words that people and programs write into a cell that has no value."""

import re

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import to_arrow
from kelompok_core.values.arrow import to_mask, to_series

_ERRORS = (
    "#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#spill!", "#calc!", "#error!", "#field!",
    "#blocked!", "#connect!", "#busy!", "#unknown!", "#getting_data", "#wert!", "#bezug!", "#zahl!", "#nv",
    "#valeur!", "#nom?", "#nombre!", "#valor!", "#¡valor!", "#¡ref!", "#¿nombre?", "#¡div/0!", "#¡num!", "#n/d",
)  # fmt: skip
"""Error values of spreadsheets for formulas that failed, in several languages."""

PLACEHOLDERS = frozenset(
    {
        "-", "--", "---", "–", "—", ".", "..", "...", "…", "?", "??", "n/a", "n.a.", "n.a", "n\\a", "null", "nan",
        "none", "undefined", "tidak ada", "tdk ada", "belum ada", "blm ada", "belum tersedia", "tidak tersedia",
        "tidak punya", "tdk punya", "tidak memiliki", "belum punya", "belum memiliki", "tidak diisi", "belum diisi",
        "nihil", "kosong",
        "tba", "tbd", "not available", "not applicable", "not provided", "not specified", "not set", "no data", "\\n",
        "(blank)", "[blank]", "<blank>", "(empty)", "[empty]", "<empty>", "(nil)", "<nil>", *_ERRORS,
    }
)  # fmt: skip
"""Words that mean «no value» in any column, compared in lower case; none of them is a name."""

_AROUND = r"[-–—_*(\[<{{\s\pZ]*(?:{})[-–—_*)\]>}}\s\pZ]*"
"""Pattern for signs around a word: «(kosong)», «- tidak ada -»."""

PLACEHOLDER = _AROUND.format(
    "|".join(re.escape(word).replace(r"\ ", r"[\s\pZ]+") for word in sorted(PLACEHOLDERS, reverse=True))
)
"""A cell with only a placeholder, as an RE2 pattern to match without case."""

_IS_PLACEHOLDER = re.compile(PLACEHOLDER.replace(r"\pZ", ""), re.IGNORECASE)
_LONGEST = 2 * max(map(len, PLACEHOLDERS))

BLANK_WORDS = PLACEHOLDERS | {
    "0", "na", "nil", "unknown", "x", "http://", "https://", "http:", "https:", "www.", "http://www.", "https://www.",
}  # fmt: skip
"""Words that mean «no value» in columns of addresses, places, dates, numbers and ids, where they cannot be values."""


def is_placeholder(written: str) -> bool:
    """Return whether a text is one of :data:`PLACEHOLDERS`, with or without brackets and dashes around it."""
    return len(written) < _LONGEST and _IS_PLACEHOLDER.fullmatch(written) is not None


ZERO_DATE = r"^[\s\pZ]*(?:0{6,}|0+(?:[-/. :T]+0+)+)(?:\.0+)?Z?[\s\pZ]*$"
"""Dates that programs write for «no date», «0000-00-00» or «00000000», as an RE2 pattern."""

STILL = (
    r"^[\s\pZ]*(?i:sekarang|saat ini|kini|hingga kini|hingga sekarang|now|present|current|ongoing|(?:2999|9999)-.*)"
    r"[\s\pZ]*$"
)
"""End dates that mean «still in office», with the years that programs write for «never»."""


def has_content(cells: pd.Series) -> pd.Series:
    """Return a mask of the cells with a value: neither blank nor a word or date that means «no value»."""
    texts = to_arrow(cells)
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    empty = pc.or_(
        pc.is_in(bare, value_set=pa.array(["", *sorted(BLANK_WORDS)], bare.type)),
        pc.match_substring_regex(bare, f"{ZERO_DATE}|{STILL}|^(?i:{PLACEHOLDER})$"),
    )
    return to_mask(pc.invert(empty), cells.index)


def drop_blank_words(values: pd.Series) -> pd.Series:
    """Return the values with blank words turned into nulls."""
    texts = to_arrow(values)
    blank = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(sorted(BLANK_WORDS), texts.type))
    if not pc.any(blank).as_py():
        return values
    return to_series(pc.if_else(blank, pa.scalar(None, texts.type), texts), values.index)
