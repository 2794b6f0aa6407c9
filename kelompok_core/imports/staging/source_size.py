"""Limits the size of a source as it is read: the number of columns and the text of all cells."""

import pyarrow.compute as pc

from kelompok_core.contracts import Issue, Severity, SourceBatch, UnreadableSource, require_columns, to_arrow

_ALWAYS_TAKEN = 256 << 20
_MOST_TIMES = 100
"""Limit of cell text relative to the file size: files may be compressed, or repeat a parent's values in every row."""


class SourceSize:
    """Adds up the size of batches, whichever plugin read them."""

    def __init__(self, *, columns: int, file_bytes: int) -> None:
        self._most_columns = columns
        self._most_bytes = max(_ALWAYS_TAKEN, _MOST_TIMES * file_bytes)
        self._columns: set[str] = set()
        self._bytes = 0

    def add(self, batch: SourceBatch) -> None:
        """Count a batch.

        Raises:
            UnreadableSource: ``header.too_many_columns`` or ``file.grows``.
        """
        self._columns.update(batch.cells.columns)
        lines = batch.locations["line"].dropna()
        line = int(lines.iloc[-1]) if len(lines) else None
        require_columns(len(self._columns), self._most_columns, line=line)
        self._bytes += sum(_text_bytes(batch, name) for name in batch.cells.columns)
        if self._bytes > self._most_bytes:
            params = {"found": self._bytes, "limit": self._most_bytes}
            raise UnreadableSource(Issue(code="file.grows", severity=Severity.FATAL, line=line, params=params))


def _text_bytes(batch: SourceBatch, name: str) -> int:
    return pc.sum(pc.binary_length(to_arrow(batch.cells[name]))).as_py() or 0
