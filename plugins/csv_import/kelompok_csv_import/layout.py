"""Detects where a table begins: titles and comments before it, a header of up to two rows, a row of tags."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kelompok_core.contracts import JsonValue
from kelompok_csv_import.header_words import HeaderWords
from kelompok_csv_import.kinds import (
    Kind,
    are_column_notes,
    are_column_numbers,
    are_machine_names,
    column_kinds,
    count_filled,
    filled_kind_of,
    is_ruler,
    is_tag_row,
    kind_of,
)
from kelompok_csv_import.records import COMMENT

_MOST_BEFORE = 40
_MOSTLY = 0.8
_SAMPLE_ROWS = 100
_ENOUGH = 5
_NARROW = 2
_YEARS = frozenset(range(1900, 2101))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the first rows of a file are.

    Attributes:
        before: Rows before the header: blank ones, titles, comments.
        header_rows: How many rows the header has; 0 when there is none.
        tag_row: Index of a row of HXL tags, or None.
        passed: Rows behind the header that are none and no records: rulers, names for programs.
        comment: What begins a comment's line, or "" when there are none.
    """

    before: int
    header_rows: int
    tag_row: int | None
    comment: str
    passed: int = 0

    @property
    def body(self) -> int:
        """Index of the first row that may be a record."""
        tags = 0 if self.tag_row is None else self.tag_row + 1
        return max(self.before + self.header_rows + self.passed, tags)


def find_layout(
    rows: Sequence[Sequence[str]],
    width: int,
    config: Mapping[str, JsonValue],
    words: HeaderWords,
    marked: Collection[int] = (),
) -> Layout:
    """Return the layout of a sample of rows: what is configured, and what can be detected for the rest.

    Args:
        rows: Of the beginning, blank ones among them; when ``header_line`` is set, from that line on.
        width: How many cells most rows have.
        config: The operator's settings.
        words: What knows headers.
        marked: Indexes of the rows that begin as comments do.
    """
    comments = [at for at in marked if at < len(rows) and not is_tag_row(rows[at])]
    never = comments if "comment" in config else [at for at in comments if count_filled(rows[at]) < max(_NARROW, width)]
    before = 0 if "header_line" in config else _before_known(rows, _rows_before(rows, width, never), words)
    comment = str(config.get("comment") or "") or (COMMENT if any(at < before for at in comments) else "")
    if "header_rows" in config:
        return _with_tags(rows, before, int(str(config["header_rows"])), comment)
    if _tags_at(rows, before) is not None:
        # Above a header that is one, tags are passed over; else they are all the header there is.
        is_above = _is_proven_header(rows[before + 1 :], width)
        return Layout(before=before + is_above, header_rows=1, tag_row=before if is_above else None, comment=comment)
    passed = 0 if _spans_next(rows[before:]) else _rows_passed(rows[before + 1 :], width)
    if passed:
        return Layout(before=before, header_rows=1, tag_row=None, comment=comment, passed=passed)
    header_rows = _header_rows(rows[before:], width)
    if header_rows > 1 and "header_line" not in config and _is_title(rows[before:], width):
        return _with_tags(rows, before + 1, 1, comment)
    return _with_tags(rows, before, header_rows, comment)


def _with_tags(rows: Sequence[Sequence[str]], before: int, header_rows: int, comment: str) -> Layout:
    tags = _tags_at(rows, before + header_rows)
    return Layout(before=before, header_rows=header_rows, tag_row=tags, comment=comment)


def _tags_at(rows: Sequence[Sequence[str]], index: int) -> int | None:
    """Return the index if a row of tags is there; a single tag is a comment as well as not."""
    is_there = index < len(rows) and is_tag_row(rows[index]) and count_filled(rows[index]) > 1
    return index if is_there else None


def _rows_passed(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return how many rows behind a header are rulers, or names for programs, numbers or notes of the columns."""
    passed = 0
    while passed < len(rows) and _is_about_columns(rows[passed], rows[passed + 1 : _SAMPLE_ROWS], width):
        passed += 1
    return passed if passed < len(rows) else 0


def _is_about_columns(row: Sequence[str], others: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether a row behind a header belongs to it: no other row is like it."""
    if is_ruler(row):
        return True
    if are_column_numbers(row):
        kinds = column_kinds(others, width)
        return bool(others) and 2 * sum(kinds.get(at) is Kind.NUMBER for at in range(width)) <= width
    return any(matches(row) and not any(map(matches, others)) for matches in (are_machine_names, are_column_notes))


def _rows_before(rows: Sequence[Sequence[str]], width: int, comments: Collection[int]) -> int:
    """Return how many rows stand before the header: the first row that fills about as many cells as the table has.

    In a table of two columns a single cell may be a header one cell short; there it is a title only if a
    blank row follows it.
    """
    blank = _leading_blank(rows)
    index = next(
        (at for at, row in enumerate(rows[:_MOST_BEFORE]) if at not in comments and _could_be_header(row, width)), blank
    )
    passed = range(blank, index)
    is_certain = (
        width != _NARROW
        or not all(count_filled(rows[at]) for at in passed)
        or all(at in comments or is_ruler(rows[at]) for at in passed)
    )
    return index if is_certain else blank


def _before_known(rows: Sequence[Sequence[str]], guessed: int, words: HeaderWords) -> int:
    """Return where the first row stands that has the names of columns the host knows; else the row that was guessed.

    Not where the row before it spans it, or describes the same columns in the words of a program.
    """
    known = next((at for at, row in enumerate(rows[:_MOST_BEFORE]) if words.are_mostly_header(row)), guessed)
    is_second = known > guessed and _is_under_spans(rows[guessed], rows[known], rows[known + 1 :])
    return guessed if is_second else known


def _could_be_header(row: Sequence[str], width: int) -> bool:
    filled = count_filled(row)
    if filled == 0 or is_ruler(row):
        return False
    return width == 1 or filled > max(1, width // 3)


def _leading_blank(rows: Sequence[Sequence[str]]) -> int:
    return next((at for at, row in enumerate(rows) if count_filled(row)), 0)


def _header_rows(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return 0 when the first row is provably a record, 2 when the second provably is not, else 1."""
    filled = [row for row in rows[:_SAMPLE_ROWS] if count_filled(row) and not is_tag_row(row)]
    if len(filled) < _NARROW:
        return 1
    if _is_under_spans(filled[0], filled[1], filled[2:]):
        return 2
    kinds = column_kinds(filled[2:] if len(filled) >= _ENOUGH else filled[1:], width)
    fits = _fits(filled[0], kinds)
    if _names_nothing(filled[0], kinds):
        return 0
    if any(fits) or not kinds:
        return 0 if fits and all(fits) and not _could_be_headers([_cell(filled[0], at) for at in kinds]) else 1
    return 2 if _is_second_header(filled, kinds) else 1


def _fits(row: Sequence[str], kinds: Mapping[int, Kind]) -> list[bool]:
    """Return of each cell of the row that is filled, in columns of a kind, whether it is of that kind."""
    found = [(filled_kind_of(_cell(row, at)), kind) for at, kind in kinds.items()]
    return [one is kind for one, kind in found if one is not Kind.BLANK]


def _names_nothing(row: Sequence[str], kinds: Mapping[int, Kind]) -> bool:
    """Return whether the row has a time, an address or a date where a column has such: no column is called so."""
    return any(
        kind in (Kind.TIME, Kind.ADDRESS, Kind.DATE) and filled_kind_of(_cell(row, at)) is kind
        for at, kind in kinds.items()
    )


def _is_second_header(filled: Sequence[Sequence[str]], kinds: Mapping[int, Kind]) -> bool:
    """Return whether the second row is the first again, or is text over columns of other kinds."""
    if list(filled[0]) == list(filled[1]) != list(filled[-1]):
        return True
    is_text = all(kind_of(_cell(filled[1], at)) is Kind.TEXT for at in kinds)
    return is_text and len(kinds) > 1 and len(filled) >= _ENOUGH


def _is_title(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether the first of two header rows has more cells than the table: a sentence with commas."""
    return len(rows[0]) > width == len(rows[1]) and count_filled(rows[0]) > width


def _spans_next(rows: Sequence[Sequence[str]]) -> bool:
    return len(rows) > _NARROW and _is_under_spans(rows[0], rows[1], rows[2:])


def _is_under_spans(first: Sequence[str], second: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Return whether the second row only divides headers that span several columns, as merged cells are exported.

    Its first cell is blank, where records have their first cell filled; every blank header has a text under it.
    """
    if not others or not first[0].strip() or _cell(second, 0).strip():
        return False
    spanned = [kind_of(below) for above, below in zip(first, second, strict=False) if not above.strip()]
    filled = {kind_of(cell) for cell in second} - {Kind.BLANK}
    starts = sum(1 for row in others if _cell(row, 0).strip())
    return set(spanned) == filled == {Kind.TEXT} and starts >= _MOSTLY * len(others)


def _is_proven_header(rows: Sequence[Sequence[str]], width: int) -> bool:
    kinds = column_kinds(rows[1:], width)
    return (
        bool(kinds) and _header_rows(rows, width) == 1 and all(kind_of(_cell(rows[0], at)) is Kind.TEXT for at in kinds)
    )


def _could_be_headers(cells: Sequence[str]) -> bool:
    """Return whether the numbers are years, or go up step by step, as numbered columns have them as headers."""
    if not all(cell.strip().isdecimal() for cell in cells):
        return False
    numbers = list(map(int, cells))
    steps = {after - before for before, after in pairwise(numbers)}
    return _YEARS.issuperset(numbers) or steps == {1} or (len(numbers) > _NARROW and len(steps) == 1 and 0 not in steps)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""
