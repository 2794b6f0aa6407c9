"""Choices and lists: the words people use for a status, a language's name, tags between commas."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache, partial

import pandas as pd
import pycountry

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, Normalizer, all_findings, found, map_distinct, map_others
from kelompok_core.values.text import line, text

_SEPARATORS = (":::", "|", ";", "\n", ",")
"""The first of these that a cell has is the one between its entries."""

_OF_GOOGLE = ("myContacts", "starred")
"""Groups that every contact of Google's is in, with a star before them."""

_LANGUAGES = {
    "bahasa indonesia": "id", "indonesia": "id", "inggris": "en", "bahasa inggris": "en", "jawa": "jv",
    "bahasa jawa": "jv", "sunda": "su", "bahasa sunda": "su", "melayu": "ms", "arab": "ar", "english us": "en",
    "english uk": "en", "greek": "el", "norwegian": "no", "farsi": "fa", "mandarin": "zh",
}  # fmt: skip
"""What people write beside the names and codes of ISO 639."""


_SCHEMA_ORG = re.compile(r"^https?://schema\.org/")
"""Before the words of its vocabulary, which schema.org writes as addresses."""


def choice(words: Mapping[str, tuple[str, ...]]) -> Normalizer:
    """Return the normalizer of a column with few values, each known by several words.

    A word nobody knows is left out, and said so.
    """
    known = {fold(word): value for value, many in words.items() for word in (value, *many)}
    return partial(_choice, known)


def _choice(known: Mapping[str, str], cells: pd.Series) -> Normalized:
    # What says nothing elsewhere may be a word here, as 0 is of a status.
    whole = line(cells).values
    values = map_distinct(whole, lambda word: known.get(fold(word)))
    said = values.fillna(drop_blank_words(whole))
    allowed = sorted(set(known.values()))
    finding = found(
        cells, said.notna() & values.isna(), "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": allowed}
    )
    return Normalized(values=values, findings=finding)


def fold(word: str) -> str:
    """Return a word as words are compared: without case, punctuation and the address of schema.org before it."""
    bare = _SCHEMA_ORG.sub("", word)
    return re.sub(r"[\W_]+", " ", bare).strip().casefold()


_TRUTHS = {
    "true": ("yes", "y", "on", "1", "1 0", "x", "v", "✓", "✔", "ya", "iya", "benar", "betul", "seharian",
    "sepanjang hari"),
    "false": ("no", "n", "off", "0", "0 0", "tidak", "tdk", "salah", "bukan", "belum", "never", "tidak pernah",
    "belum pernah"),
}  # fmt: skip
_TRUTH = {word: value for value, words in _TRUTHS.items() for word in (value, *words)}


def truth(cells: pd.Series) -> Normalized:
    """Normalize yes and no, as people and programs write them, to ``true`` and ``false``.

    A word nobody knows is left out, with a warning.
    """
    said = line(cells).values
    values = map_distinct(said, truth_of)
    unknown = said.notna() & values.isna()
    finding = found(cells, unknown, "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": ["ya", "tidak"]})
    return Normalized(values=values, findings=finding)


def truth_of(word: str) -> str | None:
    """Return ``true`` or ``false`` for a word that says yes or no; None for any other."""
    return _TRUTH.get(fold(word)) or _TRUTH.get(word)


def language(cells: pd.Series) -> Normalized:
    """Normalize a language to its ISO 639 code; of several the first."""
    said = drop_blank_words(line(cells).values)
    values = map_distinct(said, _language)
    finding = found(cells, said.notna() & values.isna(), "value.language_unknown", Severity.WARNING)
    return Normalized(values=values, findings=finding)


def _language(written: str) -> str | None:
    first = re.split(r"[|;,/]", written)[0]
    folded = fold(first)
    code = _languages().get(folded) or _LANGUAGES.get(folded)
    return code or _languages().get(folded.split(" ")[0] if re.fullmatch(r"\w{2} \w{2,4}", folded) else "")


@lru_cache
def _languages() -> Mapping[str, str]:
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for one in pycountry.languages:
        code = getattr(one, "alpha_2", one.alpha_3)
        codes |= {code: code, one.alpha_3: code}
        names |= {fold(one.name): code, fold(one.name.partition(" (")[0]): code}
    return names | codes  # a language named «En» is not what «en» means


def first_word(cells: pd.Series) -> Normalized:
    """Normalize a word of a vocabulary; of several with bars, semicolons or lines between them the first is taken."""
    tidy = text(cells)
    several = matching(tidy.values, _SEVERAL_WORDS)
    bars = several | matching(tidy.values, r"^[|;]|[|;]$")
    firsts = map_others(tidy.values, ~bars, lambda written: _BETWEEN_CATEGORIES.split(written.strip("|; "))[0])
    more = found(cells, several, "value.category_several", Severity.WARNING)
    return Normalized(values=line(firsts).values, findings=all_findings(tidy.findings, more))


_SEVERAL_WORDS = r"[^\s|;]\s*(?:[|;\n]|:::)\s*[^\s|;]"
_BETWEEN_CATEGORIES = re.compile(r"\s*(?:[|;\n]|:::)\s*")


def tags(cells: pd.Series) -> Normalized:
    """Normalize a list of short words to a JSON array: each once, in order, whatever stood between them."""
    tidy = text(cells)
    return Normalized(values=map_distinct(drop_blank_words(tidy.values), _list), findings=tidy.findings)


def _list(written: str) -> str | None:
    separator = next((mark for mark in _SEPARATORS if mark in written), ",")
    entries = _from_json(written)
    if entries is None:
        entries = written.split(separator)
    tidy = (re.sub(r"\s+", " ", entry).strip().removeprefix("* ").strip("\"'#").strip() for entry in entries)
    once = {entry.casefold(): entry for entry in reversed(list(tidy)) if entry and entry not in _OF_GOOGLE}
    return json.dumps(list(reversed(once.values())), ensure_ascii=False) if once else None


def _from_json(written: str) -> list[str] | None:
    if not written.startswith("["):
        return None
    try:
        found_list = json.loads(written)
    except ValueError:
        return None
    return [str(entry) for entry in found_list if isinstance(entry, str | int | float)]
