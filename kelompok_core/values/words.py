"""Choices and lists: the words people use for a status, a language's name, tags between commas."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache, partial

import pandas as pd
import pycountry

from kelompok_core.contracts import Severity
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, Normalizer, found, map_distinct, no_findings
from kelompok_core.values.text import line

_SEPARATORS = ("|", ";", "\n", ",")
"""The first of these that a cell has is the one between its entries."""

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
    known = {_fold(word): value for value, many in words.items() for word in (value, *many)}
    return partial(_choice, known)


def _choice(known: Mapping[str, str], cells: pd.Series) -> Normalized:
    said = drop_blank_words(line(cells).values)
    values = map_distinct(said, lambda word: known.get(_fold(word)))
    allowed = sorted(set(known.values()))
    finding = found(
        cells, said.notna() & values.isna(), "value.enum_unknown", Severity.WARNING, lambda _: {"allowed": allowed}
    )
    return Normalized(values=values, findings=finding)


def _fold(word: str) -> str:
    bare = _SCHEMA_ORG.sub("", word)
    return re.sub(r"[\W_]+", " ", bare).strip().casefold()


def language(cells: pd.Series) -> Normalized:
    """Normalize a language to its ISO 639 code; of several the first."""
    said = drop_blank_words(line(cells).values)
    values = map_distinct(said, _language)
    finding = found(cells, said.notna() & values.isna(), "value.language_unknown", Severity.WARNING)
    return Normalized(values=values, findings=finding)


def _language(written: str) -> str | None:
    first = re.split(r"[|;,/]", written)[0]
    folded = _fold(first)
    code = _languages().get(folded) or _LANGUAGES.get(folded)
    return code or _languages().get(folded.split(" ")[0] if re.fullmatch(r"\w{2} \w{2,4}", folded) else "")


@lru_cache
def _languages() -> Mapping[str, str]:
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for one in pycountry.languages:
        code = getattr(one, "alpha_2", one.alpha_3)
        codes |= {code: code, one.alpha_3: code}
        names |= {_fold(one.name): code, _fold(one.name.partition(" (")[0]): code}
    return names | codes  # a language named «En» is not what «en» means


def tags(cells: pd.Series) -> Normalized:
    """Normalize a list of short words to a JSON array: each once, in order, whatever stood between them."""
    said = drop_blank_words(cells.str.strip())
    return Normalized(values=map_distinct(said, _list), findings=no_findings())


def _list(written: str) -> str | None:
    separator = next((mark for mark in _SEPARATORS if mark in written), ",")
    entries = _from_json(written)
    if entries is None:
        entries = written.split(separator)
    tidy = (re.sub(r"\s+", " ", entry).strip().strip("\"'#").strip() for entry in entries)
    once = {entry.casefold(): entry for entry in reversed(list(tidy)) if entry}
    return json.dumps(list(reversed(once.values())), ensure_ascii=False) if once else None


def _from_json(written: str) -> list[str] | None:
    if not written.startswith("["):
        return None
    try:
        found_list = json.loads(written)
    except ValueError:
        return None
    return [str(entry) for entry in found_list if isinstance(entry, str | int | float)]
