"""Chooses the place in a text that holds an entity's records, by its name and fields."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from kelompok_json_import.paths import ITEMS, Path, is_wild
from kelompok_json_import.places import Place, Shape, is_named

_ANY_LIST = frozenset(
    {
        "data", "items", "item", "results", "result", "records", "record", "rows", "list", "entries",
        "elements", "values", "objects", "content", "contents", "response", "payload", "body", "hits", "docs",
        "documents", "collection", "edges", "nodes", "@graph",
    }
)  # fmt: skip
"""General names of lists and of objects around them, whatever they contain."""

_NOT_RECORDS = frozenset(
    {
        "included", "includes", "links", "_links", "meta", "metadata", "info", "schema", "fields", "columns",
        "headers", "header", "facets", "aggregations", "errors", "warnings", "pagination", "@context",
    }
)  # fmt: skip
"""Names of members next to the records of a response that are not records."""

_PROGRAM_NAME = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
_ENOUGH = 2
"""Minimum number of fields that identify an entity; almost any object has one, such as a name."""


class Naming(IntEnum):
    """What the name of a place suggests about its content."""

    NOT_RECORDS = 0
    OTHER_ENTITY = 1
    UNKNOWN = 2
    ANY_LIST = 3
    ENTITY = 4


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is known about the records to find.

    Attributes:
        entity: Their entity, or None.
        count_fields: Returns how many of the entity's fields, without ids, members with these names map to.
        is_enough: Returns whether members with these names have the required fields of the entity.
        find_entity: Returns the entity of records in a list with this name.
    """

    entity: str | None = None
    count_fields: Callable[[Collection[str]], int] = lambda _: 0
    is_enough: Callable[[Collection[str]], bool] = lambda _: True
    find_entity: Callable[[str], str | None] = lambda _: None

    def naming(self, path: Path) -> Naming:
        """Return what a path suggests: its last name that is not a general name of lists decides."""
        names = [step for step in path if isinstance(step, str) and not is_wild(step)]
        for name in reversed(names):
            if (entity := self.find_entity(name)) is not None and self.entity is not None:
                return Naming.ENTITY if entity == self.entity else Naming.OTHER_ENTITY
            if name.casefold() in _NOT_RECORDS:
                return Naming.NOT_RECORDS
            if name.casefold() not in _ANY_LIST:
                return Naming.UNKNOWN
        return Naming.ANY_LIST if names else Naming.UNKNOWN

    def are_siblings(self, one: Path, other: Path) -> bool:
        """Return whether lists at two paths may hold the same kind of records, by their names."""
        return self.naming(one) is self.naming(other) and self.naming(one) in (Naming.UNKNOWN, Naming.ENTITY)

    def is_key(self, name: str) -> bool:
        """Return whether a member's name may be that of a record, rather than of a kind of records."""
        return self.naming((name,)) is Naming.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The place to read, and other places that may hold records but are not read."""

    place: Place
    unread: tuple[Place, ...] = ()


class Unclear(Exception):
    """Several places could hold the records."""

    def __init__(self, places: Sequence[Place]) -> None:
        super().__init__()
        self.places = list(places)


@dataclass(frozen=True)
class _Judged:
    place: Place
    naming: Naming
    fields: int
    could_be: bool

    def is_inside(self, other: "_Judged") -> bool:
        return other.place.contains(self.place)

    def is_apart_from(self, other: "_Judged") -> bool:
        return self is not other and not self.is_inside(other) and not other.is_inside(self)


def choose(places: Sequence[Place], expected: Expected) -> Choice | None:
    """Return the place that holds the records, or None if there is none.

    Raises:
        Unclear: When another place is as likely.
    """
    judged = [_judge(_unwrapped(place, expected), expected) for place in places]
    best = (
        _named(judged, Naming.ENTITY)
        or _named(judged, Naming.ANY_LIST)
        or _with_most_fields(judged)
        or _first_list(judged)
    )  # fmt: skip
    if best is None:
        return None
    if expected.entity is not None and _is_uncertain(best):
        raise Unclear([best.place, *(one.place for one in judged if one.could_be and one is not best)])
    unread = [part for one in _unread(judged, best) for part in one.place.parts or (one.place,)]
    return Choice(place=best.place, unread=tuple(unread))


def _judge(place: Place, expected: Expected) -> _Judged:
    fields = expected.count_fields(place.members)
    if expected.entity is not None:
        could_be = place.items > 0 and fields > 0 and expected.is_enough(place.members)
    elif place.is_many:
        could_be = place.items > 0
    else:  # an envelope has no name or identifier of its own
        could_be = not place.path and is_named(place.members)
    return _Judged(place, expected.naming((place.parts[0] if place.parts else place).path), fields, could_be)


def _unwrapped(place: Place, expected: Expected) -> Place:
    """Return the place of the objects inside a list's items if only these have the fields: ``edges[*].node``."""
    if expected.entity is None or place.shape is not Shape.LIST or expected.is_enough(place.members):
        return place
    fitting = []
    for name, times in place.wrapping.items():
        inner = {member.removeprefix(f"{name}.") for member in place.members if member.startswith(f"{name}.")}
        if times == place.first_wrapped() and expected.is_enough(inner):
            fitting.append((name, inner))
    if len(fitting) != 1:
        return place
    ((name, inner),) = fitting
    return replace(place, path=(*place.path, ITEMS, name), members=inner, is_unwrapped=True)


def _named(judged: Sequence[_Judged], naming: Naming) -> _Judged | None:
    """Return the place whose name shows that it holds the records, even if it is an empty list.

    Raises:
        Unclear: When there are several such places, or another place has as many fields.
    """
    named = [one for one in judged if one.naming is naming and (one.could_be or not one.place.items)]
    lists = [one for one in named if one.place.is_many]
    if naming is Naming.ANY_LIST:
        named = lists = [one for one in lists if not _is_part_of_a_record(one, judged)]
    best = _only([one for one in lists if one.place.items]) or _only(lists) or _only(named)
    if best is None:
        if named and naming is Naming.ENTITY:
            raise Unclear([one.place for one in named if one.could_be] or [one.place for one in named])
        return None
    rivals = [one for one in judged if _rivals_by_fields(one, best)]
    if rivals:
        raise Unclear([best.place, *(one.place for one in rivals)])
    return best


def _only(judged: Sequence[_Judged]) -> _Judged | None:
    return judged[0] if len(judged) == 1 else None


def _is_part_of_a_record(one: _Judged, judged: Sequence[_Judged]) -> bool:
    return any(one.is_inside(other) and other.could_be and other.fields >= one.fields for other in judged)


def _rivals_by_fields(one: _Judged, best: _Judged) -> bool:
    """Return whether a place has as many fields as the place with the matching name."""
    if one is best or not one.could_be or not best.place.items or best.is_inside(one):
        return False
    if one.is_inside(best) and best.place.is_many:
        return False
    if not one.place.is_many:
        return one.naming is Naming.ENTITY and one.fields >= best.fields
    return one.naming >= Naming.UNKNOWN and one.fields >= max(_ENOUGH, best.fields)


def _with_most_fields(judged: Sequence[_Judged]) -> _Judged | None:
    """Return the place with the most fields of the entity.

    Raises:
        Unclear: When another place has nearly as many.
    """
    fitting: list[_Judged] = []
    for least in (Naming.UNKNOWN, Naming.OTHER_ENTITY, Naming.NOT_RECORDS):
        fitting = fitting or [one for one in judged if one.could_be and one.naming >= least]
        judged = judged if fitting else [one for one in judged if not _is_part(one, judged)]
    if not fitting:
        return None
    best = max(fitting, key=_rank)
    around = [one for one in judged if best.is_inside(one) and (one.could_be or one.place.is_many)]
    for outer in sorted(around, key=lambda one: len(one.place.path)):
        if outer.could_be and outer.fields >= best.fields and best.naming is not Naming.ANY_LIST:
            best = outer
            break
        if best.place.is_many and (outer.could_be or best.naming is not Naming.ANY_LIST):
            raise Unclear([best.place, outer.place])
    rivals = [one for one in fitting if one.is_apart_from(best) and _rivals(one, best)]
    if rivals:
        raise Unclear([best.place, *(one.place for one in rivals)])
    return best


def _is_part(one: _Judged, judged: Sequence[_Judged]) -> bool:
    return any(one.is_inside(other) for other in judged if other.place.is_many)


def _rank(one: _Judged) -> tuple[int, bool, int, int, int]:
    place = one.place
    return one.fields, place.is_many, -place.path.count(ITEMS), place.items, -len(place.path)


def _rivals(one: _Judged, best: _Judged) -> bool:
    if not one.place.is_many:
        return one.fields >= best.fields > 0
    beside = one.place.path[:-1] == best.place.path[:-1]
    return 2 * one.fields > best.fields or (beside and best.fields > 0 and one.place.resembles(best.place))


def _first_list(judged: Sequence[_Judged]) -> _Judged | None:
    """Return the list to read if no place has the required fields; missing columns are then reported."""
    lists = [one for one in judged if one.place.is_many and one.place.items and one.naming is not Naming.NOT_RECORDS]
    top = next((one for one in judged if not one.place.path and not one.place.is_many), None)
    if top is not None and is_named(top.place.members):
        return top
    return max(lists, key=lambda one: (one.naming, *_rank(one)), default=None)


def _is_uncertain(best: _Judged) -> bool:
    """Return whether the names of several members may be kinds of records, instead of records."""
    names = best.place.names
    are_data = any(not _PROGRAM_NAME.fullmatch(name) for name in names)
    return bool(names) and best.naming is not Naming.ENTITY and not are_data and best.fields < _ENOUGH


def _unread(judged: Sequence[_Judged], best: _Judged) -> list[_Judged]:
    """Return places that may hold records but are not read.

    Values inside the records are read with them, so a place there counts only if it looks like records itself. Plain
    values of an object around the records are read as the parent's.
    """
    return [one for one in judged if one is not best and one.place.items and _is_named_unread(one, best)]


def _is_named_unread(one: _Judged, best: _Judged) -> bool:
    if one.is_inside(best):
        is_like_records = one.naming >= Naming.UNKNOWN and one.fields >= min(_ENOUGH, best.fields)
        return one.place.is_many and one.could_be and one.fields > 0 and is_like_records
    is_around = best.is_inside(one)
    if one.place.is_many:
        return one.could_be if is_around else not (best.place.header and one.naming is Naming.NOT_RECORDS)
    return one.could_be and one.naming is not Naming.NOT_RECORDS and (not is_around or one.fields >= _ENOUGH)
