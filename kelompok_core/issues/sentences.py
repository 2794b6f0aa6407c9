"""Sentences for issue codes: what was found and what to do, in English and Indonesian."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from kelompok_core.contracts import Severity
from kelompok_core.issues.catalog import find_entry
from kelompok_core.issues.stored import StoredFinding, line_of, params_of

_SHOWN_CHARACTERS = 80
_WHOLE = frozenset({"encoding"})
"""Facts that are lists of ours and no cells: never cut."""

_MOMENT = "at"
_WORDS = {
    "en": {"ya": "yes", "tidak": "no"},
    "id": {
        "active": "aktif", "inactive": "tidak aktif", "draft": "draf", "published": "terbit",
        "planned": "terjadwal", "cancelled": "dibatalkan", "held": "selesai",
    },
}  # fmt: skip
"""What a cell may be, in the reader's language; fields understand the words of both."""

_ABOUT_A_ROW = {"en": "This row", "id": "Baris ini"}


def default_severity(code: str) -> Severity:
    """Return how much a finding weighs unless its finder says otherwise; unknown codes reject the row."""
    entry = find_entry(code)
    return entry.severity if entry else Severity.ERROR


class _Fact(str):
    """A fact as a sentence shows it; ``{rows:line|lines}`` is the word that goes with it as a number."""

    __slots__ = ()

    def __format__(self, words: str) -> str:
        one, bar, many = words.partition("|")
        if not bar:
            return format(str(self), words)
        return one if self == "1" else many


class _Facts(dict[str, object]):
    """What a sentence may speak of; a fact nobody gave is shown as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return _Fact("…")


def describe(  # noqa: PLR0913  (the columns of an issue)
    code: str,
    *,
    language: str = "en",
    column: str | None = None,
    value: str | None = None,
    line: int | None = None,
    row_number: int | None = None,
    params: Mapping[str, object] | None = None,
) -> str:
    """Return the sentence and the hint for a finding.

    A code that neither the core nor an installed plugin defines is shown with its facts.
    """
    facts = _Facts({name: _Fact(_told(name, fact, language)) for name, fact in (params or {}).items()})
    facts |= {"line": facts.get("line", line), "row_number": row_number, "value": _shown(value or ""), "code": code}
    facts["column"] = column or facts.get("column") or _ABOUT_A_ROW[language]
    entry = find_entry(code)
    if entry is None:
        details = ", ".join(f"{name} {fact}" for name, fact in facts.items() if name in (params or {}))
        return f"{code}: {details or facts['value']}".rstrip(": ")
    return " ".join(part.format_map(facts) for part in entry.texts[language])


def describe_without_values(code: str, facts: Mapping[str, object]) -> str | None:
    """Return the English sentence and hint for a finding with only these facts; None if nobody defines its code.

    For readers without access to cells. Codes whose sentence needs texts of the file have a short variant.
    """
    entry = find_entry(code)
    if entry is None:
        return None
    told = _Facts({name: _Fact(fact) for name, fact in facts.items()})
    return " ".join(part.format_map(told) for part in entry.short)


def describe_at_place(finding: StoredFinding, *, language: str = "en") -> str:
    """Return the sentence for a finding as the database keeps it, behind the file it is about."""
    params = params_of(finding)
    sentence = describe(
        finding["code"],
        language=language,
        column=finding.get("column"),
        value=finding.get("value"),
        line=line_of(finding),
        params=params,
    )
    return f"{params['place']}: {sentence}" if params.get("place") else sentence


def _told(name: str, fact: object, language: str) -> str:
    """Return a fact as it is told: words of cells in the language, a date and time as the clock here shows it."""
    if name == "allowed" and isinstance(fact, list | tuple):
        return _shown([_WORDS[language].get(str(one), str(one)) for one in fact])
    if name == _MOMENT:
        return _date_time(str(fact))
    return str(fact) if name in _WHOLE else _shown(fact)


def _date_time(written: str) -> str:
    try:
        return local_time(datetime.fromisoformat(written))
    except ValueError:
        return written


def local_time(date_time: datetime, *, seconds: bool = False, zone: tzinfo | None = None) -> str:
    """Return a date and time as the clock of a zone shows it, or the one on this machine, with the zone's name."""
    return date_time.astimezone(zone).strftime(f"%Y-%m-%d %H:%M{':%S' if seconds else ''} %Z")


def _shown(fact: object) -> str:
    text = ", ".join(str(one) for one in fact) if isinstance(fact, list | tuple) else str(fact)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
