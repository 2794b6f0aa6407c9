"""Where a table begins: titles and comments before it, its header of no, one or two rows, a row of tags."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kelompok_core.contracts import JsonValue
from kelompok_csv_import.kinds import Kind, count_filled, is_tag_row, kind_of

_MOST_BEFORE = 40
_MOSTLY = 0.8
_SAMPLE_ROWS = 100
_ENOUGH = 5
_NARROW = 2
_YEARS = range(1900, 2101)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the first rows of a file are.

    Attributes:
        before: Rows before the header: blank ones, titles, comments.
        header_rows: How many rows the header has; 0 when there is none.
        tag_row: Index of a row of HXL tags, or None.
        comment: What begins a comment's line, or "" when there are none.
    """

    before: int
    header_rows: int
    tag_row: int | None
    comment: str

    @property
    def body(self) -> int:
        """Index of the first row that may be a record."""
        tags = 0 if self.tag_row is None else self.tag_row + 1
        return max(self.before + self.header_rows, tags)


def find_layout(rows: Sequence[Sequence[str]], width: int, config: Mapping[str, JsonValue]) -> Layout:
    """Return the layout of a sample of rows: what is configured, and for the rest what can be told.

    Args:
        rows: Of the beginning, blank ones among them; when ``header_line`` is set, from that line on.
        width: How many cells most rows have.
        config: The operator's settings.
    """
    comment = str(config.get("comment") or "")
    before = 0 if "header_line" in config else _rows_before(rows, width, comment)
    if not comment and any(row and row[0].startswith("#") and not is_tag_row(row) for row in rows[:before]):
        comment = "#"
    rest = rows[before:]
    configured = config.get("header_rows")
    # Tags stand under the header, or are all the header there is, or stand above it.
    if rest and is_tag_row(rest[0]) and count_filled(rest[0]) > 1:
        below = rest[1:]
        if configured is None and below and _header_rows(below, width) == 1 and _is_proven_header(below, width):
            return Layout(before=before + 1, header_rows=1, tag_row=before, comment=comment)
        return Layout(before=before, header_rows=1, tag_row=None, comment=comment)
    header_rows = _header_rows(rest, width) if configured is None else int(str(configured))
    if configured is None and header_rows > 1 and "header_line" not in config and _is_title(rest, width):
        before, header_rows = before + 1, 1
    tags = before + header_rows
    has_tags = tags < len(rows) and is_tag_row(rows[tags]) and count_filled(rows[tags]) > 1
    return Layout(before=before, header_rows=header_rows, tag_row=tags if has_tags else None, comment=comment)


def _rows_before(rows: Sequence[Sequence[str]], width: int, comment: str) -> int:
    """Return how many rows stand before the header: the first row that fills about as many cells as the table has.

    In a table of two columns a single cell may be a header one cell short; there only a blank row behind it
    tells that it is a title.
    """
    blank = _leading_blank(rows)
    for index, row in enumerate(rows[:_MOST_BEFORE]):
        filled = count_filled(row)
        if filled == 0 or (comment and row[0].startswith(comment)):
            continue
        if row[0].startswith("#") and filled < max(2, width) and not is_tag_row(row):
            continue
        if width == 1 or filled > max(1, width // 3):
            is_title_before = width != _NARROW or index == blank or not all(map(count_filled, rows[blank:index]))
            return index if is_title_before or _are_comments(rows[blank:index]) else blank
    return blank


def _are_comments(rows: Sequence[Sequence[str]]) -> bool:
    return all(row[0].startswith("#") for row in rows if row)


def _leading_blank(rows: Sequence[Sequence[str]]) -> int:
    blank = 0
    while blank < len(rows) and count_filled(rows[blank]) == 0:
        blank += 1
    return blank if blank < len(rows) else 0


def _header_rows(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return 0 when the first row is provably a record, 2 when the second provably is not, else 1."""
    filled = [row for row in rows[:_SAMPLE_ROWS] if count_filled(row)]
    if not filled:
        return 1
    kinds = _column_kinds(filled[2:] if len(filled) >= _ENOUGH else filled[1:], width)
    first, second = ([_cell(row, at).strip() for at in kinds] for row in (filled[0], filled[min(1, len(filled) - 1)]))
    fits = [kind_of(cell) is kind for cell, kind in zip(first, kinds.values(), strict=True) if cell]
    if fits and all(fits) and not _could_be_headers(first):
        return 0
    if len(filled) > 1 and _is_under_spans(filled[0], filled[1], filled[2:]):
        return 2
    if len(filled) > 1 and kinds and not any(fits) and list(filled[0]) == list(filled[1]) != list(filled[-1]):
        return 2
    is_second = len(kinds) > 1 and all(kind_of(cell) is Kind.TEXT for cell in second)
    return 2 if is_second and not any(fits) and len(filled) >= _ENOUGH else 1


def _is_title(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether the first of two header rows has more cells than the table: a sentence with commas."""
    return len(rows[0]) > width == len(rows[1]) and count_filled(rows[0]) > width


def _is_under_spans(first: Sequence[str], second: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Return whether the second row only divides headers that span several columns, as merged cells are exported.

    Its first cell is blank, where records have their first cell filled; every blank header has a text under it.
    """
    if not others or not first[0].strip() or _cell(second, 0).strip():
        return False
    spanned = [at for at in range(len(first)) if not first[at].strip() and at < len(second)]
    has_all = all(kind_of(_cell(second, at)) is Kind.TEXT for at in spanned)
    filled = [kind_of(cell) for cell in second if cell.strip()]
    starts = sum(1 for row in others if _cell(row, 0).strip())
    return len(spanned) > 0 and has_all and set(filled) == {Kind.TEXT} and starts >= _MOSTLY * len(others)


def _is_proven_header(rows: Sequence[Sequence[str]], width: int) -> bool:
    kinds = _column_kinds(rows[1:], width)
    return bool(kinds) and all(kind_of(_cell(rows[0], at)) is Kind.TEXT for at in kinds)


def _column_kinds(rows: Sequence[Sequence[str]], width: int) -> dict[int, Kind]:
    """Return the kind of each column whose values nearly all are of one kind that is not text."""
    found: dict[int, Kind] = {}
    for at in range(width):
        kinds = Counter(kind_of(row[at]) for row in rows if at < len(row))
        del kinds[Kind.BLANK]
        if not kinds:
            continue
        kind, times = kinds.most_common(1)[0]
        if kind is not Kind.TEXT and times >= _MOSTLY * kinds.total():
            found[at] = kind
    return found


def _could_be_headers(cells: Sequence[str]) -> bool:
    """Return whether the numbers are years, or go up step by step, as numbered columns have them as headers."""
    if not all(cell.isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steps = {after - before for before, after in pairwise(numbers)}
    return all(number in _YEARS for number in numbers) or (len(steps) == 1 and 0 not in steps)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""
