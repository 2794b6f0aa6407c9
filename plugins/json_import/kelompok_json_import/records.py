"""Which values of a JSON text are the records: items of lists, a map's members, lines, or the one object."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from kelompok_core.contracts import Issue, JsonValue, Severity, UnreadableSource
from kelompok_json_import.cursor import Cursor
from kelompok_json_import.documents import Document
from kelompok_json_import.lines import is_one_array, iter_lines, looks_like_lines
from kelompok_json_import.lists import FoundList, Lists, gather
from kelompok_json_import.paths import ITEMS, Path, fits_step, is_wild, show_path

KEY, VALUE = "key", "value"
"""Columns of a map's member: its name, and its value when that is no object."""

_MOST_MEMBERS = 64
_NAME = re.compile(r"[@$]?[A-Za-z_][\w\- ]*")

Fits = Callable[[Collection[str]], int]
"""How many fields of the entity the members of a list's items would be."""


class Shape(StrEnum):
    """How a text holds its records."""

    AUTO = "auto"
    LIST = "list"
    MAP = "map"
    ONE = "one"
    LINES = "lines"
    VALUES = "values"


class Found(NamedTuple):
    """One record.

    Attributes:
        value: As decoded; None when the text is broken.
        line: First line of it, from 1.
        pointer: Where it is, as RFC 6901 has it.
        key: Its name, or that of the list it is in, where it is a member of a map.
        repeated: Members that it has twice.
        broken: What is wrong with its line, when it is one of many.
        text: The broken line.
        parents: Plain values of the objects it is in, by name, those of the nearest first.
    """

    value: Any
    line: int
    pointer: str
    key: str | None = None
    repeated: tuple[str, ...] = ()
    broken: Mapping[str, JsonValue] | None = None
    text: str = ""
    parents: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where a text's records are.

    Attributes:
        shape: How it holds them.
        path: The steps to them from the top.
        keys: Of the path's step for members of any name, the names that are meant; None for all.
        unread: Lists that hold other things.
    """

    shape: Shape
    path: Path = ()
    keys: frozenset[str] | None = None
    unread: tuple[FoundList, ...] = ()

    def shown(self) -> str:
        """Return the path as a person writes it."""
        return show_path(self.path)


def fits_nothing(members: Collection[str]) -> int:
    """Say that no entity is known to compare a list with."""
    del members
    return 0


def find_records(document: Document, shape: Shape, path: Path | None, fits: Fits = fits_nothing) -> Where:
    """Return where a text's records are; what is not configured is looked for. The text is left at any place.

    Raises:
        UnreadableSource: ``file.json_invalid`` and the like, ``file.shape_unclear`` when no list is found, or
            ``file.lists_unclear`` when several could be meant.
    """
    if shape is not Shape.AUTO or path is not None:
        return Where(shape=Shape.LIST if shape is Shape.AUTO else shape, path=path or ())
    cursor = Cursor(document.text, document.name)
    first = cursor.peek()
    if first == "[" and (not document.has_lines or _is_one_array(document)):
        return Where(shape=Shape.LIST)
    if document.has_lines:
        is_of_values = first == "{" and not _is_of_lines(document) and _begins_with_value(document)
        return Where(shape=Shape.VALUES if is_of_values else Shape.LINES)
    if first != "{":
        cursor.value()
        cursor.require_end()
        raise _unclear(document, 0)
    return _in_object(cursor, document, fits)


def _is_one_array(document: Document) -> bool:
    document.text.seek(0)
    return is_one_array(document.text)


def _is_of_lines(document: Document) -> bool:
    document.text.seek(0)
    return looks_like_lines(document.text)


def _begins_with_value(document: Document) -> bool:
    document.text.seek(0)
    try:
        Cursor(document.text, document.name).value()
    except UnreadableSource:
        return False
    return True


@dataclass
class _Members:
    """What the top object's members are."""

    names: list[str] = field(default_factory=list)
    objects: list[frozenset[str]] = field(default_factory=list)

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


def _in_object(cursor: Cursor, document: Document, fits: Fits) -> Where:
    seen, lists = _Members(), Lists()
    for name in cursor.members():
        seen.names.append(name)
        if (inner := gather(cursor, (name,), lists)) is not None:
            seen.objects.append(inner)
    if cursor.peek() == "{":  # one object after the other
        return Where(shape=Shape.LINES if _is_of_lines(document) else Shape.VALUES)
    cursor.require_end()
    if seen.is_map():
        return Where(shape=Shape.MAP)
    found = lists.all()
    if found:
        return _of_lists(found, seen, document, fits)
    if seen.are_fields():
        return Where(shape=Shape.ONE)
    raise _unclear(document, len(seen.names))


def _of_lists(found: Sequence[FoundList], seen: _Members, document: Document, fits: Fits) -> Where:
    """Return the list whose items are most like the entity's records, the longest of those.

    Raises:
        UnreadableSource: ``file.lists_unclear`` when another is as much like them, or when the object itself is one.
    """
    ranked = sorted(found, key=lambda one: (-fits(one.members), one.path.count(ITEMS), -one.items))
    best, most = ranked[0], fits(ranked[0].members)
    if any(_is_inside(best, one) for one in found):  # whether the outer or the inner ones are meant, nobody says
        raise _which_list(document, ranked)
    if seen.is_record():
        if most > fits(seen.names):
            raise _which_list(document, ranked)
        return Where(shape=Shape.ONE)
    rivals = [one for one in ranked[1:] if most and fits(one.members) == most and not _is_inside(one, best)]
    if rivals:
        raise _which_list(document, [best, *rivals])
    unread = tuple(one for one in ranked[1:] if not _is_inside(one, best) and not _is_inside(best, one))
    return Where(shape=Shape.LIST, path=best.path, keys=best.keys, unread=unread)


def _is_inside(one: FoundList, other: FoundList) -> bool:
    """Return whether a list is in the items of another, and so a part of its records."""
    return one.path[: len(other.path) + 1] == (*other.path, ITEMS)


def _which_list(document: Document, lists: Sequence[FoundList]) -> UnreadableSource:
    shown = ", ".join(f"{show_path(one.path)} ({one.items})" for one in lists[:10])
    params = {"lists": shown, "file": document.name, "path": show_path(lists[0].path)}
    return UnreadableSource(Issue(code="file.lists_unclear", severity=Severity.FATAL, params=params))


def _unclear(document: Document, members: int) -> UnreadableSource:
    params = {"members": members, "file": document.name}
    return UnreadableSource(Issue(code="file.shape_unclear", severity=Severity.FATAL, params=params))


def iter_records(document: Document, where: Where) -> Iterator[Found | None]:
    """Yield the records of a text from its beginning, and None for a blank line between lines of JSON.

    Raises:
        UnreadableSource: ``file.json_invalid`` and the like, or ``file.path_missing``.
    """
    if where.shape is Shape.LINES:
        for one in iter_lines(document.text):
            yield None if one is None else _of_line(*one)
        return
    cursor = Cursor(document.text, document.name)
    if where.shape is Shape.VALUES:
        while cursor.peek():
            yield _found(cursor, "")
        return
    walk = _Walk(document, where)
    yield from walk.go(cursor, where.path, "")
    cursor.require_end()
    walk.require_some()


def _of_line(
    value: Any, line: int, repeated: tuple[str, ...], broken: Mapping[str, JsonValue] | None, text: str
) -> Found:
    return Found(value=value, line=line, pointer="", repeated=repeated, broken=broken, text=text)


class _Walk:
    """One way from the top of a text to its records."""

    def __init__(self, document: Document, where: Where) -> None:
        self._document = document
        self._where = where
        self._is_there = False

    def require_some(self) -> None:
        """Raise UnreadableSource unless the path led somewhere."""
        if not self._is_there:
            params = {"path": self._where.shown(), "file": self._document.name}
            raise UnreadableSource(Issue(code="file.path_missing", severity=Severity.FATAL, params=params))

    def go(self, cursor: Cursor, steps: Path, pointer: str, key: str | None = None) -> Iterator[Found]:
        """Yield the records at the steps from the cursor's place; behind a star they are looked for in memory."""
        if not steps:
            self._is_there = True
            yield from _values(cursor, self._where.shape, pointer, key)
            return
        step, rest = steps[0], steps[1:]
        for child in _children(cursor, step):
            below = f"{pointer}/{_escaped(str(child))}"
            if not fits_step(step, child) or (is_wild(step) and not self._is_meant(child)):
                cursor.skip()
            elif not is_wild(step):
                yield from self.go(cursor, rest, below, key)
            elif rest:
                cursor.peek()
                line, value = cursor.line(), cursor.value()
                for found in _in_memory(value, rest, below, _key_of(child, key), {}):
                    self._is_there = True
                    yield found._replace(line=line)
            else:
                yield from self.go(cursor, rest, below, _key_of(child, key))

    def _is_meant(self, child: str | int) -> bool:
        return self._where.keys is None or isinstance(child, int) or child in self._where.keys


def _key_of(child: str | int, key: str | None) -> str | None:
    return child if isinstance(child, str) else key


def _in_memory(value: Any, steps: Path, pointer: str, key: str | None, parents: Mapping[str, Any]) -> Iterator[Found]:
    """Yield the records below a value, each with the plain values of the objects it is in."""
    if not steps:
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            at = f"{pointer}/{index}" if isinstance(value, list) else pointer
            yield Found(value=item, line=0, pointer=at, key=key, parents=parents)
        return
    step = steps[0]
    above = _with_plain(value, parents)
    for name, child in _named(value):
        if fits_step(step, name):
            below = name if is_wild(step) and isinstance(name, str) else key
            yield from _in_memory(child, steps[1:], f"{pointer}/{_escaped(str(name))}", below, above)


def _named(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _with_plain(value: Any, parents: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the plain values of an object, and behind them those of the objects around it."""
    if not isinstance(value, dict):
        return parents
    plain = {name: one for name, one in value.items() if not isinstance(one, dict | list)}
    return plain | {f"parent.{name}": one for name, one in parents.items()}


def _children(cursor: Cursor, wanted: str | int) -> Iterator[str | int]:
    """Go through an array by index or an object by name, as wanted; what is neither has none and is passed over."""
    following = cursor.peek()
    if following == "[" and (isinstance(wanted, int) or is_wild(wanted)):
        yield from cursor.items()
    elif following == "{" and isinstance(wanted, str) and wanted != ITEMS:
        yield from cursor.members()
    else:
        cursor.skip()


def _values(cursor: Cursor, shape: Shape, pointer: str, key: str | None = None) -> Iterator[Found]:
    if shape is Shape.MAP and cursor.peek() == "{":
        for name in cursor.members():
            yield _found(cursor, f"{pointer}/{_escaped(name)}", key=name)
    elif shape is Shape.LIST and cursor.peek() == "[":
        for index in cursor.items():
            yield _found(cursor, f"{pointer}/{index}", key=key)
    else:
        yield _found(cursor, pointer, key=key)


def _found(cursor: Cursor, pointer: str, key: str | None = None) -> Found:
    cursor.decoder.take_repeated()
    cursor.peek()
    line = cursor.line()
    value = cursor.value()
    return Found(value=value, line=line, pointer=pointer, key=key, repeated=tuple(cursor.decoder.take_repeated()))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
