"""Rules for the signals that enrichers return."""

import numbers
from collections.abc import Mapping, Sequence

import pandas as pd

from kelompok_core.contract_rules.storable import is_storable
from kelompok_core.contracts import SIGNAL_COLUMNS

_TYPES: Mapping[str, tuple[type, str]] = {
    "confidence": (numbers.Real, "number"),
    "start": (numbers.Integral, "whole number"),
    "end": (numbers.Integral, "whole number"),
}
"""Types of the columns that are not text."""

_KEPT = ("property", "value", "method")
_LONGEST = 1_000


def signals_problem(table: object) -> str | None:
    """Return what is wrong with a table of signals, as the rest of a sentence that begins with the plugin, or None."""
    if not isinstance(table, pd.DataFrame):
        return f"returned a {type(table).__name__}, not a data frame of signals"
    if missing := [column for column in SIGNAL_COLUMNS if column not in table.columns]:
        return f"returned no signals: the column {missing[0]!r} is missing"
    rows = table[list(SIGNAL_COLUMNS)].itertuples(index=False, name=None)
    return next(filter(None, map(_signal_problem, rows)), None)


def _signal_problem(row: Sequence[object]) -> str | None:
    """Return which cell of a signal does not have its column's type or cannot be stored, or None."""
    for column, cell in zip(SIGNAL_COLUMNS, row, strict=True):
        kind, name = _TYPES.get(column, (str, "text"))
        if not isinstance(cell, kind) or isinstance(cell, bool):
            return f"returned a signal whose {column} is not a {name}: {cell!r:.60}"
        if isinstance(cell, str) and column in _KEPT and not (len(cell) <= _LONGEST and is_storable(cell)):
            return f"returned a signal whose {column} cannot be stored: {len(cell)} characters, {cell!r:.60}"
    return None
