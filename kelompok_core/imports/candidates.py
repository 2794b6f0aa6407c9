"""From cells as written to candidates: header mapping, normalizers, keys and the entity's pandera schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from pandera.errors import SchemaErrors

from kelompok_core.contracts import SourceBatch
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.headers.mapping import HeaderField, HeaderMapping, map_headers
from kelompok_core.imports.records import ImportOptions
from kelompok_core.imports.row_json import row_objects, with_member
from kelompok_core.issues.sentences import default_severity
from kelompok_core.matching.keys import natural_identity
from kelompok_core.values.slug import slug_of
from kelompok_core.values.text import line

EXTERNAL_ID = "external_id"
SLUG_BASE = "slug_base"


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """A batch made ready to be staged.

    Attributes:
        fields: One text column a mapped field, derived column and slug; null where nothing is said.
        extra: Cells that no field takes, by header; null where blank.
        external_id: The source's own id, or null.
        identity: What this source calls the record: its id, or a natural key.
        findings: Columns position, column, code, severity, value, params.
    """

    fields: pd.DataFrame
    extra: pd.DataFrame
    external_id: pd.Series
    identity: pd.Series
    findings: pd.DataFrame


def map_columns(descriptor: EntityDescriptor, columns: list[str], options: ImportOptions) -> HeaderMapping:
    """Say which field each column is, by the given mapping first and the aliases after."""
    fields = [HeaderField(name=EXTERNAL_ID, aliases=descriptor.external_id_aliases, required=False)]
    fields += [
        HeaderField(name=field.name, aliases=field.aliases, required=field.required) for field in descriptor.fields
    ]
    return map_headers(columns, fields, given=options.mapping)


def make_candidates(descriptor: EntityDescriptor, batch: SourceBatch, mapping: HeaderMapping) -> Candidates:
    """Normalize, derive and validate one batch; a bad row is data, never an exception."""
    cells = batch.cells
    columns = {field: column for column, field in mapping.targets.items()}
    findings: list[pd.DataFrame] = []
    values: dict[str, pd.Series] = {}
    for field in descriptor.fields:
        if (column := columns.get(field.name)) in cells.columns:
            normalized = field.normalize(cells[column])
            values[field.name] = normalized.values
            findings.append(normalized.findings.assign(column=column))
    frame = pd.DataFrame(values, index=cells.index, dtype="str")
    external_id = _external_id(cells, columns.get(EXTERNAL_ID))
    _derive(descriptor, frame)
    findings.append(_schema_findings(descriptor, frame, columns, cells))
    return Candidates(
        fields=frame,
        extra=_blank_to_null(cells[[column for column in mapping.extra if column in cells.columns]]),
        external_id=external_id,
        identity=_identity(descriptor, frame, external_id),
        findings=pd.concat(findings, ignore_index=True),
    )


def _external_id(cells: pd.DataFrame, column: str | None) -> pd.Series:
    if column is None or column not in cells.columns:
        return pd.Series(None, index=cells.index, dtype="str")
    return line(cells[column]).values


def _derive(descriptor: EntityDescriptor, frame: pd.DataFrame) -> None:
    """Add the derived columns and the base of the slug, in place: the frame is this module's own."""
    for derived in descriptor.derived:
        if derived.field in frame.columns:
            frame[derived.name] = derived.derive(frame[derived.field])
    if descriptor.slug_field in frame.columns:
        base = slug_of(frame[descriptor.slug_field])
        frame[SLUG_BASE] = frame["slug"].fillna(base) if "slug" in frame.columns else base


def _identity(descriptor: EntityDescriptor, frame: pd.DataFrame, external_id: pd.Series) -> pd.Series:
    natural = natural_identity(frame.reindex(columns=list(descriptor.natural_key)))
    return ("id:" + external_id).fillna(natural)


def _blank_to_null(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.where(cells.apply(lambda column: column.str.strip() != ""))


def _schema_findings(
    descriptor: EntityDescriptor, frame: pd.DataFrame, columns: Mapping[str, str], cells: pd.DataFrame
) -> pd.DataFrame:
    """Return pandera's failure cases as findings; a check's error is the issue's code."""
    schema = descriptor.schema()
    present = [name for name in schema.columns if name in frame.columns]
    try:
        schema.select_columns(present).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return _no_findings()
    rows = [
        (position, columns[field], code, cells.loc[position, columns[field]])
        for field, code, position in zip(cases["column"], cases["check"].map(_code_of), cases["index"], strict=True)
    ]
    found = pd.DataFrame(rows, columns=["position", "column", "code", "value"], dtype="object")
    found["severity"] = [default_severity(code).value for code in found["code"]]
    found["params"] = pd.Series([{} for _ in rows], dtype="object")
    return found


def _no_findings() -> pd.DataFrame:
    return pd.DataFrame(columns=["position", "column", "code", "value", "severity", "params"], dtype="object")


def _code_of(check: str) -> str:
    return "value.required" if check == "not_nullable" else check


def candidate_json(candidates: Candidates) -> pa.Array:
    """Return each candidate as one JSON object, its extra cells under ``extra``."""
    plain = row_objects(candidates.fields)
    if not len(candidates.extra.columns):
        return plain
    return with_member(plain, "extra", row_objects(candidates.extra))


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
