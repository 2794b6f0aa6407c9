"""Parses the sheets of .xlsx workbooks: their rows as a stream, and what stands around these."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.parsers.expat import XMLParserType

from kelompok_core.contracts import Severity
from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.workbooks.number_formats import Show, has_lost_digits, show_number
from kelompok_core.plugin_kit.reading.workbooks.shared_strings import SharedStrings, TextParts, require_short, unescape
from kelompok_core.plugin_kit.reading.workbooks.sheets import (
    MOST_COLUMNS,
    MOST_ROWS,
    Around,
    CellFinding,
    Merge,
    SheetRows,
    column_letters,
    column_number,
)
from kelompok_core.plugin_kit.reading.xml_stream import feed, local_name, make_parser

_ROWS_AT_ONCE = 1_000
_DIGITS = "0123456789"
_MOST_AROUND = 32 << 20
_END_OF_ROWS = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>|<(?:[\w.-]+:)?sheetData\s*/>")
_ROOT = re.compile(rb"<(?![?!])[^<>]*>")
_CELLS = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})(?::\$?([A-Za-z]{1,3})\$?(\d{1,7}))?")
_TRUE = ("1", "true")
_MIDNIGHT = re.compile(r"(?:T00:00:00(?:\.0+)?)?Z?$")


@dataclass(frozen=True, kw_only=True)
class Styles:
    """How the numbers of each style are shown.

    Attributes:
        shows: By the number of the style.
        dates: The numbers of the styles that show a date.
    """

    shows: Sequence[Show]
    dates: frozenset[int]


def read_rows(chunks: Iterable[bytes], strings: SharedStrings, styles: Styles, part: str) -> Iterator[SheetRows]:
    """Yield the rows of a sheet.

    Raises:
        UnreadableSource: ``file.workbook_damaged``, ``file.text_too_long``, or what the parser refuses.
    """
    parser = make_parser()
    rows = _RowParser(parser, strings, styles, part)
    for _ in feed(parser, chunks, part=part):
        rows.require_short()
        if len(rows.ready.lines) >= _ROWS_AT_ONCE:
            yield rows.take()
    if rows.ready.lines:
        yield rows.take()


class _RowParser:
    """Collects rows from the events of a parser."""

    def __init__(self, parser: XMLParserType, strings: SharedStrings, styles: Styles, part: str) -> None:
        self.ready = SheetRows()
        self._strings = strings
        self._styles = styles
        self._part = part
        self._texts: list[tuple[list[str], int, int]] = []
        """Places of shared strings: row, column and index."""
        self._columns: dict[str, int] = {}
        self._line = 0
        self._row: list[str] = []
        self._column = -1
        self._type: str | None = None
        self._style = 0
        self._value: str | None = None
        self._has_formula = False
        self._parts: list[str] = []
        self._rich = TextParts()
        self._is_inline = False
        parser.StartElementHandler = self._start_of_sheet
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._parts.append
        self._parser = parser
        self._names: dict[str, str] = {}

    def take(self) -> SheetRows:
        """Return the rows so far, and begin anew."""
        ready, self.ready = self.ready, SheetRows()
        texts = self._strings.get([index for _, _, index in self._texts])
        for (row, column, _), text in zip(self._texts, texts, strict=True):
            row[column] = text
        self._texts.clear()
        return ready

    def require_short(self) -> None:
        """Require that the text of the present cell is not too long."""
        require_short(self._parts, self._part)

    def _start_of_sheet(self, name: str, attributes: Mapping[str, str]) -> None:
        del attributes
        space = name[: -len(local_name(name))]
        self._names = {f"{space}{one}": one for one in ("row", "c", "v", "f", "is", "t", "rPh", "sheetData")}
        self._parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = self._names.get(name)
        if kind == "c":
            self._start_cell(attributes)
        elif kind == "v":
            self._parts.clear()
        elif kind == "row":
            self._start_row(attributes)
        elif kind == "f":
            self._has_formula = True
        elif kind == "is":
            self._is_inline = True
            self._rich.clear()
        elif kind in ("t", "rPh"):
            self._parts.clear()
            self._rich.start(kind)

    def _end(self, name: str) -> None:
        kind = self._names.get(name)
        if kind == "v":
            parts = self._parts
            self._value = parts[0] if len(parts) == 1 else "".join(parts)
            parts.clear()
        elif kind == "c":
            self._end_cell()
        elif kind == "row":
            self._end_row()
        elif kind in ("t", "rPh"):
            self._rich.add("".join(self._parts))
            self._parts.clear()
            self._rich.end(kind)
        elif kind == "f":
            self._parts.clear()

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        given = attributes.get("r")
        line = int(given) if given is not None and given.isdecimal() else self._line + 1
        if not self._line < line <= MOST_ROWS:
            raise refused("file.workbook_damaged", place=self._part, problem=f"row {given or line}"[:40])
        self._line, self._column, self._row = line, -1, []
        if attributes.get("hidden") in _TRUE:
            self.ready.hidden.add(line)

    def _end_row(self) -> None:
        if self._row:
            self.ready.lines.append(self._line)
            self.ready.cells.append(self._row)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            letters = reference.rstrip(_DIGITS)
            column = self._columns.get(letters)
            self._column = self._new_column(letters) if column is None else column
        self._type = attributes.get("t")
        style = attributes.get("s")
        self._style = int(style) if style and style.isdecimal() else 0
        self._value, self._has_formula, self._is_inline = None, False, False

    def _new_column(self, letters: str) -> int:
        column = column_number(letters) if letters.isalpha() and letters.isascii() else MOST_COLUMNS
        if column >= MOST_COLUMNS:
            raise refused("file.workbook_damaged", place=self._part, problem=f"column {letters[:20]}")
        self._columns[letters] = column
        return column

    def _end_cell(self) -> None:
        value = self._rich.text() if self._is_inline else self._value
        if value is None:
            if self._has_formula:
                self._say("value.formula_uncached", None)
            return
        kind = self._type
        if kind == "s":
            self._place("")
            if not value:
                return
            self._texts.append((self._row, self._column, self._index(value)))
        elif self._is_inline:
            self._place(value)
        elif kind is None or kind == "n":
            self._place_number(value)
        else:
            self._place_other(kind, value)

    def _place_other(self, kind: str, value: str) -> None:
        if kind == "e":
            self._say("value.sheet_error", value)
        elif kind == "b":
            self._place("TRUE" if value in _TRUE else "FALSE")
        elif kind == "d":
            self._mark_date()
            self._place(_MIDNIGHT.sub("", value).replace("T", " "))
        else:
            self._place(unescape(value))

    def _index(self, value: str) -> int:
        if not value.strip().isdecimal():
            raise refused("file.workbook_damaged", place=self._part, problem=f"text {value[:20]!r}")
        return int(value)

    def _place_number(self, value: str) -> None:
        styles = self._styles
        show = styles.shows[self._style] if self._style < len(styles.shows) else show_number
        shown = show(value.strip())
        if self._style in styles.dates:
            self._mark_date()
        elif has_lost_digits(shown):
            self._say("value.digits_lost", shown)
        self._place(shown)

    def _mark_date(self) -> None:
        self.ready.dates.setdefault(self._column, []).append(self._line)

    def _place(self, text: str) -> None:
        row, column = self._row, self._column
        behind = column - len(row)
        if behind < 0:
            row[column] = text
            return
        if behind:
            row.extend([""] * behind)
        row.append(text)

    def _say(self, code: str, value: str | None) -> None:
        cell = f"{column_letters(self._column)}{self._line}"
        found = CellFinding(self._line, self._column, code, Severity.WARNING, value, {"cell": cell})
        self.ready.findings.append(found)
        if value is None or code == "value.sheet_error":
            self._place("")


def read_around(chunks: Iterable[bytes], part: str) -> tuple[Around, Mapping[tuple[int, int], str]]:
    """Return what stands around the rows of a sheet, and the link ids of cells."""
    root, tail, hidden = _without_rows(chunks)
    merges: list[Merge] = []
    links: dict[tuple[int, int], str] = {}

    def start(name: str, attributes: Mapping[str, str]) -> None:
        kind = local_name(name)
        cells = parse_cells(attributes.get("ref", ""))
        if kind == "mergeCell" and cells is not None:
            merges.append(cells)
        elif kind == "hyperlink" and cells is not None:
            target = next((one for key, one in attributes.items() if local_name(key) == "id"), "")
            links[cells.top, cells.left] = target
        del name

    parser = make_parser()
    parser.StartElementHandler = start
    for _ in feed(parser, [root, tail], part=part):
        pass
    return Around(merges=merges, hidden_columns=hidden), links


def _without_rows(chunks: Iterable[bytes]) -> tuple[bytes, bytes, int]:
    """Return the root's tag, what follows the rows, and the number of hidden columns."""
    head, tail, is_behind = b"", b"", False
    before = b""
    for chunk in chunks:
        if len(head) < _HEAD:
            head += chunk
        text = before + chunk
        if ends := list(_END_OF_ROWS.finditer(text)):
            tail, is_behind = text[ends[-1].end() :], True
        elif is_behind and len(tail) < _MOST_AROUND:
            tail += chunk
        before = text[-_LONGEST_END:] if not ends else b""
    root = _ROOT.search(head)
    hidden = len(_HIDDEN_COLUMN.findall(head[: head.find(b"sheetData")]))
    if root is None or not is_behind or len(tail) >= _MOST_AROUND:
        return b"<none>", b"</none>", hidden
    return root[0], tail, hidden


_HEAD = 1 << 18
_LONGEST_END = 80
_HIDDEN_COLUMN = re.compile(rb'<(?:[\w.-]+:)?col\s[^<>]*hidden="(?:1|true)"')


def parse_cells(reference: str) -> Merge | None:
    """Return the cells of a reference such as ``A1:C3``, or None if it is none."""
    found = _CELLS.fullmatch(reference)
    if found is None:
        return None
    left, top, right, bottom = found.groups()
    right, bottom = right or left, bottom or top
    first, last = sorted((column_number(left), column_number(right)))
    upper, lower = sorted((int(top), int(bottom)))
    return Merge(upper, first, lower, last) if upper and lower <= MOST_ROWS and last < MOST_COLUMNS else None
