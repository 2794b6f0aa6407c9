"""Words people write where there is nothing to say."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.values.arrow import to_arrow, to_series

BLANK_WORDS = frozenset(
    {
        "-", "--", "–", "—", ".", "?", "0", "n/a", "na", "n.a.", "nil", "none", "null", "nan", "unknown",
        "tidak ada", "tdk ada", "belum ada", "nihil", "kosong", "tba", "tbd", "x",
    }
)  # fmt: skip
"""Compared in lower case; only for e-mail, web and place columns, where none of them can be meant."""


def drop_blank_words(values: pd.Series) -> pd.Series:
    """Return the values with blank words turned into nulls."""
    texts = to_arrow(values)
    blank = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(sorted(BLANK_WORDS), texts.type))
    if not pc.any(blank).as_py():
        return values
    return to_series(pc.if_else(blank, pa.scalar(None, texts.type), texts), values.index)
