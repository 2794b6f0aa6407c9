"""What columns look like by what is in them: which could be a field that no header names, and which entity fits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from kelompok_core.contracts import Issue, Severity
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.entities import list_entities
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.imports.candidates import map_columns
from kelompok_core.imports.registry import get_descriptor
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.text import line

LIKELY, OTHER_ENTITY = "header.likely", "header.other_entity"
_LOOKED_AT = 200
_LEAST_SHARE = 0.6
_NAME = r"^(?=.*[^\W\d_])(?!.*(?:https?://|www\.|@))[^<>{}\[\]|\\]{2,150}$"
"""What may be a name or a title: with letters, no address, on one line, not long."""


def judge_columns(entity: str, cells: pd.DataFrame, given: Mapping[str, str]) -> list[Issue]:
    """Return what keeps columns from being imported as ``entity``, and another that they fit or what they look like."""
    descriptor = get_descriptor(entity)
    mapping = map_columns(descriptor, list(cells.columns), given, scoped=False)
    missing = [issue for issue in mapping.issues if issue.severity is Severity.FATAL]
    if missing and (better := _fitting_better(entity, list(cells.columns))):
        return [*missing, Issue(code=OTHER_ENTITY, severity=Severity.WARNING, params={"entity": better})]
    return [*missing, *likely_columns(descriptor, mapping, cells)]


def likely_columns(descriptor: EntityDescriptor, mapping: HeaderMapping, cells: pd.DataFrame) -> list[Issue]:
    """Return the column whose cells look most like the names of records, where no column is that."""
    missing = {issue.params["field"] for issue in mapping.issues if issue.severity is Severity.FATAL}
    if descriptor.label not in missing:
        return []
    free = [column for column in mapping.extra if column in cells.columns]
    shares = {column: _share_of_names(cells[column].head(_LOOKED_AT)) for column in free}
    column = max(shares, key=lambda one: shares[one], default=None)
    if column is None or shares[column] < _LEAST_SHARE:
        return []
    example = drop_blank_words(line(cells[column]).values).dropna().iloc[0]
    params = {"field": descriptor.label, "example": example}
    return [Issue(code=LIKELY, severity=Severity.INFO, column=column, params=params)]


def suggested_mapping(findings: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return the mapping that findings, rows of an issue table, suggest: column to field."""
    return {str(one["column"]): str(one["params"]["field"]) for one in findings if one["code"] == LIKELY}


def _share_of_names(cells: pd.Series) -> float:
    """Return how much of a column can be names, each its own."""
    filled = drop_blank_words(line(cells).values).dropna()
    if filled.empty:
        return 0.0
    return float(filled.str.match(_NAME).mean() * filled.nunique() / len(cells))


def _fitting_better(entity: str, columns: Sequence[str]) -> str | None:
    """Return the entity of which no field is missing and which knows most of the columns, if another does."""
    known = {other: _known(other, columns) for other in list_entities()}
    best = max(known, key=lambda other: known[other])
    return best if best != entity and known[best] > known[entity] else None


def _known(entity: str, columns: Sequence[str]) -> int:
    descriptor = get_descriptor(entity)
    mapping = map_columns(descriptor, list(columns), {}, scoped=True)
    is_whole = all(issue.severity is not Severity.FATAL for issue in mapping.issues)
    return len(mapping.targets) if is_whole else 0
