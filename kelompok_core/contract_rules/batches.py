"""Rules for the batches of rows that readers and normalizers return."""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from kelompok_core.contract_rules.issues import issues_problem
from kelompok_core.contract_rules.storable import read_as_problem
from kelompok_core.contracts import LOCATION_COLUMNS, SourceBatch, to_arrow

HOST_KEYS = frozenset({"date_order", "day_numbers", "recent_years", "decimals", "normalized_by"})
"""Keys of ``read_as`` that the host sets. Readers may not set them."""

MALFORMED = (AttributeError, LookupError, TypeError, ValueError, OverflowError, pa.ArrowException)
"""Errors that inspecting a malformed batch may raise."""

_HIGHEST = 2**31 - 1


def batch_problem(batch: object, after: int) -> str | None:
    """Return what is wrong with a batch whose rows follow row number ``after``, or None.

    Raises:
        Exception: One of :data:`MALFORMED`, when the batch cannot even be inspected.
    """
    if not isinstance(batch, SourceBatch):
        return f"read() yielded a {type(batch).__name__}, not a SourceBatch"
    for name, table in (("cells", batch.cells), ("locations", batch.locations), ("issues", batch.issues)):
        if not isinstance(table, pd.DataFrame):
            return f"{name} must be a data frame, not {type(table).__name__}"
    return (
        _cells_problem(batch.cells)
        or _locations_problem(batch, after)
        or issues_problem(batch.issues, batch.locations["row_number"])
        or _reading_problem(batch)
    )


def _cells_problem(cells: pd.DataFrame) -> str | None:
    names = list(cells.columns)
    if not all(isinstance(name, str) and name.strip() for name in names):
        return "every column of cells needs a name that is text"
    if len(set(names)) != len(names):
        return "two columns of cells have one name"
    for name in names:
        try:
            to_arrow(cells[name])
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError) as error:
            return f"the column {name!r} is not text ({error})"
    return None


def _locations_problem(batch: SourceBatch, after: int) -> str | None:
    locations = batch.locations
    if list(locations.columns) != list(LOCATION_COLUMNS):
        return f"locations need the columns {', '.join(LOCATION_COLUMNS)}"
    if len(locations) != len(batch.cells):
        return f"{len(batch.cells)} rows of cells and {len(locations)} of locations"
    records = list(locations["row_number"])
    if records != list(range(after + 1, after + 1 + len(records))):
        return f"row numbers must go on from {after + 1}, one by one"
    lines = locations["line"].astype("Int64").dropna()
    if len(lines) and not (lines.min() >= 1 and lines.max() <= _HIGHEST):
        return f"line numbers must be from 1 to {_HIGHEST}"
    selectors = to_arrow(locations["selector"])
    text = selectors.buffers()[2]
    return "a selector has a NUL" if text is not None and b"\0" in text.to_pybytes() else None


def _reading_problem(batch: SourceBatch) -> str | None:
    if (problem := read_as_problem(batch.read_as)) is not None:
        return f"read_as {problem}"
    if taken := HOST_KEYS & set(batch.read_as):
        return f"read_as may not contain {min(taken)!r}, which the host sets"
    mapping = batch.mapping
    if not isinstance(mapping, Mapping) or not all(isinstance(one, str) for pair in mapping.items() for one in pair):
        return "mapping must have columns as keys and names of fields as values"
    if unknown := [column for column in mapping if column not in batch.cells.columns]:
        return f"mapping names the column {unknown[0]!r}, which cells does not have"
    number = batch.blank_lines
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _HIGHEST:
        return f"blank_lines must be a number from 0 to {_HIGHEST}"
    return None
