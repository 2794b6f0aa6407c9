"""Opens the tables of a web page as sheets: many programs name such pages .xls."""

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from kelompok_core.contracts import find_encoding, find_undecodable
from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.delimited.legacy import guess_encoding
from kelompok_core.plugin_kit.reading.workbooks.collecting import RowCollector
from kelompok_core.plugin_kit.reading.workbooks.shared_strings import LONGEST_TEXT
from kelompok_core.plugin_kit.reading.workbooks.sheets import (
    MOST_COLUMNS,
    MOST_ROWS,
    Around,
    Merge,
    Sheet,
    SheetRows,
    Workbook,
)

_CHUNK = 1 << 16
_HEAD = 1 << 13
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_BLOCKS = frozenset({"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "ul", "ol"})
_UNREAD = frozenset({"script", "style", "head", "title", "template"})
_MOST_SPANNED = 1_000_000
"""Cells that spans may cover in all."""


@dataclass(kw_only=True)
class _Cell:
    """A cell: its text in parts, and how many rows and columns it covers."""

    column: int
    down: int
    right: int
    link: str | None = None
    parts: list[str] = field(default_factory=list)


@contextmanager
def open_html(path: Path) -> Iterator[Workbook]:
    """Open a page; each table is a sheet, called by its caption or ``Table 1``.

    Raises:
        UnreadableSource: When its encoding or a table is invalid.
    """
    encoding = _find_encoding(path)
    reader = _Reader(-1)
    for _ in _fed(reader, path, encoding):
        reader.collector.take()
    sheets = [
        Sheet(
            name=name,
            is_hidden=False,
            read=partial(_read, path, encoding, number),
            look_around=partial(_look_around, path, encoding, number),
        )
        for number, name in enumerate(_names(reader.captions))
    ]
    yield Workbook(kind="HTML", sheets=sheets)


def _names(captions: Sequence[str]) -> Sequence[str]:
    names = [caption.strip() or f"Table {number}" for number, caption in enumerate(captions, start=1)]
    return [name if names.count(name) == 1 else f"{name} ({at})" for at, name in enumerate(names, start=1)]


def _find_encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    declared = _CHARSET.search(head)
    known = find_encoding(declared[1].decode("ascii")) if declared else None
    for codec in filter(None, (known, "utf-8")):
        with path.open("rb") as file:
            if find_undecodable(file, codec) is None:
                return codec
    with path.open("rb") as file:
        guess = guess_encoding(file)
    if guess.codec is None:
        raise refused("file.encoding_unclear", encodings=guess.shown)
    return guess.codec


def _fed(reader: "_Reader", path: Path, encoding: str) -> Iterator[None]:
    with path.open(encoding=encoding, newline="") as file:
        while text := file.read(_CHUNK):
            reader.feed(text)
            yield
    reader.close()
    yield


def _read(path: Path, encoding: str, number: int) -> Iterator[SheetRows]:
    reader = _Reader(number)
    for _ in _fed(reader, path, encoding):
        if reader.collector.is_full:
            yield reader.collector.take()
    yield reader.collector.take()


def _look_around(path: Path, encoding: str, number: int) -> Around:
    reader = _Reader(number)
    for _ in _fed(reader, path, encoding):
        reader.collector.take()
    return Around(merges=reader.merges, links=reader.links)


class _Reader(HTMLParser):
    """Collects the rows of one table; a table inside a cell is text of that cell."""

    def __init__(self, number: int) -> None:
        super().__init__(convert_charrefs=True)
        self.collector = RowCollector("HTML")
        self.merges: list[Merge] = []
        self.links: dict[tuple[int, int], str] = {}
        self.captions: list[str] = []
        self._number = number
        self._depth = 0
        self._unread = 0
        self._is_caption = False
        self._line = 0
        self._cells: list[_Cell] = []
        self._cell: _Cell | None = None
        self._is_in_row = False
        self._covered: dict[int, int] = {}
        """The last line that a cell above covers, by column."""
        self._spanned = 0

    @property
    def _is_here(self) -> bool:
        return self._depth == 1 and len(self.captions) - 1 == self._number

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an element."""
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "table":
            self._start_table()
        elif tag == "caption":
            self._is_caption = True
        elif self._is_here and tag == "tr":
            self._start_row()
        elif self._is_here and tag in ("td", "th"):
            self._start_cell(dict(attrs))
        elif self._cell is not None:
            self._start_inside(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag == "table":
            if self._is_here:
                self._end_row()
            self._depth = max(0, self._depth - 1)
        elif tag == "caption":
            self._is_caption = False
        elif self._is_here and tag == "tr":
            self._end_row()
        elif self._is_here and tag in ("td", "th"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Take characters."""
        if self._unread:
            return
        if self._is_caption and self._depth == 1:
            self.captions[-1] += data
        elif self._cell is not None:
            self._cell.parts.append(_BLANKS.sub(" ", data))

    def _start_table(self) -> None:
        self._depth += 1
        if self._depth == 1:
            self.captions.append("")

    def _start_row(self) -> None:
        self._end_row()
        self._line += 1
        if self._line > MOST_ROWS:
            raise refused("file.workbook_damaged", place="HTML", problem=f"row {self._line}")
        self._is_in_row = True
        self._cells = []

    def _start_cell(self, given: dict[str, str | None]) -> None:
        if not self._is_in_row:
            self._start_row()
        self._end_cell()
        column = self._cells[-1].column + self._cells[-1].right if self._cells else 0
        while self._covered.get(column, 0) >= self._line:
            column += 1
        down = min(_span(given.get("rowspan")), MOST_ROWS - self._line + 1)
        right = min(_span(given.get("colspan")), MOST_COLUMNS)
        self._spanned += down * right if down > 1 else 0
        if self._spanned > _MOST_SPANNED:
            raise refused("file.cells_repeated", limit=_MOST_SPANNED)
        self._cell = _Cell(column=column, down=down, right=right)

    def _start_inside(self, tag: str, given: dict[str, str | None]) -> None:
        if self._cell is None:
            return
        if tag == "br" or tag in _BLOCKS:
            self._cell.parts.append("\n")
        elif tag == "a" and given.get("href"):
            self._cell.link = given["href"]

    def _end_cell(self) -> None:
        cell, self._cell = self._cell, None
        if cell is None:
            return
        self._cells.append(cell)
        if cell.down > 1 or cell.right > 1:
            last = self._line + cell.down - 1
            self.merges.append(Merge(self._line, cell.column, last, cell.column + cell.right - 1))
            self._covered |= dict.fromkeys(range(cell.column, cell.column + cell.right), last)

    def _end_row(self) -> None:
        self._end_cell()
        if not self._is_in_row:
            return
        self._is_in_row = False
        self.collector.start_row(self._line)
        for cell in self._cells:
            text = "\n".join(line.strip() for line in "".join(cell.parts).split("\n")).strip()
            if len(text) > LONGEST_TEXT:
                raise refused("file.text_too_long", place="HTML", limit=LONGEST_TEXT)
            if cell.link is not None:
                self.links[self._line, cell.column] = cell.link
            if text:
                self.collector.place_text(cell.column, text)
        self.collector.end_row()


def _span(given: str | None) -> int:
    return max(1, int(given)) if given is not None and given.strip().isdecimal() and len(given) < _LONGEST_SPAN else 1


_LONGEST_SPAN = 9
