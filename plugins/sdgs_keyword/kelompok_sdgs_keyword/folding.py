"""Normalizes text for the lexicon: lower case, plain words, single spaces; with positions in the original."""

import re
import unicodedata
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_BLANK = ord(" ")
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """Return the text's words in lower case with a space before, between and after them: « air bersih »."""
    return Folded(text).text


class Folded:
    """A folded text, and the mapping of its offsets to those in the text as written, in characters.

    Case, punctuation, line breaks, markup brackets and emoji are removed, so they have no effect.

    Attributes:
        words: The words in order.
        text: The words with a space before, between and after them.
    """

    __slots__ = ("_plain", "_starts", "text", "words")

    def __init__(self, written: str) -> None:
        if not written.isascii():
            written = _FOREIGN.sub(lambda found: _letter(found[0]), written)
        self._plain = written.lower().translate(_BLANKS)
        self.words = self._plain.split()
        self.text = f" {' '.join(self.words)} "
        self._starts: npt.NDArray[np.int64] | None = None

    def word_at(self, number: int) -> int:
        """Return the position of a word, given its number, in the text as written."""
        if self._starts is None:
            letters = np.frombuffer(f" {self._plain}".encode("utf-32-le"), dtype=np.uint32) != _BLANK
            self._starts = np.flatnonzero(letters[1:] > letters[:-1])
        return int(self._starts[number])

    def written_at(self, offset: int) -> int:
        """Return the position of a character of the folded text in the text as written."""
        before = self.text.count(" ", 0, offset)
        return self.word_at(before - 1) + offset - self.text.rfind(" ", 0, offset) - 1


@lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    """Return one plain lower-case letter for a character: «e» for «É» and for decorated letters."""
    plain = unicodedata.normalize("NFKD", character)[:1].lower()
    if len(plain) == 1 and plain.isalnum():
        return plain
    return character if character.isalnum() and len(character.lower()) == 1 else " "
