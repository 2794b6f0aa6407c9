"""Previews how a source would be read: the output of every importer's «show» command."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from kelompok_core.contracts.context import PluginContext
from kelompok_core.contracts.findings import issue_table
from kelompok_core.contracts.protocols import Importer
from kelompok_core.contracts.shapes import CommandResult, JsonValue, Source, SourceBatch

if TYPE_CHECKING:  # slow to import, so functions that create tables import it themselves
    import pandas as pd

_WORDS = {"extra": "(extra)", "-": "(left out)"}
"""How columns that become no field are shown."""

_LONGEST = 60
_FEWEST = 100
"""Rows to read even if fewer are shown, because later rows may have further columns."""


def preview(importer: Importer, source: Source, context: PluginContext, *, entity: str, rows: int) -> CommandResult:
    """Return how a source would be read: dialect or shape, columns with their fields, first rows, issues.

    Args:
        importer: The importer of the source.
        source: The source.
        context: The context, with the host's functions for headers.
        entity: The entity that the fields belong to.
        rows: The number of rows to show.

    Raises:
        UnreadableSource: When the source cannot be read.
        ConfigurationError: When a setting is invalid.
    """
    import pandas as pd

    looking = replace(context, batch_size=max(rows, _FEWEST), entity=entity)
    with closing(_generator(importer.read(source, looking))) as batches:
        batch = next(batches)
    fields = _fields(batch, context, entity)
    columns = pd.DataFrame(
        {
            "column": list(batch.cells.columns),
            "becomes": [fields.get(name, "") for name in batch.cells.columns],
            "first value": [_first_value(batch.cells[name]) for name in batch.cells.columns],
        }
    )
    shown = batch.cells.head(rows).map(_short)
    shown.insert(0, "line", batch.locations["line"].head(rows).astype("object"))
    tables = {"Columns": columns, "First rows": shown} if len(columns) else {}
    found = issue_table(context.judge_columns(entity, _judged(batch, context)))
    findings = pd.concat([one for one in (found, batch.issues.head(max(rows, 1))) if len(one)] or [batch.issues])
    if len(findings):
        tables["Findings"] = findings
    read_as = ", ".join(f"{key} {_plain(value)}" for key, value in batch.read_as.items())
    return CommandResult(text=f"Read as: {read_as}" if read_as else "", tables=tables, read_as=batch.read_as)


def _fields(batch: SourceBatch, context: PluginContext, entity: str) -> Mapping[str, str]:
    """Return the field of each column: what the reader knows, unless the operator mapped the column."""
    known = _known(batch, context)
    others = [column for column in batch.cells.columns if column not in known]
    shown = {column: _WORDS.get(field, field) for column, field in known.items()}
    return {**context.map_headers(entity, others), **shown}


def _judged(batch: SourceBatch, context: PluginContext) -> "pd.DataFrame":
    """Return the cells with the columns that the reader knows named as their fields, for a judgement by names."""
    known = _known(batch, context)
    cells = batch.cells[[column for column in batch.cells.columns if known.get(column) not in _WORDS]]
    cells = cells.rename(columns=known)
    return cells.loc[:, ~cells.columns.duplicated()]


def _known(batch: SourceBatch, context: PluginContext) -> dict[str, str]:
    return {column: field for column, field in batch.mapping.items() if column not in context.columns}


def _generator(batches: Iterator[SourceBatch]) -> Generator[SourceBatch]:
    """Return the batches as a generator, so that closing it early also closes the file."""
    yield from batches


def _plain(value: JsonValue) -> str:
    return str(value) if str(value).isalnum() or len(str(value)) > 1 else f"«{value}»"


def _first_value(cells: "pd.Series") -> str:
    filled = cells[cells.notna() & (cells != "")]
    return _short(filled.iloc[0]) if len(filled) else ""


def _short(cell: str | None) -> str:
    text = cell if isinstance(cell, str) else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
