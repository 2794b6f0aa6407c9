"""Creates candidates from a batch's cells: normalizes, derives and validates values, and computes identities."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kelompok_core.access.rules import Action
from kelompok_core.contracts import Severity, SourceBatch, to_arrow
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.headers.spelling import spellings
from kelompok_core.imports.shared.columns import CHANGED_AT, EXTERNAL_ID, ORGANIZATION
from kelompok_core.imports.staging.candidate_checks import IDENTITY, long_keys, reversed_periods, schema_findings
from kelompok_core.imports.staging.row_json import present_cells, row_objects, with_member
from kelompok_core.matching.keys import natural_identity, organization_name_key
from kelompok_core.values.arrow import change_matching, matching, to_series
from kelompok_core.values.blanks import drop_blank_words, has_content
from kelompok_core.values.eras import ANY
from kelompok_core.values.normalized import all_findings, found, map_distinct
from kelompok_core.values.reading import Inputs, Reading
from kelompok_core.values.scientific import SCIENTIFIC, all_digits
from kelompok_core.values.slug import slug_of
from kelompok_core.values.text import line, unwrap_constants
from kelompok_core.values.times import starts_at

SLUG_BASE = "slug_base"
ORGANIZATION_KEY = "organization_key"
DERIVED = "derived"
"""Member of a candidate with the names of fields whose value was derived from another field, separated by commas."""

IN_BRIEF = "_in_brief"
"""Suffix of the member with an incomplete value, such as a date without its day."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How an import reads its cells.

    Attributes:
        reading: How to read ambiguous values.
        organization_id: The organization that owns all rows, or None.
        owner_names: Names of that organization; cells that repeat one of them are not kept as extra data.
        owner_countries: The known countries of organizations, by the names that rows use.
        granted: Rights beyond importing, which guarded values need.
    """

    reading: Reading = field(default_factory=Reading)
    organization_id: UUID | None = None
    owner_names: frozenset[str] = frozenset()
    owner_countries: Mapping[str, str] = field(default_factory=dict)
    granted: frozenset[Action] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The candidates of a batch, ready to be staged.

    Attributes:
        fields: One text column per mapped field, derived column and slug; null where there is no value.
        extra: Cells of unmapped columns, by header; null where blank.
        external_id: The source's own id, or null.
        identity: How this source identifies the record: by its id, or by a natural key.
        findings: Columns position, column, code, severity, value, params.
        needs: Rights that some value needs.
        used_columns: Columns with a cell that gave a value or was understood.
    """

    fields: pd.DataFrame
    extra: pd.DataFrame
    external_id: pd.Series
    identity: pd.Series
    findings: pd.DataFrame
    needs: frozenset[Action]
    used_columns: frozenset[str]


def make_candidates(
    descriptor: EntityDescriptor, batch: SourceBatch, mapping: HeaderMapping, terms: Terms
) -> Candidates:
    """Normalize, derive and validate one batch; a bad row is data, never an exception."""
    cells = batch.cells
    columns = {target: column for column, target in mapping.targets.items() if column in cells.columns}
    values = _read_values(descriptor, cells, columns, terms)
    frame, findings = values.frame, list(values.findings)
    external_id = _nothing(cells)
    if EXTERNAL_ID in columns:
        external_id = read_ids(cells[columns[EXTERNAL_ID]], terms.reading)
        findings.append(_lost_ids(cells[columns[EXTERNAL_ID]], external_id))
    used_columns, unused = _find_unused(descriptor, cells, columns, replace(values, findings=findings))
    findings += unused
    needs, guarded = _remove_guarded(descriptor, frame, columns, cells, terms)
    findings += guarded
    _derive(descriptor, frame)
    findings.append(schema_findings(descriptor, frame, columns, cells))
    findings.append(reversed_periods(descriptor, frame, columns, cells))
    identity = _identity(descriptor, frame, external_id, terms)
    findings.append(long_keys(descriptor, frame, columns, cells, {EXTERNAL_ID: external_id, IDENTITY: identity}))
    return Candidates(
        fields=frame,
        extra=_kept_as_extra(
            _without_owner(descriptor, cells[[column for column in mapping.extra if column in cells.columns]], terms)
        ),
        external_id=external_id,
        identity=identity,
        findings=all_findings(*findings),
        needs=needs,
        used_columns=used_columns,
    )


def read_ids(cells: pd.Series, reading: Reading) -> pd.Series:
    """Return a source's own ids, without the apostrophes and decimals that spreadsheets add.

    An id in scientific notation becomes its digits.
    If digits were lost, several ids may look the same, so it becomes null.
    """
    ids = drop_blank_words(line(cells).values)
    texts = change_matching(to_arrow(ids), r"^'[0-9+]", lambda some: pc.utf8_slice_codeunits(some, 1))
    if str(cells.name) in reading.decimals:
        texts = pc.replace_substring_regex(texts, r"^(\d+)\.0+$", r"\1")
    read = to_series(texts, ids.index)
    rounded = matching(read, SCIENTIFIC)
    return read.where(~rounded, map_distinct(read.where(rounded), all_digits)) if rounded.any() else read


def _lost_ids(cells: pd.Series, read: pd.Series) -> pd.DataFrame:
    """Return a finding for each id that lost digits because a program rounded it."""
    lost = read.isna() & matching(line(cells).values, SCIENTIFIC)
    return found(cells, lost, "id.digits_lost", Severity.WARNING)


def _nothing(cells: pd.DataFrame) -> pd.Series:
    return pd.Series(None, index=cells.index, dtype="str")


def _column(cells: pd.DataFrame, columns: Mapping[str, str], target: str) -> pd.Series:
    column = columns.get(target)
    return _nothing(cells) if column is None else cells[column]


@dataclass(frozen=True, kw_only=True)
class _Values:
    """The values of a batch, one column per field, with the findings, and the cells that were understood by column."""

    frame: pd.DataFrame
    findings: list[pd.DataFrame]
    understood: Mapping[str, pd.Series]


def _read_values(
    descriptor: EntityDescriptor, cells: pd.DataFrame, columns: Mapping[str, str], terms: Terms
) -> _Values:
    """Return the values of a batch; if values were derived, a further column names their fields."""
    findings: list[pd.DataFrame] = []
    understood: dict[str, pd.Series] = {}
    values: dict[str, pd.Series] = {}
    derived: dict[str, pd.Series] = {}
    shared: dict[str, object] = {}
    reading, owner_country = terms.reading, _owner_country(cells, columns, terms)
    for one in descriptor.mapped_fields(columns):
        parts = {part.name: cells[columns[part.name]] for part in one.parts if part.name in columns}
        inputs = Inputs(
            own=_column(cells, columns, one.name),
            parts=parts,
            reading=reading,
            shared=shared,
            owner_country=owner_country,
        )
        normalized = one.understand(inputs)
        values[one.name] = normalized.values
        findings.append(normalized.findings)
        understood |= normalized.understood
        if normalized.derived is not None and normalized.derived.any():
            derived[one.name] = normalized.derived
        if one.detail is not None and normalized.brief is not None and normalized.brief.notna().any():
            values[one.name + IN_BRIEF] = normalized.brief
    if ORGANIZATION in columns:
        written = cells[columns[ORGANIZATION]]
        values[ORGANIZATION] = line(written).values
        values[ORGANIZATION_KEY] = organization_name_key(values[ORGANIZATION])
        findings.append(found(written, values[ORGANIZATION].isna(), "value.required", Severity.ERROR))
    if CHANGED_AT in columns:
        changed = starts_at(Inputs(own=cells[columns[CHANGED_AT]], reading=reading), era=ANY)
        values[CHANGED_AT] = changed.values
        findings.append(changed.findings)
    if derived:
        values[DERIVED] = _names_where(derived, cells)
    frame = pd.DataFrame(values, index=cells.index, dtype="str")
    return _Values(frame=frame, findings=findings, understood=understood)


def _owner_country(cells: pd.DataFrame, columns: Mapping[str, str], terms: Terms) -> pd.Series | None:
    """Return the country of the organization that each row names; None if no country is known."""
    if ORGANIZATION not in columns or not terms.owner_countries:
        return None
    return map_distinct(line(cells[columns[ORGANIZATION]]).values, terms.owner_countries.get)


def _names_where(masks: Mapping[str, pd.Series], cells: pd.DataFrame) -> pd.Series:
    """Return for each row the names whose mask is true, separated by commas; null if there are none."""
    places = sum(mask.to_numpy(dtype="int64") << bit for bit, mask in enumerate(masks.values()))
    lists = [
        ",".join(name for bit, name in enumerate(masks) if number >> bit & 1) or None
        for number in range(1 << len(masks))
    ]
    return to_series(pa.array(lists, pa.large_string()).take(pa.array(places)), cells.index)


def _find_unused(
    descriptor: EntityDescriptor,
    cells: pd.DataFrame,
    columns: Mapping[str, str],
    values: _Values,
) -> tuple[frozenset[str], list[pd.DataFrame]]:
    """Return the columns that were used, and a finding for each filled cell that gave no value and has no finding.

    A cell that was understood counts as used even without a value: «has not opted out» is no value.
    """
    used, findings = dict(values.understood), all_findings(*values.findings)
    for one in descriptor.mapped_fields(columns):
        there = values.frame[one.name].notna()
        for target in (one.name, *(part.name for part in one.parts)):
            if target in columns:
                column = columns[target]
                used[column] = used[column] | there if column in used else there
    unused = []
    for column, mask in used.items():
        if mask.all():
            continue
        rest = cells[column][~mask & cells[column].notna()]
        if rest.empty:
            continue
        with_finding = findings["position"][findings["column"] == column] if len(findings) else ()
        lost = has_content(rest) & ~rest.index.isin(with_finding)
        unused.append(found(rest, lost, "value.not_used", Severity.WARNING))
    return frozenset(column for column, mask in used.items() if mask.any()), unused


def _remove_guarded(
    descriptor: EntityDescriptor, frame: pd.DataFrame, columns: Mapping[str, str], cells: pd.DataFrame, terms: Terms
) -> tuple[frozenset[Action], list[pd.DataFrame]]:
    """Remove guarded values whose right is missing from the frame; return the rights that the others need."""
    needs: set[Action] = set()
    findings: list[pd.DataFrame] = []
    for guard in descriptor.guards:
        if guard.field not in frame.columns:
            continue
        values = frame[guard.field]
        guarded = values.isin([value for value in values.unique() if guard.covers(None if pd.isna(value) else value)])
        if guard.action in terms.granted:
            needs |= {guard.action} if guarded.any() else set()
            continue
        frame[guard.field] = values.mask(guarded)
        written, action = _column(cells, columns, guard.field), guard.action.value
        findings.append(found(written, guarded, "permission.value", Severity.WARNING, partial(_naming, action)))
    return frozenset(needs), findings


def _naming(action: str, _: str) -> dict[str, str]:
    return {"action": action}


def _derive(descriptor: EntityDescriptor, frame: pd.DataFrame) -> None:
    """Add derived columns, slugs of terms and the base of the slug to the frame, in place."""
    for derived in descriptor.derived:
        if derived.field in frame.columns:
            frame[derived.name] = derived.derive(frame[derived.field])
    for one in descriptor.fields:
        if one.vocabulary and one.name in frame.columns:
            frame[one.compared_as] = slug_of(frame[one.name])
    if descriptor.has_slug and descriptor.label in frame.columns:
        base = slug_of(frame[descriptor.label])
        frame[SLUG_BASE] = frame["slug"].fillna(base) if "slug" in frame.columns else base


def _identity(descriptor: EntityDescriptor, frame: pd.DataFrame, external_id: pd.Series, terms: Terms) -> pd.Series:
    """Return the identities of rows, which end with the owner if the entity has one.

    Two chapters may both number the rows of the same list from 1: these are different people.
    """
    own = "id:" + external_id
    if external_id.isna().any():
        own = own.fillna(natural_identity([frame.reindex(columns=list(names)) for names in descriptor.natural_keys]))
    if ORGANIZATION_KEY in frame.columns:
        return own + " @ " + frame[ORGANIZATION_KEY]
    return _at_owner(descriptor, own, terms)


def identity_by_id(descriptor: EntityDescriptor, external_id: pd.Series, terms: Terms) -> pd.Series:
    """Return the identities by id of rows that the import's organization owns; null where there is no id."""
    return _at_owner(descriptor, "id:" + external_id, terms)


def _at_owner(descriptor: EntityDescriptor, identity: pd.Series, terms: Terms) -> pd.Series:
    return identity + f" @ {terms.organization_id}" if descriptor.belongs else identity


def _without_owner(descriptor: EntityDescriptor, cells: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """Return the cells without those that only repeat the name of the organization that owns all rows."""
    aliases = {ORGANIZATION, *descriptor.organization_aliases} if terms.owner_names else set()
    naming = [column for column in cells.columns if aliases.intersection(spellings(str(column)))]
    if not naming:
        return cells
    keys = set(organization_name_key(pd.Series(sorted(terms.owner_names), dtype="str")))
    emptied = {
        column: cells[column].mask(organization_name_key(line(cells[column]).values).isin(keys)) for column in naming
    }
    return cells.assign(**emptied)


def _kept_as_extra(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of unmapped columns as they are stored: constants unwrapped, blank cells null."""
    kept = cells.apply(unwrap_constants)
    return kept.where(kept.apply(lambda column: column.str.strip() != ""))


def candidate_json(candidates: Candidates) -> pa.Array:
    """Return each candidate as a JSON object with its extra cells under ``extra``."""
    plain = row_objects(candidates.fields)
    if not len(candidates.extra.columns):
        return plain
    return with_member(plain, "extra", present_cells(candidates.extra))


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
