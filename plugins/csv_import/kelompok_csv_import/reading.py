"""Opens one file: detects its encoding, dialect and layout, reads its table, and reports how."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, islice
from operator import methodcaller
from pathlib import Path

from kelompok_core.contracts import (
    ConfigurationError,
    Issue,
    JsonValue,
    Severity,
    UnreadableSource,
    empty_file,
    require_columns,
)
from kelompok_csv_import.broken_rows import BrokenRows
from kelompok_csv_import.cell_kinds import are_column_notes, are_column_numbers, column_kinds, count_filled, is_ruler
from kelompok_csv_import.dialect import Dialect, declared_lines, find_dialect, is_fixed_width, usual_width
from kelompok_csv_import.encoding import Decoding, find_decoding
from kelompok_csv_import.footers import is_footer
from kelompok_csv_import.header import Header, name_columns
from kelompok_csv_import.header_words import HeaderWords
from kelompok_csv_import.layout import Layout, find_layout
from kelompok_csv_import.odd_rows import OddRows
from kelompok_csv_import.records import COMMENT, Block, RecordReader
from kelompok_csv_import.tables import Shape, TableReader
from kelompok_csv_import.wrapped_lines import are_wrapped, unwrap

_SAMPLE_CHARACTERS = 1 << 18
_SAMPLE_LINES = 500
_SAMPLE_RECORDS = 150
_MARK = "\ufeff"
_MOSTLY = 0.1
"""The share of NUL characters from which a file is not text."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file's table, opened.

    Attributes:
        header: The column names, and the cells they come from.
        read_as: How the file is read, for the report.
        issues: Findings about file and header.
        delimiter: The delimiter between cells.
        reader: Reads the records.
    """

    header: Header
    read_as: Mapping[str, JsonValue]
    issues: tuple[Issue, ...]
    delimiter: str
    reader: TableReader


@contextmanager
def open_table(
    path: Path,
    config: Mapping[str, JsonValue],
    words: HeaderWords,
    *,
    max_columns: int,
    keeps_footer: bool = False,
) -> Iterator[Table]:
    """Open a file as configured; detect what is not configured from its beginning and its header words.

    ``max_columns`` limits the columns; a setting of the same name can lower the limit. With ``keeps_footer``, totals
    count as records if they have the table's width.

    Raises:
        UnreadableSource: ``file.type_unsupported``, ``file.encoding_unreadable``, ``file.not_text`` or
            ``header.too_many_columns``.
        ConfigurationError: When a setting does not fit the file.
    """
    configured = config.get("encoding")
    decoding = find_decoding(path, str(configured) if configured else None)
    limited = {**config, "max_columns": min(max_columns, _number(config, "max_columns") or max_columns)}
    with path.open(encoding=decoding.codec, newline="") as file:
        yield _read(_without_marks(file), decoding, limited, words, keeps_footer=keeps_footer)


def _without_marks(lines: Iterable[str]) -> Iterator[str]:
    """Return the lines without byte-order marks, which concatenated files also have in the middle."""
    return map(methodcaller("replace", _MARK, ""), lines)


def _read(
    file: Iterator[str],
    decoding: Decoding,
    config: Mapping[str, JsonValue],
    words: HeaderWords,
    *,
    keeps_footer: bool,
) -> Table:
    skipped = _skip(file, config)
    sample = _sample(file)
    _require_text(sample, decoding, skipped + 1)
    is_wrapped = are_wrapped(sample, words)
    if is_wrapped:
        sample, file = list(map(unwrap, sample)), map(unwrap, file)
    declared = 0 if skipped else declared_lines(sample)
    dialect = find_dialect(sample, config)
    first_line = skipped + declared + 1
    looked_at = RecordReader(sample[declared:], dialect, first_line=first_line, width=0).read(_SAMPLE_RECORDS)
    width = usual_width(looked_at.rows)
    comment = str(config.get("comment") or COMMENT)
    most = _number(config, "max_columns") or width
    known = width if width <= most else 0  # do not repair broken records of a table that will be refused: it is slow
    reader = RecordReader(chain(sample[declared:], file), dialect, first_line=first_line, width=known, comment=comment)
    block = reader.read(_SAMPLE_RECORDS)
    if not any(map(count_filled, block.rows)):
        return _empty(decoding, block)
    if "delimiter" not in config and (width == 1 or dialect.delimiter == " ") and is_fixed_width(sample[declared:]):
        raise UnreadableSource(Issue(code="file.fixed_width", severity=Severity.FATAL))
    layout = find_layout(block.rows, width, config, words, block.marked)
    header_line = block.lines[layout.before] if layout.before < len(block.lines) else first_line
    rows = block.rows[layout.before : layout.before + layout.header_rows]
    require_columns(max((width, *map(len, rows))), most, line=header_line)
    header = name_columns(rows, header_line, width, words)
    body = block.rows[layout.body :]
    shape = Shape(
        header=header.written,
        width=width,
        first_row=layout.body - layout.before + 1,
        comment=layout.comment,
        last_line=_number(config, "last_line"),
        broken=_broken_rows(body, width),
        odd=OddRows(body, width, dialect.delimiter),
        words=words,
        may_end=not keeps_footer,
        is_filled=_are_filled(body, width),
    )
    return Table(
        header=header,
        read_as=_read_as(decoding, dialect, layout, block, header_line) | _line_note(is_wrapped=is_wrapped),
        issues=tuple(_findings(decoding, layout, block, header)),
        delimiter=dialect.delimiter,
        reader=TableReader(reader, block.taken_from(layout.body), shape),
    )


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


def _empty(decoding: Decoding, block: Block) -> Table:
    """Return the table of an empty file: no columns, no records, and a finding about it."""
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
        read_as={"encoding": decoding.shown},
        issues=(empty_file(),),
        delimiter=",",
        reader=TableReader(RecordReader((), Dialect(), first_line=1, width=1), block, shape),
    )


def _skip(file: Iterator[str], config: Mapping[str, JsonValue]) -> int:
    """Skip the lines before a configured header; return how many there were.

    Raises:
        ConfigurationError: When the file ends before the header.
    """
    wanted = (_number(config, "header_line") or 1) - 1
    skipped = sum(1 for _ in islice(file, wanted))
    if skipped < wanted:
        raise ConfigurationError("header_line", f"the file has only {skipped} lines")
    return skipped


def _number(config: Mapping[str, JsonValue], key: str) -> int | None:
    given = config.get(key)
    return given if isinstance(given, int) else None


def _sample(file: Iterator[str]) -> list[str]:
    sample: list[str] = []
    characters = 0
    for line in islice(file, _SAMPLE_LINES):
        sample.append(line)
        characters += len(line)
        if characters > _SAMPLE_CHARACTERS:
            break
    return sample


def _require_text(sample: list[str], decoding: Decoding, line: int) -> None:
    for number, text in enumerate(sample, start=line):
        if text.count("\0") > max(1, _MOSTLY * len(text)):
            params = {"encoding": decoding.shown, "line": number}
            raise UnreadableSource(Issue(code="file.not_text", severity=Severity.FATAL, line=number, params=params))


def _read_as(
    decoding: Decoding, dialect: Dialect, layout: Layout, block: Block, header_line: int
) -> dict[str, JsonValue]:
    read_as: dict[str, JsonValue] = {"encoding": decoding.shown, **dialect.to_json()}
    read_as |= {"header_line": header_line, "header_rows": layout.header_rows}
    if layout.tag_row is not None:
        read_as["tags_line"] = block.lines[layout.tag_row]
    if layout.comment:
        read_as["comment"] = layout.comment
    return read_as


def _findings(decoding: Decoding, layout: Layout, block: Block, header: Header) -> Iterator[Issue]:
    if decoding.issue:
        yield decoding.issue
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


def _line_note(*, is_wrapped: bool) -> dict[str, JsonValue]:
    return {"lines": "each in quotation marks"} if is_wrapped else {}


def _at_line(code: str, severity: Severity, line: int, **params: int) -> Issue:
    return Issue(code=code, severity=severity, line=line, params={"line": line, **params})
