"""Converts text columns between pandas and Arrow, whose functions process whole columns."""

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.contracts import to_arrow


def to_series(array: pa.Array, index: pd.Index) -> pd.Series:
    """Return the Arrow text as pandas text with this index."""
    return pd.Series(pd.array(array, dtype="str"), index=index)


def to_mask(truths: pa.Array, index: pd.Index) -> pd.Series:
    """Return Arrow booleans as a mask with this index; null becomes false."""
    return pd.Series(pc.fill_null(truths, False).to_numpy(zero_copy_only=False), index=index)


def coalesce(values: pd.Series, *others: pd.Series) -> pd.Series:
    """Return for each row the first value that is not null. Columns that add nothing take no time."""
    for other in others:
        if not values.hasnans:
            break
        if other.notna().any():
            values = values.fillna(other) if values.notna().any() else other
    return values


def change_matching(texts: pa.Array, pattern: str, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return the texts with a change of those in which the pattern is found. Fast if these are few."""
    where = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    return pc.replace_with_mask(texts, where, change(texts.filter(where))) if pc.any(where).as_py() else texts


def is_non_ascii(texts: pa.Array) -> pa.Array:
    """Return which texts have a character that is not ASCII; false for null."""
    return pc.invert(pc.fill_null(pc.string_is_ascii(texts), True))


def change_non_ascii(texts: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return the texts with a change of those that have characters other than ASCII. Fast if these are few."""
    where = is_non_ascii(texts)
    return pc.replace_with_mask(texts, where, change(texts.filter(where))) if pc.any(where).as_py() else texts


def matching(values: pd.Series, pattern: str) -> pd.Series:
    r"""Return a mask of the texts with a match of the RE2 pattern (``\s`` and ``\d`` are ASCII only); null is false."""
    return to_mask(pc.match_substring_regex(to_arrow(values), pattern), values.index)
