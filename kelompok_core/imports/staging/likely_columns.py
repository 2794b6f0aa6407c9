"""Suggests columns for missing fields by their content, and another entity if the columns fit it better."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from kelompok_core.contracts import Issue, Severity
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.entities import list_entities
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.headers.spelling import fold_header
from kelompok_core.imports.shared.columns import ORGANIZATION, map_columns
from kelompok_core.issues.stored import StoredFinding, params_of
from kelompok_core.records.registry import get_descriptor
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.text import line

LIKELY, OTHER_ENTITY = "header.likely", "header.other_entity"
_SAMPLE_ROWS = 200
_CLEARLY = 2
"""An entity fits clearly better if it knows this many more columns."""

_OWNERS = frozenset(
    {"organization", "organisation", "organisasi", "lembaga", "komunitas", "community", "yayasan", "perkumpulan",
     "paguyuban", "instansi", "institusi", "institution", "lsm", "ngo", "chapter", "cabang", "ranting", "klub", "club",
     "kelompok", "group", "afiliasi", "affiliation", "unit"}
)  # fmt: skip
_ABOUT_OWNERS = frozenset(
    {"alamat", "address", "no", "nomor", "telp", "telepon", "phone", "hp", "email", "surel", "website", "situs", "url",
     "tahun", "year", "tanggal", "tgl", "date", "status", "jenis", "type", "tipe", "kategori", "category", "kota",
     "city", "jabatan", "position", "role", "jumlah", "size", "catatan", "notes"}
)  # fmt: skip
"""With one of these words, a header means a property of an organization, not its name."""

_LEAST_SHARE = 0.6
_NAME = r"^(?=.*[^\W\d_])(?!.*(?:https?://|www\.|@))[^<>{}\[\]|\\]{2,150}$"
"""Possible names or titles: with letters, without addresses, on one line, not long."""


def judge_columns(entity: str, cells: pd.DataFrame, given: Mapping[str, str]) -> list[Issue]:
    """Return issues that prevent importing columns as ``entity``, with another entity or columns that may fit."""
    if not len(cells.columns):  # an empty list misses no columns
        return []
    descriptor = get_descriptor(entity)
    mapping = map_columns(descriptor, list(cells.columns), given, scoped=False)
    missing = [issue for issue in mapping.issues if issue.severity is Severity.FATAL]
    better = find_better_entity(descriptor, mapping)
    return [*missing, *better, *(likely_columns(descriptor, mapping, cells) if not (missing and better) else ())]


def find_better_entity(descriptor: EntityDescriptor, mapping: HeaderMapping) -> list[Issue]:
    """Return an issue that names another entity if the columns fit it better.

    If no required column is missing, one more known column is not enough evidence.
    """
    missing = _missing(mapping)
    needed = _count_mapped(mapping) + (1 if missing else _CLEARLY)
    columns = [*mapping.targets, *mapping.extra, *mapping.ignored]
    known = {other: _known(other, columns) for other in list_entities() if other != descriptor.entity}
    best = max(known, key=lambda other: known[other])
    if known[best] < needed:
        return []
    return [Issue(code=OTHER_ENTITY, severity=Severity.WARNING, params={"entity": best})]


def likely_columns(descriptor: EntityDescriptor, mapping: HeaderMapping, cells: pd.DataFrame) -> list[Issue]:
    """Return suggestions for missing required fields: columns that look like names, or like names of organizations."""
    missing = _missing(mapping)
    free = [column for column in mapping.extra if column in cells.columns]
    found = []
    if ORGANIZATION in missing and (owner := _likely_owner(free, cells)):
        found.append(_likely(owner, ORGANIZATION, cells))
        free.remove(owner)
    if descriptor.label in missing:
        found += _likely_names(descriptor.label, free, cells)
    return found


def _likely_owner(free: Sequence[str], cells: pd.DataFrame) -> str | None:
    """Return a column whose header means an organization, not a property of it, and whose cells can be names."""
    for column in free:
        words = set(fold_header(column).split())
        if words & _OWNERS and not words & _ABOUT_OWNERS and _share_of_names(cells[column].head(_SAMPLE_ROWS)) > 0:
            return column
    return None


def _likely_names(label: str, free: Sequence[str], cells: pd.DataFrame) -> list[Issue]:
    shares = {column: _share_of_names(cells[column].head(_SAMPLE_ROWS)) for column in free}
    column = max(shares, key=lambda one: shares[one], default=None)
    if column is None or shares[column] < _LEAST_SHARE:
        return []
    return [_likely(column, label, cells)]


def _likely(column: str, field: str, cells: pd.DataFrame) -> Issue:
    example = drop_blank_words(line(cells[column]).values).dropna().iloc[0]
    return Issue(code=LIKELY, severity=Severity.INFO, column=column, params={"field": field, "example": example})


def suggested_mapping(findings: Iterable[StoredFinding]) -> Mapping[str, str]:
    """Return the mapping of columns to fields that issues suggest."""
    return {str(one["column"]): str(params_of(one)["field"]) for one in findings if one["code"] == LIKELY}


def _share_of_names(cells: pd.Series) -> float:
    """Return the share of a column's cells that can be names, lowered by repeated values and empty cells."""
    filled = drop_blank_words(line(cells).values).dropna()
    if filled.empty:
        return 0.0
    return float(filled.str.match(_NAME).mean() * filled.nunique() / len(cells))


def _known(entity: str, columns: Sequence[str]) -> int:
    """Return how many of the columns an entity knows; 0 if a required column is missing."""
    descriptor = get_descriptor(entity)
    return _count_mapped(map_columns(descriptor, list(columns), {}, scoped=False))


def _count_mapped(mapping: HeaderMapping) -> int:
    """Return how many columns are mapped; 0 if a required one other than the organization is missing.

    The organization can be given for the whole file.
    """
    return len(mapping.targets) if _missing(mapping) <= {ORGANIZATION} else 0


def _missing(mapping: HeaderMapping) -> set[str]:
    return {issue.params["field"] for issue in mapping.issues if issue.severity is Severity.FATAL}
