"""The language of the output: English as written in the code, or Indonesian from ``indonesian.json``."""

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from kelompok_core.entities import list_words
from kelompok_core.errors import SettingsError
from kelompok_core.issues.entries import LANGUAGES

ENGLISH, INDONESIAN = LANGUAGES
_VARIABLE = "KELOMPOK_LANGUAGE"
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In POSIX order: the first one that is set counts."""
_INDONESIAN_CODES = ("id", "in")
"""The current code and the one before 1989 (ISO 639-1)."""

_chosen = ENGLISH


def find_language(environ: Mapping[str, str] = os.environ) -> str:
    """Return the language that ``KELOMPOK_LANGUAGE`` or else the locale sets.

    Raises:
        SettingsError: When ``KELOMPOK_LANGUAGE`` names an unknown language.
    """
    if wanted := environ.get(_VARIABLE):
        if wanted not in LANGUAGES:
            raise SettingsError(_VARIABLE, f"{wanted!r} is not one of {', '.join(LANGUAGES)}")
        return wanted
    locale = next((environ[name] for name in _LOCALE_VARIABLES if environ.get(name)), "")
    return INDONESIAN if locale.replace("-", "_").split("_")[0].lower() in _INDONESIAN_CODES else ENGLISH


def use_language(language: str) -> None:
    """Print in this language from now on."""
    global _chosen  # noqa: PLW0603  (one process prints for one person)
    _chosen = language


def language() -> str:
    """Return the language in use."""
    return _chosen


def translate(english: str, /, **facts: object) -> str:
    """Return a sentence of the command line in the language in use, with its placeholders filled."""
    sentence = indonesian().get(english, english) if _chosen == INDONESIAN else english
    return sentence.format_map(facts) if facts else sentence


def number(value: float, *, digits: int = 0) -> str:
    """Return a number with the thousands separator of the language."""
    written = f"{value:,.{digits}f}"
    return written.translate(str.maketrans(",.", ".,")) if _chosen == INDONESIAN else written


def counted(value: int, one: str, many: str) -> str:
    """Return a number with the noun it counts: «1 row», «2 rows»; Indonesian has one form for both."""
    return f"{number(value)} {translate(one if value == 1 else many)}"


def translate_message(message: str) -> str:
    """Return a complete English message, such as that of an error, in the language in use.

    If several patterns match, the most specific one is used. Their placeholders are translated as well, except for
    those marked ``!s`` in the translation: they hold names that people type. An unknown message stays English.
    """
    if _chosen == ENGLISH or not message:
        return message
    if (known := indonesian().get(message)) is not None:
        return known
    for pattern, translation in _patterns():
        if match := pattern.fullmatch(message):
            return translation.format(*map(_Placeholder, match.groups()))
    return message


class _Placeholder:
    """The text of a placeholder: translated by ``{0}``, unchanged by ``{0!s}``."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __format__(self, spec: str) -> str:
        return format(translate_message(self._text), spec)


@lru_cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return the messages with placeholders ({0}, {1} …) as patterns, the most specific ones first."""
    with_placeholders = [(english, words) for english, words in indonesian().items() if "{0}" in english]
    with_placeholders.sort(key=lambda pair: -len(re.sub(r"\{\d\}", "", pair[0])))
    return [
        (re.compile(re.sub(r"\\{\d\\}", "(.*?)", re.escape(english)), re.DOTALL), words)
        for english, words in with_placeholders
    ]


@lru_cache
def indonesian() -> Mapping[str, str]:
    """Return the Indonesian translation of each English sentence."""
    path = Path(__file__).parent / "indonesian.json"
    sentences: dict[str, str] = json.loads(path.read_text("utf-8"))
    return {**_entity_names(), **sentences}


def _entity_names() -> Mapping[str, str]:
    """Return the names of all entities in Indonesian, by the English ones."""
    names: dict[str, str] = {}
    for words in list_words():
        plural = words.indonesian["plural"]
        names |= {words.singular: words.indonesian["singular"], words.entity: plural}
        names[f"record of {words.entity}"] = f"data {plural}"
    return names
