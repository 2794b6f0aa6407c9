"""Whether a row is a header, by the words for which the host knows columns."""

import re
from collections.abc import Collection, Sequence

_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\*.*$")
"""What stands behind a column's name: «(wajib)», «*»."""
_MOSTLY = 0.6
_SEVERAL = 2
_MARKS = " -_./*#:\"'\t"
_LEFT_OUT = str.maketrans("", "", _MARKS)


class HeaderWords:
    """Knows headers.

    Args:
        words: Letters and digits of each, in small letters; none where the host was not asked about an entity.
    """

    def __init__(self, words: Collection[str] = ()) -> None:
        self._words = frozenset(words)
        self._starts = frozenset(word[:length] for word in self._words for length in range(len(word) + 1))

    def may_start(self, start: str) -> bool:
        """Return whether such a word may begin with these small letters, and marks among them."""
        return start.translate(_LEFT_OUT) in self._starts

    def know(self, cell: str) -> bool:
        """Return whether a cell is such a word."""
        return cell.casefold().translate(_LEFT_OUT) in self._words

    def are_header(self, cells: Sequence[str]) -> bool:
        """Return whether every cell that is not blank is a column's name, and there are several."""
        filled = [cell for cell in cells if cell.strip()]
        return len(filled) >= _SEVERAL and all(map(self._know_with_note, filled))

    def are_mostly_header(self, cells: Sequence[str]) -> bool:
        """Return whether most of the different cells that are not blank are names of columns.

        A value that comes again and again may be the name of a column as well: «x» is a mark, and a network.
        """
        filled = {cell for cell in cells if cell.strip()}
        known = sum(map(self._know_with_note, filled))
        return known >= max(_SEVERAL, _MOSTLY * len(filled))

    def _know_with_note(self, cell: str) -> bool:
        return self.know(cell) or self.know(_NOTE.sub("", cell))
