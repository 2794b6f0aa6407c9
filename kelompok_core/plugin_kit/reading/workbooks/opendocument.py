"""Opens OpenDocument spreadsheets: .ods, and .fods without a package."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kelompok_core.plugin_kit.reading.archives import Archive, open_archive, refused
from kelompok_core.plugin_kit.reading.workbooks.collecting import RowCollector
from kelompok_core.plugin_kit.reading.workbooks.number_formats import (
    DateParts,
    has_lost_digits,
    show_number,
    show_percent,
)
from kelompok_core.plugin_kit.reading.workbooks.shared_strings import require_short
from kelompok_core.plugin_kit.reading.workbooks.sheets import MOST_ROWS, Around, Merge, Sheet, SheetRows, Workbook
from kelompok_core.plugin_kit.reading.xml_stream import feed, make_parser

_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE, _TEXT, _STYLE, _NUMBER = (
    f"{_OASIS}{one}:1.0 " for one in ("table", "office", "text", "style", "datastyle")
)
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_LINK = "http://www.w3.org/1999/xlink href"
_CONTENT, _STYLES, _MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"
_CHUNK = 1 << 16
_MOST_REPEATED = 1_000_000
"""Filled cells that repetitions may make in a sheet."""
_ERROR = re.compile(r"#[A-Z/0!?]+[!?]?|Err:\d+")
_DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_CELL_KINDS = ("table-cell", "covered-table-cell")


@dataclass(kw_only=True)
class _Looks:
    """The styles of a document.

    Attributes:
        formats: The number style of each cell style.
        dates: What each number style for dates shows.
        zeros: The least number of digits of each number style for whole numbers.
        hidden: The styles of hidden sheets.
    """

    formats: dict[str, str] = field(default_factory=dict)
    dates: dict[str, DateParts] = field(default_factory=dict)
    zeros: dict[str, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)


Chunks = Callable[[str], Iterator[bytes]]


@contextmanager
def open_opendocument(path: Path, *, is_flat: bool) -> Iterator[Workbook]:
    """Open a spreadsheet.

    Raises:
        UnreadableSource: When it is damaged, protected or too large.
    """
    if is_flat:
        yield _workbook("fods", lambda _: _read_file(path), [_CONTENT])
        return
    with open_archive(path) as archive:
        _require_open(archive)
        parts = [one for one in (_STYLES, _CONTENT) if archive.has(one)]
        yield _workbook("ods", archive.chunks, parts)


def _require_open(archive: Archive) -> None:
    """Require that the document is not protected by a password."""
    if archive.has(_MANIFEST) and b"encryption-data" in archive.read(_MANIFEST):
        raise refused("file.encrypted")


def _read_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _workbook(kind: str, chunks: Chunks, parts: list[str]) -> Workbook:
    looks, names = _Looks(), list[tuple[str, str]]()
    for part in parts:
        names = _survey(chunks(part), part, looks)
    sheets = [
        Sheet(
            name=name,
            is_hidden=style in looks.hidden,
            read=partial(_read, chunks, number, looks),
            look_around=partial(_look_around, chunks, number, looks),
        )
        for number, (name, style) in enumerate(names)
    ]
    return Workbook(kind=kind, sheets=sheets)


def _survey(chunks: Iterator[bytes], part: str, looks: _Looks) -> list[tuple[str, str]]:
    """Read the styles, and return the name and style of each sheet."""
    survey = _Survey(looks)
    parser = make_parser()
    parser.StartElementHandler = survey.start
    for _ in feed(parser, chunks, part=part):
        pass
    return survey.sheets


class _Survey:
    """Collects sheets and styles from the events of a parser."""

    def __init__(self, looks: _Looks) -> None:
        self.sheets: list[tuple[str, str]] = []
        self._looks = looks
        self._style = self._number_style = ""
        self._shown: set[str] = set()

    def start(self, name: str, given: Mapping[str, str]) -> None:
        """Enter an element."""
        if name == f"{_TABLE}table":
            self.sheets.append((given.get(f"{_TABLE}name", ""), given.get(f"{_TABLE}style-name", "")))
        elif name == f"{_STYLE}style":
            self._style = given.get(f"{_STYLE}name", "")
            self._looks.formats[self._style] = given.get(f"{_STYLE}data-style-name", "")
        elif name == f"{_STYLE}table-properties" and given.get(f"{_TABLE}display") == "false":
            self._looks.hidden.add(self._style)
        elif name.startswith(_NUMBER):
            self._start_of_format(name.removeprefix(_NUMBER), given)

    def _start_of_format(self, kind: str, given: Mapping[str, str]) -> None:
        if kind in ("date-style", "time-style", "number-style"):
            self._number_style, self._shown = given.get(f"{_STYLE}name", ""), set()
        elif kind == "number" and given.get(f"{_NUMBER}decimal-places", "0") == "0":
            digits = given.get(f"{_NUMBER}min-integer-digits", "1")
            self._looks.zeros[self._number_style] = min(_count(digits), _MOST_ZEROS)
        else:
            self._shown.add(kind)
        self._looks.dates[self._number_style] = _date_parts(self._shown)


_MOST_ZEROS = 50


def _date_parts(shown: set[str]) -> DateParts:
    has_time = bool(shown & {"hours", "minutes", "seconds"})
    return DateParts(year="year" in shown, month="month" in shown, day="day" in shown, time=has_time)


def _read(chunks: Chunks, number: int, looks: _Looks) -> Iterator[SheetRows]:
    rows = _Rows(number, looks)
    for _ in feed(rows.parser, chunks(_CONTENT), part=_CONTENT):
        rows.require_short()
        if rows.collector.is_full:
            yield rows.collector.take()
        if rows.is_over:
            break
    yield rows.collector.take()


def _look_around(chunks: Chunks, number: int, looks: _Looks) -> Around:
    rows = _Rows(number, looks)
    for _ in feed(rows.parser, chunks(_CONTENT), part=_CONTENT):
        rows.collector.take()
        if rows.is_over:
            break
    return Around(merges=rows.merges, links=rows.links, comments=rows.comments, hidden_columns=rows.hidden_columns)


class _Rows:
    """Collects the rows of one sheet from the events of a parser."""

    def __init__(self, number: int, looks: _Looks) -> None:
        self.parser = make_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.collector = RowCollector(_CONTENT)
        self.merges: list[Merge] = []
        self.links: dict[tuple[int, int], str] = {}
        self.comments = self.hidden_columns = 0
        self.is_over = False
        self._looks = looks
        self._number = number
        self._at = -1
        self._depth = 0
        self._line = 1
        self._times_row = self._times = 1
        self._column = 0
        self._given: Mapping[str, str] = {}
        self._paragraphs: list[list[str]] = []
        self._in_note = 0
        self._repeated = 0
        self._is_hidden = False
        self._starts = {
            f"{_TABLE}table": self._start_table,
            f"{_TABLE}table-row": self._start_row,
            f"{_TABLE}table-column": self._start_column,
            **dict.fromkeys((f"{_TABLE}{one}" for one in _CELL_KINDS), self._start_cell),
            f"{_OFFICE}annotation": self._start_note,
            f"{_TEXT}p": lambda _: self._paragraphs.append([]),
            f"{_TEXT}s": lambda given: self._text(" " * _count(given.get(f"{_TEXT}c", "1"))),
            f"{_TEXT}tab": lambda _: self._text("\t"),
            f"{_TEXT}line-break": lambda _: self._text("\n"),
            f"{_TEXT}a": self._start_link,
        }
        self._ends = {
            f"{_TABLE}table": self._end_table,
            f"{_TABLE}table-row": self._end_row,
            **dict.fromkeys((f"{_TABLE}{one}" for one in _CELL_KINDS), self._end_cell),
        }

    @property
    def _is_here(self) -> bool:
        return self._at == self._number and self._depth == 1

    def require_short(self) -> None:
        """Require that the text of the present cell is not too long."""
        require_short([text for parts in self._paragraphs for text in parts], _CONTENT)

    def _start(self, name: str, given: Mapping[str, str]) -> None:
        handler = self._starts.get(name)
        if handler is not None and (self._is_here or name == f"{_TABLE}table") and not self._in_note:
            handler(given)
        elif self._in_note and name == f"{_OFFICE}annotation":
            self._in_note += 1

    def _end(self, name: str) -> None:
        if self._in_note:
            self._in_note -= name == f"{_OFFICE}annotation"
            return
        handler = self._ends.get(name)
        if handler is not None and (self._is_here or name == f"{_TABLE}table"):
            handler()

    def _start_table(self, given: Mapping[str, str]) -> None:
        del given
        self._at += 1
        self._depth += 1

    def _end_table(self) -> None:
        self.is_over |= self._is_here
        self._depth -= 1

    def _start_column(self, given: Mapping[str, str]) -> None:
        if given.get(f"{_TABLE}visibility", "visible") != "visible":
            self.hidden_columns += min(_count(given.get(f"{_TABLE}number-columns-repeated", "1")), MOST_ROWS)

    def _start_row(self, given: Mapping[str, str]) -> None:
        self._times_row = _count(given.get(f"{_TABLE}number-rows-repeated", "1"))
        self._column = 0
        is_hidden = given.get(f"{_TABLE}visibility", "visible") != "visible"
        self._is_hidden = is_hidden
        if self._line <= MOST_ROWS:
            self.collector.start_row(self._line, is_hidden=is_hidden)

    def _end_row(self) -> None:
        if self.collector.is_blank:
            self._line += self._times_row
            return
        if self._line > MOST_ROWS:
            raise refused("file.workbook_damaged", place=_CONTENT, problem=f"row {self._line}")
        self.collector.end_row()
        self._count_repeated((self._times_row - 1) * len(self.collector.ready.cells[-1]))
        self.collector.repeat_row(self._times_row - 1)
        self._line += self._times_row

    def _start_cell(self, given: Mapping[str, str]) -> None:
        self._given, self._paragraphs = given, []
        self._times = _count(given.get(f"{_TABLE}number-columns-repeated", "1"))
        down, right = (_count(given.get(f"{_TABLE}number-{one}-spanned", "1")) for one in ("rows", "columns"))
        if down > 1 or right > 1:
            self.merges.append(Merge(self._line, self._column, self._line + down - 1, self._column + right - 1))

    def _end_cell(self) -> None:
        column, times = self._column, self._times
        self._column += times
        text = "\n".join("".join(parts) for parts in self._paragraphs)
        given, self._given, self._paragraphs = self._given, {}, []
        kind = given.get(f"{_CALC}value-type") or given.get(f"{_OFFICE}value-type")
        if kind is None and not text:
            if f"{_TABLE}formula" in given:
                self.collector.say(column, "value.formula_uncached", None)
            return
        if kind == "error" or (f"{_TABLE}formula" in given and _ERROR.fullmatch(text)):
            self.collector.say_error(column, text)
            return
        shown = self._shown(kind, given, text, column)
        if not shown:
            return
        self._count_repeated(times - 1)
        for at in range(column, column + times):
            self.collector.place_text(at, shown)

    def _count_repeated(self, number: int) -> None:
        self._repeated += number
        if self._repeated > _MOST_REPEATED:
            raise refused("file.cells_repeated", limit=_MOST_REPEATED)

    def _shown(self, kind: str | None, given: Mapping[str, str], text: str, column: int) -> str:
        style = self._looks.formats.get(given.get(f"{_TABLE}style-name", ""), "")
        value = given.get(f"{_OFFICE}value", "")
        if kind == "date":
            self.collector.mark_date(column)
            return _show_date(given.get(f"{_OFFICE}date-value", text), self._looks.dates.get(style))
        if kind == "time":
            return _show_time(given.get(f"{_OFFICE}time-value", text))
        if kind == "percentage" and value:
            return show_percent(value)
        if kind == "boolean":
            return "TRUE" if given.get(f"{_OFFICE}boolean-value") == "true" else "FALSE"
        if kind in ("float", "currency") and value:
            return self._show_number(value, style, column)
        return text or given.get(f"{_OFFICE}string-value", "")

    def _show_number(self, value: str, style: str, column: int) -> str:
        shown = show_number(value)
        if has_lost_digits(shown):
            self.collector.say(column, "value.digits_lost", shown)
        zeros = self._looks.zeros.get(style, 1)
        return shown.zfill(zeros) if zeros > 1 and shown.isdecimal() else shown

    def _start_note(self, given: Mapping[str, str]) -> None:
        del given
        self.comments += 1
        self._in_note = 1

    def _start_link(self, given: Mapping[str, str]) -> None:
        if _LINK in given:
            self.links[self._line, self._column] = given[_LINK]

    def _text(self, text: str) -> None:
        if self._paragraphs and not self._in_note:
            self._paragraphs[-1].append(text)


def _count(given: str) -> int:
    """Return a number of repetitions; anything that is none counts as one."""
    return max(1, int(given)) if given.isdecimal() and len(given) < _LONGEST_COUNT else 1


_LONGEST_COUNT = 15


def _show_date(value: str, parts: DateParts | None) -> str:
    day, _, clock = value.partition("T")
    clock = clock.partition(".")[0]
    if parts is None or not parts.has_date:
        return f"{day} {clock}" if clock else day
    if parts.year and not parts.day and not parts.time:
        return day[:7] if parts.month else day[:4]
    return f"{day} {clock or '00:00:00'}" if parts.time else day


def _show_time(value: str) -> str:
    """Return a time of day as a clock shows it, and a longer duration as it is written."""
    found = _DURATION.fullmatch(value)
    if found is None or int(found[1]) >= _HOURS:
        return value
    return ":".join(f"{int(one):02d}" for one in found.groups())


_HOURS = 24
