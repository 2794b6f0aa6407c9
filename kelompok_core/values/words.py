"""Read choices and lists: a status, yes or no, a language, tags between commas."""

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
"""Separators of lists; the first of these that occurs in a cell separates its entries."""

_OF_GOOGLE = ("myContacts", "starred")
"""Groups that Google puts every contact in, written with a star before them."""

_LANGUAGES = {
    "bahasa indonesia": "id", "indonesia": "id", "inggris": "en", "bahasa inggris": "en", "jawa": "jv",
    "bahasa jawa": "jv", "sunda": "su", "bahasa sunda": "su", "melayu": "ms", "arab": "ar", "english us": "en",
    "english uk": "en", "greek": "el", "norwegian": "no", "farsi": "fa", "mandarin": "zh",
}  # fmt: skip
"""Names of languages that people write and ISO 639 does not have."""


_SCHEMA_ORG = re.compile(r"^https?://schema\.org/")
"""The prefix of schema.org's words, which are written as addresses."""


def choice(words: Mapping[str, tuple[str, ...]]) -> Normalizer:
    """Return the normalizer of a column with few values, each of which may be written in several words.

    An unknown word gives null and a warning.
    """
    known = {fold(word): value for value, many in words.items() for word in (value, *many)}
    return partial(_choice, known)


def _choice(known: Mapping[str, str], cells: pd.Series) -> Normalized:
    # A blank word of other columns may be a value here, as 0 is of a status.
    whole = line(cells).values
    values = map_distinct(whole, lambda word: known.get(fold(word)))
    filled = values.fillna(drop_blank_words(whole))
    allowed = sorted(set(known.values()))
    finding = found(
        cells, filled.notna() & values.isna(), "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": allowed}
    )
    return Normalized(values=values, findings=finding)


def fold(word: str) -> str:
    """Return a word in the form used to compare words: without case, punctuation and schema.org's prefix."""
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

    An unknown word gives null and a warning.
    """
    answers = line(cells).values
    values = map_distinct(answers, truth_of)
    unknown = answers.notna() & values.isna()
    finding = found(cells, unknown, "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": ["ya", "tidak"]})
    return Normalized(values=values, findings=finding)


def truth_of(word: str) -> str | None:
    """Return ``true`` or ``false`` for a word that means yes or no; None for any other."""
    return _TRUTH.get(fold(word)) or _TRUTH.get(word)


def language(cells: pd.Series) -> Normalized:
    """Normalize a language to its ISO 639 code; of several, the first is taken."""
    names = drop_blank_words(line(cells).values)
    values = map_distinct(names, _language)
    finding = found(cells, names.notna() & values.isna(), "value.language_unknown", Severity.WARNING)
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
    return names | codes  # codes win: «en» is English, not the language named «En»


def first_word(cells: pd.Series) -> Normalized:
    """Normalize a word of a vocabulary; of several between bars, semicolons or lines, the first is taken."""
    tidy = text(cells)
    several = matching(tidy.values, _SEVERAL_WORDS)
    bars = several | matching(tidy.values, r"^[|;]|[|;]$")
    firsts = map_others(tidy.values, ~bars, lambda written: _BETWEEN_CATEGORIES.split(written.strip("|; "))[0])
    more = found(cells, several, "value.category_several", Severity.WARNING)
    return Normalized(values=line(firsts).values, findings=all_findings(tidy.findings, more))


_SEVERAL_WORDS = r"[^\s|;]\s*(?:[|;\n]|:::)\s*[^\s|;]"
_BETWEEN_CATEGORIES = re.compile(r"\s*(?:[|;\n]|:::)\s*")


def tags(cells: pd.Series) -> Normalized:
    """Normalize a list of short words to a JSON array without duplicates, in order, whatever the separator."""
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
