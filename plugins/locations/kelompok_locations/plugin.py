"""The plugin: replaces places with official names on import, and adds names and codes as signals to records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from kelompok_core.contracts import (
    SIGNAL_COLUMNS,
    Issue,
    PluginContext,
    Severity,
    SourceBatch,
    iter_texts,
    text_table,
    with_issues,
)
from kelompok_locations.places import Place, Resolved, resolve

METHOD = "locations@0.1.0"
FIELDS = ("country", "region", "city")
CODE_COLUMNS = {"region": "region_code", "city": "city_code"}
"""Columns with codes that are added on import; the core keeps them as extra data."""
_EXACT, _OTHER_NAME = 1.0, 0.9


class LocationsNormalizer:
    """Replaces the places of a source with official names, and adds their codes."""

    def normalize(self, batch: SourceBatch, context: PluginContext) -> SourceBatch:
        """Return the batch with official names; unknown and unclear places stay unchanged and get an issue."""
        columns = [str(column) for column in batch.cells.columns]
        fields = context.map_headers(context.entity or "organizations", columns)
        owners = {field: column for column, field in fields.items() if field in FIELDS}
        if not owners:
            return batch
        found = _resolved(batch.cells, owners)
        cells = batch.cells.copy()
        for field, column in owners.items():
            cells[column] = _official(cells[column], [_shown(getattr(one, field), field) for one in found])
        for field, name in CODE_COLUMNS.items():
            codes = _codes(batch.cells, found, owners, field)
            if name not in cells.columns and any(codes):
                cells[name] = text_table({name: codes})[name].set_axis(cells.index)
        return replace(batch, cells=cells, issues=with_issues(batch.issues, list(_issues(batch, found, owners))))


def _resolved(cells: pd.DataFrame, owners: Mapping[str, str]) -> list[Resolved]:
    """Return the resolved places of each row."""
    columns = [cells[column].fillna("").tolist() for column in owners.values()]
    return [resolve(**dict(zip(owners, row, strict=True))) for row in zip(*columns, strict=True)]


def _shown(place: Place | None, field: str) -> str | None:
    """Return the value of a field: the code of a country, the name of another place."""
    if place is None:
        return None
    return place.code if field == "country" else place.name


def _official(cells: pd.Series, official: Sequence[str | None]) -> pd.Series:
    """Return the cells with official values where known; blank cells stay blank."""
    known = text_table({"name": official})["name"].set_axis(cells.index)
    return cells.where(known.isna() | (cells.fillna("") == ""), known)


def _codes(cells: pd.DataFrame, found: Sequence[Resolved], owners: Mapping[str, str], field: str) -> list[str | None]:
    """Return the codes of the places whose cells are filled; places derived from other cells get none."""
    if field not in owners:
        return []
    written = (cells[owners[field]].fillna("") != "").tolist()
    places: list[Place | None] = [getattr(one, field) for one in found]
    return [place.code if place and is_given else None for place, is_given in zip(places, written, strict=True)]


def _issues(batch: SourceBatch, found: Sequence[Resolved], owners: Mapping[str, str]) -> Iterator[Issue]:
    """Yield issues for unclear places; the core itself reports unknown countries."""
    for row, finding in ((row, finding) for row, one in enumerate(found) for finding in one.findings):
        if finding.field != "country":
            column, params = owners[finding.field], dict(finding.params)
            yield batch.issue_at(row, finding.code, Severity.WARNING, column=column, value=finding.value, **params)


class LocationsEnricher:
    """Finds official names and codes of stored places."""

    def enrich(self, records: pd.DataFrame, context: PluginContext) -> pd.DataFrame:
        """Return signals ``location.country``, ``location.region`` and ``location.city``, and their codes.

        The evidence is the field it was read from; a province derived from a city has the city as evidence.
        """
        del context
        rows = [row for record, written in iter_texts(records) for row in _signals(record, written, resolve(**written))]
        return pd.DataFrame(rows, columns=list(SIGNAL_COLUMNS))


def _signals(record: str, written: Mapping[str, str], found: Resolved) -> Iterator[tuple[object, ...]]:
    for field in FIELDS:
        place: Place | None = getattr(found, field)
        if place is not None:
            source = _read_from(field, written)
            confidence = _EXACT if place.exact and source == field else _OTHER_NAME
            text = written[source]
            for name, value in ((f"location.{field}", place.name), (f"location.{field}_code", place.code)):
                yield record, name, value, confidence, source, 0, len(text), text, METHOD


def _read_from(field: str, written: Mapping[str, str]) -> str:
    """Return the field that a place was read from: its own, or the next smaller filled one."""
    return next(one for one in FIELDS[FIELDS.index(field) :] if written.get(one))
