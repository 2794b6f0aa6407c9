"""Checks of candidates: the entity's pandera schema, keys that are too long for an index, dates out of order."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial

import pandas as pd
import pyarrow.compute as pc
from pandera.errors import SchemaErrors
from pandera.pandas import DataFrameSchema

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.imports.shared.columns import EXTERNAL_ID
from kelompok_core.issues.sentences import default_severity
from kelompok_core.values.arrow import to_mask
from kelompok_core.values.normalized import all_findings, found

IDENTITY = "identity"
_LONGEST_KEY, _LONGEST_NAME_KEY = 2_400, 1_800
"""Bytes. The maximum size of a B-tree entry in PostgreSQL is 2,704, and some indexes have another column."""


@lru_cache(maxsize=16)
def _schema_of(descriptor: EntityDescriptor, columns: frozenset[str]) -> DataFrameSchema:
    """Return the checks of these columns; cached, because they are the same for all batches of a source."""
    schema = descriptor.schema()
    return schema.select_columns([name for name in schema.columns if name in columns])


def schema_findings(
    descriptor: EntityDescriptor, frame: pd.DataFrame, columns: Mapping[str, str], cells: pd.DataFrame
) -> pd.DataFrame:
    """Return pandera's failure cases as findings; a check's error is the issue's code."""
    try:
        _schema_of(descriptor, frozenset(frame.columns)).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return all_findings()
    rows = []
    for name, code, position in zip(cases["column"], cases["check"].map(_code_of), cases["index"], strict=True):
        column = _source_column(descriptor.field(name), columns)
        rows.append((position, column, code, cells.loc[position, column]))
    table = pd.DataFrame(rows, columns=["position", "column", "code", "value"], dtype="object")
    table["severity"] = [default_severity(code).value for code in table["code"]]
    table["params"] = pd.Series([{} for _ in rows], dtype="object")
    return table


def long_keys(
    descriptor: EntityDescriptor,
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    cells: pd.DataFrame,
    ids: Mapping[str, pd.Series],
) -> pd.DataFrame:
    """Return an error for each value of a key that is too long for its index."""
    fields = {one.name: one.field for one in descriptor.derived}
    names = {descriptor.name_key, *(column for rule in descriptor.rules for column in rule.columns)}
    keys = {name: frame[name] for name in sorted(names) if name in frame.columns} | dict(ids)
    findings = []
    for name, values in keys.items():
        lengths = pc.binary_length(to_arrow(values))
        limit = _LONGEST_NAME_KEY if name == descriptor.name_key else _LONGEST_KEY
        if (pc.max(lengths).as_py() or 0) <= limit:
            continue
        longer = to_mask(pc.greater(lengths, limit), cells.index)
        field = {IDENTITY: descriptor.label}.get(name, fields.get(name, name))
        column = columns[name] if name == EXTERNAL_ID else _source_column(descriptor.field(field), columns)
        findings.append(found(cells[column], longer, "value.too_long", Severity.ERROR))
    return all_findings(*findings)


def _source_column(one: Field, columns: Mapping[str, str]) -> str:
    """Return the column that a finding about a field refers to: the field's own, or else that of a sufficient part."""
    names = (one.name, *(part.name for part in one.parts if part.suffices))
    return next(columns[name] for name in names if name in columns)


def _code_of(check: str) -> str:
    return "value.required" if check == "not_nullable" else check


def reversed_periods(
    descriptor: EntityDescriptor, frame: pd.DataFrame, columns: Mapping[str, str], cells: pd.DataFrame
) -> pd.DataFrame:
    """Return a finding for each row where a period ends before it begins, or where two dates are out of order."""
    findings = [
        found(written, where, "value.end_before_start", Severity.ERROR)
        for (_, end), mask in _reversed(descriptor.periods, frame).items()
        for written, where in _source_cells(descriptor.field(end), mask, columns, cells)
    ]
    for (first, second), mask in _reversed(descriptor.orders, frame).items():
        naming = partial(_naming_earlier, columns.get(first, first))
        for written, where in _source_cells(descriptor.field(second), mask, columns, cells):
            findings.append(found(written, where, "value.dates_out_of_order", Severity.REVIEW, naming))
    return all_findings(*findings)


def _naming_earlier(earlier: str, _: str) -> dict[str, str]:
    return {"earlier": earlier}


def _reversed(pairs: Iterable[tuple[str, str]], frame: pd.DataFrame) -> dict[tuple[str, str], pd.Series]:
    """Return for each pair of fields a mask of the rows in which the second is earlier than the first."""
    return {
        (first, second): (_latest(frame[second]) < _earliest(frame[first])).fillna(value=False)
        for first, second in pairs
        if first in frame.columns and second in frame.columns
    }


def _source_cells(
    one: Field, where: pd.Series, columns: Mapping[str, str], cells: pd.DataFrame
) -> Iterator[tuple[pd.Series, pd.Series]]:
    """Yield the columns of a field, each with a mask of those rows in which it is the first filled one."""
    left = where.copy()
    for name in (one.name, *(part.name for part in one.parts if part.aliases)):
        if name in columns:
            written = cells[columns[name]]
            filled = left & written.notna()
            yield written, filled
            left &= ~filled
    yield cells[_source_column(one, columns)], left


def _earliest(dates: pd.Series) -> pd.Series:
    """Return dates with a missing month or day as the first day that they can mean."""
    return _filled(dates, "-01-01", "-01")


def _latest(dates: pd.Series) -> pd.Series:
    """Return dates with a missing month or day as the last day that they can mean, or up to 3 days later."""
    return _filled(dates, "-12-31", "-31")


def _filled(dates: pd.Series, of_a_year: str, of_a_month: str) -> pd.Series:
    length = dates.str.len()
    days = dates.mask(length == len("1998"), dates + of_a_year)
    return days.mask(length == len("1998-05"), dates + of_a_month)
