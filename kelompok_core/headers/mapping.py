"""Which field each column of a source is: by the mapping given, then by aliases; nothing dropped silently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from kelompok_core.contracts import Issue, Severity
from kelompok_core.errors import UsageError
from kelompok_core.headers.spelling import fold_header

IGNORE = "-"
EXTRA = "extra"

OUR_COLUMNS = ("_line", "_decision", "_codes", "_message")
"""What an error file has behind the source's own columns; ignored when the file comes back."""

RECORD_ID = "_kelompok_id"
"""Column of an export with the id of our own record, by which a row is known again."""

_SENSITIVE = frozenset(
    {
        "nik", "no nik", "nomor nik", "nomor induk kependudukan", "ktp", "no ktp", "nomor ktp", "no kk",
        "nomor kk", "nomor kartu keluarga", "agama", "religion", "nama ibu", "nama ibu kandung", "password",
        "kata sandi", "stripe customer id", "golongan darah", "no paspor", "passport number",
        "tanggal lahir", "tgl lahir", "date of birth", "birth date", "birthdate", "birthday", "dob",
        "national id", "social security number", "ssn",
    }
)  # fmt: skip
"""Personal data no community needs; taken in only when the mapping names the column."""

_RUNNING_NUMBERS = frozenset({"no", "nr", "nomor", "nomor urut", "no urut", "number", "nbr", "row", "baris"})
"""A counter of the sheet's rows: it changes whenever the sheet is sorted, so it identifies nothing."""


@dataclass(frozen=True, kw_only=True)
class HeaderField:
    """A field as far as headers go.

    Attributes:
        name: What mappings call it; as good as an alias.
        aliases: Headers it is known by; earlier ones win over later ones.
        required: Whether a source without it is refused.
        instead: Fields of which one is as good as this one.
        by_name_only: Whether only a given mapping leads to it, and no header does.
        missing_code: What is said when it is required and not there.
    """

    name: str
    aliases: Sequence[str] = ()
    required: bool = False
    instead: frozenset[str] = frozenset()
    by_name_only: bool = False
    missing_code: str = "header.missing"


@dataclass(frozen=True, kw_only=True)
class HeaderMapping:
    """What becomes of each column.

    Attributes:
        targets: Column to field.
        extra: Columns kept under their own name.
        ignored: Columns that are evidence and nothing more.
        dropped: Columns that are not even kept as evidence: our own, and refused personal data.
        issues: Findings about the header.
    """

    targets: Mapping[str, str]
    extra: Sequence[str]
    ignored: Sequence[str]
    dropped: Sequence[str]
    issues: Sequence[Issue]


@dataclass
class _Draft:
    """The mapping while it is made."""

    fields: Sequence[HeaderField]
    targets: dict[str, str] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def say(self, code: str, severity: Severity, column: str | None, **params: object) -> None:
        self.issues.append(Issue(code=code, severity=severity, column=column, params=params))


def map_headers(columns: Sequence[str], fields: Sequence[HeaderField], *, given: Mapping[str, str]) -> HeaderMapping:
    """Map the columns of a source.

    ``given`` says for some headers which field they are, ``-`` to leave one out, or ``extra``.

    Raises:
        UsageError: When ``given`` names a header or a field that does not exist.
    """
    draft = _Draft(fields)
    rest = [column for column in columns if column not in OUR_COLUMNS]
    draft.dropped += [column for column in columns if column in OUR_COLUMNS]
    rest = _take_given(draft, rest, given)
    rest = _take_by_rule(draft, rest)
    _take_by_alias(draft, rest)
    _require(draft, columns)
    return HeaderMapping(
        targets=draft.targets,
        extra=draft.extra,
        ignored=draft.ignored,
        dropped=draft.dropped,
        issues=draft.issues,
    )


def _take_given(draft: _Draft, columns: Sequence[str], given: Mapping[str, str]) -> list[str]:
    names = [one.name for one in draft.fields]
    for header, wanted in given.items():
        column = _find_column(header, columns)
        if wanted == IGNORE:
            draft.ignored.append(column)
        elif wanted == EXTRA:
            draft.extra.append(column)
        elif wanted not in names:
            raise UsageError(f"mapping {header!r}: there is no field {wanted!r}", hint=_suggest(wanted, names))
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
        raise UsageError(f"mapping: the file has no column {header!r}", hint=_suggest(header, columns))
    return alike[0]


def _suggest(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    listed = ", ".join(known)
    return f"Did you mean {close[0]!r}? There are: {listed}." if close else f"There are: {listed}."


def _take_by_rule(draft: _Draft, columns: Sequence[str]) -> list[str]:
    """Refuse personal data and row counters; return the other columns."""
    rest = []
    for column in columns:
        folded = fold_header(column)
        if is_sensitive(column):
            draft.dropped.append(column)
            draft.say("header.sensitive_refused", Severity.WARNING, column)
        elif folded in _RUNNING_NUMBERS:
            draft.ignored.append(column)
            draft.say("id.looks_like_running_number", Severity.WARNING, column)
        else:
            rest.append(column)
    return rest


def is_sensitive(column: str) -> bool:
    """Return whether a column holds personal data no community needs, be it a member of a nested record."""
    return bool({fold_header(column), fold_header(column.rpartition(".")[2])} & _SENSITIVE)


def _take_by_alias(draft: _Draft, columns: Sequence[str]) -> None:
    ranked = _ranked_aliases(draft.fields)
    claims: dict[str, list[tuple[int, int, str]]] = {}
    for place, column in enumerate(columns):
        if (known := ranked.get(fold_header(column))) is not None:
            claims.setdefault(known[0], []).append((known[1], place, column))
    given = set(draft.targets.values())
    winners = {min(claim)[2]: name for name, claim in claims.items() if name not in given}
    claimed = {column: name for name, claim in claims.items() for _, _, column in claim}
    for column in columns:
        if column in winners:
            draft.targets[column] = winners[column]
            continue
        draft.extra.append(column)
        if column in claimed:
            draft.say("header.ambiguous", Severity.WARNING, column, field=claimed[column])
        else:
            draft.say("header.unknown", Severity.WARNING, column)


def _ranked_aliases(fields: Sequence[HeaderField]) -> dict[str, tuple[str, int]]:
    ranked: dict[str, tuple[str, int]] = {}
    for one in (known for known in fields if not known.by_name_only):
        for rank, alias in enumerate((one.name, *one.aliases)):
            ranked.setdefault(fold_header(alias), (one.name, rank))
    return ranked


def _require(draft: _Draft, columns: Sequence[str]) -> None:
    found = set(draft.targets.values())
    for one in draft.fields:
        if one.required and not found & {one.name, *one.instead}:
            draft.say(
                one.missing_code,
                Severity.FATAL,
                None,
                field=one.name,
                aliases=", ".join(one.aliases[:6]),
                columns=", ".join(columns[:30]),
            )
