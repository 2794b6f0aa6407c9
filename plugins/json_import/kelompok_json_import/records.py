"""Iterates over the records of a text: a list's items, a map's members, a table's rows, lines, or one object."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, NamedTuple

from kelompok_core.contracts import Issue, JsonValue, Severity, UnreadableSource
from kelompok_json_import.cursor import Cursor
from kelompok_json_import.documents import Document
from kelompok_json_import.finding import Where
from kelompok_json_import.headers import column_names
from kelompok_json_import.lines import Line, is_list_of_objects, iter_lines
from kelompok_json_import.paths import ITEMS, Path, fits_step, is_wild
from kelompok_json_import.places import Shape, is_named, is_of_the_reply

KEY, VALUE, LIST = "key", "value", "list"
"""Columns: the name of a map's member, its value if that is not an object, and the name of the list a record is in."""

PARENT_NAME = "parent"
PARENT = f"{PARENT_NAME}."
"""Prefix of values from the object that contains a record's list; written twice for the object around that."""


class Found(NamedTuple):
    """One record.

    Attributes:
        value: As decoded; None if the text is broken.
        line: Its first line, from 1.
        pointer: Its JSON Pointer (RFC 6901).
        key: Its name, if it is a member of a map.
        list_name: The name of the list it is in, or of the object that contains the list, if there are several.
        repeated: Names of members that occur twice.
        broken: What is wrong with its line, if it is one of many lines.
        text: The broken line.
        parents: Plain values of the objects around it, by name, the nearest object first.
    """

    value: object
    line: int
    pointer: str
    key: str | None = None
    list_name: str | None = None
    repeated: tuple[str, ...] = ()
    broken: Mapping[str, JsonValue] | None = None
    text: str = ""
    parents: Mapping[str, object] | None = None


class _Above(NamedTuple):
    """The context of a place: what surrounds it on the way to the records.

    Attributes:
        pointer: Where it is.
        names: Names that a wildcard step matched, the nearest first.
        parents: Plain values of the objects around it, the nearest object first.
        is_member: Whether the last step was a wildcard that matched a name.
    """

    pointer: str = ""
    names: tuple[str, ...] = ()
    parents: Mapping[str, object] = {}
    is_member: bool = False

    def below(self, step: str | int, child: str | int) -> "_Above":
        is_member = is_wild(step) and isinstance(child, str)
        names = (str(child), *self.names) if is_member else self.names
        return _Above(f"{self.pointer}/{_escaped(str(child))}", names, self.parents, is_member)

    def inside(self, plain: Mapping[str, object]) -> "_Above":
        """Return the same, inside an object with these plain values."""
        if not plain and not self.parents:
            return self
        return self._replace(parents={**plain, **{f"{PARENT}{name}": one for name, one in self.parents.items()}})

    def context(self, *, is_in_list: bool) -> dict[str, Any]:
        """Return the attributes of :class:`Found` that a record here gets from what surrounds it."""
        key, names = None, self.names
        if self.is_member and not is_in_list:
            key, names = names[0], names[1:]
        further = {f"{PARENT * depth}{LIST}": name for depth, name in enumerate(names[1:])}
        return {"key": key, "list_name": names[0] if names else None, "parents": further | dict(self.parents)}


def iter_records(document: Document, where: Where) -> Iterator[Found | None]:
    """Yield the records of a text from its beginning, and None for a blank line or an empty row of a table.

    Raises:
        UnreadableSource: ``file.json_invalid`` or a similar code, or ``file.path_missing``.
    """
    if where.shape is Shape.LINES:
        walk = _Walk(document, where)
        for one in iter_lines(document.text):
            if one is None:
                yield None
            elif where.path or type(one.value) is list:
                yield from walk.line(one)
            else:
                yield _of_line(one)
        if where.path:
            walk.require_some()
        return
    cursor = Cursor(document.text, document.name)
    if where.shape is Shape.VALUES:
        yield from _Walk(document, where).values(cursor)
        return
    walk = _Walk(document, where)
    yield from walk.go(cursor, where.path, (), _Above())
    while not where.path and where.shape is Shape.LIST and cursor.peek() == "[":  # several arrays, one after the other
        yield from walk.go(cursor, (), (), _Above())
    cursor.require_end()
    walk.require_some()


def _of_line(line: Line) -> Found:
    return Found(line.value, line.line, "", repeated=line.repeated, broken=line.broken, text=line.text)


class _Walk:
    """Follows a path from the top of a text to its records."""

    def __init__(self, document: Document, where: Where) -> None:
        self._document = document
        self._where = where
        self._header = where.header
        self._is_there = False

    def require_some(self) -> None:
        """Raise UnreadableSource unless the path led somewhere."""
        if not self._is_there:
            params = {"path": self._where.shown(), "file": self._document.name}
            raise UnreadableSource(Issue(code="file.path_missing", severity=Severity.FATAL, params=params))

    def line(self, line: Line) -> Iterator[Found]:
        """Yield the records of a line: its object, those of its array, or those under the path."""
        whole = _of_line(line)
        if line.broken is None and (self._where.path or is_list_of_objects(line.value)):
            yield from self._inside(whole)
        else:
            yield whole

    def values(self, cursor: Cursor) -> Iterator[Found]:
        """Yield the records of several values, one after the other."""
        while cursor.next_value():
            found = _found(cursor, _Above(), is_in_list=False)
            yield from self._inside(found) if self._where.path else (found,)
        if self._where.path:
            self.require_some()

    def _inside(self, found: Found) -> Iterator[Found]:
        for one in _in_memory(found.value, self._where.path, _Above()):
            self._is_there = True
            yield one._replace(line=found.line, repeated=found.repeated)

    def go(self, cursor: Cursor, steps: Path, path: Path, above: _Above) -> Iterator[Found | None]:
        """Yield the records at the path from the cursor's position; after a wildcard, values are searched in memory."""
        if not steps:
            self._is_there = True
            yield from self._records(cursor, above)
            return
        step, rest = steps[0], steps[1:]
        above = above.inside(self._where.around.get(path, {})) if cursor.peek() == "{" else above
        for child in _children(cursor, step):
            below = above.below(step, child)
            if not fits_step(step, child) or (is_wild(step) and not self._is_meant(child)):
                cursor.skip()
            elif is_wild(step) and rest:
                yield from self._looked_for(cursor, rest, below)
            elif is_wild(step) and cursor.peek() not in ("[", "{"):
                cursor.skip()  # a value next to the lists belongs to the parent
            else:
                yield from self.go(cursor, rest, (*path, child), below)

    def _looked_for(self, cursor: Cursor, steps: Path, above: _Above) -> Iterator[Found]:
        cursor.peek()
        line, value = cursor.line(), cursor.value()
        for found in _in_memory(value, steps, above):
            self._is_there = True
            yield found._replace(line=line)

    def _is_meant(self, child: str | int) -> bool:
        return self._where.keys is None or isinstance(child, int) or child in self._where.keys

    def _records(self, cursor: Cursor, above: _Above) -> Iterator[Found | None]:
        shape, following = self._where.shape, cursor.peek()
        if shape is Shape.MAP and following == "{":
            yield from self._members(cursor, above)
        elif shape is Shape.TABLE and following == "[":
            yield from self._rows(cursor, above)
        elif shape is Shape.LIST and following == "[":
            context = above.context(is_in_list=True)
            for index in cursor.items():
                yield _read_one(cursor, f"{above.pointer}/{index}", context)
        else:
            yield _found(cursor, above, is_in_list=False)

    def _members(self, cursor: Cursor, above: _Above) -> Iterator[Found]:
        for name in cursor.members():
            if self._is_meant(name):
                yield _found(cursor, above.below("*", name), is_in_list=False)
            else:
                cursor.skip()

    def _rows(self, cursor: Cursor, above: _Above) -> Iterator[Found | None]:
        """Yield a table's rows as objects, and None for an empty one.

        Cells after the last named column get a number as their name.
        """
        context = above.context(is_in_list=True)
        for index in cursor.items():
            found = _read_one(cursor, f"{above.pointer}/{index}", context)
            if not isinstance(found.value, list):
                yield found
            elif all(map(_is_blank, found.value)):
                yield None
            elif not self._header:
                self._header = column_names(found.value)
            else:
                further = len(found.value) - len(self._header)
                if further > 0:
                    self._header = column_names((*self._header, *repeat(None, further)))
                yield found._replace(value=dict(zip(self._header, found.value, strict=False)))


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _in_memory(value: object, steps: Path, above: _Above) -> Iterator[Found]:
    """Yield the records below a value, each with the plain values of the objects it is in."""
    if not steps:
        if not isinstance(value, list):
            yield Found(value, 0, above.pointer, **above.context(is_in_list=False))
            return
        context = above.context(is_in_list=True)
        for index, item in enumerate(value):
            yield Found(item, 0, f"{above.pointer}/{index}", **context)
        return
    step = steps[0]
    around = above.inside(_plain(value)) if isinstance(value, dict) else above
    for name, child in _named(value):
        if fits_step(step, name):
            yield from _in_memory(child, steps[1:], around.below(step, name))


def _named(value: object) -> Iterable[tuple[str | int, object]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _plain(value: Mapping[str, object]) -> Mapping[str, object]:
    """Return the plain values of an object; if it is a page of a reply, without the values about the reply."""
    plain = {name: one for name, one in value.items() if not isinstance(one, dict | list)}
    return plain if is_named(plain) else {name: one for name, one in plain.items() if not is_of_the_reply(name)}


def _children(cursor: Cursor, wanted: str | int) -> Iterator[str | int]:
    """Go through an array by index or an object by name, as wanted; skip any other value."""
    following = cursor.peek()
    if following == "[" and (isinstance(wanted, int) or is_wild(wanted)):
        yield from cursor.items()
    elif following == "{" and isinstance(wanted, str) and wanted != ITEMS:
        yield from cursor.members()
    else:
        cursor.skip()


def _found(cursor: Cursor, above: _Above, *, is_in_list: bool) -> Found:
    return _read_one(cursor, above.pointer, above.context(is_in_list=is_in_list))


def _read_one(cursor: Cursor, pointer: str, context: Mapping[str, Any]) -> Found:
    cursor.decoder.take_repeated()
    cursor.peek()
    line = cursor.line()
    value = cursor.value()
    return Found(value, line, pointer, repeated=tuple(cursor.decoder.take_repeated()), **context)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
