"""How a source would be read, as tables: what every importer's «show» command has to say."""

from collections.abc import Mapping

import pandas as pd

from kelompok_core.contracts.shapes import CommandResult, JsonValue, SourceBatch

_LONGEST = 60


def preview(batch: SourceBatch, fields: Mapping[str, str], *, rows: int) -> CommandResult:
    """Return what a first batch shows: how it was read, its columns with their fields, first rows, findings.

    Args:
        batch: The first batch a reader yields.
        fields: What the host makes of each column, as :attr:`PluginContext.map_headers` says.
        rows: How many rows to show.
    """
    head = batch.cells.head(rows)
    columns = pd.DataFrame(
        {
            "column": list(batch.cells.columns),
            "becomes": [fields.get(name, "") for name in batch.cells.columns],
            "first value": [_first_value(batch.cells[name]) for name in batch.cells.columns],
        }
    )
    shown = head.map(_short)
    shown.insert(0, "line", batch.locations["line"].head(rows).astype("object"))
    tables = {"Columns": columns, "First rows": shown}
    if len(batch.issues):
        tables["Findings"] = batch.issues.head(max(rows, 1))
    read_as = ", ".join(f"{key} {_plain(value)}" for key, value in batch.read_as.items())
    return CommandResult(text=f"Read as: {read_as}", tables=tables)


def _plain(value: JsonValue) -> str:
    return str(value) if str(value).isalnum() or len(str(value)) > 1 else f"«{value}»"


def _first_value(cells: pd.Series) -> str:
    filled = cells[cells.notna() & (cells != "")]
    return _short(filled.iloc[0]) if len(filled) else ""


def _short(cell: object) -> str:
    text = "" if cell is None or cell is pd.NA or cell != cell else str(cell)  # noqa: PLR0124  (NaN is what is not itself)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
