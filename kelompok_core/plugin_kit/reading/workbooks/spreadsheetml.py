"""Opens SpreadsheetML: the XML of Excel 2003, which many programs write and name .xls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from kelompok_core.plugin_kit.reading.workbooks.collecting import RowCollector
from kelompok_core.plugin_kit.reading.workbooks.number_formats import (
    DateParts,
    find_format,
    has_lost_digits,
    read_date_parts,
)
from kelompok_core.plugin_kit.reading.workbooks.shared_strings import require_short
from kelompok_core.plugin_kit.reading.workbooks.sheets import MOST_ROWS, Around, Merge, Sheet, SheetRows, Workbook
from kelompok_core.plugin_kit.reading.xml_stream import feed, make_parser

_SS = "urn:schemas-microsoft-com:office:spreadsheet "
_X = "urn:schemas-microsoft-com:office:excel "
_CHUNK = 1 << 16
_NAMED_FORMATS = {
    "General Date": "yyyy-mm-dd hh:mm:ss", "Long Date": "yyyy-mm-dd", "Medium Date": "yyyy-mm-dd",
    "Short Date": "yyyy-mm-dd", "Long Time": "hh:mm:ss", "Medium Time": "hh:mm:ss", "Short Time": "hh:mm:ss",
    "Percent": "0%",
}  # fmt: skip


@contextmanager
def open_spreadsheetml(path: Path) -> Iterator[Workbook]:
    """Open a workbook.

    Raises:
        UnreadableSource: When it is damaged or too large.
    """
    survey = _Survey()
    parser = make_parser()
    parser.StartElementHandler, parser.EndElementHandler = survey.start, survey.end
    parser.CharacterDataHandler = survey.text
    for _ in feed(parser, _chunks(path), part=path.name):
        pass
    sheets = [
        Sheet(
            name=name,
            is_hidden=number in survey.hidden,
            read=partial(_read, path, number, survey.formats),
            look_around=partial(_look_around, path, number, survey.formats),
        )
        for number, name in enumerate(survey.names)
    ]
    yield Workbook(kind="SpreadsheetML", sheets=sheets)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _Survey:
    """Collects names of sheets and formats of styles from the events of a parser."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.formats: dict[str, str] = {}
        self.hidden: set[int] = set()
        self._style = ""
        self._is_visibility = False

    def start(self, name: str, given: Mapping[str, str]) -> None:
        """Enter an element."""
        if name == f"{_SS}Worksheet":
            self.names.append(given.get(f"{_SS}Name", ""))
        elif name == f"{_SS}Style":
            self._style = given.get(f"{_SS}ID", "")
        elif name == f"{_SS}NumberFormat":
            code = given.get(f"{_SS}Format", "General")
            self.formats[self._style] = _NAMED_FORMATS.get(code, code)
        self._is_visibility = name == f"{_X}Visible"

    def end(self, name: str) -> None:
        """Leave an element."""
        del name
        self._is_visibility = False

    def text(self, text: str) -> None:
        """Take characters."""
        if self._is_visibility and text in ("SheetHidden", "SheetVeryHidden"):
            self.hidden.add(len(self.names) - 1)


def _read(path: Path, number: int, formats: Mapping[str, str]) -> Iterator[SheetRows]:
    rows = _Rows(number, formats, path.name)
    for _ in feed(rows.parser, _chunks(path), part=path.name):
        rows.require_short()
        if rows.collector.is_full:
            yield rows.collector.take()
    yield rows.collector.take()


def _look_around(path: Path, number: int, formats: Mapping[str, str]) -> Around:
    rows = _Rows(number, formats, path.name)
    for _ in feed(rows.parser, _chunks(path), part=path.name):
        rows.collector.take()
    return Around(merges=rows.merges, links=rows.links, comments=rows.comments, hidden_columns=rows.hidden_columns)


class _Rows:
    """Collects the rows of one sheet from the events of a parser."""

    def __init__(self, number: int, formats: Mapping[str, str], place: str) -> None:
        self.parser = make_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.collector = RowCollector(place)
        self.merges: list[Merge] = []
        self.links: dict[tuple[int, int], str] = {}
        self.comments = self.hidden_columns = 0
        self._formats = formats
        self._number = number
        self._at = -1
        self._line = 0
        self._column = -1
        self._further = 0
        self._style = self._row_style = ""
        self._type = ""
        self._parts: list[str] | None = None
        self._has_formula = self._is_comment = False
        self._starts = {
            f"{_SS}Row": self._start_row,
            f"{_SS}Cell": self._start_cell,
            f"{_SS}Data": self._start_data,
            f"{_SS}Column": self._start_column,
            f"{_SS}Comment": self._start_comment,
        }

    def require_short(self) -> None:
        """Require that the text of the present cell is not too long."""
        require_short(self._parts or (), self.collector.place)

    def _start(self, name: str, given: Mapping[str, str]) -> None:
        if name == f"{_SS}Worksheet":
            self._at += 1
        elif self._at == self._number and (handler := self._starts.get(name)) is not None:
            handler(given)

    def _end(self, name: str) -> None:
        if self._at != self._number:
            return
        if name == f"{_SS}Data" and self._parts is not None:
            self._place("".join(self._parts))
            self._parts = None
        elif name == f"{_SS}Cell":
            if self._has_formula:
                self.collector.say(self._column, "value.formula_uncached", None)
            self._column += self._further
        elif name == f"{_SS}Row":
            self.collector.end_row()

    def _start_row(self, given: Mapping[str, str]) -> None:
        self._line = _number(given.get(f"{_SS}Index"), self._line + 1)
        self._column, self._further = -1, 0
        self._row_style = given.get(f"{_SS}StyleID", "")
        self.collector.start_row(self._line, is_hidden=given.get(f"{_SS}Hidden") == "1")

    def _start_cell(self, given: Mapping[str, str]) -> None:
        self._column = _number(given.get(f"{_SS}Index"), self._column + 2) - 1
        self._style = given.get(f"{_SS}StyleID", self._row_style)
        self._has_formula, self._is_comment = f"{_SS}Formula" in given, False
        self._further = _number(given.get(f"{_SS}MergeAcross"), 0)
        down = _number(given.get(f"{_SS}MergeDown"), 0)
        if self._further or down:
            self.merges.append(Merge(self._line, self._column, self._line + down, self._column + self._further))
        if f"{_SS}HRef" in given:
            self.links[self._line, self._column] = given[f"{_SS}HRef"]

    def _start_data(self, given: Mapping[str, str]) -> None:
        if not self._is_comment:
            self._type, self._parts, self._has_formula = given.get(f"{_SS}Type", "String"), [], False

    def _start_column(self, given: Mapping[str, str]) -> None:
        if given.get(f"{_SS}Hidden") == "1":
            self.hidden_columns += 1 + min(_number(given.get(f"{_SS}Span"), 0), MOST_ROWS)

    def _start_comment(self, given: Mapping[str, str]) -> None:
        del given
        self.comments += 1
        self._is_comment = True

    def _text(self, text: str) -> None:
        if self._parts is not None:
            self._parts.append(text)

    def _place(self, text: str) -> None:
        code = self._formats.get(self._style, "General")
        if self._type == "Error":
            self.collector.say_error(self._column, text)
            return
        if self._type == "Number":
            text = find_format(code)(text.strip())
            parts = read_date_parts(code)
            if parts is not None and parts.has_date:
                self.collector.mark_date(self._column)
            elif has_lost_digits(text):
                self.collector.say(self._column, "value.digits_lost", text)
        elif self._type == "DateTime":
            self.collector.mark_date(self._column)
            text = _show_moment(text.strip(), read_date_parts(code))
        elif self._type == "Boolean":
            text = "TRUE" if text.strip() == "1" else "FALSE"
        if text:
            self.collector.place_text(self._column, text)


def _show_moment(text: str, parts: DateParts | None) -> str:
    """Return a date and time as far as its format shows them; midnight is left out if there is no format."""
    day, _, clock = text.partition("T")
    clock = clock.partition(".")[0]
    if parts is None:
        return day if clock in ("", "00:00:00") else f"{day} {clock}"
    if not parts.has_date:
        return clock or day
    if parts.year and not parts.day and not parts.time:
        return day[:7] if parts.month else day[:4]
    return f"{day} {clock}" if parts.time and clock else day


def _number(given: str | None, otherwise: int) -> int:
    return int(given) if given is not None and given.isdecimal() and len(given) < _LONGEST_NUMBER else otherwise


_LONGEST_NUMBER = 12
