"""The plugin: on import, places rewritten to official names; on what is stored, their codes and names as signals."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from kelompok_core.contracts import (
    SIGNAL_COLUMNS,
    Issue,
    PluginContext,
    Severity,
    SourceBatch,
    issue_table,
    text_table,
)
from kelompok_locations.places import Place, Resolved, resolve

METHOD = "locations@0.1.0"
FIELDS = ("country", "region", "city")
CODE_COLUMNS = {"region": "region_code", "city": "city_code"}
"""Columns with codes that are added on import; the core keeps them with what no field takes."""
_EXACT, _OTHER_NAME = 1.0, 0.9


class LocationsNormalizer:
    """Brings the places of a source to official names, and adds their codes."""

    def normalize(self, batch: SourceBatch, context: PluginContext) -> SourceBatch:
        """Return the batch with known places rewritten; one that is not known, or not clear, stays and is said so."""
        columns = [str(column) for column in batch.cells.columns]
        fields = context.map_headers(context.entity or "organizations", columns)
        homes = {field: column for column, field in fields.items() if field in FIELDS}
        if not homes:
            return batch
        cells: dict[str, list[str | None]] = {
            column: [None if pd.isna(cell) else str(cell) for cell in batch.cells[column]] for column in columns
        }
        codes: dict[str, list[str | None]] = {
            CODE_COLUMNS[field]: [None] * len(batch.cells) for field in homes if field in CODE_COLUMNS
        }
        issues: list[Issue] = []
        for row in range(len(batch.cells)):
            written = {field: cells[column][row] or "" for field, column in homes.items()}
            found = resolve(**written)
            _rewrite(cells, codes, homes, row, found)
            issues += _issues(batch, row, found, homes)
        added = {name: values for name, values in codes.items() if name not in cells and any(values)}
        table = text_table({**cells, **added})
        table.index = batch.cells.index
        return replace(batch, cells=table, issues=_with(batch.issues, issues))


def _rewrite(
    cells: Mapping[str, list[str | None]],
    codes: Mapping[str, list[str | None]],
    homes: Mapping[str, str],
    row: int,
    found: Resolved,
) -> None:
    for field, column in homes.items():
        place: Place | None = getattr(found, field)
        if place is None or not cells[column][row]:
            continue
        cells[column][row] = place.code if field == "country" else place.name
        if field in CODE_COLUMNS:
            codes[CODE_COLUMNS[field]][row] = place.code


def _issues(batch: SourceBatch, row: int, found: Resolved, homes: Mapping[str, str]) -> Iterator[Issue]:
    line = batch.locations["line"].iloc[row]
    for finding in found.findings:
        if finding.field == "country":
            continue  # the core says that of every country it does not know
        yield Issue(
            code=finding.code,
            severity=Severity.WARNING,
            record=int(batch.locations["record"].iloc[row]),
            line=None if pd.isna(line) else int(line),
            column=homes[finding.field],
            value=finding.value,
            params=dict(finding.params),
        )


def _with(issues: pd.DataFrame, more: list[Issue]) -> pd.DataFrame:
    if not more:
        return issues
    found = issue_table(more)
    return pd.concat([issues, found], ignore_index=True) if len(issues) else found


class LocationsEnricher:
    """Gives stored places their official names and codes."""

    def enrich(self, records: pd.DataFrame, context: PluginContext) -> pd.DataFrame:
        """Return signals ``location.country``, ``location.region`` and ``location.city``, and their codes.

        Each quotes the field it was read from; a province that only follows from a city quotes the city.
        """
        del context
        fields = [field for field in FIELDS if field in records.columns]
        rows: list[tuple[Any, ...]] = []
        columns = [records[field].fillna("").tolist() for field in fields]
        for record, *cells in zip(records["record"].tolist(), *columns, strict=True):
            written = dict(zip(fields, cells, strict=True))
            rows += _signals(record, written, resolve(**written))
        return pd.DataFrame(rows, columns=list(SIGNAL_COLUMNS))


def _signals(record: str, written: Mapping[str, str], found: Resolved) -> Iterator[tuple[Any, ...]]:
    for field, shows in (
        ("country", ("country", "region", "city")),
        ("region", ("region", "city")),
        ("city", ("city",)),
    ):
        place: Place | None = getattr(found, field)
        source = next((one for one in shows if written.get(one)), None)
        if place is None or source is None:
            continue
        confidence = _EXACT if place.exact and source == field else _OTHER_NAME
        text = written[source]
        for name, value in ((f"location.{field}", place.name), (f"location.{field}_code", place.code)):
            yield record, name, value, confidence, source, 0, len(text), text, METHOD
