"""The language of what the command line prints: English as it stands in the code, Indonesian from a catalog."""

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from kelompok_core.errors import SettingsError
from kelompok_core.issues.entries import LANGUAGES

ENGLISH, INDONESIAN = LANGUAGES
_VARIABLE = "KELOMPOK_LANGUAGE"
_OF_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which POSIX reads them: the first that is set counts."""
_CODES_OF_INDONESIAN = ("id", "in")
"""ISO 639-1 since 1989, and before."""

_chosen = ENGLISH


def find_language(environ: Mapping[str, str] = os.environ) -> str:
    """Return the language the environment asks for: of ``KELOMPOK_LANGUAGE``, else of the locale.

    Raises:
        SettingsError: When ``KELOMPOK_LANGUAGE`` names another.
    """
    if asked := environ.get(_VARIABLE):
        if asked not in LANGUAGES:
            raise SettingsError(_VARIABLE, f"{asked!r} is not one of {', '.join(LANGUAGES)}")
        return asked
    locale = next((environ[name] for name in _OF_LOCALE if environ.get(name)), "")
    return INDONESIAN if locale.replace("-", "_").split("_")[0].lower() in _CODES_OF_INDONESIAN else ENGLISH


def use_language(language: str) -> None:
    """Print in this language from now on."""
    global _chosen  # noqa: PLW0603  (one process prints for one person)
    _chosen = language


def language() -> str:
    """Return the language in use."""
    return _chosen


def say(english: str, /, **facts: object) -> str:
    """Return a sentence in the language in use, with its facts."""
    sentence = indonesian().get(english, english) if _chosen == INDONESIAN else english
    return sentence.format_map(facts) if facts else sentence


def number(value: float, *, digits: int = 0) -> str:
    """Return a number with its thousands parted as the language does."""
    written = f"{value:,.{digits}f}"
    return written.translate(str.maketrans(",.", ".,")) if _chosen == INDONESIAN else written


def counted(value: int, one: str, many: str) -> str:
    """Return a number with the noun it counts: «1 row», «2 rows»; Indonesian has one form for both."""
    return f"{number(value)} {say(one if value == 1 else many)}"


def translate(message: str) -> str:
    """Return a message of the core, which is made in English, in the language in use, as far as the catalog has it.

    Of the patterns that fit, the one that says most counts. What fills its places is translated as well, but for names
    that people have to type: the translation marks their places with ``!s``.
    """
    if _chosen == ENGLISH or not message:
        return message
    if (known := indonesian().get(message)) is not None:
        return known
    for pattern, translation in _patterns():
        if fits := pattern.fullmatch(message):
            return translation.format(*map(_Fact, fits.groups()))
    return message


class _Fact:
    """What fills a place of a sentence: translated there, or as it is where the place asks for that."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __format__(self, how: str) -> str:
        return format(translate(self._text), how)


@lru_cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return the sentences with places ({0}, {1} …) as patterns, those that say most first."""
    with_places = [(english, words) for english, words in indonesian().items() if "{0}" in english]
    with_places.sort(key=lambda pair: -len(re.sub(r"\{\d\}", "", pair[0])))
    return [
        (re.compile(re.sub(r"\\{\d\\}", "(.*?)", re.escape(english)), re.DOTALL), words)
        for english, words in with_places
    ]


@lru_cache
def indonesian() -> Mapping[str, str]:
    """Return every sentence of the command line in Indonesian, by the English one."""
    path = Path(__file__).parent / "indonesian.json"
    loaded: dict[str, str] = json.loads(path.read_text("utf-8"))
    return loaded
