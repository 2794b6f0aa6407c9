"""Finds a table in rows of cells: its header, what stands around it, and its records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from kelompok_core.contracts import Issue, JsonValue, Severity, empty_file, require_columns
from kelompok_core.plugin_kit.reading.tables.blocks import Block, RowReader
from kelompok_core.plugin_kit.reading.tables.broken_rows import BrokenRows
from kelompok_core.plugin_kit.reading.tables.cell_kinds import (
    are_column_notes,
    are_column_numbers,
    column_kinds,
    count_filled,
    is_ruler,
)
from kelompok_core.plugin_kit.reading.tables.footers import is_footer
from kelompok_core.plugin_kit.reading.tables.header import Header, name_columns
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.tables.layout import Layout, find_layout
from kelompok_core.plugin_kit.reading.tables.odd_rows import OddRows
from kelompok_core.plugin_kit.reading.tables.table_reader import Shape, TableReader

SAMPLE_ROWS = 150
"""Number of rows from which a table's layout is detected."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of a source.

    Attributes:
        reader: Reads the rows after ``first``.
        first: The first rows, about :data:`SAMPLE_ROWS`.
        width: The usual number of cells.
        first_line: The line of the first row.
        delimiter: What stands between cells; joins the cells of a row that has far too many.
        read_as: How the rows are read, for the report.
        issues: Findings about the source.
        may_be_wider: Whether a row may have cells behind the last header. In delimited text, that is an error.
    """

    reader: RowReader
    first: Block
    width: int
    first_line: int = 1
    delimiter: str = ","
    read_as: Mapping[str, JsonValue] = field(default_factory=dict)
    issues: Sequence[Issue] = ()
    may_be_wider: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but blank rows."""
        return not any(map(count_filled, self.first.rows))


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, opened.

    Attributes:
        header: The column names, and the cells they come from.
        read_as: How the source is read, for the report.
        issues: Findings about source and header.
        delimiter: The delimiter between cells.
        reader: Reads the records.
        may_be_wider: See :class:`Rows`.
    """

    header: Header
    read_as: Mapping[str, JsonValue]
    issues: tuple[Issue, ...]
    delimiter: str
    reader: TableReader
    may_be_wider: bool = False


def make_table(rows: Rows, config: Mapping[str, JsonValue], words: HeaderWords, *, keeps_footer: bool = False) -> Table:
    """Find the table by the settings, and by the first rows and the header words where nothing is set.

    The settings are ``header_line``, ``header_rows``, ``last_line``, ``comment`` and ``max_columns``.
    With ``keeps_footer``, totals count as records if they have the table's width.

    Raises:
        UnreadableSource: ``header.too_many_columns``.
    """
    block, width = rows.first, rows.width
    if rows.is_empty:
        return _empty(rows)
    layout = find_layout(block.rows, width, config, words, block.marked)
    header_line = block.lines[layout.before] if layout.before < len(block.lines) else rows.first_line
    header_rows = block.rows[layout.before : layout.before + layout.header_rows]
    widest = max((width, *map(len, header_rows)))
    require_columns(widest, number_of(config, "max_columns") or widest, line=header_line)
    header = name_columns(header_rows, header_line, width, words)
    body = block.rows[layout.body :]
    shape = Shape(
        header=header.written,
        width=width,
        first_row=layout.body - layout.before + 1,
        comment=layout.comment,
        last_line=number_of(config, "last_line"),
        broken=_broken_rows(body, width),
        odd=OddRows(body, width, rows.delimiter),
        words=words,
        may_end=not keeps_footer,
        is_filled=_are_filled(body, width),
    )
    return Table(
        header=header,
        read_as={**rows.read_as, **_read_as(layout, block, header_line)},
        issues=(*rows.issues, *_findings(layout, block, header)),
        delimiter=rows.delimiter,
        reader=TableReader(rows.reader, block.taken_from(layout.body), shape),
        may_be_wider=rows.may_be_wider,
    )


def number_of(config: Mapping[str, JsonValue], key: str) -> int | None:
    """Return a setting that is a number, or None if it is not set."""
    given = config.get(key)
    return given if isinstance(given, int) else None


def _empty(rows: Rows) -> Table:
    """Return the table of an empty source: no columns, no records, and a finding about it."""
    shape = Shape(
        header=(),
        width=1,
        first_row=1,
        comment="",
        last_line=None,
        broken=BrokenRows(1, {}, are_errors=False),
        odd=OddRows((), 1, ","),
        words=HeaderWords(),
        may_end=False,
        is_filled=False,
    )
    return Table(
        header=Header(names=(), written=(), issues=()),
        read_as=rows.read_as,
        issues=(empty_file(),),
        delimiter=",",
        reader=TableReader(_NoRows(), rows.first, shape),
    )


class _NoRows:
    """Rows after the last one."""

    def read(self, limit: int) -> Block:
        del limit
        return Block()


def _broken_rows(rows: Sequence[Sequence[str]], width: int) -> BrokenRows:
    """Return the reassembler for broken rows. Where some rows are short for no reason, others may be, too."""
    kinds = column_kinds([row for row in rows if len(row) == width], width)
    runs = [[len(row) for row in run] for is_short, run in groupby(rows, lambda row: len(row) < width) if is_short]
    are_errors = any(len(row) == width for row in rows) and all(sum(run) - len(run) + 1 == width for run in runs)
    return BrokenRows(width, kinds, are_errors=are_errors)


def _are_filled(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether most rows, except those that look like footers, have more than one filled cell."""
    filled = [count for row in rows if (count := count_filled(row)) and not is_footer(row, width)]
    return bool(filled) and 2 * sum(count > 1 for count in filled) >= len(filled)


def _read_as(layout: Layout, block: Block, header_line: int) -> dict[str, JsonValue]:
    read_as: dict[str, JsonValue] = {"header_line": header_line, "header_rows": layout.header_rows}
    if layout.tag_row is not None:
        read_as["tags_line"] = block.lines[layout.tag_row]
    if layout.comment:
        read_as["comment"] = layout.comment
    return read_as


def _findings(layout: Layout, block: Block, header: Header) -> Iterator[Issue]:
    yield from _passed_over(layout, block)
    if layout.header_rows == 0:
        yield _at_line("header.none", Severity.WARNING, block.lines[layout.before])
    if layout.header_rows > 1:
        yield _at_line("header.two_rows", Severity.WARNING, block.lines[layout.before + 1])
    yield from (one for at, one in block.oddities.items() if layout.before <= at < layout.body)
    yield from header.issues


def _passed_over(layout: Layout, block: Block) -> Iterator[Issue]:
    """Yield the findings about rows around the header."""
    before = [
        line
        for index, line in enumerate(block.lines[: layout.before])
        if index != layout.tag_row and count_filled(block.rows[index])
    ]
    if before:
        yield _at_line("file.preamble_skipped", Severity.INFO, before[0], rows=len(before))
    if layout.tag_row is not None:
        yield _at_line("file.tags_skipped", Severity.INFO, block.lines[layout.tag_row])
    behind = layout.before + layout.header_rows
    for at in range(behind, behind + layout.passed):
        code, severity = _about_columns(block.rows[at])
        yield _at_line(code, severity, block.lines[at], rows=1)


def _about_columns(row: Sequence[str]) -> tuple[str, Severity]:
    """Return code and severity of the finding about a row that belongs to the header."""
    if is_ruler(row):
        return "file.rulers_skipped", Severity.INFO
    if are_column_numbers(row):
        return "header.column_numbers", Severity.INFO
    return "header.column_notes" if are_column_notes(row) else "header.names_for_programs", Severity.WARNING


def _at_line(code: str, severity: Severity, line: int, **params: int) -> Issue:
    return Issue(code=code, severity=severity, line=line, params={"line": line, **params})
