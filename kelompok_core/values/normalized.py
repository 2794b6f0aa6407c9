"""What a normalizer gives back: values in the form that is stored, and findings about how they were read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import to_arrow, to_series


@dataclass(frozen=True, kw_only=True)
class Normalized:
    """A column made ready.

    Attributes:
        values: Text, same index as what came in; null where the source says nothing.
        findings: Columns position (a label of that index), column (as written), code, severity, value, params.
        derived: Where the value was made of something else, and is not what the source says of the field; None for
            nowhere. Such a value fills gaps and replaces others that were derived, and gives way to any that is said.
        brief: What is said where it is not all that could be: «2015» of a day, the part of a name. Null where the value
            is whole; None for nowhere. A record's own value that says as much, and more, stays.
        understood: By column: where a cell was understood, though no value need come of it, as of a plain no.
    """

    values: pd.Series
    findings: pd.DataFrame
    derived: pd.Series | None = None
    brief: pd.Series | None = None
    understood: Mapping[str, pd.Series] = field(default_factory=dict)


Normalizer = Callable[[pd.Series], Normalized]
"""Takes cells as written (text, null where absent)."""

_FINDING_COLUMNS = ["position", "column", "code", "severity", "value", "params"]


def found(
    cells: pd.Series,
    where: pd.Series,
    code: str,
    severity: Severity,
    params: Callable[[str], Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """Return one finding for each cell where the mask is true; ``params`` is asked with the cell."""
    mask = where.fillna(value=False).astype(bool)
    if not mask.any():
        return no_findings()
    hit = cells[mask]
    table = pd.DataFrame({"position": hit.index, "column": cells.name, "code": code, "severity": severity.value})
    table["value"] = hit.to_numpy(dtype=object)
    table["params"] = pd.Series([dict(params(cell)) if params else {} for cell in table["value"]], dtype="object")
    return table.astype({"column": object, "value": object, "params": object})


def found_as(cells: pd.Series, where: pd.Series, code: str, severity: Severity, *, taken: pd.Series) -> pd.DataFrame:
    """Return one finding for each cell where the mask is true, with what the cell was ``taken`` for."""
    table = found(cells, where, code, severity)
    if len(table):
        values = taken.reindex(table["position"])
        table["params"] = pd.Series(
            [{} if pd.isna(value) else {"taken": value} for value in values], index=table.index, dtype="object"
        )
    return table


@cache
def no_findings() -> pd.DataFrame:
    """Return the one table without findings, which nobody changes: most columns have none."""
    return pd.DataFrame(columns=_FINDING_COLUMNS, dtype="object")


def all_findings(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return the findings in one table, in order of the tables."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else no_findings()


def map_distinct(values: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Apply a function to each distinct text once; nulls stay null."""
    return split_distinct(values, 1, lambda one: (change(one),))[0]


def split_distinct(values: pd.Series, size: int, split: Callable[[str], Sequence[str | None]]) -> Sequence[pd.Series]:
    """Apply a function that tells ``size`` things of a text to each distinct text once; nulls tell nothing."""
    encoded = to_arrow(values).dictionary_encode()
    told = [split(one) for one in encoded.dictionary.to_pylist()]
    columns = [pa.array([one[place] for one in told], pa.large_string()) for place in range(size)]
    return [to_series(column.take(encoded.indices), values.index) for column in columns]


def split_others(
    values: pd.Series, plain: pd.Series, size: int, split: Callable[[str], Sequence[str | None]]
) -> Sequence[pd.Series]:
    """Keep the values where ``plain`` is true; apply a function that tells ``size`` things of a text to each other.

    The first thing told takes the value's place; of plain values there is nothing more to tell.
    """
    kept = plain.fillna(value=False).astype(bool)
    others = values[~kept & values.notna()]
    if others.empty:
        nothing = pd.Series(None, index=values.index, dtype="str")
        return [values, *([nothing] * (size - 1))]
    first, *further = (told.reindex(values.index) for told in split_distinct(others, size, split))
    return [values.where(kept, first), *further]


def map_others(values: pd.Series, plain: pd.Series, change: Callable[[str], str | None]) -> pd.Series:
    """Keep the values where ``plain`` is true; apply a function to each distinct other text once."""
    kept = plain.fillna(value=False).astype(bool)
    others = values[~kept & values.notna()]
    return values if others.empty else values.where(kept, map_distinct(others, change).reindex(values.index))
