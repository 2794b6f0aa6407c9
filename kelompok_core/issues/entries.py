"""Parses and validates the entries of a catalog of issue codes, the core's or a plugin's."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType

from kelompok_core.contracts import JsonValue, Severity
from kelompok_core.control_characters import STEERING

LANGUAGES = ("en", "id")
_KEYS = ("severity", *LANGUAGES)
_SHORT = "short"
_PARTS = ("sentence", "hint")
_LONGEST_TEXT = 500
_LONGEST_CODE = 100
_ENDS = (".", "?", "…")

_CODE = re.compile(r"[a-z][a-z0-9_]{0,30}(\.[a-z0-9_]{1,40}){1,3}")
_FACT = re.compile(r"[a-z][a-z0-9_]*")
_ONE_OR_MANY = re.compile(r"[^|{}]*\|[^|{}]*")
_REFUSED = re.compile(f"[{STEERING}\t\n\ud800-\udfff]")
"""Characters that a text must not contain: control characters, line breaks, and surrogates."""

_OF_THE_PLACE = frozenset({"line", "row_number", "column", "value", "code"})
"""Facts that every issue has; they have no singular and plural."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The entry of one code in a catalog.

    Attributes:
        severity: The default severity of issues with this code.
        texts: The sentence and the hint, as format strings, by language.
        short: The English sentence and hint for readers who may not see texts of the file.
    """

    severity: Severity
    texts: Mapping[str, tuple[str, ...]]
    short: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The valid entries of a file by code, and the first problem with the others."""

    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    problem: str | None = None


def parse_catalog(text: str) -> Catalog:
    """Return the entries in the text of a catalog; an entry with a problem is left out."""
    try:
        found = json.loads(text, object_pairs_hook=_without_repeated)
    except (ValueError, RecursionError) as error:
        return Catalog(problem=f"it is not valid JSON: {error}")
    if not isinstance(found, dict):
        return Catalog(problem="it must be an object with an entry for each code")
    problems = {code: _problem(code, entry) for code, entry in found.items()}
    return Catalog(
        entries=MappingProxyType({code: _entry(one) for code, one in found.items() if problems[code] is None}),
        problem=next((f"{_shown(code)}: {problem}" for code, problem in problems.items() if problem), None),
    )


def _without_repeated(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{_shown(name)!r} appears twice")
        found[name] = value
    return found


def _entry(found: dict[str, list[str]]) -> Entry:
    texts = {language: tuple(found[language]) for language in LANGUAGES}
    return Entry(
        severity=Severity(str(found["severity"])), texts=texts, short=tuple(found.get(_SHORT, texts[LANGUAGES[0]]))
    )


def _shown(name: str) -> str:
    return _REFUSED.sub("", name)[:_LONGEST_CODE]


def _problem(code: str, entry: JsonValue) -> str | None:
    """Return the first problem with an entry, with its key; or None."""
    if not _CODE.fullmatch(code):
        return "a code must be words with a dot between them, such as my_plugin.odd_line"
    if not isinstance(entry, dict):
        return f"must be an object with {', '.join(_KEYS)}"
    return next(filter(None, _problems(entry)), None)


def _problems(entry: dict[str, JsonValue]) -> Iterator[str | None]:
    yield from (f"{_shown(key)}: there is no such key" for key in entry if key not in (*_KEYS, _SHORT))
    yield from (f"{key}: must be there" for key in _KEYS if key not in entry)
    if entry["severity"] not in list(Severity):
        yield f"severity: must be one of {', '.join(Severity)}"
    for key in (*LANGUAGES, _SHORT):
        yield None if key not in entry else _texts_problem(key, entry[key])
    yield _facts_problem(entry)


def _texts_problem(key: str, texts: JsonValue) -> str | None:
    if not isinstance(texts, list) or len(texts) != len(_PARTS):
        return f"{key}: must be a list of the sentence and the hint"
    found = (check(text) for text in texts for check in _CHECKS)
    problem = next(filter(None, found), None)
    return None if problem is None else f"{key}: {problem}"


def _text_problem(text: JsonValue) -> str | None:
    if not isinstance(text, str) or not text.strip():
        return "the sentence and the hint must be texts that are not empty"
    if len(text) > _LONGEST_TEXT:
        return f"a text has {len(text)} characters; at most {_LONGEST_TEXT} are allowed"
    if refused := _REFUSED.search(text):
        return f"a text has the character U+{ord(refused[0]):04X}"
    return None if text.endswith(_ENDS) else f"a text must end with one of {' '.join(_ENDS)}"


def _places_problem(text: JsonValue) -> str | None:
    """Return the problem with a text's placeholders, or None.

    Allowed are names of facts, and «{rows:line|lines}»: other placeholders could read attributes or pad to any width.
    """
    try:
        places = [(name, spec, turned) for _, name, spec, turned in Formatter().parse(str(text)) if name is not None]
    except ValueError as error:
        return f"a text is not a format string: {error}"
    for name, spec, turned in places:
        is_plain = _FACT.fullmatch(name) and turned is None
        is_counted = spec and _ONE_OR_MANY.fullmatch(spec) and name not in _OF_THE_PLACE
        if not is_plain or (spec and not is_counted):
            return "a text may only contain {fact} and {number:word for one|word for many}"
    return None


_CHECKS: tuple[Callable[[JsonValue], str | None], ...] = (_text_problem, _places_problem)


def _facts_problem(entry: dict[str, JsonValue]) -> str | None:
    facts = [list_facts(map(str, texts)) for key in LANGUAGES if isinstance(texts := entry[key], list)]
    if different := sorted(facts[0] ^ facts[1]):
        return f"{LANGUAGES[1]}: both languages must use the same facts; {different[0]!r} is in only one of them"
    return None


def list_facts(texts: Iterable[str]) -> set[str]:
    """Return the names of the facts that the texts use."""
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
