"""The lists of objects in a text: how many items each has, what they are called, and which of them are alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from kelompok_json_import.cursor import Cursor
from kelompok_json_import.paths import ITEMS, WILD, Path

_DEEPEST = 4
_MOST_MEMBERS = 200
_ITEMS_THAT_TELL = 50


@dataclass
class FoundList:
    """Lists at one path, where every index is any.

    Attributes:
        path: Where they are.
        items: How many objects they have together.
        members: Names in these, those of nested objects by their path.
        keys: Where the path has a step for members of any name: the names that are meant.
    """

    path: Path
    items: int = 0
    members: set[str] = field(default_factory=set)
    keys: frozenset[str] | None = None

    def is_like(self, other: "FoundList") -> bool:
        """Return whether the items of both have most of their members in common."""
        fewest = min(len(self.members), len(other.members))
        return 0 < fewest <= 2 * len(self.members & other.members)


class Lists:
    """What lists of objects there are, gathered while a text is gone through."""

    def __init__(self) -> None:
        self._found: dict[Path, FoundList] = {}

    def note(self, path: Path, item: Any) -> None:
        """Note an item of the list at the path, and the lists in it."""
        if not isinstance(item, dict):
            return
        found = self._found.setdefault(path, FoundList(path=path))
        found.items += 1
        if found.items <= _ITEMS_THAT_TELL and len(found.members) < _MOST_MEMBERS:
            found.members.update(_names(item))
        self._look_into(item, (*path, ITEMS))

    def _look_into(self, value: Any, path: Path) -> None:
        if len(path) >= 2 * _DEEPEST or not isinstance(value, dict):
            return
        for name, child in value.items():
            if isinstance(child, list):
                for item in child:
                    self.note((*path, name), item)
            else:
                self._look_into(child, (*path, name))

    def all(self) -> list[FoundList]:
        """Return the lists; those whose paths differ by one name and whose items are alike as one."""
        together: list[FoundList] = []
        for one in self._found.values():
            alike = next((other for other in together if _is_beside(one, other) and one.is_like(other)), None)
            if alike is None:
                together.append(one)
            else:
                together[together.index(alike)] = _as_one(alike, one)
        return together


def _names(item: dict[str, Any]) -> Iterator[str]:
    for name, value in item.items():
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)


def _differing(left: Sequence[object], right: Sequence[object]) -> list[int]:
    return [at for at, (one, other) in enumerate(zip(left, right, strict=True)) if one != other]


def _is_beside(one: FoundList, other: FoundList) -> bool:
    if len(one.path) != len(other.path):
        return False
    steps = _differing(one.path, other.path)
    if other.keys is not None:  # the step that names differ in is known
        return len(steps) == 1 and other.path[steps[0]] == WILD and one.path[steps[0]] != WILD
    return len(steps) == 1


def _as_one(together: FoundList, one: FoundList) -> FoundList:
    (step,) = _differing(together.path, one.path)
    before = together.keys or frozenset({str(together.path[step])})
    return FoundList(
        path=(*one.path[:step], WILD, *one.path[step + 1 :]),
        items=together.items + one.items,
        members=together.members | one.members,
        keys=before | {str(one.path[step])},
    )


def gather(cursor: Cursor, path: Path, lists: Lists) -> frozenset[str] | None:
    """Go behind the value at the place and note its lists; return the names of its members if it has some."""
    following = cursor.peek()
    if following == "[":
        for _ in cursor.items():
            lists.note(path, cursor.value())
    elif following == "{" and len(path) < _DEEPEST:
        names = []
        for name in cursor.members():
            names.append(name)
            gather(cursor, (*path, name), lists)
        return frozenset(names)
    else:
        cursor.value()
    return None
