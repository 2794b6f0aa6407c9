"""Text as the lexicon sees it: small letters, plain words, one blank between; and the way back to what was written."""

import re
import unicodedata
from bisect import bisect_left
from functools import lru_cache

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_WIDE_GAP = re.compile(r" {2,}")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """Return the text's words in small letters with one blank before, between and after: « air bersih »."""
    return Folded(text).text


class Folded:
    """A text folded, and the way from its offsets to those in the text as written, both in characters.

    Case, punctuation, line breaks, markup's brackets and emoji leave no trace, so they change nothing.
    """

    def __init__(self, written: str) -> None:
        if not written.isascii():
            written = _FOREIGN.sub(lambda found: _letter(found[0]), written)
        self._plain = written.lower().translate(_BLANKS)
        self.text = f" {' '.join(self._plain.split())} "
        self._starts: list[int] | None = None
        self._shifts: list[int] = []

    def written_at(self, offset: int) -> int:
        """Return where the character of the folded text stands in the text as written."""
        if self._starts is None:
            self._starts = self._find_shifts()
        return offset + self._shifts[bisect_left(self._starts, offset)]

    def _find_shifts(self) -> list[int]:
        """Note by how much the written text is ahead from each wide gap on; return where those are."""
        leading = len(self._plain) - len(self._plain.lstrip(" "))
        shift = leading - 1
        self._shifts = [shift]
        starts = []
        for gap in _WIDE_GAP.finditer(self._plain, leading):
            starts.append(gap.start() - shift)
            shift += gap.end() - gap.start() - 1
            self._shifts.append(shift)
        return starts


@lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    """Return one plain small letter for one character: «É» is «e», as are decorated letters."""
    plain = unicodedata.normalize("NFKD", character)[:1].lower()
    if len(plain) == 1 and plain.isalnum():
        return plain
    return character if character.isalnum() and len(character.lower()) == 1 else " "
