"""Finds the records of a text: its overall shape, and the place that holds them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from kelompok_core.contracts import Issue, Severity, UnreadableSource
from kelompok_json_import.choosing import Expected, Unclear, choose
from kelompok_json_import.cursor import RECORD_MARK, Cursor
from kelompok_json_import.documents import Document
from kelompok_json_import.headers import HEADERS, SCHEMA
from kelompok_json_import.lines import is_list_of_objects, is_one_array, iter_lines, looks_like_lines
from kelompok_json_import.paths import ITEMS, Path, is_wild, show_path
from kelompok_json_import.places import Place, Shape, Survey, gather, is_of_the_reply

_MOST_MEMBERS = 64
_SAMPLED_ITEMS = 50
_MOST_SHOWN = 10
_NAME = re.compile(r"[@$]?[A-Za-z_][\w\- ]*")


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where a text's records are.

    Attributes:
        shape: How the text holds them.
        path: The path to them from the top, or from each value of a text with several values.
        keys: The names that a wildcard of the path or a map stands for; None for all.
        header: Names of a table's columns; empty if they are in its first row.
        around: Plain values of the objects around the records, by path.
        unread: Places that may hold records but are not read.
        inside: The same inside the records, counted while these are read.
    """

    shape: Shape
    path: Path = ()
    keys: frozenset[str] | None = None
    header: tuple[str, ...] = ()
    around: Mapping[Path, Mapping[str, object]] = field(default_factory=dict)
    unread: tuple[Place, ...] = ()
    inside: tuple[Place, ...] = ()

    def shown(self) -> str:
        """Return the path as people write it."""
        return show_path(self.path)


def find_records(document: Document, shape: Shape, path: Path | None, expected: Expected) -> Where:
    """Return where a text's records are; detect what is not configured. Leaves the text at any position.

    Raises:
        UnreadableSource: ``file.json_invalid`` or a similar code, ``file.shape_unclear`` if no list is found, or
            ``file.lists_unclear`` if several lists are possible.
    """
    as_values = _shape_of_several(document)
    if shape is not Shape.AUTO or path is not None:
        return _configured(document, as_values, shape, path or ())
    if as_values is not None:
        return _among_items(document, as_values, expected)
    document.text.seek(0)
    cursor = Cursor(document.text, document.name)
    first = cursor.peek()
    if first == "[":
        return _among_items(document, Shape.LIST, expected)
    if first == "{":
        return _in_object(cursor, document, expected)
    if first:
        cursor.value()
        cursor.require_end()
        raise _unclear(document, 0)
    return Where(shape=Shape.LINES)


def _shape_of_several(document: Document) -> Shape | None:
    """Return the shape of a text with several values, judged by its name and beginning; None for one value."""
    document.text.seek(0)
    first = Cursor(document.text, document.name).peek()
    document.text.seek(0)
    if first == RECORD_MARK:
        return Shape.LINES if looks_like_lines(document.text) else Shape.VALUES
    if not document.has_lines or (first == "[" and is_one_array(document.text)):
        return None
    document.text.seek(0)
    is_of_values = first == "{" and not looks_like_lines(document.text) and _begins_with_value(document)
    return Shape.VALUES if is_of_values else Shape.LINES


def _begins_with_value(document: Document) -> bool:
    document.text.seek(0)
    try:
        Cursor(document.text, document.name).value()
    except UnreadableSource:
        return False
    return True


def _configured(document: Document, as_values: Shape | None, shape: Shape, path: Path) -> Where:
    """Return the configured place, with the plain values around it."""
    if shape is Shape.AUTO:
        shape = Shape.LIST if as_values is None else as_values
    if not path or shape in (Shape.LINES, Shape.VALUES):
        return Where(shape=shape, path=path)
    document.text.seek(0)
    cursor, survey = Cursor(document.text, document.name), Survey()
    _gather_around(cursor, path, (), survey)
    around = _around(survey, path)
    if shape is Shape.LIST and cursor.next_value():  # several documents, such as pages
        document.text.seek(0)
        return Where(shape=Shape.LINES if looks_like_lines(document.text) else Shape.VALUES, path=path)
    if shape in (Shape.LIST, Shape.TABLE) and (table := survey.table_at(path)) is not None:
        return Where(shape=Shape.TABLE, path=path, header=table.header or (), around=around)
    return Where(shape=shape, path=path, around=around)


def _gather_around(cursor: Cursor, rest: Path, path: Path, survey: Survey) -> None:
    """Note the plain values of the objects on the path, and whether it leads to rows of a table."""
    following = cursor.peek()
    if rest and following == "{":
        _gather_around_in_object(cursor, rest, path, survey)
    elif following == "[" and (not rest or isinstance(rest[0], int)):
        for index in cursor.items():
            if not rest:
                survey.note_row(path, cursor.value())
            elif index == rest[0]:
                _gather_around(cursor, rest[1:], (*path, index), survey)
            else:
                cursor.skip()
    else:
        cursor.skip()


def _gather_around_in_object(cursor: Cursor, rest: Path, path: Path, survey: Survey) -> None:
    summary = survey.open_object(path)
    for name in cursor.members():
        if cursor.peek() not in ("[", "{"):
            summary.plain[name] = cursor.value()
        elif name == rest[0]:
            _gather_around(cursor, rest[1:], (*path, name), survey)
        elif len(rest) == 1 and name in (*HEADERS, SCHEMA):
            gather(cursor, (*path, name), survey)
        else:
            cursor.skip()


def _around(survey: Survey, path: Path) -> Mapping[Path, Mapping[str, object]]:
    """Return the plain values of each object on the path up to its first wildcard."""
    objects: dict[Path, Mapping[str, object]] = {}
    for length, step in enumerate(path):
        summary = survey.objects.get(path[:length])
        if summary is not None:
            objects[path[:length]] = {name: one for name, one in summary.plain.items() if not is_of_the_reply(name)}
        if is_wild(step):
            break
    return objects


def _among_items(document: Document, shape: Shape, expected: Expected) -> Where:
    """Return the place of records in a text whose items or values may be the records or contain them.

    The first items decide; only if they contain a better place, all items are surveyed.
    """
    where = Where(shape=shape)
    places = _places_in(islice(_items(document, where), _SAMPLED_ITEMS), expected)
    try:
        choice = choose(places, expected)
    except Unclear:
        pass
    else:
        if choice is None or _is_the_whole(choice.place):
            return where if choice is None else replace(where, inside=choice.unread)
    return _chosen(document, Survey(), _places_in(_items(document, where), expected), expected, where)


def count_inside(record: object, steps: Path) -> int:
    """Return the number of items in the lists that the path leads to from a record."""
    if not steps:
        return len(record) if isinstance(record, list) else 0
    if steps[0] == ITEMS:
        return sum(count_inside(item, steps[1:]) for item in record) if isinstance(record, list) else 0
    return count_inside(record.get(steps[0]), steps[1:]) if isinstance(record, dict) else 0


def _is_the_whole(place: Place) -> bool:
    return not place.path and place.shape in (Shape.LIST, Shape.ONE)


def _items(document: Document, where: Where) -> Iterable[object]:
    document.text.seek(0)
    if where.shape is Shape.LINES:
        values = (one.value for one in iter_lines(document.text) if one is not None)
        for value in values:
            yield from value if is_list_of_objects(value) else (value,)
        return
    cursor = Cursor(document.text, document.name)
    if where.shape is Shape.VALUES:
        while cursor.next_value():
            yield cursor.value()
        return
    for _ in cursor.items():
        yield cursor.value()


def _places_in(items: Iterable[object], expected: Expected) -> list[Place]:
    survey = Survey()
    for item in items:
        survey.note((), item)
    return survey.places(expected.are_siblings, expected.is_key)


def _in_object(cursor: Cursor, document: Document, expected: Expected) -> Where:
    survey = Survey()
    gather(cursor, (), survey)
    if cursor.next_value():
        document.text.seek(0)
        is_of_lines = looks_like_lines(document.text)
        if not is_of_lines and cursor.peek() != "{":
            cursor.require_end()
        return _among_items(document, Shape.LINES if is_of_lines else Shape.VALUES, expected)
    cursor.require_end()
    places = survey.places(expected.are_siblings, expected.is_key)
    return _chosen(document, survey, places, expected, _as_a_whole(survey))


def _as_a_whole(survey: Survey) -> Where | None:
    """Return the object as the only record, if it has few members, and their names look like fields."""
    top = survey.objects[()]
    are_fields = top.number <= _MOST_MEMBERS and all(map(_NAME.fullmatch, top.names))
    return Where(shape=Shape.ONE) if are_fields else None


def _chosen(
    document: Document, survey: Survey, places: Sequence[Place], expected: Expected, otherwise: Where | None
) -> Where:
    """Return the place that holds the records, or ``otherwise`` if there is none.

    Raises:
        UnreadableSource: ``file.lists_unclear`` or ``file.shape_unclear``.
    """
    try:
        choice = choose(places, expected)
    except Unclear as question:
        raise _ask_which_place(document, question.places, otherwise) from question
    if choice is None:
        if otherwise is None:
            raise _unclear(document, survey.objects[()].number)
        return otherwise
    place, unread = choice.place, choice.unread
    if otherwise is not None and _is_the_whole(place):
        return Where(shape=otherwise.shape, unread=unread)
    if otherwise is not None and otherwise.shape in (Shape.LINES, Shape.VALUES):
        return Where(shape=otherwise.shape, path=place.path[1:], unread=unread)
    return Where(
        shape=place.shape,
        path=place.path,
        keys=place.keys,
        header=place.header or (),
        around=_around(survey, place.path),
        unread=unread,
    )


def _ask_which_place(document: Document, places: Sequence[Place], otherwise: Where | None) -> UnreadableSource:
    is_several = otherwise is not None and otherwise.shape in (Shape.LINES, Shape.VALUES)
    further = [part for one in places for part in one.parts]
    settings = [(_of_each_value(one) if is_several else one.setting(), one.items) for one in (*places, *further)]
    shown = ", ".join(f"{setting} ({items})" for setting, items in settings[:_MOST_SHOWN])
    params = {"lists": shown, "file": document.name, "setting": settings[0][0]}
    return UnreadableSource(Issue(code="file.lists_unclear", severity=Severity.FATAL, params=params))


def _of_each_value(place: Place) -> str:
    """Return the setting that reads the place in each of several values."""
    return f"records={show_path(place.path[1:])}" if place.path else "shape=lines"


def _unclear(document: Document, members: int) -> UnreadableSource:
    params = {"members": members, "file": document.name}
    return UnreadableSource(Issue(code="file.shape_unclear", severity=Severity.FATAL, params=params))
