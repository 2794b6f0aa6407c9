"""Opens .xls workbooks (BIFF): the library xlrd reads them; what it does not say is left out."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import xlrd
from xlrd.biffh import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, XL_CELL_NUMBER, XL_CELL_TEXT
from xlrd.book import Book
from xlrd.compdoc import CompDocError
from xlrd.sheet import Sheet as BiffSheet

from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.workbooks.collecting import RowCollector
from kelompok_core.plugin_kit.reading.workbooks.number_formats import find_format, has_lost_digits, read_date_parts
from kelompok_core.plugin_kit.reading.workbooks.sheets import Around, Merge, Sheet, SheetRows, Workbook

_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_FAILURES = (
    xlrd.XLRDError, CompDocError, AssertionError, OSError, struct.error, LookupError, ValueError, ArithmeticError,
    TypeError, AttributeError, MemoryError, RecursionError, NotImplementedError,
)  # fmt: skip
"""What xlrd raises for damaged files."""


class _Quiet:
    """Takes what xlrd prints about odd files."""

    def write(self, text: str) -> None:
        del text

    def flush(self) -> None:
        """Do nothing."""


@contextmanager
def open_biff(path: Path) -> Iterator[Workbook]:
    """Open a workbook.

    Raises:
        UnreadableSource: When it is damaged or protected.
    """
    if _ENCRYPTED_PACKAGE in path.read_bytes():
        raise refused("file.encrypted")
    try:
        book = xlrd.open_workbook(str(path), logfile=_Quiet(), formatting_info=True, on_demand=True)
    except _FAILURES as error:
        if "encrypted" in str(error).casefold() or "password" in str(error).casefold():
            raise refused("file.encrypted") from error
        raise refused("file.workbook_damaged", place=path.name, problem=type(error).__name__) from error
    with book:
        yield Workbook(kind="xls", sheets=[_sheet(book, number) for number in range(book.nsheets)])


def _sheet(book: Book, number: int) -> Sheet:
    name = book.sheet_names()[number]
    is_hidden = book._sheet_visibility[number] != 0  # noqa: SLF001 -- otherwise the sheet would have to be loaded
    return Sheet(
        name=name,
        is_hidden=is_hidden,
        read=partial(_read, book, number),
        look_around=partial(_look_around, book, number),
    )


def _loaded(book: Book, number: int) -> BiffSheet:
    try:
        return book.sheet_by_index(number)
    except _FAILURES as error:
        name = book.sheet_names()[number]
        raise refused("file.workbook_damaged", place=name, problem=type(error).__name__) from error


def _read(book: Book, number: int) -> Iterator[SheetRows]:
    sheet = _loaded(book, number)
    rows = _Rows(book, sheet)
    for index in range(sheet.nrows):
        rows.read(index)
        if rows.collector.is_full:
            yield rows.collector.take()
    yield rows.collector.take()


class _Rows:
    """Reads the rows of a loaded sheet."""

    def __init__(self, book: Book, sheet: BiffSheet) -> None:
        self.collector = RowCollector(sheet.name)
        self._book = book
        self._sheet = sheet
        self._codes: dict[int, str] = {}

    def read(self, index: int) -> None:
        """Read a row."""
        sheet, collector = self._sheet, self.collector
        info = sheet.rowinfo_map.get(index)
        collector.start_row(index + 1, is_hidden=bool(info is not None and info.hidden))
        types, values = sheet.row_types(index), sheet.row_values(index)
        for column, (kind, value) in enumerate(zip(types, values, strict=True)):
            if kind == XL_CELL_TEXT:
                if value:
                    collector.place_text(column, value)
            elif kind in (XL_CELL_NUMBER, XL_CELL_DATE):
                self._place_number(index, column, value)
            elif kind == XL_CELL_BOOLEAN:
                collector.place_text(column, "TRUE" if value else "FALSE")
            elif kind == XL_CELL_ERROR:
                collector.say_error(column, xlrd.error_text_from_code.get(value, "#ERROR"))
        collector.end_row()

    def _place_number(self, index: int, column: int, value: float) -> None:
        code = self._code(self._sheet.cell_xf_index(index, column))
        shown = find_format(code, of_1904=bool(self._book.datemode))(repr(value))
        parts = read_date_parts(code)
        if parts is not None and parts.has_date:
            self.collector.mark_date(column)
        elif has_lost_digits(shown):
            self.collector.say(column, "value.digits_lost", shown)
        self.collector.place_text(column, shown)

    def _code(self, xf: int) -> str:
        code = self._codes.get(xf)
        if code is None:
            format_map: Mapping[int, object] = self._book.format_map
            found = format_map.get(self._book.xf_list[xf].format_key) if xf < len(self._book.xf_list) else None
            code = self._codes[xf] = str(getattr(found, "format_str", "General"))
        return code


def _look_around(book: Book, number: int) -> Around:
    sheet = _loaded(book, number)
    merges = [Merge(top + 1, left, bottom, right - 1) for top, bottom, left, right in sheet.merged_cells]
    links = {
        (row + 1, column): str(one.url_or_path)
        for (row, column), one in sheet.hyperlink_map.items()
        if one.url_or_path is not None and one.type != "local file"
    }
    hidden = sum(bool(one.hidden) for one in sheet.colinfo_map.values())
    return Around(merges=merges, links=links, comments=len(sheet.cell_note_map), hidden_columns=hidden)
