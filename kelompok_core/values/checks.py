"""pandera columns that entities' schemas are made of; a check's error is its issue code."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pandera.pandas as pa
from pandera.engines.pandas_engine import STRING

from kelompok_core.values.arrow import matching

EMAIL = r"^[^@\s\pZ]+@[^@\s\pZ]+\.[^@\s\pZ]+$"
URL = r"^https?://[^\s\pZ]+$"
PARTIAL_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
COUNTRY = r"^[A-Z]{2}$"
LANGUAGE = r"^[a-z]{2,3}$"
LONGEST_URL = 2_048


class _Text(STRING):
    """pandas' text: its columns hold nothing else, which pandera would say again for each cell."""

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool | Iterable[bool]:
        return pandera_dtype.type == self.type or super().check(pandera_dtype, data_container)


_TEXT = _Text("pyarrow")


def text(max_length: int, *, required: bool = False) -> pa.Column:
    """Text of at most so many characters."""
    return pa.Column(_TEXT, pa.Check.str_length(max_value=max_length, error="value.too_long"), nullable=not required)


def pattern(regex: str, code: str) -> pa.Column:
    """Text of one form, told in RE2's expressions."""
    return pa.Column(_TEXT, pa.Check(partial(matching, pattern=regex), error=code), nullable=True)


def one_of(*values: str) -> pa.Column:
    """One of a few words."""
    return pa.Column(_TEXT, pa.Check.isin(values, error="value.enum_unknown"), nullable=True)
