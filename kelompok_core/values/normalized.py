"""The result of a normalizer: values in stored form, and issues about how they were read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pandas as pd
import pyarrow as pa

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import to_series


@dataclass(frozen=True, kw_only=True)
class Normalized:
    """A normalized column.

    Attributes:
        values: Text, with the index of the input; null if the source has no value.
        findings: Columns position (a label of that index), column (as written), code, severity, value, params.
        derived: A mask of the values that were derived from another field; None if there are none. A derived value
            fills empty fields and replaces derived values. Any value that the source gives replaces it.
        brief: The known part of an incomplete value: «2015» for a day, part of a name. Null if the value is complete;
            None if all are. A record keeps its value if it agrees with the brief form and is more complete.
        understood: By column, a mask of the cells that were understood, even if they give no value, such as a «no».
    """

    values: pd.Series
    findings: pd.DataFrame
    derived: pd.Series | None = None
    brief: pd.Series | None = None
    understood: Mapping[str, pd.Series] = field(default_factory=dict)


Normalizer = Callable[[pd.Series], Normalized]
"""Normalizes cells as the source has them (text, or null if absent)."""

_FINDING_COLUMNS = ["position", "column", "code", "severity", "value", "params"]


def found(
    cells: pd.Series,
    where: pd.Series,
    code: str,
    severity: Severity,
    params: Callable[[str], Mapping[str, object]] | None = None,
) -> pd.DataFrame:
    """Return one finding for each cell where the mask is true; ``params`` is called with the cell."""
    mask = where.fillna(value=False).astype(bool)
    if not mask.any():
        return no_findings()
    hit = cells[mask]
    table = pd.DataFrame({"position": hit.index, "column": cells.name, "code": code, "severity": severity.value})
    table["value"] = hit.to_numpy(dtype=object)
    table["params"] = pd.Series([dict(params(cell)) if params else {} for cell in table["value"]], dtype="object")
    return table.astype({"column": object, "value": object, "params": object})


def found_read_as(
    cells: pd.Series, where: pd.Series, code: str, severity: Severity, *, taken: pd.Series
) -> pd.DataFrame:
    """Return one finding for each cell where the mask is true, with the value that the cell was read as."""
    table = found(cells, where, code, severity)
    if len(table):
        values = taken.reindex(table["position"])
        table["params"] = pd.Series(
            [{} if pd.isna(value) else {"taken": value} for value in values], index=table.index, dtype="object"
        )
    return table


@cache
def no_findings() -> pd.DataFrame:
    """Return the shared empty table of findings, since most columns have none. Do not change it."""
    return pd.DataFrame(columns=_FINDING_COLUMNS, dtype="object")


def all_findings(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return the findings in one table, in order of the tables."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else no_findings()


def map_distinct(values: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Apply a function to each distinct text once; nulls stay null."""
    return split_distinct(values, 1, lambda one: (change(one),))[0]


def split_distinct(values: pd.Series, size: int, split: Callable[[str], Sequence[str | None]]) -> Sequence[pd.Series]:
    """Split each distinct text once into ``size`` parts, and return one column per part; null gives nulls."""
    encoded = to_arrow(values).dictionary_encode()
    parts = [split(one) for one in encoded.dictionary.to_pylist()]
    columns = [pa.array([one[place] for one in parts], pa.large_string()) for place in range(size)]
    return [to_series(column.take(encoded.indices), values.index) for column in columns]


def split_others(
    values: pd.Series, plain: pd.Series, size: int, split: Callable[[str], Sequence[str | None]]
) -> Sequence[pd.Series]:
    """Keep the values where ``plain`` is true; split each other text into ``size`` parts.

    The first part replaces the value; for plain values the further parts are null.
    """
    kept = plain.fillna(value=False).astype(bool)
    others = values[~kept & values.notna()]
    if others.empty:
        nothing = pd.Series(None, index=values.index, dtype="str")
        return [values, *([nothing] * (size - 1))]
    first, *further = (parts.reindex(values.index) for parts in split_distinct(others, size, split))
    return [values.where(kept, first), *further]


def map_others(values: pd.Series, plain: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Keep the values where ``plain`` is true; apply a function to each distinct other text once."""
    kept = plain.fillna(value=False).astype(bool)
    others = values[~kept & values.notna()]
    return values if others.empty else values.where(kept, map_distinct(others, change).reindex(values.index))
