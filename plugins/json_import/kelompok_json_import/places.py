"""Surveys where a text may hold records: its lists, maps, tables and single objects, with sizes and members."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kelompok_json_import.cursor import Cursor
from kelompok_json_import.headers import HEADERS, SCHEMA, column_name, column_names
from kelompok_json_import.paths import ITEMS, WILD, Path, fits_step, is_wild, show_path

_MOST_NAMES_STREAMED = 40
"""Levels of objects that are streamed; anything deeper is decoded as one value."""

_MOST_NAMES_IN_ITEMS = 24
_MOST_MEMBERS = 200
_MOST_CHILDREN = 1_000
_MOST_OBJECTS = 5_000
_SAMPLED_ITEMS = 50
_ALIKE = 2 / 3
"""Two lists hold the same kind of records if they share this part of the members of the richer one."""

_A_RECORD_HAS = frozenset({"name", "title", "nama", "judul", "id", "@type"})
_OF_THE_REPLY = frozenset(
    {
        "total", "count", "counts", "num", "number", "page", "pages", "per", "size", "limit", "offset", "skip",
        "next", "previous", "prev", "has", "more", "is", "last", "first", "items", "results", "records", "rows",
        "found", "hits", "cursor", "token", "status", "success", "ok", "error", "errors", "message", "msg",
        "took", "timed", "out", "empty", "generated", "exported", "fetched", "retrieved", "updated", "at", "on",
        "time", "timestamp", "by",
    }
)  # fmt: skip
"""Words in the names of members that are about the reply or the export, not about a record in it."""

_SMALL_WORDS = frozenset({"at", "on", "by", "is", "has", "time"})
"""Words that count only together with another one: «time» alone may be that of an event."""

_CAMEL = str.maketrans({letter: f" {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | {"_": " ", "-": " "})


class Shape(StrEnum):
    """How a text holds its records."""

    AUTO = "auto"
    LIST = "list"
    MAP = "map"
    ONE = "one"
    LINES = "lines"
    VALUES = "values"
    TABLE = "table"


@dataclass
class Place:
    """A place that may hold records: the lists at one path, whatever the indexes in it; a map; a table; one object.

    Attributes:
        path: Its path.
        shape: Its shape.
        items: How many objects or rows there are.
        members: Names of their members; those of nested objects as a path.
        keys: The names that a wildcard of the path or a map stands for; None for all.
        names: The names of the records or lists that a wildcard or a map stands for.
        parts: The lists it consists of, if there are several.
        header: Names of a table's columns from a header beside it; empty if its first row has them, None if they have
            no names.
        wrapping: By name, how many of the first items have a nested object there.
        is_unwrapped: Whether the path leads to an object in each item instead of a list.
    """

    path: Path
    shape: Shape
    items: int = 0
    members: set[str] = field(default_factory=set)
    keys: frozenset[str] | None = None
    names: frozenset[str] = frozenset()
    parts: tuple["Place", ...] = ()
    header: tuple[str, ...] | None = None
    wrapping: Counter[str] = field(default_factory=Counter)
    is_unwrapped: bool = False

    @property
    def is_many(self) -> bool:
        """Whether it can hold any number of records."""
        return self.shape is not Shape.ONE

    def contains(self, other: "Place") -> bool:
        """Return whether the other place lies inside the records that would be read here."""
        inner = {Shape.MAP: (WILD,), Shape.ONE: ()}.get(self.shape, () if self.is_unwrapped else (ITEMS,))
        own = (*self.path, *inner)
        is_below = len(other.path) > len(self.path) and len(other.path) >= len(own)
        return is_below and all(self._leads_to(step, child) for step, child in zip(own, other.path, strict=False))

    def _leads_to(self, step: str | int, child: str | int) -> bool:
        is_meant = step != WILD or self.keys is None or child in self.keys or child == WILD
        return is_meant and (fits_step(step, child) or step == child)

    def reading_path(self) -> Path:
        """Return the path to give in a setting to read it."""
        if self.shape is Shape.MAP:
            return (*self.path, WILD)
        return self.path if self.path or not self.is_many else (ITEMS,)

    def setting(self) -> str:
        """Return the setting that reads it."""
        path = self.reading_path()
        return f"records={show_path(path)}" if path else f"shape={self.shape.value}"

    def is_like(self, other: "Place") -> bool:
        """Return whether both share most members of the richer one."""
        most = max(len(self.members), len(other.members))
        return most > 0 and len(self.members & other.members) >= _ALIKE * most

    def resembles(self, other: "Place") -> bool:
        """Return whether both share at least half of the members of the poorer one."""
        fewest = min(len(self.members), len(other.members))
        return 0 < fewest <= 2 * len(self.members & other.members)

    def first_wrapped(self) -> int:
        """Return how many items :attr:`wrapping` counts."""
        return min(self.items, _SAMPLED_ITEMS)


@dataclass
class ObjectSummary:
    """A summary of an object that is not in a list.

    Attributes:
        number: How many members it has.
        names: The first names of members.
        plain: Members that are neither lists nor objects.
        children: By name of a member that is an object, the names of its members.
    """

    number: int = 0
    names: list[str] = field(default_factory=list)
    plain: dict[str, object] = field(default_factory=dict)
    children: dict[str, frozenset[str]] = field(default_factory=dict)

    def note(self, name: str) -> None:
        """Note a member with this name."""
        self.number += 1
        if len(self.names) < _MOST_CHILDREN:
            self.names.append(name)

    def members(self) -> set[str]:
        """Return the names of its members; those of nested objects as a path."""
        inner = {f"{name}.{one}" for name, names in list(self.children.items())[:_MOST_MEMBERS] for one in names}
        return {*self.names, *inner}


def is_named(members: Collection[str]) -> bool:
    """Return whether an object has a name or an id: then it is a record, not an object around records."""
    return any(name.casefold() in _A_RECORD_HAS for name in members)


def is_of_the_reply(name: str) -> bool:
    """Return whether a member of an object around a list is about the reply, not about a record."""
    words = name.translate(_CAMEL).casefold().split()
    is_about_reply = all(word in _OF_THE_REPLY for word in words) and not _SMALL_WORDS.issuperset(words)
    return name.startswith(("@", "$")) or not words or is_about_reply


class Survey:
    """The places of a text, collected while it is read.

    Attributes:
        objects: The objects that are not in a list, by path.
    """

    def __init__(self) -> None:
        self.objects: dict[Path, ObjectSummary] = {}
        self._lists: dict[Path, Place] = {}
        self._tables: dict[Path, Place] = {}
        self._widest: dict[Path, int] = {}
        self._headers: dict[Path, list[object]] = {}

    def open_object(self, path: Path) -> ObjectSummary:
        """Return the summary to fill for an object; after :data:`_MOST_OBJECTS` objects it is not kept."""
        summary = ObjectSummary()
        return self.objects.setdefault(path, summary) if len(self.objects) < _MOST_OBJECTS else summary

    def note(self, path: Path, item: object, *, is_nested: bool = False) -> None:
        """Note an item of the list at the path, and the lists in it."""
        if not is_nested:
            self.note_row(path, item)
        if not isinstance(item, dict):
            return
        found = self._lists.setdefault(path, Place(path=path, shape=Shape.LIST))
        found.items += 1
        if found.items <= _SAMPLED_ITEMS and len(found.members) < _MOST_MEMBERS:
            found.members.update(_names(item))
            found.wrapping.update(name for name, value in item.items() if isinstance(value, dict))
        self._look_into(item, (*path, ITEMS))

    def note_empty(self, path: Path) -> None:
        """Note an empty list."""
        self._lists.setdefault(path, Place(path=path, shape=Shape.LIST))

    def note_header(self, path: Path, items: list[object]) -> None:
        """Note a list that may name the columns of a table beside it."""
        if path and path[-1] in HEADERS and any(map(column_name, items)):
            self._headers[path] = items

    def note_row(self, path: Path, row: object) -> None:
        """Note an item of the list at the path that may be a row of a table."""
        if not isinstance(row, list):
            return
        table = self._tables.get(path)
        if table is None:
            members = {one for one in row if isinstance(one, str)}
            is_header = len(members) == len(row) > 0
            table = Place(path=path, shape=Shape.TABLE, members=members, header=() if is_header else None, items=-1)
            self._tables[path] = table
        table.items += 1
        self._widest[path] = max(self._widest.get(path, 0), len(row))

    def table_at(self, path: Path) -> Place | None:
        """Return the table at a path, if its columns have names."""
        table = self._tables.get(path)
        named = table and self._with_header(table)
        return named if named is not None and named.header is not None else None

    def _look_into(self, value: object, path: Path) -> None:
        if len(path) >= _MOST_NAMES_IN_ITEMS or not isinstance(value, dict):
            return
        for name, child in value.items():
            if isinstance(child, list):
                for item in child:
                    self.note((*path, name), item, is_nested=True)
            elif isinstance(child, dict):
                self._look_into(child, (*path, name))

    def places(self, are_siblings: Callable[[Path, Path], bool], is_key: Callable[[str], bool]) -> list[Place]:
        """Return the places that may hold records. Lists of similar items whose paths differ by one name are one place.

        Args:
            are_siblings: Whether two lists may hold the same kind of records, by their names.
            is_key: Whether a name may be the key of a record in a map.
        """
        maps = [
            one for path, summary in self.objects.items() if (one := self._map_at(path, summary, is_key)) is not None
        ]
        tables = [one for one in map(self._with_header, self._tables.values()) if one.header is not None]
        return [*_together(list(self._lists.values()), are_siblings), *tables, *maps, *self._single(maps)]

    def _single(self, maps: Sequence[Place]) -> Iterator[Place]:
        for path, summary in self.objects.items():
            is_member = any(one.path == path[:-1] and path and _has_key(one, path[-1]) for one in maps)
            if summary.plain and not is_member and all(one.path != path for one in maps):
                yield Place(path=path, shape=Shape.ONE, items=1, members=summary.members())

    def _map_at(self, path: Path, summary: ObjectSummary, is_key: Callable[[str], bool]) -> Place | None:
        alike = _alike(summary.children)
        others = summary.number - len(alike) - sum(map(is_of_the_reply, summary.plain))
        if len(alike) < 2 or others > len(alike) or not all(map(is_key, alike)):  # noqa: PLR2004
            return None
        inside = [self.objects[(*path, name)] for name in alike if (*path, name) in self.objects]
        if not any(one.plain for one in inside):
            return None
        members = set().union(*(one.members() for one in inside[:_SAMPLED_ITEMS]))
        is_whole = summary.number == len(summary.children)
        keys = None if len(alike) == len(summary.children) and (is_whole or summary.number > _MOST_CHILDREN) else alike
        number = len(alike) if keys is not None else summary.number
        return Place(path=path, shape=Shape.MAP, items=number, members=members, keys=keys, names=alike)

    def _with_header(self, table: Place) -> Place:
        """Return the table with the header found beside it; then its first row is a record too.

        Of several headers, the one whose length is closest to that of the longest row is taken.
        """
        around = table.path[:-1]
        places = (*((*around, name) for name in HEADERS), *((*around, SCHEMA, name) for name in HEADERS))
        beside = [column_names(self._headers[one]) for one in places if one in self._headers and one != table.path]
        if not table.path or not beside:
            return table
        names = min(beside, key=lambda one: abs(len(one) - self._widest[table.path]))
        return replace(table, header=names, members=set(names), items=table.items + 1)


def _has_key(place: Place, name: str | int) -> bool:
    return place.keys is None or name in place.keys


def _alike(children: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the names of the children that share their members with most others."""
    if len(children) == 2:  # noqa: PLR2004
        one, other = children.values()
        are = 2 * len(one & other) >= max(len(one), len(other)) > 0 or 0 < len(one & other) == min(len(one), len(other))
        return frozenset(children) if are else frozenset()
    times = Counter(name for names in children.values() for name in names)
    usual = {name for name, number in times.items() if 2 * number >= len(children)}
    loosely = {name for name, names in children.items() if names & usual and 2 * len(names & usual) >= len(names)}
    closely = {name for name in loosely if _is_usual(children[name], usual)}
    odd = len(loosely) - len(closely)  # a few are something else, such as a chair beside chapters
    return frozenset(closely if odd <= max(1, len(loosely) // 10) else loosely)


def _is_usual(names: frozenset[str], usual: set[str]) -> bool:
    return names <= usual or 2 * len(names & usual) > max(len(names), len(usual))


def _names(item: Mapping[str, object]) -> Iterator[str]:
    for name, value in item.items():
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)


def _together(lists: list[Place], are_siblings: Callable[[Path, Path], bool]) -> list[Place]:
    """Return the lists; those with the same kind of records whose paths differ in one name become one place."""
    families: dict[Path, list[Place]] = {}
    for one in lists:
        for at, step in enumerate(one.path):
            if isinstance(step, str) and not is_wild(step):
                families.setdefault((*one.path[:at], WILD, *one.path[at + 1 :]), []).append(one)
    merged: dict[int, Place] = {}
    for pattern, family in sorted(families.items(), key=lambda entry: -len(entry[1])):
        free = [one for one in family if id(one) not in merged and one.items]
        while len(free) > 1:
            first, *others = free
            kin = [first, *(o for o in others if first.is_like(o) and are_siblings(first.path, o.path))]
            if len(kin) > 1:
                merged |= dict.fromkeys(map(id, kin), _as_one(pattern, kin))
            free = [one for one in others if one not in kin]
    return list({id(merged.get(id(one), one)): merged.get(id(one), one) for one in lists}.values())


def _as_one(pattern: Path, lists: Sequence[Place]) -> Place:
    step = next(at for at, one in enumerate(pattern) if one == WILD and lists[0].path[at] != WILD)
    names = frozenset(str(one.path[step]) for one in lists)
    return Place(
        path=pattern,
        shape=Shape.LIST,
        items=sum(one.items for one in lists),
        members=set().union(*(one.members for one in lists)),
        keys=names,
        names=names,
        parts=tuple(lists),
        wrapping=sum((one.wrapping for one in lists), Counter()),
    )


def gather(cursor: Cursor, path: Path, survey: Survey) -> frozenset[str] | None:
    """Read the value at the cursor and note what it holds; return the names of its members if it is an object."""
    following = cursor.peek()
    if following == "[":
        _gather_items(cursor, path, survey)
    elif following == "{" and len(path) < _MOST_NAMES_STREAMED:
        return _gather_members(cursor, path, survey)
    else:
        cursor.value()
    return None


def _gather_items(cursor: Cursor, path: Path, survey: Survey) -> None:
    first: list[object] = []
    for index in cursor.items():
        item = cursor.value()
        survey.note(path, item)
        if index < _MOST_MEMBERS:
            first.append(item)
    if not first:
        survey.note_empty(path)
    survey.note_header(path, first)


def _gather_members(cursor: Cursor, path: Path, survey: Survey) -> frozenset[str]:
    summary = survey.open_object(path)
    for name in cursor.members():
        summary.note(name)
        if cursor.peek() not in ("[", "{"):
            value = cursor.value()
            if len(summary.plain) < _MOST_MEMBERS:
                summary.plain[name] = value
        elif (inner := gather(cursor, (*path, name), survey)) is not None and len(summary.children) < _MOST_CHILDREN:
            summary.children[name] = inner
    return frozenset(summary.names)
