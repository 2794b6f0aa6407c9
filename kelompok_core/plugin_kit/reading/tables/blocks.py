"""Rows of cells as readers give them: blocks of consecutive rows, with their lines and what is odd about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from kelompok_core.contracts import Issue

COMMENT = "#"
"""The default start of comments."""


class Cells:
    """The cells of some rows: stored by column until :attr:`rows` is first used, by row from then on."""

    def __init__(self, rows: list[list[str]] | None = None, *, columns: Sequence[pa.Array] = ()) -> None:
        self._rows = rows or []
        self.columns = columns
        """All cells by column; empty when they are stored by row."""

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else len(self._rows)

    @property
    def rows(self) -> list[list[str]]:
        """All cells by row, as a list that may be extended; switches to storage by row."""
        if self.columns:
            self._rows = [list(row) for row in zip(*(column.to_pylist() for column in self.columns), strict=True)]
            self.columns = ()
        return self._rows

    def extend(self, more: "Cells") -> None:
        """Append the rows of ``more``."""
        if more.columns and not len(self):
            self.columns = more.columns
        elif more.columns and self.columns:
            pairs = zip(self.columns, more.columns, strict=True)
            self.columns = [pa.concat_arrays(pair) for pair in pairs]
        else:
            self.rows.extend(more.rows)


@dataclass(kw_only=True)
class Block:
    """Consecutive records, blank ones among them.

    Attributes:
        cells: The records' cells.
        lines: First physical line of each record.
        oddities: Problems with a record's quotation marks, by its index.
        marked: Indexes of records that begin with the mark of a comment, outside of quotes.
    """

    cells: Cells = field(default_factory=Cells)
    lines: list[int] = field(default_factory=list)
    oddities: dict[int, Issue] = field(default_factory=dict)
    marked: set[int] = field(default_factory=set)

    @property
    def rows(self) -> list[list[str]]:
        return self.cells.rows

    def firsts(self, width: int) -> Sequence[str]:
        """Return the first cell of each record of this width, and "" for the others."""
        if self.cells.columns:  # which are of the table's width
            return list(self.cells.columns[0].to_pylist())
        return [row[0] if len(row) == width else "" for row in self.rows]

    def taken_from(self, start: int, stop: int | None = None) -> "Block":
        """Return a part of the block."""
        end = len(self.lines) if stop is None else stop
        return Block(
            cells=Cells(self.rows[start:end]),
            lines=self.lines[start:end],
            oddities={at - start: one for at, one in self.oddities.items() if start <= at < end},
            marked={at - start for at in self.marked if start <= at < end},
        )


class RowReader(Protocol):
    """Reads the rows of a table, blank ones among them."""

    def read(self, limit: int) -> Block:
        """Return up to that many further rows; none when there are no more."""
        ...
