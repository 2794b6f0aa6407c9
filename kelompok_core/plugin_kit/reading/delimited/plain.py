"""Splits unambiguous records into columns with Arrow, which is faster than a parser that works cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from kelompok_core.plugin_kit.reading.delimited.dialect import Dialect

_LINE_FEED, _RETURN = b"\n\r"


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Records by column.

    Attributes:
        columns: The columns, as many as the table has.
        begins: Index of the line that each record begins on, from 0.
        lines: The number of lines that the records span.
    """

    columns: Sequence[pa.Array]
    begins: Sequence[int]
    lines: int


def is_simple(dialect: Dialect, width: int) -> bool:
    """Return whether lines in this dialect may be plain. In a single column, an empty line would be a record."""
    has_single_characters = (
        len(dialect.delimiter) == 1 and len(dialect.quote) <= 1 and (dialect.delimiter + dialect.quote).isascii()
    )
    return (
        width > 1 and has_single_characters and not dialect.escape and not dialect.padded and not dialect.skips_blanks
    )


def cut(lines: Sequence[str], dialect: Dialect, width: int, limit: int) -> Plain | None:
    """Return up to ``limit`` records from the beginning of the lines, without a record that continues after them.

    The result is the same as that of the standard library's parser in strict mode. Return None if the lines are
    ambiguous: a quotation mark is neither at the edge of a cell nor doubled, or a record does not have the width.
    """
    data = _encoded("".join(lines))
    ends = None if data is None else _record_ends(np.frombuffer(data, np.uint8), dialect)
    if data is None or ends is None or not len(ends):
        return None
    number_of_line, position = (column[:limit] for column in ends.T)
    columns = _columns(data[: position[-1] + 1], dialect, width)
    if columns is None or len(columns[0]) != len(position):  # Arrow skips empty lines
        return None
    return Plain(columns=columns, begins=[0, *(number_of_line[:-1] + 1).tolist()], lines=int(number_of_line[-1]) + 1)


def _encoded(text: str) -> bytes | None:
    """Return the text in UTF-8 with a final line end; None if Arrow would not read all of it unchanged."""
    # Arrow drops a byte-order mark at the beginning.
    if text.startswith("\ufeff") or text.count("\r") != text.count("\r\n"):
        return None
    try:
        return (text if text.endswith("\n") else text + "\n").encode()
    except UnicodeEncodeError:  # an unpaired surrogate: some programs truncate text within a character
        return None


def _record_ends(signs: npt.NDArray[np.uint8], dialect: Dialect) -> npt.NDArray[np.int64] | None:
    """Return the line number and position of each record's end; None if a quotation mark is at an invalid place.

    Each mark opens a cell that the next one closes. A closing mark directly before an opening one is a doubled mark.
    """
    line_ends = np.flatnonzero(signs == _LINE_FEED)
    outside = np.ones(len(line_ends), np.bool_)
    marks = np.flatnonzero(signs == ord(dialect.quote)) if dialect.quote else np.array([], np.int64)
    if len(marks):
        opening, closing = marks[::2], marks[1::2]
        followed = opening[1:] == closing[: len(opening) - 1] + 1
        delimiter = ord(dialect.delimiter)
        begins = (opening == 0) | _is_one_of(signs[opening - 1], delimiter, _LINE_FEED)
        ends = _is_one_of(signs[closing + 1], delimiter, _LINE_FEED, _RETURN)
        begins[1:] |= followed
        ends[: len(followed)] |= followed
        if not (begins.all() and ends.all()):
            return None
        outside = np.searchsorted(opening, line_ends) == np.searchsorted(closing, line_ends)
    numbers = np.flatnonzero(outside)
    return np.column_stack((numbers, line_ends[numbers]))


def _is_one_of(signs: npt.NDArray[np.uint8], *wanted: int) -> npt.NDArray[np.bool_]:
    return np.isin(signs, np.array(wanted, np.uint8))


def _columns(data: bytes, dialect: Dialect, width: int) -> Sequence[pa.Array] | None:
    names = [str(place) for place in range(width)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pyarrow.csv.ParseOptions(
                delimiter=dialect.delimiter, quote_char=dialect.quote or False, newlines_in_values=True
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), null_values=[], strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # a record has more or fewer cells
        return None
    return [column.combine_chunks() for column in table.columns]
