"""The dialect of a text (delimiter, quote, escape, line ends): configured, declared in the file, or detected."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice, product
from math import sqrt
from statistics import fmean as mean

from kelompok_core.contracts import ConfigurationError, JsonValue
from kelompok_core.plugin_kit.reading.tables.cell_kinds import Kind, column_kinds, kind_of

_SAMPLE_RECORDS = 100
_DELIMITERS = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 1.0, " ": 0.6, ":": 0.5, "^": 0.8, "~": 0.8, "\x1f": 1.0}
"""Possible delimiters with a weight: spaces and colons weigh less because they also occur in values."""
_QUOTES = ('"', "'", "`")
_ESCAPE = "\\"
_NAMES = {"tab": "\t", "\\t": "\t", "space": " ", "none": "", "double": ""}
_SHOWN = {"\t": "tab", " ": "space", "": "none"}
_OTHER_WIDTH, _ONE_CELL = 0.85, 0.6
_ESCAPED, _PADDED = 0.98, 1.01
_LONGEST_DELIMITER = 4
_NEARLY_ALL = 0.95
_FEWEST_OPEN, _OPEN_SHARE = 2, 5
"""Quotation marks are content if at least this many open a cell without closing it, and one in this many that open."""
_WIDE = 8
_MOSTLY = 0.6
_GLUED = re.compile(r"[^\s,;\t|][,;\t|][^\s,;\t|]")
"""A delimiter directly between two characters: it more likely separates cells than belongs to one."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How the text is split into cells.

    Attributes:
        delimiter: One to four characters.
        quote: The character around cells, or "" for none.
        escape: The character before a quote inside a cell, or "" if quotes are doubled.
        padded: Whether a space after each delimiter belongs to the delimiter.
        skips_blanks: Whether spaces between a delimiter and a quote are ignored.
        line_ending: The most frequent one at the beginning: ``LF``, ``CRLF``, ``CR`` or ``none``.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    padded: bool = False
    skips_blanks: bool = False
    line_ending: str = "LF"

    def to_json(self) -> dict[str, JsonValue]:
        shown = _SHOWN.get(self.delimiter, self.delimiter)
        return {
            "delimiter": f"{shown} and a blank" if self.padded else shown,
            "quote": _SHOWN.get(self.quote, self.quote),
            "escape": self.escape or "double",
            "line_ending": self.line_ending,
        }


def find_dialect(sample: Sequence[str], config: Mapping[str, JsonValue]) -> Dialect:
    """Return the dialect of the lines: configured values, and those that fit the lines best.

    Raises:
        ConfigurationError: When a configured value is invalid.
    """
    ending = _line_ending(sample)
    given = _Given(
        delimiter=_configured(config, "delimiter", longest=_LONGEST_DELIMITER) or _declared(sample),
        quote=_configured(config, "quote"),
        escape=_configured(config, "escape"),
    )
    scores = {one: _score(sample, one) for one in _candidates(given, ending) if _can_be(one, sample, given)}
    best = max(scores, key=lambda one: scores[one], default=None)
    if best is None or scores[best] == 0:
        return given.plain_dialect(ending)
    if given.quote is None and _marks_are_content(sample, best):
        return replace(best, quote="", escape="")
    return replace(best, skips_blanks=True) if _has_blanks_before_quotes(sample, best) else best


def _marks_are_content(sample: Sequence[str], dialect: Dialect) -> bool:
    """Return whether quotation marks are part of values: they open cells without closing them.

    Requires that lines with marks have the table's width when they are split at every delimiter.
    """
    lines = [line.rstrip("\r\n") for line in sample if line.strip()]
    rows = [line.split(dialect.delimiter) for line in lines]
    width = usual_width(rows)
    if _is_quoted_throughout(sample, rows, dialect):
        return False
    if width == 1 or width != usual_width(list(_rows(sample, dialect))):
        return False
    if sum(len(row) == width for row in rows) < _NEARLY_ALL * len(rows):
        return False
    marked = [row for row, line in zip(rows, lines, strict=True) if dialect.quote in line]
    if any(len(row) != width for row in marked):
        return False
    cells = [cell.strip() for row in marked for cell in row if cell.strip().startswith(dialect.quote)]
    open_ended = [cell for cell in cells if len(cell) == 1 or not cell.endswith(dialect.quote)]
    return len(open_ended) >= _FEWEST_OPEN and _OPEN_SHARE * len(open_ended) >= len(cells)


def _is_quoted_throughout(sample: Sequence[str], rows: Sequence[Sequence[str]], dialect: Dialect) -> bool:
    """Return whether all cells of the first line are quoted, and all quotes of the sample are closed and escaped."""
    quote = dialect.quote
    first = [cell.strip() for cell in rows[0]] if rows else []
    if not all(len(cell) > 1 and cell[0] == cell[-1] == quote for cell in first):
        return False
    try:
        list(make_parser(prepared(sample, dialect), dialect, is_strict=True))
    except csv.Error:
        return False
    return True


def _has_blanks_before_quotes(sample: Sequence[str], dialect: Dialect) -> bool:
    """Return whether cells have spaces before their quotes, and ignoring these gives at least as many regular rows."""
    if not dialect.quote or dialect.padded or dialect.delimiter == " ":
        return False
    between = re.compile(rf"(?:^|{re.escape(dialect.delimiter)}) +{re.escape(dialect.quote)}")
    if not any(between.search(line) for line in sample):
        return False
    kept, skipped = (list(_rows(sample, one)) for one in (dialect, replace(dialect, skips_blanks=True)))
    width = usual_width(skipped)
    return sum(len(row) == width for row in skipped) >= sum(len(row) == width for row in kept)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """The configured or declared values; None for those to detect."""

    delimiter: str | None
    quote: str | None
    escape: str | None

    def plain_dialect(self, ending: str) -> Dialect:
        """Return the dialect with the usual characters for missing values."""
        quote = '"' if self.quote is None else self.quote
        return Dialect(delimiter=self.delimiter or ",", quote=quote, escape=self.escape or "", line_ending=ending)


def _configured(config: Mapping[str, JsonValue], key: str, *, longest: int = 1) -> str | None:
    given = config.get(key)
    if given is None:
        return None
    text = _NAMES.get(str(given), str(given))
    if len(text) > longest or set(text) & set("\r\n") or (key == "delimiter" and text in ("", '"')):
        raise ConfigurationError(key, f"must be one character or one of {', '.join(_NAMES)}, not {given!r}")
    return text


def declared_lines(sample: Sequence[str]) -> int:
    """Return the number of lines that declare the delimiter, as spreadsheets do with ``sep=;``: 0 or 1."""
    return 0 if _declared(sample) is None else 1


def _declared(sample: Sequence[str]) -> str | None:
    first = sample[0].strip("\r\n") if sample else ""
    return first[4] if len(first) == len("sep=;") and first.lower().startswith("sep=") else None


def _candidates(given: _Given, ending: str) -> Iterator[Dialect]:
    delimiters = _DELIMITERS if given.delimiter is None else (given.delimiter,)
    quotes = _QUOTES if given.quote is None else (given.quote,)
    escapes = ("", _ESCAPE) if given.escape is None else (given.escape,)
    for delimiter, quote, escape, padded in product(delimiters, quotes, escapes, (False, True)):
        yield Dialect(delimiter=delimiter, quote=quote, escape=escape, padded=padded, line_ending=ending)


def _can_be(dialect: Dialect, sample: Sequence[str], given: _Given) -> bool:
    """Return whether the text contains the dialect's special characters."""
    if dialect.quote not in ('"', "") and not _opens_and_closes(sample, dialect):
        return False
    if dialect.escape and not _has(sample, dialect.escape + dialect.quote):
        return False
    if dialect.padded:
        return dialect.delimiter != " " and _is_padded(sample, dialect.delimiter)
    return given.delimiter is not None or _has(sample, dialect.delimiter)


def _has(sample: Sequence[str], mark: str) -> bool:
    return any(mark in line for line in sample)


def _is_padded(sample: Sequence[str], delimiter: str) -> bool:
    """Return whether every delimiter, except at the end of a line, is followed by a space."""
    with_it = [line.rstrip("\r\n") for line in sample if delimiter in line]
    blanks = [line.count(f"{delimiter} ") + line.endswith(delimiter) for line in with_it]
    return bool(with_it) and blanks == [line.count(delimiter) for line in with_it]


def _opens_and_closes(sample: Sequence[str], dialect: Dialect) -> bool:
    around, mark = re.escape(dialect.delimiter), re.escape(dialect.quote)
    pair = re.compile(rf"(^|{around}){mark}[^{mark}]*{mark}({around}|[\r\n]*$)")
    return any(dialect.quote in line and pair.search(line) for line in sample)


def _score(sample: Sequence[str], dialect: Dialect) -> float:
    """Return how well the dialect fits the lines; 0 if they would have one column.

    A dialect fits well if most records have the same number of cells, cells look like single complete values, and
    quotes are paired.
    """
    rows = [row for row in islice(_rows(sample, dialect), _SAMPLE_RECORDS) if any(map(str.strip, row))]
    widths = Counter(map(len, rows))
    width, alike = max(widths.items(), key=_weight, default=(1, 0))
    if width == 1 or (dialect.delimiter == " " and _is_prose(rows, width, sample, dialect)):
        return 0.0
    clean = mean(_cleanness(cell, dialect) for row in rows for cell in row)
    share = alike / len(rows)
    even: float = share * sqrt(share)
    plainness = _ESCAPED if dialect.escape else _PADDED if dialect.padded else 1.0
    return even * clean * clean * _delimiter_weight(dialect, len(rows[0]), width) * (1 - 0.5 / width) * plainness


def _is_prose(rows: Sequence[Sequence[str]], width: int, sample: Sequence[str], dialect: Dialect) -> bool:
    """Return whether spaces separate words rather than cells: nothing is quoted, and all values are text."""
    return not column_kinds(rows[1:], width) and not (dialect.quote and _opens_and_closes(sample, dialect))


_WIDE_GAP = re.compile(r"\S {2,}\S")


def is_fixed_width(sample: Sequence[str]) -> bool:
    """Return whether most lines are aligned in columns with spaces."""
    filled = [line for line in sample if line.strip()]
    return len(filled) > 1 and sum(bool(_WIDE_GAP.search(line)) for line in filled) > _MOSTLY * len(filled)


def _delimiter_weight(dialect: Dialect, first: int, width: int) -> float:
    """Return the delimiter's weight, reduced if the first record does not have the usual number of cells.

    Such a record may be a title. With a delimiter that also occurs between words, the weight is 0.
    """
    weight = _DELIMITERS.get(dialect.delimiter, 1.0)
    if first == width:
        return weight
    return 0.0 if weight < 1.0 else _OTHER_WIDTH if first > 1 else _ONE_CELL


def _cleanness(cell: str, dialect: Dialect) -> float:
    bare = cell.strip()
    kind = kind_of(bare)
    if kind is Kind.BLANK:
        return 0.8
    if kind is not Kind.TEXT:
        return 1.0
    if bare[0] in "\"'" or bare[-1] in "\"'" or f'{dialect.delimiter}"' in bare:
        return 0.3
    return 0.6 if _GLUED.search(bare) and not bare.startswith(("{", "[", "<")) else 0.9


def usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the usual number of cells; the first record counts twice."""
    widths = Counter(len(row) for row in rows if any(map(str.strip, row)))
    for row in rows[:1]:
        widths[len(row)] += 1
    return max(widths.items(), key=_weight)[0] if widths else 1


def _weight(width: tuple[int, int]) -> tuple[float, int]:
    cells, times = width
    return (times * sqrt(min(cells, _WIDE)), cells)


def _rows(sample: Sequence[str], dialect: Dialect) -> Iterator[list[str]]:
    with suppress(csv.Error):  # a cell exceeds the limit: use the sample before it
        yield from make_parser(prepared(sample, dialect), dialect, is_strict=False)


STAND_IN = "\ue01f"
"""Replaces a delimiter of several characters, which the parser does not support."""


def prepared(lines: Iterable[str], dialect: Dialect) -> Iterator[str]:
    """Return the lines in the form that :func:`make_parser` needs."""
    ready = iter(lines)
    if dialect.escape:
        ready = (_protect(line, dialect) for line in ready)
    if len(dialect.delimiter) > 1:
        ready = (line.replace(dialect.delimiter, STAND_IN) for line in ready)
    return ready


def make_parser(lines: Iterator[str], dialect: Dialect, *, is_strict: bool) -> Iterator[list[str]]:
    """Return the standard library's parser for the dialect; the lines must be :func:`prepared`."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter if len(dialect.delimiter) == 1 else STAND_IN,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar=dialect.escape or None,
        skipinitialspace=dialect.padded or dialect.skips_blanks,
        strict=is_strict,
    )


def _protect(line: str, dialect: Dialect) -> str:
    """Double each escape character that escapes nothing, so that the parser keeps it."""
    if dialect.escape not in line:
        return line
    escaped = re.escape(dialect.quote + dialect.escape + dialect.delimiter)
    mark = re.escape(dialect.escape)
    return re.sub(rf"{mark}([{escaped}])?", lambda hit: hit[0] if hit[1] else dialect.escape * 2, line)


def _line_ending(sample: Sequence[str]) -> str:
    counts = Counter("CRLF" if line.endswith("\r\n") else {"\n": "LF", "\r": "CR"}.get(line[-1:]) for line in sample)
    ending = max(("LF", "CRLF", "CR"), key=lambda name: counts[name])
    return ending if counts[ending] else "none"
