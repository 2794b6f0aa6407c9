"""JSON values one behind the other: a line each, several a line, or written over many lines."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

from kelompok_core.contracts import JsonValue
from kelompok_json_import.cursor import DEEPEST, MAX_RECORD_CHARACTERS, Decoder, is_too_deep

_SHOWN = 100
_LOOKED_AT = 50
_BETWEEN = re.compile(r"[\s\x1e]*")
"""Blanks, and the mark that RFC 7464 puts before each text."""


class Line(NamedTuple):
    """One value.

    Attributes:
        value: As decoded; None when the text is broken.
        line: First line of it, from 1.
        repeated: Members that it has twice.
        broken: What is wrong with its line.
        text: The broken line.
    """

    value: Any
    line: int
    repeated: tuple[str, ...] = ()
    broken: dict[str, JsonValue] | None = None
    text: str = ""


def looks_like_lines(text: TextIO) -> bool:
    """Return whether the first line is a value by itself, or, where it is broken, two others are.

    The text is left where that was told.
    """
    lines = (text.readline(MAX_RECORD_CHARACTERS) for _ in range(_LOOKED_AT))
    filled = [line for line in lines if line.strip()]
    if not filled:
        return False
    return _is_whole(filled[0], alone=False) or sum(_is_whole(line, alone=True) for line in filled[1:]) > 1


def is_one_array(text: TextIO) -> bool:
    """Return whether a text that begins with an array is that array: of objects, or over several lines."""
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
    """Return whether a line begins with a whole object; ``alone`` with nothing before or behind it."""
    start = 0 if alone else _after_blanks(line, 0)
    if not line.startswith("{", start):
        return False
    try:
        _, end = Decoder().raw_decode(line, start)
    except (json.JSONDecodeError, RecursionError):
        return False
    return not alone or not line[end:].strip()


def iter_lines(text: TextIO) -> Iterator[Line | None]:
    """Yield the values of each line, and None for a blank one; a broken line is an error of its own."""
    decoder = Decoder()
    for number, line in enumerate(_whole_lines(text), start=1):
        if line.strip():
            yield from _of_line(decoder, line, number)
        else:
            yield None


def _whole_lines(text: TextIO) -> Iterator[str]:
    """Yield the lines; of one that is too long only the beginning, without an end."""
    while line := text.readline(MAX_RECORD_CHARACTERS):
        yield line
        while len(line) == MAX_RECORD_CHARACTERS and not line.endswith("\n"):
            line = text.readline(MAX_RECORD_CHARACTERS)


def _of_line(decoder: Decoder, whole: str, number: int) -> Iterator[Line]:
    line = whole
    if len(line) == MAX_RECORD_CHARACTERS and not line.endswith("\n"):
        reason = f"the line is longer than {MAX_RECORD_CHARACTERS} characters"
        yield _broken(line[:_SHOWN], number, len(line), reason)
        return
    line, at = whole.rstrip(), _after_blanks(whole, 0)
    while at < len(line):
        decoder.take_repeated()
        try:
            value, end = decoder.raw_decode(line, at)
        except json.JSONDecodeError as error:
            yield _broken(whole[at:], number, error.pos + 1, error.msg)
            return
        except RecursionError:
            yield _broken(line, number, 1, "it is nested too deeply")
            return
        # Lines may end with CR alone, and then the text has but one.
        here = number + line.count("\r", 0, at)
        if is_too_deep(value):
            yield _broken(line[:_SHOWN], here, 1, f"it has more than {DEEPEST} levels")
        else:
            yield Line(value=value, line=here, repeated=tuple(decoder.take_repeated()))
        at = _after_blanks(line, end)


def _after_blanks(line: str, at: int) -> int:
    found = _BETWEEN.match(line, at)
    return found.end() if found else at


def _broken(line: str, number: int, column: int, reason: str) -> Line:
    broken: dict[str, JsonValue] = {"line": number, "column": column, "reason": reason}
    return Line(value=None, line=number, broken=broken, text=line.rstrip("\r\n"))
