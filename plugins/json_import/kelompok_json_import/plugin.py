"""The importer: finds the records in a source's documents and yields them in batches."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from kelompok_core.contracts import (
    FreeNames,
    Issue,
    JsonValue,
    PluginContext,
    Severity,
    Source,
    SourceBatch,
    empty_file,
    issue_table,
    location_table,
    no_records,
    require_columns,
    text_table,
)
from kelompok_json_import.cells import HALF, CellMaker, to_json
from kelompok_json_import.documents import Document, iter_documents
from kelompok_json_import.expecting import expected_records
from kelompok_json_import.finding import Where, count_inside, find_records
from kelompok_json_import.paths import parse_path, show_path
from kelompok_json_import.places import Place, Shape
from kelompok_json_import.records import Found, iter_records

_LOOKED_AT = 4_096
_SHOWN_COLUMNS = 12
_MOST_CHARACTERS = 32_000_000
"""Characters in a batch's cells; the record that exceeds this ends the batch."""


class JsonImporter:
    """Reads records of any entity from JSON of any shape."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the source's records in batches; see the contract.

        Raises:
            UnreadableSource: ``file.encoding_unreadable``, ``file.json_invalid``, ``file.too_deep``,
                ``file.record_too_large``, ``file.folder_damaged``, ``file.folder_too_large``, ``file.shape_unclear``,
                ``file.lists_unclear`` or ``file.path_missing``.
            ConfigurationError: When a setting does not fit the source.
        """
        reading = _Reading(context)
        records = reading.records(source)
        while batch := reading.gather(records):
            yield reading.batch(batch)
        if reading.must_report():
            yield reading.batch([])

    def originals(self, source: Source, context: PluginContext) -> Iterator[str]:
        """Yield each record of :meth:`read`, in the same order, as one line of JSON; broken lines unchanged."""
        reading = _Reading(context)
        for _, found in reading.records(source):
            yield found.text if found.broken is not None else to_json(reading.maker.original(found))


class _Row(NamedTuple):
    """A record, its document, its cells by column, and the columns that would occur twice."""

    document: Document
    found: Found
    cells: Mapping[str, str | None]
    clashing: Sequence[str]


class _Reading:
    """One pass over a source: its state, and what it detected."""

    def __init__(self, context: PluginContext) -> None:
        config = context.config
        path = config.get("records")
        self.maker = CellMaker(
            context.columns,
            where=str(config["where"]) if "where" in config else None,
            joins_lists=config.get("lists", "join") == "join",
        )
        self._context = context
        self._expected = expected_records(context)
        self._unread: list[Issue] = []
        self._has_content = False
        self._shape = Shape(str(config.get("shape", Shape.AUTO)))
        self._path = parse_path(str(path)) if path else None
        self._columns = dict.fromkeys(self.maker.expressions)
        self._is_all_broken = True
        self._read_as: dict[str, JsonValue] = {}
        self._number = 0
        self._filtered = 0
        self._blank = 0
        self._documents = 0

    def records(self, source: Source) -> Iterator[tuple[Document, Found]]:
        """Yield the records of the source, each with its document."""
        for document in iter_documents(source):
            self._documents += 1
            where = find_records(document, self._shape, self._path, self._expected)
            document.text.seek(0)
            self._say(document, where)
            inside: Counter[int] = Counter()
            for found in iter_records(document, where):
                if found is None:
                    self._blank += 1
                elif self.maker.is_wanted(found):
                    for at, place in enumerate(where.inside):
                        inside[at] += count_inside(found.value, place.path[1:])
                    yield document, found
                else:
                    self._filtered += 1
            self._unread += [_unread(one, inside[at], document) for at, one in enumerate(where.inside)]

    def _say(self, document: Document, where: Where) -> None:
        self._has_content = self._has_content or document.text.read(_LOOKED_AT).strip() != ""
        document.text.seek(0)
        self._unread += [_unread(one, one.items, document) for one in where.unread]
        shown: dict[str, JsonValue] = {"encoding": document.text.encoding or "utf-8", "shape": where.shape.value}
        if where.path:
            shown["records"] = where.shown()
        if self._documents > 1:
            shown = self._read_as | {"files": self._documents}
        self._read_as = shown

    def must_report(self) -> bool:
        """Return whether a last batch must report something: nothing was read yet, or something was skipped."""
        return (
            self._number == 0
            or self._filtered + self._blank > 0
            or bool(self.maker.left_out or self._unread or self.maker.without_value)
        )

    def gather(self, records: Iterator[tuple[Document, Found]]) -> Sequence[_Row]:
        """Return the records of the next batch, with their cells.

        Raises:
            UnreadableSource: When there are too many columns.
        """
        rows: list[_Row] = []
        characters = 0
        for document, found in records:
            cells = self.maker.cells(found)
            rows.append(_Row(document, found, cells, self.maker.take_clashing()))
            self._columns |= dict.fromkeys(cells)
            require_columns(len(self._columns), self._context.max_columns, line=found.line)
            characters += sum(map(len, filter(None, cells.values())))
            if len(rows) >= self._context.rows_that_fit(len(self._columns)) or characters > _MOST_CHARACTERS:
                break
        return rows

    def batch(self, rows: Sequence[_Row]) -> SourceBatch:
        """Return the next batch; without rows, the last one, with the remaining findings."""
        numbers = range(self._number + 1, self._number + len(rows) + 1)
        self._number += len(rows)
        cells, issues = self._cells(rows, numbers)
        blank, self._blank = self._blank, 0
        return SourceBatch(
            cells=cells,
            locations=location_table(
                numbers,
                lines=[row.found.line for row in rows],
                selectors=[_selector(row.document, row.found) for row in rows],
            ),
            issues=issue_table(issues if rows else self._at_the_end()),
            read_as=dict(self._read_as),
            blank_lines=blank,
        )

    def _cells(self, rows: Sequence[_Row], numbers: range) -> tuple[pd.DataFrame, list[Issue]]:
        """Return the records' cells in all columns found so far, and findings about them."""
        records = [row.found for row in rows]
        issues: list[Issue] = []
        for row, number in zip(rows, numbers, strict=True):
            if row.clashing or row.found.repeated or row.found.broken is not None:
                issues += _of_record(row.found, row.clashing, number)
        issues += self._nothing_whole(records)
        columns: dict[str, list[str | None]] = {}
        names = _named(self._columns) if rows or self._number else {}
        for place, (column, name) in enumerate(names.items(), 1):
            columns[name] = [row.cells.get(column) for row in rows]
            issues += _mend(columns[name], name, records, numbers)
            if HALF.search(column):
                line = next((row.found.line for row in rows if column in row.cells), None)
                issues.append(_unstorable_name(name, place, line))
        return text_table(columns), sorted(issues, key=lambda issue: issue.row_number or 0)

    def _nothing_whole(self, records: Sequence[Found]) -> Iterator[Issue]:
        """Yield a finding that this is not JSON if all lines so far are broken, so that no missing column is blamed."""
        self._is_all_broken = self._is_all_broken and all(found.broken is not None for found in records)
        if self._is_all_broken and records:
            found = records[0]
            yield Issue(
                code="file.json_invalid", severity=Severity.FATAL, line=found.line, params=dict(found.broken or {})
            )

    def _some_columns(self) -> list[JsonValue]:
        there = [column for column in self._columns if column not in self.maker.without_value]
        return [*there[:_SHOWN_COLUMNS], *("…",)[: len(there) > _SHOWN_COLUMNS]]

    def _at_the_end(self) -> Iterator[Issue]:
        yield from self._unread
        if self._number == 0 and self._filtered == 0:
            yield no_records() if self._has_content else empty_file()
        for column in self.maker.without_value if self._number else ():
            params: dict[str, JsonValue] = {"columns": self._some_columns()}
            yield Issue(code="header.mapped_missing", severity=Severity.WARNING, column=column, params=params)
        if self._filtered:
            yield Issue(code="file.records_filtered", severity=Severity.INFO, params={"rows": self._filtered})
        if self.maker.left_out:
            members = ", ".join(sorted(self.maker.left_out))
            yield Issue(code="file.secrets_left_out", severity=Severity.WARNING, params={"members": members})


def _selector(document: Document, found: Found) -> str:
    selector = f"{document.name}#{found.pointer}" if document.name else found.pointer
    return HALF.sub("\ufffd", selector)


def _named(columns: Mapping[str, None]) -> dict[str, str]:
    """Return a unique name for each column, without surrounding blanks."""
    free = FreeNames()
    return {column: free.take(HALF.sub("\ufffd", column.strip())) for column in columns}


def _unstorable_name(name: str, number: int, line: int | None) -> Issue:
    """Return the finding that a key contains an unpaired surrogate, which a column name cannot."""
    params: dict[str, JsonValue] = {"number": number, "line": line}
    return Issue(code="header.unstorable", severity=Severity.FATAL, line=line, column=name, params=params)


def _unread(place: Place, items: int, document: Document) -> Issue:
    if place.is_many:
        params: dict[str, JsonValue] = {"path": show_path(place.reading_path()), "rows": items, "file": document.name}
        return Issue(code="file.list_not_read", severity=Severity.WARNING, params=params)
    params = {"path": show_path(place.path), "setting": place.setting(), "file": document.name}
    return Issue(code="file.object_not_read", severity=Severity.WARNING, params=params)


def _of_record(found: Found, clashing: Sequence[str], number: int) -> Iterator[Issue]:
    if found.broken is not None:
        params = dict(found.broken)
        yield Issue(code="row.json_invalid", severity=Severity.ERROR, row_number=number, line=found.line, params=params)
    for member in dict.fromkeys((*found.repeated, *clashing)):
        params = {"member": member}
        yield Issue(
            code="row.duplicate_member", severity=Severity.WARNING, row_number=number, line=found.line, params=params
        )


def _mend(cells: list[str | None], column: str, records: Sequence[Found], numbers: range) -> Iterator[Issue]:
    """Replace unpaired surrogates, which text cannot store, and yield a finding for each cell."""
    if not HALF.search("".join(filter(None, cells))):
        return
    for at, cell in enumerate(cells):
        if cell is not None and HALF.search(cell):
            mended = HALF.sub("\ufffd", cell)
            cells[at] = mended
            yield Issue(
                code="value.half_character",
                severity=Severity.WARNING,
                row_number=numbers[at],
                line=records[at].line,
                column=column,
                value=mended[:100],
            )
