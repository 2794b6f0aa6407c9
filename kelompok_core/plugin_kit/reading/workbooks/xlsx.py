"""Opens .xlsx and .xlsm workbooks: finds their parts through relationships; programs and links are never opened."""

import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

from kelompok_core.plugin_kit.reading.archives import Archive, open_archive, refused
from kelompok_core.plugin_kit.reading.workbooks.number_formats import (
    Show,
    builtin_code,
    find_format,
    read_date_parts,
    show_number,
)
from kelompok_core.plugin_kit.reading.workbooks.shared_strings import SharedStrings
from kelompok_core.plugin_kit.reading.workbooks.sheets import Around, Merge, Sheet, SheetRows, Workbook
from kelompok_core.plugin_kit.reading.workbooks.xlsx_sheet import Styles, parse_cells, read_around, read_rows
from kelompok_core.plugin_kit.reading.xml_stream import feed, local_name, make_parser

_MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
_TRUE = ("1", "true")
_HIDDEN = ("hidden", "veryHidden")

Start = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, kw_only=True)
class _Relation:
    """What a part refers to.

    Attributes:
        kind: The last word of its type, such as ``worksheet``.
        target: The part, or the address of something outside.
        is_outside: Whether it is no part of the workbook.
    """

    kind: str
    target: str
    is_outside: bool


@dataclass(kw_only=True)
class _Contents:
    """What the workbook part says.

    Attributes:
        sheets: Name, whether hidden, relation id.
        names: Defined names and what they stand for.
        of_1904: Whether days are counted from 1904.
    """

    sheets: list[tuple[str, bool, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    of_1904: bool = False


@contextmanager
def open_xlsx(path: Path, workdir: Path) -> Iterator[Workbook]:
    """Open a workbook.

    Args:
        path: The file.
        workdir: Where texts are kept while it is read, in a folder of this reading alone.

    Raises:
        UnreadableSource: When it is damaged, protected or too large.
    """
    with open_archive(path) as archive, tempfile.TemporaryDirectory(prefix="texts-", dir=workdir) as folder:
        yield _Package(archive, Path(folder)).workbook()


class _Package:
    """The parts of a workbook."""

    def __init__(self, archive: Archive, workdir: Path) -> None:
        self._archive = archive
        self._workdir = workdir
        self._part = self._find_workbook()
        self._relations = self._relations_of(self._part)
        self._contents = self._read_contents()
        self._strings = cache(self._open_strings)
        self._styles = cache(self._read_styles)

    def workbook(self) -> Workbook:
        """Return the workbook."""
        sheets = []
        for name, is_hidden, relation in self._contents.sheets:
            found = self._relations.get(relation)
            if found is not None and found.kind == "worksheet" and self._archive.has(found.target):
                read, around = partial(self._rows, found.target), partial(self._around, found.target)
                sheets.append(Sheet(name=name, is_hidden=is_hidden, read=read, look_around=around))
        has_macros = any(one.kind == "vbaProject" for one in self._relations.values())
        return Workbook(kind="xlsx", sheets=sheets, ranges=self._ranges, has_macros=has_macros)

    def _rows(self, part: str) -> Iterator[SheetRows]:
        return read_rows(self._archive.chunks(part), self._strings(), self._styles(), part)

    def _around(self, part: str) -> Around:
        around, link_ids = read_around(self._archive.chunks(part), part)
        relations = self._relations_of(part)
        links = {place: relations[one].target for place, one in link_ids.items() if one in relations}
        comments = [one.target for one in relations.values() if one.kind == "comments"]
        return replace(around, links=links, comments=sum(map(self._count_comments, comments)))

    def _count_comments(self, part: str) -> int:
        found: list[str] = []
        self._parse(part, lambda name, _: found.append(name) if local_name(name) == "comment" else None)
        return len(found)

    def _ranges(self) -> Mapping[str, tuple[str, Merge]]:
        """Return defined names and tables with their cells."""
        ranges = {}
        for name, formula in self._contents.names.items():
            sheet, _, reference = formula.rpartition("!")
            cells = parse_cells(reference)
            if sheet and cells is not None:
                ranges[name] = (sheet.strip("'").replace("''", "'"), cells)
        for name, _, relation in self._contents.sheets:
            found = self._relations.get(relation)
            for one in self._relations_of(found.target).values() if found is not None else ():
                if one.kind == "table":
                    ranges |= {table: (name, cells) for table, cells in self._tables(one.target)}
        return ranges

    def _tables(self, part: str) -> Iterator[tuple[str, Merge]]:
        found: list[Mapping[str, str]] = []
        self._parse(part, lambda name, given: found.append(given) if local_name(name) == "table" else None)
        for given in found:
            cells = parse_cells(given.get("ref", ""))
            if cells is not None:
                yield given.get("displayName", given.get("name", "")), cells

    def _find_workbook(self) -> str:
        relations = self._relations_of("")
        found = next((one.target for one in relations.values() if one.kind == "officeDocument"), "xl/workbook.xml")
        if found.casefold().endswith(".bin"):
            raise refused("file.workbook_binary")
        if not self._archive.has(found):
            raise refused("file.workbook_damaged", place=found, problem="this part is missing")
        return found

    def _relations_of(self, part: str) -> Mapping[str, _Relation]:
        folder, name = posixpath.split(part)
        place = posixpath.join(folder, "_rels", f"{name}.rels")
        relations: dict[str, _Relation] = {}

        def start(name: str, given: Mapping[str, str]) -> None:
            if local_name(name) != "Relationship":
                return
            is_outside = given.get("TargetMode") == "External"
            target = given.get("Target", "")
            relations[given.get("Id", "")] = _Relation(
                kind=given.get("Type", "").rpartition("/")[2],
                target=target if is_outside else _resolve(folder, target),
                is_outside=is_outside,
            )

        if self._archive.has(place):
            self._parse(place, start)
        return relations

    def _read_contents(self) -> _Contents:
        contents = _Contents()
        name_parts: list[str] = []
        defined = ""

        def start(name: str, given: Mapping[str, str]) -> None:
            nonlocal defined
            space, _, kind = name.rpartition(" ")
            if space not in _MAIN:
                return
            if kind == "workbookPr":
                contents.of_1904 = given.get("date1904") in _TRUE
            elif kind == "sheet":
                relation = next((one for key, one in given.items() if local_name(key) == "id" and " " in key), "")
                contents.sheets.append((given.get("name", ""), given.get("state") in _HIDDEN, relation))
            elif kind == "definedName":
                defined = given.get("name", "")
                name_parts.clear()

        def end(name: str) -> None:
            if local_name(name) == "definedName" and defined:
                contents.names[defined] = "".join(name_parts)

        self._parse(self._part, start, end, name_parts.append)
        return contents

    def _open_strings(self) -> SharedStrings:
        part = self._part_of("sharedStrings")
        chunks = self._archive.chunks(part) if part else ()
        return SharedStrings(chunks, self._workdir, part or "")

    def _read_styles(self) -> Styles:
        part = self._part_of("styles")
        codes: dict[str, str] = {}
        numbers: list[str] = []
        path: list[str] = []

        def start(name: str, given: Mapping[str, str]) -> None:
            kind = local_name(name)
            if kind == "numFmt" and path[-1:] == ["numFmts"]:
                codes[given.get("numFmtId", "")] = given.get("formatCode", "")
            elif kind == "xf" and path[-1:] == ["cellXfs"]:
                numbers.append(given.get("numFmtId", "0"))
            path.append(kind)

        if part:
            self._parse(part, start, lambda _: path.pop())
        return _styles([_code(codes, one) for one in numbers], of_1904=self._contents.of_1904)

    def _part_of(self, kind: str) -> str | None:
        parts = (one.target for one in self._relations.values() if one.kind == kind)
        return next((one for one in parts if self._archive.has(one)), None)

    def _parse(
        self,
        part: str,
        start: Start,
        end: Callable[[str], object] | None = None,
        text: Callable[[str], object] | None = None,
    ) -> None:
        parser = make_parser()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        for _ in feed(parser, self._archive.chunks(part), part=part):
            pass


def _code(codes: Mapping[str, str], number: str) -> str:
    return codes[number] if number in codes else builtin_code(int(number) if number.isdecimal() else 0)


def _styles(codes: Sequence[str], *, of_1904: bool) -> Styles:
    shows: list[Show] = [find_format(code, of_1904=of_1904) for code in codes]
    dates = {number for number, code in enumerate(codes) if (parts := read_date_parts(code)) and parts.has_date}
    return Styles(shows=shows or [show_number], dates=frozenset(dates))


def _resolve(folder: str, target: str) -> str:
    """Return the part that a relation of a part in this folder leads to."""
    path = target.replace("\\", "/")
    return posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))
