"""Splits unambiguous records into columns with Arrow, which is faster than a parser that goes cell by cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from kelompok_csv_import.dialect import Dialect

_LINE_FEED, _RETURN = b"\n\r"


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Records by column.

    Attributes:
        columns: As many as the table is wide.
        begins: On which of the lines each record begins, counted from 0.
        lines: How many lines they take up.
    """

    columns: Sequence[pa.Array]
    begins: Sequence[int]
    lines: int


def is_simple(dialect: Dialect, width: int) -> bool:
    """Return whether lines in this dialect may be plain; of a single column, an empty line would be a record."""
    of_one_sign = (
        len(dialect.delimiter) == 1 and len(dialect.quote) <= 1 and (dialect.delimiter + dialect.quote).isascii()
    )
    return width > 1 and of_one_sign and not dialect.escape and not dialect.padded and not dialect.skips_blanks


def cut(lines: Sequence[str], dialect: Dialect, width: int, limit: int) -> Plain | None:
    """Return up to ``limit`` records that physical lines begin with, all but one that goes on behind them.

    They are what the standard library's parser makes of the lines in its strict mode: every quotation mark stands
    where a cell begins or ends, or is written twice, and every record has as many cells as the table is wide. None
    when that is not so.
    """
    data = _encoded("".join(lines))
    ends = None if data is None else _record_ends(np.frombuffer(data, np.uint8), dialect)
    if data is None or ends is None or not len(ends):
        return None
    number_of_line, position = (column[:limit] for column in ends.T)
    columns = _columns(data[: position[-1] + 1], dialect, width)
    if columns is None or len(columns[0]) != len(position):  # Arrow passes over empty lines
        return None
    return Plain(columns=columns, begins=[0, *(number_of_line[:-1] + 1).tolist()], lines=int(number_of_line[-1]) + 1)


def _encoded(text: str) -> bytes | None:
    """Return the text in UTF-8, its last line ended; None when Arrow would not take all of it as it is."""
    # Arrow passes over a byte-order mark at the beginning.
    if text.startswith("\ufeff") or text.count("\r") != text.count("\r\n"):
        return None
    try:
        return (text if text.endswith("\n") else text + "\n").encode()
    except UnicodeEncodeError:  # half of a character, as some programs cut them
        return None


def _record_ends(signs: npt.NDArray[np.uint8], dialect: Dialect) -> npt.NDArray[np.int64] | None:
    """Return the number of the line each record ends with and where that is; None when a mark stands where it may not.

    Each mark opens a cell that the next one closes; one that closes and one that opens next to each other are one
    mark, written twice.
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
    except pa.ArrowInvalid:  # a record has more cells or fewer
        return None
    return [column.combine_chunks() for column in table.columns]
