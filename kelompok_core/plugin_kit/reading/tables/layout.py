"""Detects where a table begins: titles and comments before it, a header of up to two rows, and a row of HXL tags."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kelompok_core.contracts import JsonValue
from kelompok_core.plugin_kit.reading.tables.blocks import COMMENT
from kelompok_core.plugin_kit.reading.tables.cell_kinds import (
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
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords

_MOST_BEFORE = 40
_MOSTLY = 0.8
_SAMPLE_ROWS = 100
_ENOUGH = 5
_NARROW = 2
_YEARS = frozenset(range(1900, 2101))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The meaning of the first rows of a file.

    Attributes:
        before: Number of rows before the header: blank rows, titles and comments.
        header_rows: Number of header rows; 0 for none.
        tag_row: Index of a row of HXL tags, or None.
        passed: Number of skipped rows after the header, such as rulers and machine-readable names.
        comment: The start of a comment's line, or "" for no comments.
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
    """Return the layout of the first rows: configured values, and detected ones for the rest.

    Args:
        rows: The first rows, including blank ones; if ``header_line`` is set, from that line on.
        width: The usual number of cells.
        config: The operator's settings.
        words: Recognizes headers.
        marked: Indexes of rows that begin like comments.
    """
    comments = [at for at in marked if at < len(rows) and not is_tag_row(rows[at])]
    never = comments if "comment" in config else [at for at in comments if count_filled(rows[at]) < max(_NARROW, width)]
    before = 0 if "header_line" in config else _before_known(rows, _rows_before(rows, width, never), words)
    comment = str(config.get("comment") or "") or (COMMENT if any(at < before for at in comments) else "")
    if "header_rows" in config:
        return _with_tags(rows, before, int(str(config["header_rows"])), comment)
    if _tags_at(rows, before) is not None:
        # Tags above a proven header are skipped; otherwise they are the header.
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
    """Return the index if that row has several HXL tags; a single one may also be a comment."""
    is_there = index < len(rows) and is_tag_row(rows[index]) and count_filled(rows[index]) > 1
    return index if is_there else None


def _rows_passed(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return the number of rows after a header that are rulers or describe the columns."""
    passed = 0
    while passed < len(rows) and _is_about_columns(rows[passed], rows[passed + 1 : _SAMPLE_ROWS], width):
        passed += 1
    return passed if passed < len(rows) else 0


def _is_about_columns(row: Sequence[str], others: Sequence[Sequence[str]], width: int) -> bool:
    """Return whether a row after a header belongs to the header, because no other row is like it."""
    if is_ruler(row):
        return True
    if are_column_numbers(row):
        kinds = column_kinds(others, width)
        return bool(others) and 2 * sum(kinds.get(at) is Kind.NUMBER for at in range(width)) <= width
    return any(matches(row) and not any(map(matches, others)) for matches in (are_machine_names, are_column_notes))


def _rows_before(rows: Sequence[Sequence[str]], width: int, comments: Collection[int]) -> int:
    """Return the number of rows before the header, which is the first row with about as many filled cells as the table.

    In a table of two columns, a row with one filled cell may be an incomplete header. It counts as a title only if a
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
    """Return the index of the first row with mostly known headers, or the guessed index.

    Keeps the guessed index if the guessed row has the spanning headers of the known row.
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
    """Return 0 if the first row is provably a record, 2 if the second row is provably not a record, otherwise 1."""
    filled = [row for row in rows[:_SAMPLE_ROWS] if count_filled(row) and not is_tag_row(row)]
    if len(filled) < _NARROW:
        return 1
    if _is_under_spans(filled[0], filled[1], filled[2:]):
        return 2
    kinds = column_kinds(filled[2:] if len(filled) >= _ENOUGH else filled[1:], width)
    fits = _fits(filled[0], kinds)
    if _has_values(filled[0], kinds):
        return 0
    if any(fits) or not kinds:
        return 0 if fits and all(fits) and not _could_be_headers([_cell(filled[0], at) for at in kinds]) else 1
    return 2 if _is_second_header(filled, kinds) else 1


def _fits(row: Sequence[str], kinds: Mapping[int, Kind]) -> list[bool]:
    """Return for each filled cell in a column with a known kind whether it is of that kind."""
    found = [(filled_kind_of(_cell(row, at)), kind) for at, kind in kinds.items()]
    return [one is kind for one, kind in found if one is not Kind.BLANK]


def _has_values(row: Sequence[str], kinds: Mapping[int, Kind]) -> bool:
    """Return whether the row has a time, address or date in a column of that kind: a header has none."""
    return any(
        kind in (Kind.TIME, Kind.ADDRESS, Kind.DATE) and filled_kind_of(_cell(row, at)) is kind
        for at, kind in kinds.items()
    )


def _is_second_header(filled: Sequence[Sequence[str]], kinds: Mapping[int, Kind]) -> bool:
    """Return whether the second row repeats the first, or has text above columns of other kinds."""
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
    """Return whether the second row subdivides headers that span several columns, as exported merged cells do.

    Its first cell is blank, while records have theirs filled, and it has text under every blank header.
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
    """Return whether the numbers are years or increase in equal steps, as in the headers of numbered columns."""
    if not all(cell.strip().isdecimal() for cell in cells):
        return False
    numbers = list(map(int, cells))
    steps = {after - before for before, after in pairwise(numbers)}
    return _YEARS.issuperset(numbers) or steps == {1} or (len(numbers) > _NARROW and len(steps) == 1 and 0 not in steps)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""
