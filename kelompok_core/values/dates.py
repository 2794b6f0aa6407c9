"""Dates known to the year, the month or the day, as text: 1998, 1998-05, 1998-05-17."""

import re
from datetime import date

import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, found, map_distinct
from kelompok_core.values.text import line

_WRITTEN = re.compile(r"(\d{3,4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2})(?:[T ].*)?)?)?")


def partial_date(cells: pd.Series) -> Normalized:
    """Normalize a date whose larger part comes first; what is no such date is left out, and said so."""
    said = drop_blank_words(line(cells).values)
    values = map_distinct(said, _partial)
    return Normalized(
        values=values, findings=found(cells, said.notna() & values.isna(), "value.date", Severity.WARNING)
    )


def _partial(written: str) -> str | None:
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    parts = [f"{year:04}", *(f"{part:02}" for part in (month, day) if part is not None)]
    return "-".join(parts)
