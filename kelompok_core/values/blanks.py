"""Words people write where there is nothing to say."""

import pandas as pd

BLANK_WORDS = frozenset(
    {
        "-", "--", "–", "—", ".", "?", "0", "n/a", "na", "n.a.", "nil", "none", "null", "nan", "unknown",
        "tidak ada", "tdk ada", "belum ada", "nihil", "kosong", "tba", "tbd", "x",
    }
)  # fmt: skip
"""Compared in lower case; only for e-mail, web and place columns, where none of them can be meant."""


def drop_blank_words(values: pd.Series) -> pd.Series:
    """Return the values with blank words turned into nulls."""
    return values.mask(values.str.lower().isin(BLANK_WORDS))
