"""What readers without access to an import's rows may see: counts, codes, line numbers and known headers.

The value of a faulty cell is never shown, whatever its field: in rows shifted by a column, a person's e-mail address
is under «website». A header may be a value too, if the file has no header row.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from kelompok_core.contracts import find_encoding
from kelompok_core.errors import KelompokError
from kelompok_core.headers.mapping import POSITION, REFUSED
from kelompok_core.headers.spelling import fold_header, squeeze
from kelompok_core.imports.shared.columns import header_words
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.shared.profiles import read_profile
from kelompok_core.issues.sentences import describe_without_values
from kelompok_core.issues.stored import StoredFinding, line_of, params_of
from kelompok_core.settings import Settings

HIDDEN = "•••"
"""Shown instead of a value that is not public."""

_SHOWN_CHARACTERS = 80
_OF_A_PERSON = re.compile(r"\S@\S|(?:\d[ ().+/-]{0,2}){7}\d")
"""Text that may contain an e-mail address, or a telephone or identity card number."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,30}(?:\.[a-z0-9_]{1,40}){0,3}")
_NO_CODE = "(no code)"
_LETTERS = 26

_TOO_LARGE = 10**10
"""Larger numbers may be telephone or identity card numbers."""

_LONGEST_MARK = 2
"""Characters of a delimiter, quote or comment prefix."""
_OF_READING = frozenset(
    {"encoding", "delimiter", "quote", "escape", "line_ending", "header_line", "header_rows", "tags_line", "comment",
     "shape", "files"}
)  # fmt: skip
_WORDS = frozenset(
    {"tab", "none", "double", "comma", "semicolon", "space", "CRLF", "LF", "CR", "list", "lines", "one", "map", "table",
     "values"}
)  # fmt: skip
"""Allow-list of what a reader may report; anything else could be text of the file."""


def show_code(code: str) -> str:
    """Return a finding's code, or a placeholder if it is malformed: plugins define their own codes."""
    return code if _CODE.fullmatch(code) else _NO_CODE


def show_value(value: str | None) -> str:
    """Return a value of a public field as one short line; hidden if it may contain a person's address or number.

    Public texts can contain them, and so can rows whose columns have shifted.
    """
    if value is None:
        return ""
    if _OF_A_PERSON.search(value):
        return HIDDEN
    line = " ".join(value.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """What may be shown of one import.

    Attributes:
        import_: The import.
        named: Headers that the operator wrote into its profile.
    """

    import_: Import
    named: frozenset[str] = frozenset()

    def column(self, header: str | None) -> str | None:
        """Return a header that the entity or profile knows in this spelling; else the column's position, if known."""
        if header is None:
            return None
        if header in self.named or squeeze(fold_header(header)) in header_words(self.import_.entity):
            return header
        place = self._places.get(header)
        return None if place is None else f"column {column_letters(place)}"

    def mapping(self) -> dict[str, str | None]:
        """Return the column of each field that was read."""
        return {field: self.column(header) for header, field in self.import_.mapping.items()}

    def reading(self) -> dict[str, object]:
        """Return how the source was read, without text of the source."""
        facts = self.import_.read_as.items()
        return {name: fact for name, fact in facts if name in _OF_READING and _is_harmless(fact)}

    def finding(self, finding: StoredFinding) -> str:
        """Return a stored finding as its code and place."""
        line = line_of(finding)
        places = [f"line {line}" if line is not None else None, self.column(finding.get("column"))]
        return ", ".join([show_code(str(finding["code"])), *filter(None, places)])

    def sentence(self, finding: StoredFinding) -> str:
        """Return a finding as a sentence with its hint, code and position, without text of the file."""
        facts = {name: fact for name, fact in params_of(finding).items() if self._may_be_shown(fact)}
        if (header := finding.get("column")) is not None:
            facts["column"] = self._describe_column(header)
        sentence = describe_without_values(str(finding["code"]), facts) or "The plugin refused the source."
        return f"{sentence} [{self.finding(finding)}]"

    def _describe_column(self, header: str) -> str:
        shown = self.column(header)
        return "a column" if shown is None else f"the column «{shown}»" if shown == header else shown

    def _may_be_shown(self, fact: object) -> bool:
        """Return whether a fact is a number, an encoding, or a word of the entity, such as a field's name."""
        if not isinstance(fact, str):
            return isinstance(fact, int | float) and not isinstance(fact, bool) and abs(fact) < _TOO_LARGE
        is_word = squeeze(fold_header(fact)) in header_words(self.import_.entity)
        return is_word or fact == self.import_.entity or find_encoding(fact) is not None

    @cached_property
    def _places(self) -> dict[str, int]:
        """Return each column's position, counted from 1; empty unless all are known."""
        refused = [one for one in self.import_.issues if one["code"] == REFUSED]
        if not all(POSITION in params_of(one) for one in refused):
            return {}
        left_out = {str(one["column"]): int(str(params_of(one)[POSITION])) for one in refused}
        free = (place for place in count(1) if place not in left_out.values())
        return dict(zip(self.import_.header, free, strict=False)) | left_out


def disclosure_of(settings: Settings, import_: Import) -> Disclosure:
    """Return what may be shown of an import; an operator's profile may name further headers."""
    return Disclosure(import_=import_, named=frozenset(_named_in_profile(settings, import_)))


def _named_in_profile(settings: Settings, import_: Import) -> Iterator[str]:
    if import_.options.profile is not None:
        with suppress(KelompokError):  # the profile was removed
            yield from read_profile(settings, import_.options.profile).options.mapping


def column_letters(place: int) -> str:
    """Return the spreadsheet name of the column at this position, counted from 1: A, B … Z, AA."""
    letters = ""
    while place > 0:
        place, last = divmod(place - 1, _LETTERS)
        letters = chr(ord("A") + last) + letters
    return letters


def _is_harmless(fact: object) -> bool:
    if not isinstance(fact, str):
        return isinstance(fact, bool | int | float)
    return len(fact) <= _LONGEST_MARK or fact in _WORDS or find_encoding(fact) is not None
