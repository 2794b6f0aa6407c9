"""Recognizes header rows by the header words that the host knows."""

import re
from collections.abc import Collection, Sequence

_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\*.*$")
"""Notes after a column's name, such as «(wajib)» or «*»."""
_MOSTLY = 0.6
_SEVERAL = 2
_MARKS = " -_./*#:\"'\t"
_LEFT_OUT = str.maketrans("", "", _MARKS)


class HeaderWords:
    """Recognizes headers.

    Args:
        words: Letters and digits of each known header, in lower case; empty when the entity is not known.
    """

    def __init__(self, words: Collection[str] = ()) -> None:
        self._words = frozenset(words)
        self._starts = frozenset(word[:length] for word in self._words for length in range(len(word) + 1))

    def may_start(self, start: str) -> bool:
        """Return whether a known header may begin with these lower-case letters, ignoring punctuation."""
        return start.translate(_LEFT_OUT) in self._starts

    def know(self, cell: str) -> bool:
        """Return whether a cell is a known header."""
        return cell.casefold().translate(_LEFT_OUT) in self._words

    def are_header(self, cells: Sequence[str]) -> bool:
        """Return whether there are several non-blank cells, all of them known headers."""
        filled = [cell for cell in cells if cell.strip()]
        return len(filled) >= _SEVERAL and all(map(self._know_with_note, filled))

    def are_mostly_header(self, cells: Sequence[str]) -> bool:
        """Return whether most distinct non-blank cells are known headers.

        Counts repeated cells once, because a value may also be a header: «x» is a check mark, and a social network.
        """
        filled = {cell for cell in cells if cell.strip()}
        known = sum(map(self._know_with_note, filled))
        return known >= max(_SEVERAL, _MOSTLY * len(filled))

    def _know_with_note(self, cell: str) -> bool:
        return self.know(cell) or self.know(_NOTE.sub("", cell))
