"""Concatenated JSON values: one per line, several per line, or over several lines."""

import json
import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple, TextIO

from kelompok_core.contracts import JsonValue
from kelompok_json_import.cursor import DEEPEST, MAX_RECORD_CHARACTERS, Decoder, is_too_deep

_SHOWN = 100
_AT_CR = re.compile(r"[^\r]*\r\n?|[^\r]+")
_LOOKED_AT = 50
_MOST_LINES_OF_ONE = 500
_MOST_DECODED = 100_000_000
"""The most characters to decode for one value; each added line decodes the whole value again."""
_MOST_WASTED, _WASTED_PER_CHARACTER = 100_000_000, 5
"""The most characters to decode for values that never end: a constant, plus a multiple of the characters read."""
_BETWEEN = re.compile(r"[\s\x1e\ufeff,]*")
"""Between values: blanks, the record separator of RFC 7464, byte-order marks of concatenated files, and commas."""


class Line(NamedTuple):
    """One value.

    Attributes:
        value: The decoded value; None when the text is broken.
        line: Its first line, from 1.
        repeated: Members that occur more than once in it.
        broken: The problem with its line.
        text: The broken line.
    """

    value: Any
    line: int
    repeated: tuple[str, ...] = ()
    broken: dict[str, JsonValue] | None = None
    text: str = ""


def is_list_of_objects(value: Any) -> bool:
    """Return whether a value is a list of records."""
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def looks_like_lines(text: TextIO) -> bool:
    """Return whether the first line is a complete value, or two other lines are if the first is broken.

    Advances the text.
    """
    filled = [line for line in islice(_whole_lines(text), _LOOKED_AT) if line.strip()]
    if not filled:
        return False
    return _is_whole(filled[0], alone=False) or sum(_is_whole(line, alone=True) for line in filled[1:]) > 1


def is_one_array(text: TextIO) -> bool:
    """Return whether a text that begins with an array is a single array: of objects, or over several lines."""
    line = text.readline(MAX_RECORD_CHARACTERS)
    while line and not line.strip():
        line = text.readline(MAX_RECORD_CHARACTERS)
    if not line.rstrip().endswith("]"):
        return True
    if any(further.strip() for further in text):
        return False
    try:
        items = Decoder().decode(line.strip())
    except (json.JSONDecodeError, RecursionError):
        return False
    return all(isinstance(item, dict) for item in items)


def _is_whole(line: str, *, alone: bool) -> bool:
    """Return whether a line begins with a complete object; with ``alone``, whether it is one and nothing else."""
    start = 0 if alone else _after_blanks(line, 0)
    if not line.startswith("{", start):
        return False
    try:
        _, end = Decoder().raw_decode(line, start)
    except (json.JSONDecodeError, RecursionError):
        return False
    return not alone or not line[end:].strip()


def iter_lines(text: TextIO) -> Iterator[Line | None]:
    """Yield the values of each line, and None for a blank one; a broken line is one :class:`Line` with ``broken``.

    An object that continues over several lines is one value.
    """
    decoder = Decoder()
    lines = _Lookahead(_whole_lines(text))
    while (line := lines.take()) is not None:
        number = lines.number
        if line.strip():
            yield from _of_line(decoder, lines, line, number)
        else:
            yield None


class _Lookahead:
    """Lines that can be inspected before they are taken.

    Attributes:
        number: Number of the last line taken, from 1.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._waiting: deque[str] = deque()
        self._taken = 0
        self._wasted = 0
        self.number = 0

    def take(self) -> str | None:
        """Return the next line, or None at the end."""
        line = self._waiting.popleft() if self._waiting else next(self._lines, None)
        self.number += line is not None
        self._taken += len(line or "")
        return line

    def take_as_one(self, first: str, decoder: Decoder) -> str | None:
        """Take the lines that complete a truncated value; return the whole text, or None if no lines do.

        Gives up once too many characters were decoded without success.
        """
        together, decoded = first, 0
        for count in range(self._most_lines()):
            if decoded > _MOST_DECODED:
                break
            if count == len(self._waiting):
                following = next(self._lines, None)
                if following is None:
                    break
                self._waiting.append(following)
            together += self._waiting[count]
            decoded += len(together)
            error = _error_in(decoder, together)
            if error is None:
                for _ in range(count + 1):
                    self.take()
                return together
            if not _is_cut(error, together):
                break
        self._wasted += decoded
        return None

    def _most_lines(self) -> int:
        return _MOST_LINES_OF_ONE if self._wasted <= _MOST_WASTED + _WASTED_PER_CHARACTER * self._taken else 0


def _error_in(decoder: Decoder, text: str) -> json.JSONDecodeError | None:
    try:
        decoder.raw_decode(text, _after_blanks(text, 0))
    except json.JSONDecodeError as error:
        return error
    except RecursionError:
        return json.JSONDecodeError("it is nested too deeply", text, 0)
    return None


def _is_cut(error: json.JSONDecodeError, text: str) -> bool:
    """Return whether a text is invalid only because it ends too early; strings cannot continue on the next line."""
    return error.pos >= len(text.rstrip()) and not error.msg.startswith("Unterminated string")


def _whole_lines(text: TextIO) -> Iterator[str]:
    """Yield the lines, which may end with CR alone; truncates lines that are too long, without a line end."""
    cut = ""
    while piece := text.readline(MAX_RECORD_CHARACTERS):
        lines = _AT_CR.findall(cut + piece) if "\r" in piece else [cut + piece]
        goes_on = len(piece) == MAX_RECORD_CHARACTERS and not piece.endswith("\n")
        cut = lines.pop() if goes_on and len(lines) > 1 else ""
        yield from lines
        while goes_on and not cut and (piece := text.readline(MAX_RECORD_CHARACTERS)):
            goes_on = len(piece) == MAX_RECORD_CHARACTERS and not piece.endswith("\n")
    if cut:
        yield cut


def _of_line(decoder: Decoder, lines: _Lookahead, whole: str, number: int) -> Iterator[Line]:
    line = whole
    if len(line) >= MAX_RECORD_CHARACTERS and not line.endswith(("\n", "\r")):
        reason = f"the line is longer than {MAX_RECORD_CHARACTERS} characters"
        yield _broken(line[:_SHOWN], number, len(line), reason)
        return
    line, at = whole.rstrip(), _after_blanks(whole, 0)
    while at < len(line):
        decoder.take_repeated()
        try:
            value, end = decoder.raw_decode(line, at)
        except json.JSONDecodeError as error:
            more = lines.take_as_one(whole[at:], decoder) if _is_cut(error, line) else None
            if more is None:
                yield _broken(whole[at:], number, error.pos + 1, error.msg)
                return
            whole, line, at = more, more.rstrip(), _after_blanks(more, 0)
            continue
        except RecursionError:
            yield _broken(line, number, 1, "it is nested too deeply")
            return
        if is_too_deep(value):
            yield _broken(line[:_SHOWN], number, 1, f"it has more than {DEEPEST} levels")
        else:
            yield Line(value=value, line=number, repeated=tuple(decoder.take_repeated()))
        at = _after_blanks(line, end)


def _after_blanks(line: str, at: int) -> int:
    found = _BETWEEN.match(line, at)
    return found.end() if found else at


def _broken(line: str, number: int, column: int, reason: str) -> Line:
    broken: dict[str, JsonValue] = {"line": number, "column": column, "reason": reason}
    return Line(value=None, line=number, broken=broken, text=line.rstrip("\r\n"))
