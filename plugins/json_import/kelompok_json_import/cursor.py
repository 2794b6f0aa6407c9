"""Reads a JSON text value by value with the standard library's decoder, holding one value in memory."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Self, TextIO

from kelompok_core.contracts import Issue, Severity, UnreadableSource

MAX_RECORD_CHARACTERS = 16_000_000
"""Maximum size of a record; a larger one is a document, not a row."""

_CHUNK = 1 << 18
_NEAR_THE_END = 16
"""An error this close to the end of the text may be caused by a truncated literal or number."""

_LONGEST_INTEGER = 4_000
"""Maximum number of digits that Python converts to a number; longer ones are kept as text."""

RECORD_MARK, _BYTE_ORDER_MARK = "\x1e", "\ufeff"
"""May precede each of several values: the record separator of RFC 7464, and byte-order marks of joined files."""

_BLANKS = " \t\n\r"
_BLANK = re.compile(r"[ \t\n\r]*")

DEEPEST = 100
"""Maximum number of nested arrays and objects in a value."""


class Exact(float):
    """A number with a fraction or an exponent that keeps its text."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Create the number from its text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class Decoder(json.JSONDecoder):
    """Decodes strictly, keeps numbers as written, and notes members that occur twice in an object."""

    def __init__(self) -> None:
        self.repeated: list[str] = []
        super().__init__(
            object_pairs_hook=self._object, parse_float=Exact, parse_int=_integer, parse_constant=_refuse_constant
        )

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        members = dict(pairs)
        if len(members) < len(pairs):
            self.repeated += [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        return members

    def take_repeated(self) -> list[str]:
        """Return the repeated members noted since the last call; the last value of each was used."""
        noted, self.repeated = self.repeated, []
        return noted


def is_too_deep(value: object) -> bool:
    """Return whether the value has more nested levels than :data:`DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [child for one in level for child in _children(one)]
        if not level:
            return False
    return True


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _integer(text: str) -> "int | str":
    return int(text) if len(text) < _LONGEST_INTEGER else text


def _refuse_constant(name: str) -> object:
    raise json.JSONDecodeError(f"{name} is not valid JSON", name, 0)


class Cursor:
    """A position in a JSON text. It reads strictly, and reports errors with line and column.

    Args:
        file: The text.
        name: The file's name for findings, if the source has several files.
    """

    def __init__(self, file: TextIO, name: str | None = None) -> None:
        self.decoder = Decoder()
        self._file = file
        self._name = name
        self._text = ""
        self._at = 0
        self._is_whole = False
        self._line, self._counted = 1, 0
        self._column_offset = 0

    def peek(self) -> str:
        """Return the next non-blank character, or "" at the end."""
        following = self._text[self._at : self._at + 1]
        while not following or following in _BLANKS:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches anywhere
            following = self._text[self._at : self._at + 1]
            if not following and not self._fill():
                break
        return following

    def next_value(self) -> bool:
        """Move to the next of several values, past marks between them; return whether there is one."""
        while self.peek() in (RECORD_MARK, _BYTE_ORDER_MARK):
            self._at += 1
        return self.peek() != ""

    def line(self) -> int:
        """Return the current line, from 1."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def take(self, expected: str) -> bool:
        """Move past the next character if it is the expected one; return whether it is."""
        if self.peek() != expected:
            return False
        self._at += 1
        return True

    def require(self, expected: str) -> None:
        """Move past the expected character.

        Raises:
            UnreadableSource: When there is another one.
        """
        if not self.take(expected):
            raise self._invalid(f"«{expected}» was expected", self._at)

    def value(self) -> Any:
        """Return the value at the position, and move past it.

        Raises:
            UnreadableSource: When there is no value, or it is too large or too deep.
        """
        self.peek()
        noted = len(self.decoder.repeated)
        while (decoded := self._decoded()) is None:
            del self.decoder.repeated[noted:]  # the value is decoded again with more text
        value, end = decoded
        opened = self._text.count("[", self._at, end) + self._text.count("{", self._at, end)
        if opened > DEEPEST and is_too_deep(value):
            raise self._refuse("file.too_deep")
        self._at = end
        return value

    def _decoded(self) -> tuple[Any, int] | None:
        """Return the value and its end; None if it was truncated and more text is available now."""
        try:
            value, end = self.decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if self._could_be_cut(error) and self._fill():
                return None
            raise self._invalid(error.msg, max(error.pos, self._at)) from error
        except RecursionError as error:
            raise self._refuse("file.too_deep") from error
        is_cut = end == len(self._text) and self._fill()  # a number may continue in the text not read yet
        return None if is_cut else (value, end)

    def _could_be_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _NEAR_THE_END

    def items(self) -> Iterator[int]:
        """Iterate over an array: yield each index at the position of its item, which the caller must read or skip."""
        self.require("[")
        if self.take("]"):
            return
        index = 0
        while True:
            yield index
            index += 1
            if self.take("]"):
                return
            self.require(",")

    def members(self) -> Iterator[str]:
        """Iterate over an object: yield each name at the position of its value, which the caller must read or skip."""
        self.require("{")
        if self.take("}"):
            return
        while True:
            if self.peek() != '"':
                raise self._invalid("a member's name in double quotes was expected", self._at)
            name = self.value()
            self.require(":")
            yield name
            if self.take("}"):
                return
            self.require(",")

    def skip(self) -> None:
        """Move past the value; arrays and objects are skipped item by item, whatever their length."""
        following = self.peek()
        if following == "[":
            for _ in self.items():
                self.value()
        elif following == "{":
            for _ in self.members():
                self.value()
        else:
            self.value()
        self.decoder.take_repeated()

    def require_end(self) -> None:
        """Raise UnreadableSource if anything other than blanks follows."""
        if self.peek():
            raise self._invalid("nothing more was expected", self._at)

    def _fill(self) -> bool:
        if self._is_whole:
            return False
        if len(self._text) - self._at > MAX_RECORD_CHARACTERS:
            raise self._refuse("file.record_too_large", limit=MAX_RECORD_CHARACTERS)
        # Double the text of a truncated value, so that decoding it repeatedly takes linear time.
        more = self._file.read(max(_CHUNK, len(self._text) - self._at))
        if not more:
            self._is_whole = True
            return False
        self.line()
        before = self._text.rfind("\n", 0, self._at)
        self._column_offset = self._at - before - 1 if before >= 0 else self._column_offset + self._at
        self._text, self._at, self._counted = self._text[self._at :] + more, 0, 0
        return True

    def _invalid(self, reason: str, at: int) -> UnreadableSource:
        line = self._line + self._text.count("\n", self._counted, at)
        before = self._text.rfind("\n", 0, at)
        column = at - before if before >= 0 else self._column_offset + at + 1
        return self._refuse("file.json_invalid", line=line, column=column, reason=reason)

    def _refuse(self, code: str, **params: Any) -> UnreadableSource:
        line = params.setdefault("line", self.line())
        params["file"] = self._name or ""
        return UnreadableSource(Issue(code=code, severity=Severity.FATAL, line=line, params=params))
