"""Finds the table of a sheet and reads its records in batches, with what is to be said about cells."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from kelompok_core.contracts import (
    FreeNames,
    Issue,
    JsonValue,
    PluginContext,
    Severity,
    SourceBatch,
    with_issues,
)
from kelompok_core.plugin_kit.reading.tables.batches import read_batches
from kelompok_core.plugin_kit.reading.tables.blocks import Block, Cells
from kelompok_core.plugin_kit.reading.tables.cell_kinds import count_filled
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.tables.table import SAMPLE_ROWS, Rows, Table, make_table
from kelompok_core.plugin_kit.reading.workbooks.sheets import (
    MOST_COLUMNS,
    MOST_ROWS,
    Around,
    CellFinding,
    Merge,
    Sheet,
    SheetRows,
    column_letters,
)

_MOST_BLANK = 100
"""Consecutive blank rows that are counted."""
_HALF = 2
_LAST_AMBIGUOUS = 12
_LEAST_SWAPPED = 3
_TEXT_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}")
EVERYTHING = Merge(1, 0, MOST_ROWS, MOST_COLUMNS - 1)
"""All cells of a sheet."""


@dataclass(frozen=True, kw_only=True)
class SheetTable:
    """A sheet with its table.

    Attributes:
        sheet: The sheet.
        table: Its table.
        reader: Reads its rows, and knows what is to be said about them.
    """

    sheet: Sheet
    table: Table
    reader: "SheetReader"


def open_sheet(
    sheet: Sheet, config: Mapping[str, JsonValue], words: HeaderWords, *, cells: Merge = EVERYTHING
) -> SheetTable:
    """Find the table of a sheet.

    Args:
        sheet: The sheet.
        config: The settings: those of :func:`make_table`, and ``hidden`` (``read`` or ``skip``).
        words: Recognizes headers.
        cells: The part of the sheet to read.

    Raises:
        UnreadableSource: When the sheet is damaged, or has too many columns.
    """
    first_line = config.get("header_line")
    if isinstance(first_line, int):
        cells = cells._replace(top=max(cells.top, first_line))
    reader = SheetReader(sheet, cells, skips_hidden=config.get("hidden") == "skip")
    first = reader.read(SAMPLE_ROWS)
    width = _width(first.rows)
    reader.pad(first, width)
    rows = Rows(
        reader=reader,
        first=first,
        width=width,
        first_line=cells.top,
        read_as={"sheet": sheet.name},
        may_be_wider=True,
    )
    table = make_table(rows, config, words)
    header_line, header_rows = table.read_as.get("header_line"), table.read_as.get("header_rows")
    if isinstance(header_line, int) and isinstance(header_rows, int):
        reader.forget_filled(header_line + header_rows - 1)
    return SheetTable(sheet=sheet, table=table, reader=reader)


def _width(rows: Sequence[Sequence[str]]) -> int:
    """Return the width of a table: how far the rows reach that have at least half as many cells as the fullest."""
    filled = list(map(count_filled, rows))
    fullest = max(filled, default=0)
    return max((len(row) for row, count in zip(rows, filled, strict=True) if _HALF * count >= fullest), default=1) or 1


class SheetReader:
    """Reads the rows of a sheet as blocks: merged cells filled, blank rows between others counted.

    Attributes:
        cells: The part of the sheet that is read.
        skips_hidden: Whether hidden rows are left out.
        around: What the sheet has besides its cells.
        hidden: The number of hidden rows so far.
        filled: The number of cells so far that merged cells above them filled.
    """

    def __init__(self, sheet: Sheet, cells: Merge, *, skips_hidden: bool) -> None:
        self.around: Around = sheet.look_around()
        self.hidden = self.filled = 0
        self._pieces = sheet.read()
        self.cells = cells
        self.skips_hidden = skips_hidden
        self._width = 0
        self._filled_at: list[int] = []
        """Lines of the cells that were filled before the header was known."""
        self._last_line = cells.top - 1
        self._ready: deque[tuple[int, list[str]]] = deque()
        self._findings: list[CellFinding] = []
        self._dates: dict[int, list[int]] = {}
        self._open_merges = sorted(one for one in self.around.merges if one.bottom > one.top and one.left == one.right)
        self._next_merge = 0
        self._filling: dict[int, tuple[int, str]] = {}
        """The last line and the text of merged cells, by column."""

    def read(self, limit: int) -> Block:
        """Return up to that many further rows; none when there are no more."""
        while len(self._ready) < limit and (piece := next(self._pieces, None)) is not None:
            self._take(piece)
        taken = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        return Block(cells=Cells([cells for _, cells in taken]), lines=[line for line, _ in taken])

    def pad(self, first: Block, width: int) -> None:
        """Give all rows at least this width: the first ones and all later ones."""
        self._width = width
        for row in (*first.rows, *(cells for _, cells in self._ready)):
            _pad(row, width)

    def forget_filled(self, last_line: int) -> None:
        """Forget which cells were filled up to a line: headers are no cells of records."""
        self.filled = sum(line > last_line for line in self._filled_at)
        self._filled_at.clear()

    def findings(self, last_line: int) -> list[CellFinding]:
        """Return the findings about cells up to a line, and forget them."""
        now = [one for one in self._findings if one.line <= last_line]
        self._findings = [one for one in self._findings if one.line > last_line]
        return now

    def dates(self, last_line: int) -> Mapping[int, Sequence[int]]:
        """Return the lines of true dates by column up to a line, and forget them."""
        now = {column: [line for line in lines if line <= last_line] for column, lines in self._dates.items()}
        self._dates = {column: [line for line in lines if line > last_line] for column, lines in self._dates.items()}
        return now

    def _take(self, piece: SheetRows) -> None:
        left, top, right, bottom = self.cells.left, self.cells.top, self.cells.right, self.cells.bottom
        for line, row in zip(piece.lines, piece.cells, strict=True):
            is_hidden = line in piece.hidden
            if not top <= line <= bottom or (is_hidden and self.skips_hidden):
                self.hidden += is_hidden
                continue
            cells = row[left : right + 1] if left or right < len(row) - 1 else row
            cells = self._merged(line, cells)
            if not any(cells):
                continue
            self.hidden += is_hidden
            blank = min(line - self._last_line - 1, _MOST_BLANK)
            self._ready.extend((line - back, []) for back in range(blank, 0, -1))
            self._last_line = line
            self._ready.append((line, _pad(cells, self._width)))
        self._findings += [
            one._replace(column=one.column - left) for one in piece.findings if left <= one.column <= right
        ]
        for column, lines in piece.dates.items():
            if left <= column <= right:
                self._dates.setdefault(column - left, []).extend(lines)

    def _merged(self, line: int, cells: list[str]) -> list[str]:
        """Return a row with the text of cells that are merged over several rows of one column."""
        while self._next_merge < len(self._open_merges) and self._open_merges[self._next_merge].top <= line:
            merge = self._open_merges[self._next_merge]
            column = merge.left - self.cells.left
            text = cells[column] if merge.top == line and 0 <= column < len(cells) else ""
            self._filling[column] = (merge.bottom, text)
            self._next_merge += 1
        for column, (bottom, text) in list(self._filling.items()):
            if bottom < line:
                del self._filling[column]
            elif text and not (column < len(cells) and cells[column]):
                _pad(cells, column + 1)
                cells[column] = text
                self.filled += 1
                if not self._width:
                    self._filled_at.append(line)
        return cells


def _pad(row: list[str], width: int) -> list[str]:
    if row and len(row) < width:
        row.extend([""] * (width - len(row)))
    return row


def read_sheet(found: SheetTable, context: PluginContext, *, first: int = 1) -> Iterator[SourceBatch]:
    """Yield the records of a sheet in batches, with what is to be said about their cells.

    Columns without a header are left out until a row has a value there. Links whose target is not their text come in a
    further column.

    Args:
        found: The sheet with its table.
        context: The reader's context.
        first: The row number of the first record.
    """
    sheet = _quoted(found.sheet.name)
    left = found.reader.cells.left
    letters = column_letters(left), column_letters(left + max(1, len(found.table.header.names)) - 1)

    def select(row: int, line: int) -> str:
        del row
        return f"#{sheet}!{letters[0]}{line}:{letters[1]}{line}"

    batches = _Batches(found)
    last: SourceBatch | None = None
    for batch in read_batches(found.table, context, select, first=first):
        if last is not None:
            yield last
        last = batches.completed(batch)
    if last is not None:
        yield replace(last, issues=with_issues(last.issues, list(batches.about_sheet())))


class _Batches:
    """Completes the batches of a sheet."""

    def __init__(self, found: SheetTable) -> None:
        self.found = found
        self._unnamed: set[str] = set()
        self._shown: set[str] = set()
        self._links: dict[int, list[tuple[str, str]]] = {}
        names, left = found.table.header.names, found.reader.cells.left
        for (line, column), target in found.reader.around.links.items():
            if left <= column < left + len(names):
                self._links.setdefault(line, []).append((names[column - left], target))

    def completed(self, batch: SourceBatch) -> SourceBatch:
        """Return a batch with findings about cells, links, and without columns that have neither header nor values."""
        lines = batch.locations["line"]
        last = int(lines.iloc[-1]) if len(lines) else MOST_ROWS
        issues = [*self._about_cells(batch, last), *self._swapped(batch, last)]
        batch = replace(batch, issues=with_issues(batch.issues, issues))
        return self._with_links(self._without_blank_columns(batch))

    def _about_cells(self, batch: SourceBatch, last: int) -> Iterator[Issue]:
        rows = dict(zip(batch.locations["line"].tolist(), batch.locations["row_number"].tolist(), strict=True))
        names = list(batch.cells.columns)
        for one in self.found.reader.findings(last):
            if one.line not in rows:
                continue
            column = names[one.column] if one.column < len(names) else None
            params = {**one.params, "sheet": self.found.sheet.name}
            yield Issue(
                code=one.code, severity=one.severity, row_number=rows[one.line], line=one.line, column=column,
                value=one.value, params=params,
            )  # fmt: skip

    def _swapped(self, batch: SourceBatch, last: int) -> Iterator[Issue]:
        """Yield an issue for each true date of a column in which all that could be swapped is, and no text is.

        A spreadsheet of another language takes 5/3/2023 for May 3, and leaves 25/3/2023 as text.
        """
        lines = batch.locations["line"].tolist()
        places = {line: at for at, line in enumerate(lines)}
        for column, dated in self.found.reader.dates(last).items():
            rows = [places[line] for line in dated if line in places]
            if column < len(batch.cells.columns) and len(rows) >= _LEAST_SWAPPED:
                cells = batch.cells.iloc[:, column]
                if _are_swapped(cells, rows):
                    name = str(batch.cells.columns[column])
                    for at in rows:
                        yield batch.issue_at(
                            at, "value.dates_maybe_swapped", Severity.REVIEW, column=name, value=cells.iloc[at]
                        )

    def about_sheet(self) -> Iterator[Issue]:
        """Yield what is to be said about the sheet, when all of it was read."""
        reader, name = self.found.reader, self.found.sheet.name
        counted = (
            ("sheet.merges_filled", reader.filled),
            ("sheet.hidden_rows_skipped" if reader.skips_hidden else "sheet.hidden_rows_read", reader.hidden),
            ("sheet.hidden_columns_read", reader.around.hidden_columns),
            ("sheet.comments_left", reader.around.comments),
        )
        for code, number in counted:
            if number:
                yield Issue(code=code, severity=Severity.INFO, params={"sheet": name, "number": number})

    def _without_blank_columns(self, batch: SourceBatch) -> SourceBatch:
        """Return the batch without columns that have no header and, so far, no value; say it when they have one."""
        is_blank = batch.issues["code"] == "header.blank"
        self._unnamed |= set(batch.issues["column"][is_blank])
        here = [name for name in batch.cells.columns if name in self._unnamed]
        filled = [name for name in here if name in self._shown or batch.cells[name].fillna("").any()]
        new = [name for name in filled if name not in self._shown]
        self._shown |= set(filled)
        names = list(batch.cells.columns)
        issues = [
            Issue(code="header.blank", severity=Severity.WARNING, column=name, params={"number": names.index(name) + 1})
            for name in new
        ]
        kept = batch.issues[~is_blank]
        cells = batch.cells.drop(columns=[name for name in here if name not in filled])
        return replace(batch, cells=cells, issues=with_issues(kept, issues))

    def _with_links(self, batch: SourceBatch) -> SourceBatch:
        """Return the batch with a column for links whose target is not their text."""
        found: dict[str, dict[int, str]] = {}
        for at, line in enumerate(batch.locations["line"].tolist() if self._links else ()):
            for name, target in self._links.get(line, ()):
                if name in batch.cells and not _is_same(target, batch.cells[name].iloc[at]):
                    found.setdefault(name, {})[at] = target
        cells, mapping, free = batch.cells, dict(batch.mapping), FreeNames(batch.cells.columns)
        for name, targets in found.items():
            column = free.take(f"{name} (link)")
            values = [targets.get(at) for at in range(len(cells))]
            cells = cells.assign(**{column: pd.Series(values, index=cells.index, dtype="str")})
            mapping[column] = "extra"
        return replace(batch, cells=cells, mapping=mapping)


def _are_swapped(cells: "pd.Series[str]", rows: Sequence[int]) -> bool:
    """Return whether all true dates have a day below 13, and all texts that are dates a part above 12."""
    true = [_day(cells.iloc[at]) for at in rows]
    if any(day is None or day > _LAST_AMBIGUOUS for day in true):
        return False
    others = cells.drop(index=cells.index[list(rows)])
    parts = [_TEXT_DATE.fullmatch(text.strip()) for text in others.dropna().tolist()]
    texts = [max(int(one[1]), int(one[2])) for one in parts if one is not None]
    return bool(texts) and all(part > _LAST_AMBIGUOUS for part in texts)


def _day(text: str) -> int | None:
    try:
        return date.fromisoformat(text[:10]).day
    except ValueError:
        return None


def _is_same(target: str, text: object) -> bool:
    """Return whether a link leads to what its text says."""
    shown = str(text).strip().casefold().rstrip("/")
    address = target.strip().casefold().removeprefix("mailto:").rstrip("/")
    return shown in (address, address.partition("://")[2])


def _quoted(name: str) -> str:
    """Return the name of a sheet as references have it."""
    return name if name.isidentifier() and name.isascii() else "'" + name.replace("'", "''") + "'"
