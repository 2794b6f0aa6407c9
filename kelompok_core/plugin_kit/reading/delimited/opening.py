"""Opens one file: detects its encoding, dialect and layout, reads its table, and reports how."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from operator import methodcaller
from pathlib import Path

from kelompok_core.contracts import (
    ConfigurationError,
    Issue,
    JsonValue,
    Severity,
    UnreadableSource,
)
from kelompok_core.plugin_kit.reading.delimited.dialect import declared_lines, find_dialect, is_fixed_width, usual_width
from kelompok_core.plugin_kit.reading.delimited.encoding import Decoding, find_decoding
from kelompok_core.plugin_kit.reading.delimited.records import RecordReader
from kelompok_core.plugin_kit.reading.delimited.wrapped_lines import are_wrapped, unwrap
from kelompok_core.plugin_kit.reading.tables.blocks import COMMENT
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.tables.table import SAMPLE_ROWS, Rows, Table, make_table, number_of

_SAMPLE_CHARACTERS = 1 << 18
_SAMPLE_LINES = 500
_MARK = "\ufeff"
_MOSTLY = 0.1
"""The share of NUL characters from which a file is not text."""


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
    limited = {**config, "max_columns": min(max_columns, number_of(config, "max_columns") or max_columns)}
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
    looked_at = RecordReader(sample[declared:], dialect, first_line=first_line, width=0).read(SAMPLE_ROWS)
    width = usual_width(looked_at.rows)
    comment = str(config.get("comment") or COMMENT)
    most = number_of(config, "max_columns") or width
    known = width if width <= most else 0  # do not repair broken records of a table that will be refused: it is slow
    reader = RecordReader(chain(sample[declared:], file), dialect, first_line=first_line, width=known, comment=comment)
    rows = Rows(
        reader=reader,
        first=reader.read(SAMPLE_ROWS),
        width=width,
        first_line=first_line,
        delimiter=dialect.delimiter,
        read_as={"encoding": decoding.shown, **dialect.to_json(), **_line_note(is_wrapped=is_wrapped)},
        issues=[decoding.issue] if decoding.issue else [],
    )
    if rows.is_empty:
        return make_table(replace(rows, read_as={"encoding": decoding.shown}), config, words)
    if "delimiter" not in config and (width == 1 or dialect.delimiter == " ") and is_fixed_width(sample[declared:]):
        raise UnreadableSource(Issue(code="file.fixed_width", severity=Severity.FATAL))
    return make_table(rows, config, words, keeps_footer=keeps_footer)


def _skip(file: Iterator[str], config: Mapping[str, JsonValue]) -> int:
    """Skip the lines before a configured header; return how many there were.

    Raises:
        ConfigurationError: When the file ends before the header.
    """
    wanted = (number_of(config, "header_line") or 1) - 1
    skipped = sum(1 for _ in islice(file, wanted))
    if skipped < wanted:
        raise ConfigurationError("header_line", f"the file has only {skipped} lines")
    return skipped


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


def _line_note(*, is_wrapped: bool) -> dict[str, JsonValue]:
    return {"lines": "each in quotation marks"} if is_wrapped else {}
