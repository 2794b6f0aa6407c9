"""Chooses the sheets of a workbook that are the list, and reads them one after the other."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import pandas as pd

from kelompok_core.contracts import (
    ConfigurationError,
    FreeNames,
    Issue,
    JsonValue,
    PluginContext,
    Severity,
    SourceBatch,
    with_issues,
)
from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.tables.batches import BatchMaker
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.tables.table import number_of
from kelompok_core.plugin_kit.reading.workbooks.sheets import Merge, Sheet, Workbook
from kelompok_core.plugin_kit.reading.workbooks.tables import EVERYTHING, SheetTable, open_sheet, read_sheet
from kelompok_core.plugin_kit.reading.workbooks.xlsx_sheet import parse_cells

TEMPLATE_RANGE = "KELOMPOK_DATA"
"""The named range that marks what is read in a template of Kelompok."""

_EVERY = "*"
_SAMPLE = 50
_MOST_NAMED = 20
_MAY_BE_GIVEN = "header.organization_missing"
"""What a list may lack, because the import can be limited to an organization."""
_REFERENCE = re.compile(r"(?:(?P<quoted>'(?:[^']|'')+')!|(?P<bare>[^!'\s]+)!)?(?P<cells>[A-Za-z0-9$:]+)")

Part = tuple[Sheet, Merge]
"""A sheet and the cells of it to read."""


def read_workbook(workbook: Workbook, context: PluginContext, words: HeaderWords) -> Iterator[SourceBatch]:
    """Yield the records of the sheets that are the list, in batches.

    The settings ``sheet`` and ``range`` choose; otherwise it is the one visible sheet whose columns can be imported.

    Raises:
        UnreadableSource: ``sheet.choice_needed`` or ``sheet.none``, or when a sheet cannot be read.
        ConfigurationError: When there is no such sheet or range.
    """
    reader = _WorkbookReader(workbook, context, words)
    parts = reader.choose()
    about_workbook = list(reader.about_others([sheet for sheet, _ in parts]))
    first, has_several = 1, context.config.get("sheet") == _EVERY
    for number, (sheet, cells) in enumerate(parts):
        found = reader.open(sheet, cells)
        if has_several and number and not reader.has_same_header(found):
            continue
        for batch in read_sheet(found, context, first=first):
            first += len(batch.cells)
            named = _with_sheet(batch, sheet.name) if has_several else batch
            read_as = {**batch.read_as, "format": workbook.kind}
            yield replace(named, issues=with_issues(named.issues, about_workbook), read_as=read_as)
            about_workbook = []


def _with_sheet(batch: SourceBatch, name: str) -> SourceBatch:
    column = FreeNames(batch.cells.columns).take("sheet")
    values = pd.Series([name] * len(batch.cells), index=batch.cells.index, dtype="str")
    return replace(batch, cells=batch.cells.assign(**{column: values}), mapping={**batch.mapping, column: "extra"})


class _WorkbookReader:
    """Opens the sheets of a workbook with the settings."""

    def __init__(self, workbook: Workbook, context: PluginContext, words: HeaderWords) -> None:
        self._workbook = workbook
        self._context = context
        self._words = words
        limit = number_of(context.config, "max_columns") or context.max_columns
        self._config: Mapping[str, JsonValue] = {**context.config, "max_columns": min(limit, context.max_columns)}
        self._header: frozenset[str] | None = None

    def open(self, sheet: Sheet, cells: Merge) -> SheetTable:
        """Open a sheet."""
        found = open_sheet(sheet, self._config, self._words, cells=cells)
        if self._header is None:
            self._header = frozenset(found.table.header.names)
        return found

    def has_same_header(self, found: SheetTable) -> bool:
        """Return whether a sheet has the header of the first one, in whatever order."""
        return frozenset(found.table.header.names) == self._header

    def choose(self) -> Sequence[Part]:
        """Return the sheets to read, with their cells."""
        wanted, cells = self._context.config.get("sheet"), self._context.config.get("range")
        if cells is not None:
            return [self._find_range(str(cells), None if wanted is None else str(wanted))]
        if wanted == _EVERY:
            filled = self._filled()
            fitting = self._fitting(filled) or filled
            return [(sheet, EVERYTHING) for sheet in [fitting[0], *(one for one in filled if one is not fitting[0])]]
        if wanted is not None:
            return [(self._find_sheet(str(wanted)), EVERYTHING)]
        if (marked := self._workbook.ranges().get(TEMPLATE_RANGE)) is not None:
            return [(self._find_sheet(marked[0]), marked[1]._replace(bottom=EVERYTHING.bottom))]
        filled = self._filled()
        fitting = filled if len(filled) == 1 else self._fitting(filled)
        if len(fitting) != 1:
            raise refused("sheet.choice_needed", sheets=_listed([one.name for one in fitting or filled]))
        return [(fitting[0], EVERYTHING)]

    def about_others(self, chosen: Sequence[Sheet]) -> Iterator[Issue]:
        """Yield what is to be said about the rest of the workbook."""
        others = [one.name for one in self._workbook.sheets if one not in chosen]
        if others:
            yield Issue(code="sheet.others_left", severity=Severity.INFO, params={"sheets": _listed(others)})
        if self._workbook.has_macros:
            yield Issue(code="sheet.macros_left", severity=Severity.INFO)

    def _filled(self) -> list[Sheet]:
        """Return the visible sheets that have content; if there are none, the first sheet."""
        visible = [one for one in self._workbook.sheets if not one.is_hidden]
        filled = [one for one in visible if any(piece.lines for piece in islice(one.read(), 1))]
        if not self._workbook.sheets:
            raise refused("sheet.none")
        return filled or visible[:1] or list(self._workbook.sheets[:1])

    def _fitting(self, sheets: Sequence[Sheet]) -> list[Sheet]:
        """Return the sheets whose columns can be imported; if there are none, those that have records."""
        with_records = [(one, cells) for one in sheets if (cells := self._first_records(one)) is not None]
        return [one for one, cells in with_records if self._fits(cells)] or [one for one, _ in with_records]

    def _first_records(self, sheet: Sheet) -> pd.DataFrame | None:
        found = open_sheet(sheet, self._config, self._words)
        records = found.table.reader.read(_SAMPLE)
        maker = BatchMaker(found.table.header.names, width=self._context.max_columns, delimiter=",")
        return maker.make(records).cells if len(records) else None

    def _fits(self, cells: pd.DataFrame) -> bool:
        entity = self._context.entity
        issues = self._context.judge_columns(entity, cells) if entity else ()
        fatal = {issue.code for issue in issues if issue.severity is Severity.FATAL}
        return fatal <= {_MAY_BE_GIVEN}

    def _find_sheet(self, wanted: str) -> Sheet:
        sheets = self._workbook.sheets
        by_name = next((one for one in sheets if one.name == wanted), None)
        by_name = by_name or next((one for one in sheets if one.name.casefold() == wanted.casefold().strip()), None)
        if by_name is not None:
            return by_name
        if wanted.isdecimal() and 0 < int(wanted) <= len(sheets):
            return sheets[int(wanted) - 1]
        names = _listed([one.name for one in sheets])
        raise ConfigurationError("sheet", f"there is no sheet {wanted!r}; sheets: {names}")

    def _find_range(self, wanted: str, sheet: str | None) -> Part:
        named = {name.casefold(): place for name, place in self._workbook.ranges().items()}
        if wanted.casefold() in named:
            place, cells = named[wanted.casefold()]
            return self._find_sheet(place), cells
        found = _REFERENCE.fullmatch(wanted.strip())
        cells_there = parse_cells(found["cells"]) if found else None
        if found is None or cells_there is None:
            known = f"; names: {_listed(sorted(named))}" if named else ""
            raise ConfigurationError("range", f"{wanted!r} is neither cells such as A4:I200 nor a name{known}")
        name = (found["quoted"] or "")[1:-1].replace("''", "'") or found["bare"] or sheet
        if name is None:
            return self._filled()[0], cells_there
        return self._find_sheet(name), cells_there


def _listed(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])
