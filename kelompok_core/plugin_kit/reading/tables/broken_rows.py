"""Joins rows that a misplaced line break has split if this is certain; otherwise reports each piece as an error."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kelompok_core.contracts import Issue, JsonValue, Severity
from kelompok_core.plugin_kit.reading.tables.cell_kinds import Kind, filled_kind_of

if TYPE_CHECKING:
    from kelompok_core.plugin_kit.reading.tables.table_reader import Record

_MOST_PIECES = 6


class BrokenRows:
    """Holds short rows until it is clear whether they are pieces of one row.

    Args:
        width: The expected number of cells.
        kinds: Kinds of the columns whose values are not text.
        are_errors: Whether pieces that could be one row, but are not proven to be, are errors. Set to False if the
            table has rows that are short for no reason.
    """

    def __init__(self, width: int, kinds: Mapping[int, Kind], *, are_errors: bool) -> None:
        self._width = width
        self._kinds = kinds
        self._are_errors = are_errors
        self._pieces: list[Record] = []

    @property
    def waits(self) -> bool:
        """Whether pieces are held."""
        return bool(self._pieces)

    def takes(self, record: "Record") -> bool:
        """Return whether the row may be a piece: it is too short, and the table has at least three columns."""
        return 0 < len(record.cells) < self._width and self._width > 2  # noqa: PLR2004

    def put_together(self, piece: "Record") -> "Sequence[Record]":
        """Add a piece; return the rows that are certain now."""
        alone: list[Record] = []
        self._pieces.append(piece)
        while len(cells := _joined([one.cells for one in self._pieces])) > self._width:
            alone.append(self._pieces.pop(0))
        if len(cells) == self._width:
            return [*alone, *self._decided(cells, self.give_up())]
        return [*alone, *self.give_up()] if len(self._pieces) == _MOST_PIECES else alone

    def _decided(self, cells: list[str], pieces: "Sequence[Record]") -> "Sequence[Record]":
        """Return the pieces as one row if the kinds of its cells prove it, otherwise unchanged or as errors."""
        line = pieces[0].line
        if self._fits(cells) and not all(self._fits(one.cells) for one in pieces):
            params: dict[str, JsonValue] = {"line": line, "lines": len(pieces)}
            joined = Issue(code="row.lines_joined", severity=Severity.WARNING, line=line, params=params)
            return [pieces[0]._replace(cells=cells, oddity=joined)]
        if not self._are_errors:
            return pieces
        lines = ", ".join(str(one.line) for one in pieces)
        return [
            one._replace(
                oddity=Issue(
                    code="row.broken_over_lines",
                    severity=Severity.ERROR,
                    line=one.line,
                    params={"line": one.line, "lines": lines},
                )
            )
            for one in pieces
        ]

    def give_up(self) -> "Sequence[Record]":
        """Return the held pieces as separate rows."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _fits(self, cells: Sequence[str]) -> bool:
        """Return whether each cell is blank or of its column's kind."""
        found = [(filled_kind_of(cells[at]), kind) for at, kind in self._kinds.items() if at < len(cells)]
        return all(one in (kind, Kind.BLANK) for one, kind in found)


def _joined(pieces: Sequence[Sequence[str]]) -> list[str]:
    """Return the cells of the joined row: the last cell of each piece continues in the first cell of the next one."""
    cells = list(pieces[0])
    for piece in pieces[1:]:
        cells[-1:] = [f"{cells[-1]}\n{piece[0]}", *piece[1:]]
    return cells
