"""Maps the columns of a source to fields: by the given mapping, then by aliases. No column is dropped silently."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from kelompok_core.contracts import Issue, Severity
from kelompok_core.errors import UsageError
from kelompok_core.headers.privacy import is_sensitive
from kelompok_core.headers.spelling import fold_header, spellings, squeeze
from kelompok_core.suggestions import suggest
from kelompok_core.values.zones import read_header

IGNORE = "-"
EXTRA = "extra"

ERROR_FILE_COLUMNS = ("_line", "_decision", "_codes", "_message")
"""Columns that an error file has after those of the source. They are ignored when the file is imported again."""

RECORD_ID = "_kelompok_id"
"""Column of an export with the record's id, by which an import of the export finds the record."""

RUNNING_NUMBERS = frozenset({"no", "nr", "nomor", "nomor urut", "no urut", "number", "nbr", "row", "baris"})
"""Headers of row counters. They change whenever the sheet is sorted, so they identify no record."""


_OF_A_FORM = frozenset(
    {"_uuid", "_submission_time", "_submitted_by", "_xform_id_string", "__version__", "deviceid", "formhub/uuid",
     "meta/instanceid", "submissiondate", "instanceid"}
)  # fmt: skip
"""Columns that KoboToolbox and ODK add to the answers of a form."""
_WHEN_FILLED_IN = frozenset({"start", "end", "today"})
"""Columns in which KoboToolbox and ODK store when the form was filled in."""

REFUSED = "header.sensitive_refused"
POSITION = "position"
"""Param of the issue about a refused column: its position, from 1. The import's header does not include the column."""

_MOST_CHARACTERS = 60
"""The maximum number of characters for names in one sentence."""

_FEW_NAMES = 60
"""Up to this many fields or columns are all named in a hint."""


@dataclass(frozen=True, kw_only=True)
class HeaderField:
    """A field, as header mapping uses it.

    Attributes:
        name: Its name in mappings. It is also an alias.
        aliases: Headers that are mapped to it. Earlier ones win over later ones.
        required: Whether a source without it is refused.
        instead: Fields that satisfy ``required`` as well.
        by_name_only: Whether only a given mapping can map a column to it.
        weak_aliases: Headers that are mapped to it only if the source has a column of a field in ``beside``.
        zoned_aliases: Headers that are mapped to it only with a time zone: «Published (UTC)».
        dated: Whether its cells are dates or times, so that its headers may name a time zone.
        distinct_aliases: Headers that are mapped to it only if no value of the column is repeated.
        beside: See ``weak_aliases``.
        further: The field for the second column with an alias of this one; without it, that column becomes extra data.
        missing_code: The issue code if it is required and missing.
    """

    name: str
    aliases: Sequence[str] = ()
    required: bool = False
    instead: frozenset[str] = frozenset()
    by_name_only: bool = False
    weak_aliases: Sequence[str] = ()
    zoned_aliases: Sequence[str] = ()
    dated: bool = False
    distinct_aliases: Sequence[str] = ()
    beside: frozenset[str] = frozenset()
    further: str | None = None
    missing_code: str = "header.missing"


@dataclass(frozen=True, kw_only=True)
class HeaderMapping:
    """How each column of a source is used.

    Attributes:
        targets: The field of each mapped column.
        extra: Columns kept as extra data.
        ignored: Columns kept only in the raw rows.
        dropped: Columns that are not stored at all: those of error files, and refused personal data.
        issues: Issues about the header.
    """

    targets: Mapping[str, str]
    extra: Sequence[str]
    ignored: Sequence[str]
    dropped: Sequence[str]
    issues: Sequence[Issue]


@dataclass
class _Draft:
    """A mapping under construction."""

    fields: Sequence[HeaderField]
    targets: dict[str, str] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def add_issue(self, code: str, severity: Severity, column: str | None, **params: object) -> None:
        self.issues.append(Issue(code=code, severity=severity, column=column, params=params))


def map_headers(  # noqa: PLR0913 -- all that decides a mapping
    columns: Sequence[str],
    fields: Sequence[HeaderField],
    *,
    given: Mapping[str, str],
    known: Mapping[str, str] = MappingProxyType({}),
    repeating: Collection[str] = (),
    of_people: bool = True,
) -> HeaderMapping:
    """Map the columns of a source.

    Args:
        columns: The columns.
        fields: What they can be mapped to.
        given: The field of some headers, as a person says; ``-`` leaves a column out, ``extra`` keeps it as extra data.
        known: The same, as the reader of the source says. A person's mapping wins, and refused personal data stays so.
        repeating: Columns in which some value occurs more than once.
        of_people: Whether the records are people.

    Raises:
        UsageError: When ``given`` names a header or a field that does not exist.
    """
    draft = _Draft(fields)
    rest = [column for column in columns if column not in ERROR_FILE_COLUMNS]
    draft.dropped += [column for column in columns if column in ERROR_FILE_COLUMNS]
    rest = _apply_given(draft, rest, given)
    rest = _apply_rules(draft, rest, columns, known, of_people=of_people)
    rest = _apply_known(draft, rest, known)
    _apply_aliases(draft, rest, repeating)
    _report_missing(draft, columns)
    return HeaderMapping(
        targets=draft.targets,
        extra=draft.extra,
        ignored=draft.ignored,
        dropped=draft.dropped,
        issues=draft.issues,
    )


def _apply_given(draft: _Draft, columns: Sequence[str], given: Mapping[str, str]) -> list[str]:
    names = [one.name for one in draft.fields]
    for header, wanted in given.items():
        column = _find_column(header, columns)
        if wanted == IGNORE:
            draft.ignored.append(column)
        elif wanted == EXTRA:
            draft.extra.append(column)
        elif wanted not in names:
            raise UsageError(
                f"mapping {header!r}: there is no field {wanted!r}", hint=suggest(wanted, names, few=_FEW_NAMES)
            )
        elif wanted in draft.targets.values():
            raise UsageError(f"mapping {header!r}: another column is mapped to {wanted!r} already")
        else:
            draft.targets[column] = wanted
    taken = {*draft.targets, *draft.extra, *draft.ignored}
    return [column for column in columns if column not in taken]


def _find_column(header: str, columns: Sequence[str]) -> str:
    if header in columns:
        return header
    alike = [column for column in columns if fold_header(column) == fold_header(header)]
    if len(alike) != 1:
        raise UsageError(f"mapping: the file has no column {header!r}", hint=suggest(header, columns, few=_FEW_NAMES))
    return alike[0]


def _apply_rules(
    draft: _Draft, columns: Sequence[str], all_columns: Sequence[str], known: Mapping[str, str], *, of_people: bool
) -> list[str]:
    """Drop sensitive columns, ignore row counters, and keep times of filling in a form as extra; return the others.

    Only the first of these rules applies to columns that the reader knows.
    """
    rest = []
    is_form = any(column.lower() in _OF_A_FORM for column in columns)
    for column in columns:
        folded = fold_header(column)
        if is_sensitive(column, of_people=of_people):
            draft.dropped.append(column)
            draft.add_issue(REFUSED, Severity.WARNING, column, **{POSITION: all_columns.index(column) + 1})
        elif column in known:
            rest.append(column)
        elif folded in RUNNING_NUMBERS:
            draft.ignored.append(column)
            draft.add_issue("id.looks_like_running_number", Severity.WARNING, column)
        elif is_form and column.lower() in _WHEN_FILLED_IN:
            draft.extra.append(column)
            draft.add_issue("header.form_metadata", Severity.WARNING, column)
        else:
            rest.append(column)
    return rest


def _apply_known(draft: _Draft, columns: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Map the columns that the reader knows, unless a person mapped another one to the field; return the others."""
    names = {one.name for one in draft.fields}
    for column in (one for one in columns if one in known):
        wanted = known[column]
        if wanted == IGNORE:
            draft.ignored.append(column)
        elif wanted in names and wanted not in draft.targets.values():
            draft.targets[column] = wanted
        else:
            draft.extra.append(column)
    return [column for column in columns if column not in known]


def _apply_aliases(draft: _Draft, columns: Sequence[str], repeating: Collection[str]) -> None:
    claims = _claims(draft.fields, columns, repeating)
    given = set(draft.targets.values())
    winners: dict[str, str] = {}
    for one in draft.fields:
        ranked = [column for _, column in sorted(claims.get(one.name, ()))]
        if one.name in given or not ranked:
            continue
        winners[ranked[0]] = one.name
        if one.further is not None and len(ranked) > 1 and one.further not in given and one.further not in claims:
            winners[ranked[1]] = one.further
    claimed = {column: name for name, claim in claims.items() for _, column in claim}
    for column in columns:
        if column in winners:
            draft.targets[column] = winners[column]
            continue
        draft.extra.append(column)
        if column in claimed:
            draft.add_issue("header.ambiguous", Severity.WARNING, column, field=claimed[column])
        else:
            draft.add_issue("header.unknown", Severity.WARNING, column)


_Claims = dict[str, list[tuple[tuple[int, int, bool, int], str]]]
"""The columns that may be mapped to each field, with sort keys: spelling, rank of the alias, no zone, position."""


def _claims(fields: Sequence[HeaderField], columns: Sequence[str], repeating: Collection[str]) -> _Claims:
    known, dated = _ranked_aliases(fields), _ranked_aliases([one for one in fields if one.dated])
    weak = _weak_aliases(fields)
    distinct = _last_aliases(fields, lambda one: one.distinct_aliases)
    zoned = _last_aliases(fields, lambda one: one.zoned_aliases)
    claims: _Claims = {}
    unclaimed: list[tuple[int, str]] = []
    for place, column in enumerate(columns):
        rest = read_header(column).rest
        has_zone = rest != column
        found = (_find_alias(zoned, rest) if has_zone else None) or _find_alias(known, column)
        found = found or (_find_alias(dated, rest) if has_zone else None)
        found = found or (None if column in repeating else _find_alias(distinct, column))
        if found is not None:
            name, rank, distance = found
            # If two columns have the same date and time, prefer the one with a zone.
            claims.setdefault(name, []).append(((distance, rank, not has_zone, place), column))
        else:
            unclaimed.append((place, column))
    for place, column in unclaimed:
        found = _find_alias(weak, column)
        if found is not None and claims.keys() & next(one.beside for one in fields if one.name == found[0]):
            claims.setdefault(found[0], []).append(((found[2], found[1], True, place), column))
    return claims


def _find_alias(aliases: Mapping[str, tuple[str, int]], column: str) -> tuple[str, int, int] | None:
    """Return the field for a header, the rank of the alias, and the distance of the spelling from the alias."""
    ways = spellings(column)
    for distance, way in enumerate((*ways, *map(squeeze, ways))):
        if (known := aliases.get(way)) is not None:
            return *known, min(distance, len(ways))
    return None


def _ranked_aliases(fields: Sequence[HeaderField]) -> dict[str, tuple[str, int]]:
    ranked: dict[str, tuple[str, int]] = {}
    for one in (known for known in fields if not known.by_name_only):
        for rank, alias in enumerate((one.name, *one.aliases)):
            ranked.setdefault(fold_header(alias), (one.name, rank))
    for alias, known in list(ranked.items()):
        ranked.setdefault(squeeze(alias), known)
    return ranked


def _last_aliases(
    fields: Sequence[HeaderField], aliases: Callable[[HeaderField], Sequence[str]]
) -> dict[str, tuple[str, int]]:
    """Return aliases of one kind, ranked after the field's ordinary aliases."""
    return {fold_header(alias): (one.name, len(one.aliases)) for one in fields for alias in aliases(one)}


def _weak_aliases(fields: Sequence[HeaderField]) -> dict[str, tuple[str, int]]:
    return {fold_header(alias): (one.name, rank) for one in fields for rank, alias in enumerate(one.weak_aliases)}


def _report_missing(draft: _Draft, columns: Sequence[str]) -> None:
    found = set(draft.targets.values())
    for one in draft.fields:
        if one.required and not found & {one.name, *one.instead}:
            draft.add_issue(
                one.missing_code,
                Severity.FATAL,
                None,
                field=one.name,
                aliases=_abbreviate(one.aliases),
                columns=_abbreviate(columns),
            )


def _abbreviate(names: Sequence[str]) -> list[str]:
    """Return as many of the names as fit into a sentence, and «…» if there are more."""
    shown: list[str] = []
    for name in names:
        if sum(map(len, shown)) + len(name) > _MOST_CHARACTERS:
            return [*shown, "…"]
        shown.append(name)
    return shown
