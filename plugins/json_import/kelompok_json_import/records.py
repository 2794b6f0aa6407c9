"""Which values of a JSON text are the records: an array's items, a map's members, lines, or the one object."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, TextIO

from kelompok_core.contracts import ConfigurationError, Issue, JsonValue, Severity, UnreadableSource
from kelompok_json_import.cursor import DEEPEST, MAX_RECORD_CHARACTERS, Cursor, Decoder, is_too_deep
from kelompok_json_import.documents import Document

KEY, VALUE = "key", "value"
"""Columns of a map's member: its name, and its value when that is no object."""

_DEEPEST = 4
_MOST_MEMBERS = 64
_SHOWN = 100
_NAME = re.compile(r"[@$]?[A-Za-z_][\w\- ]*")
_STEP = re.compile(r'(?:^|\.)(?:"([^"]+)"|([^."\[\]]+))|\[(\d+)\]')


class Shape(StrEnum):
    """How a text holds its records."""

    AUTO = "auto"
    LIST = "list"
    MAP = "map"
    ONE = "one"
    LINES = "lines"


class Found(NamedTuple):
    """One record.

    Attributes:
        value: As decoded; None when the text is broken.
        line: First line of it, from 1.
        pointer: Where it is, as RFC 6901 has it.
        key: Its name, when it is a member of a map.
        repeated: Members that it has twice.
        broken: What is wrong with its line, when it is one of many.
        text: The broken line.
    """

    value: Any
    line: int
    pointer: str
    key: str | None = None
    repeated: tuple[str, ...] = ()
    broken: Mapping[str, JsonValue] | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where a text's records are: its shape, and the path to them from the top."""

    shape: Shape
    path: tuple[str | int, ...] = ()

    def shown(self) -> str:
        """Return the path as a person writes it."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in self.path)
        return "".join(steps).removeprefix(".")


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f'"{name}"'


def parse_path(written: str) -> tuple[str | int, ...]:
    """Return the steps of a path such as ``data.items`` or ``db[0].posts``.

    Raises:
        ConfigurationError: When it is more than names and indexes.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(written):
        step = _STEP.match(written, at)
        if step is None:
            raise ConfigurationError("records", f"must be names and indexes such as data.items, not {written!r}")
        steps.append(int(step[3]) if step[3] else step[1] or step[2])
        at = step.end()
    return tuple(steps)


def find_records(document: Document, shape: Shape, path: tuple[str | int, ...] | None) -> Where:
    """Return where a text's records are; what is not configured is looked for. The text is left at any place.

    Raises:
        UnreadableSource: ``file.json_invalid`` and the like, or ``file.shape_unclear`` when no list is found.
    """
    if document.has_lines and shape is Shape.AUTO:
        return Where(shape=Shape.LINES)
    if shape is not Shape.AUTO or path is not None:
        return Where(shape=Shape.LIST if shape is Shape.AUTO else shape, path=path or ())
    cursor = Cursor(document.text, document.name)
    first = cursor.peek()
    if first == "[":
        return Where(shape=Shape.LIST)
    if first != "{":
        cursor.value()
        cursor.require_end()
        raise _unclear(document, 0)
    return _in_object(cursor, document)


@dataclass
class _Members:
    """What the top object's members are."""

    names: list[str] = field(default_factory=list)
    objects: list[frozenset[str]] = field(default_factory=list)
    lists: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def where(self) -> Where | None:
        """Return where the records are, or None when the members do not tell."""
        if self.is_map():
            return Where(shape=Shape.MAP)
        if self.lists and not self.is_record():
            return Where(shape=Shape.LIST, path=max(self.lists, key=lambda path: self.lists[path]))
        return Where(shape=Shape.ONE) if self.are_fields() else None

    def is_map(self) -> bool:
        """Return whether all members are objects that have most of their own members in common."""
        if len(self.names) < 2 or len(self.objects) < len(self.names):  # noqa: PLR2004
            return False
        fewest = min(map(len, self.objects))
        return 0 < fewest <= 2 * len(frozenset.intersection(*self.objects))

    def is_record(self) -> bool:
        """Return whether the object is a record that may have lists, and not an envelope around one.

        An envelope has no name or identifier of its own.
        """
        return bool({name.casefold() for name in self.names} & {"name", "title", "nama", "judul", "id", "@type"})

    def are_fields(self) -> bool:
        """Return whether the names could be those of fields: few, and written like such."""
        return len(self.names) <= _MOST_MEMBERS and all(map(_NAME.fullmatch, self.names))


def _in_object(cursor: Cursor, document: Document) -> Where:
    seen = _Members()
    for name in cursor.members():
        seen.names.append(name)
        _look(cursor, (name,), seen)
    if cursor.peek() == "{" and cursor.line() > 1:  # one object after the other: lines
        return Where(shape=Shape.LINES)
    cursor.require_end()
    found = seen.where()
    if found is None:
        raise _unclear(document, len(seen.names))
    return found


def _look(cursor: Cursor, path: tuple[str | int, ...], seen: _Members) -> None:
    """Go behind the value at the place, and note the lists of objects in it."""
    following = cursor.peek()
    if following == "[":
        objects = 0
        for _ in cursor.items():
            objects += cursor.peek() == "{"
            cursor.value()
        if objects:
            seen.lists[path] = objects
    elif following == "{" and len(path) < _DEEPEST:
        names = []
        for name in cursor.members():
            names.append(name)
            _look(cursor, (*path, name), seen)
        if len(path) == 1:
            seen.objects.append(frozenset(names))
    else:
        cursor.value()


def _unclear(document: Document, members: int) -> UnreadableSource:
    params = {"members": members, "file": document.name}
    return UnreadableSource(Issue(code="file.shape_unclear", severity=Severity.FATAL, params=params))


def iter_records(document: Document, where: Where) -> Iterator[Found | None]:
    """Yield the records of a text from its beginning, and None for a blank line between lines of JSON.

    Raises:
        UnreadableSource: ``file.json_invalid`` and the like, or ``file.path_missing``.
    """
    if where.shape is Shape.LINES:
        yield from _lines(document.text)
        return
    cursor = Cursor(document.text, document.name)
    yield from _at_path(cursor, where, where.path, "", document)
    cursor.require_end()


def _at_path(
    cursor: Cursor, where: Where, steps: tuple[str | int, ...], pointer: str, document: Document
) -> Iterator[Found]:
    if not steps:
        yield from _values(cursor, where.shape, pointer)
        return
    is_there = False
    for child in _children(cursor, steps[0]):
        if child == steps[0]:
            is_there = True
            yield from _at_path(cursor, where, steps[1:], f"{pointer}/{_escaped(str(child))}", document)
        else:
            cursor.skip()
    if not is_there:
        params = {"path": where.shown(), "file": document.name}
        raise UnreadableSource(Issue(code="file.path_missing", severity=Severity.FATAL, params=params))


def _children(cursor: Cursor, wanted: str | int) -> Iterator[str | int]:
    """Go through an array by index or an object by name, as wanted; what is neither has none and is passed over."""
    if isinstance(wanted, int) and cursor.peek() == "[":
        yield from cursor.items()
    elif isinstance(wanted, str) and cursor.peek() == "{":
        yield from cursor.members()
    else:
        cursor.skip()


def _values(cursor: Cursor, shape: Shape, pointer: str) -> Iterator[Found]:
    if shape is Shape.MAP and cursor.peek() == "{":
        for name in cursor.members():
            yield _found(cursor, f"{pointer}/{_escaped(name)}", key=name)
    elif shape is Shape.LIST and cursor.peek() == "[":
        for index in cursor.items():
            yield _found(cursor, f"{pointer}/{index}")
    else:
        yield _found(cursor, pointer)


def _found(cursor: Cursor, pointer: str, key: str | None = None) -> Found:
    cursor.decoder.take_repeated()
    cursor.peek()
    line = cursor.line()
    value = cursor.value()
    return Found(value=value, line=line, pointer=pointer, key=key, repeated=tuple(cursor.decoder.take_repeated()))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _lines(text: TextIO) -> Iterator[Found | None]:
    decoder = Decoder()
    for number, line in enumerate(_whole_lines(text), start=1):
        yield _of_line(decoder, line, number) if line.strip() else None


def _whole_lines(text: TextIO) -> Iterator[str]:
    """Yield the lines; of one that is too long only the beginning, without an end."""
    while line := text.readline(MAX_RECORD_CHARACTERS):
        yield line
        while len(line) == MAX_RECORD_CHARACTERS and not line.endswith("\n"):
            line = text.readline(MAX_RECORD_CHARACTERS)


def _of_line(decoder: Decoder, line: str, number: int) -> Found:
    if len(line) == MAX_RECORD_CHARACTERS and not line.endswith("\n"):
        return _broken(line[:_SHOWN], number, len(line), f"the line is longer than {MAX_RECORD_CHARACTERS} characters")
    decoder.take_repeated()
    try:
        value = decoder.decode(line.rstrip())
    except json.JSONDecodeError as error:
        return _broken(line, number, error.colno, error.msg)
    except RecursionError:
        return _broken(line, number, 1, "it is nested too deeply")
    if is_too_deep(value):
        return _broken(line[:_SHOWN], number, 1, f"it has more than {DEEPEST} levels")
    return Found(value=value, line=number, pointer="", repeated=tuple(decoder.take_repeated()))


def _broken(line: str, number: int, column: int, reason: str) -> Found:
    broken: dict[str, JsonValue] = {"line": number, "column": column, "reason": reason}
    return Found(value=None, line=number, pointer="", broken=broken, text=line.rstrip("\r\n"))
