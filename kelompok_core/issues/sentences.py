"""Formats issues as sentences in English and Indonesian: what was found, and what to do."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from kelompok_core.contracts import Severity
from kelompok_core.issues.catalog import find_entry
from kelompok_core.issues.stored import StoredFinding, line_of, params_of

_SHOWN_CHARACTERS = 80
_WHOLE = frozenset({"encoding"})
"""Facts with lists of the core instead of cells: never truncated."""

_DATE_TIME = "at"
"""Name of facts that are a date and time."""
_WORDS = {
    "en": {"ya": "yes", "tidak": "no"},
    "id": {
        "active": "aktif", "inactive": "tidak aktif", "draft": "draf", "published": "terbit",
        "planned": "terjadwal", "cancelled": "dibatalkan", "held": "selesai",
    },
}  # fmt: skip
"""Allowed values of cells in the reader's language. Fields accept both languages."""

_ABOUT_A_ROW = {"en": "This row", "id": "Baris ini"}


def default_severity(code: str) -> Severity:
    """Return the default severity of a code; issues with unknown codes reject the row."""
    entry = find_entry(code)
    return entry.severity if entry else Severity.ERROR


class _Fact(str):
    """A fact in a sentence. ``{rows:line|lines}`` becomes the singular or plural that fits the number."""

    __slots__ = ()

    def __format__(self, words: str) -> str:
        one, bar, many = words.partition("|")
        if not bar:
            return format(str(self), words)
        return one if self == "1" else many


class _Facts(dict[str, object]):
    """The facts for a sentence; a missing fact is shown as an ellipsis."""

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
    """Return the sentence and the hint for an issue.

    A code that neither the core nor an installed plugin defines is shown with its facts.
    """
    facts = _Facts({name: _Fact(_localized(name, fact, language)) for name, fact in (params or {}).items()})
    facts |= {"line": facts.get("line", line), "row_number": row_number, "value": _shown(value or ""), "code": code}
    facts["column"] = column or facts.get("column") or _ABOUT_A_ROW[language]
    entry = find_entry(code)
    if entry is None:
        details = ", ".join(f"{name} {fact}" for name, fact in facts.items() if name in (params or {}))
        return f"{code}: {details or facts['value']}".rstrip(": ")
    return " ".join(part.format_map(facts) for part in entry.texts[language])


def describe_without_values(code: str, facts: Mapping[str, object]) -> str | None:
    """Return the English sentence and hint for an issue, using only these facts; None if its code is unknown.

    For readers without access to cells. Codes whose sentence needs texts of the file have a short variant.
    """
    entry = find_entry(code)
    if entry is None:
        return None
    allowed = _Facts({name: _Fact(fact) for name, fact in facts.items()})
    return " ".join(part.format_map(allowed) for part in entry.short)


def describe_at_place(finding: StoredFinding, *, language: str = "en") -> str:
    """Return the sentence for a stored issue, after the name of the file that it is about."""
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


def _localized(name: str, fact: object, language: str) -> str:
    """Return a fact as text: values of cells in the language, a date and time in this machine's time zone."""
    if name == "allowed" and isinstance(fact, list | tuple):
        return _shown([_WORDS[language].get(str(one), str(one)) for one in fact])
    if name == _DATE_TIME:
        return _date_time(str(fact))
    return str(fact) if name in _WHOLE else _shown(fact)


def _date_time(written: str) -> str:
    try:
        return local_time(datetime.fromisoformat(written))
    except ValueError:
        return written


def local_time(date_time: datetime, *, seconds: bool = False, zone: tzinfo | None = None) -> str:
    """Return a date and time in a time zone, by default this machine's, with the zone's name."""
    return date_time.astimezone(zone).strftime(f"%Y-%m-%d %H:%M{':%S' if seconds else ''} %Z")


def _shown(fact: object) -> str:
    text = ", ".join(str(one) for one in fact) if isinstance(fact, list | tuple) else str(fact)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
