"""The pandera columns of entities' schemas. The error of a check is its issue code."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.engines.pandas_engine import STRING

from kelompok_core.values.arrow import matching

EMAIL = r"^[^@\s\pZ]+@[^@\s\pZ]+\.[^@\s\pZ]+$"
URL = r"^https?://[^\s\pZ]+$"
_MONTH, _DAY = "(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
PARTIAL_DATE = rf"^\d{{4}}(-{_MONTH}(-{_DAY})?)?$"
DAY = rf"^\d{{4}}-{_MONTH}-{_DAY}$"
MOMENT = rf"^\d{{4}}-{_MONTH}-{_DAY}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"
NUMBER = r"^(0|-?0\.\d{0,9}[1-9]|-?[1-9]\d{0,29}(\.\d{0,9}[1-9])?)$"
"""A decimal number in its shortest form, as a column of :attr:`~kelompok_core.descriptor.Kind.NUMBER` gives it back."""
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
COUNTRY = r"^[A-Z]{2}$"
LANGUAGE = r"^[a-z]{2,3}$"
LONGEST_URL = 2_048


class _Text(STRING):
    """The text type of pandas. Skips pandera's check of each cell, because such columns contain only text."""

    def check(
        self, pandera_dtype: Any, data_container: pd.Series | pd.DataFrame | None = None
    ) -> bool | Iterable[bool]:
        return pandera_dtype.type == self.type or super().check(pandera_dtype, data_container)


_TEXT = _Text("pyarrow")


def text(max_length: int, *, required: bool = False) -> pa.Column:
    """Return a column of text with at most this many characters."""
    return pa.Column(_TEXT, pa.Check.str_length(max_value=max_length, error="value.too_long"), nullable=not required)


def pattern(regex: str, code: str) -> pa.Column:
    """Return a column of text that matches an RE2 pattern."""
    return pa.Column(_TEXT, pa.Check(partial(matching, pattern=regex), error=code), nullable=True)


def short_words(max_length: int) -> pa.Column:
    """Return a column of JSON lists of words, each with at most this many characters."""
    longer = rf'"(?:[^"\\]|\\.){{{max_length + 1}}}'
    check = pa.Check(lambda values: ~matching(values, longer), error="value.too_long")
    return pa.Column(_TEXT, [pa.Check.str_length(max_value=20_000, error="value.too_long"), check], nullable=True)


def one_of(*values: str) -> pa.Column:
    """Return a column of the given words."""
    return pa.Column(_TEXT, pa.Check.isin(values, error="value.enum_unknown"), nullable=True)
