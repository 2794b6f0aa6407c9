"""Collects the rows of a sheet from readers that come to its cells one after the other."""

from kelompok_core.contracts import Severity
from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.workbooks.sheets import (
    MOST_COLUMNS,
    MOST_ROWS,
    CellFinding,
    SheetRows,
    column_letters,
)

ROWS_AT_ONCE = 1_000


class RowCollector:
    """Collects rows.

    Args:
        place: What is read, for messages.
    """

    def __init__(self, place: str) -> None:
        self.ready = SheetRows()
        self.place = place
        self.line = 0
        self._row: list[str] = []

    def start_row(self, line: int, *, is_hidden: bool = False) -> None:
        """Begin a row.

        Raises:
            UnreadableSource: ``file.workbook_damaged`` when sheets have no such row, or it comes too late.
        """
        if not self.line < line <= MOST_ROWS:
            raise refused("file.workbook_damaged", place=self.place, problem=f"row {line}")
        self.line, self._row = line, []
        if is_hidden:
            self.ready.hidden.add(line)

    def place_text(self, column: int, text: str) -> None:
        """Put a text into the row.

        Raises:
            UnreadableSource: ``file.workbook_damaged`` when sheets have no such column.
        """
        if column >= MOST_COLUMNS:
            raise refused("file.workbook_damaged", place=self.place, problem=f"column {column + 1}")
        row = self._row
        behind = column - len(row)
        if behind < 0:
            row[column] = text
            return
        row.extend([""] * behind)
        row.append(text)

    def mark_date(self, column: int) -> None:
        """Note that a cell has a true date."""
        self.ready.dates.setdefault(column, []).append(self.line)

    def say(self, column: int, code: str, value: str | None) -> None:
        """Say something about a cell."""
        cell = f"{column_letters(column)}{self.line}"
        self.ready.findings.append(CellFinding(self.line, column, code, Severity.WARNING, value, {"cell": cell}))

    def say_error(self, column: int, value: str) -> None:
        """Leave a cell with an error blank, and say so."""
        self.place_text(column, "")
        self.say(column, "value.sheet_error", value)

    def end_row(self) -> None:
        """End the row; rows without content are left out."""
        if self._row:
            self.ready.lines.append(self.line)
            self.ready.cells.append(self._row)

    def repeat_row(self, times: int) -> None:
        """Repeat the row that was ended, on the following lines."""
        row, hidden = self._row, self.line in self.ready.hidden
        for _ in range(times):
            self.start_row(self.line + 1, is_hidden=hidden)
            self._row = list(row)
            self.end_row()

    @property
    def is_blank(self) -> bool:
        """Whether the row has no content so far."""
        return not self._row

    @property
    def is_full(self) -> bool:
        """Whether it is time to take the rows."""
        return len(self.ready.lines) >= ROWS_AT_ONCE

    def take(self) -> SheetRows:
        """Return the rows so far, and begin anew."""
        ready, self.ready = self.ready, SheetRows()
        return ready
