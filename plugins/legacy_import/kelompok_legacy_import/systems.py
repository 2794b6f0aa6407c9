"""The systems whose exports are known: each is a file of data that says how to recognize and read its tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from kelompok_core.contracts import JsonValue

_FOLDER = Path(__file__).with_name("systems")

Condition = Mapping[str, JsonValue]
Expression = JsonValue
"""A column, or an object with one of the verbs of :mod:`expressions`."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the records that a row may give.

    Attributes:
        name: Its name in selectors, or "" if a row gives one record.
        where: What a row has to be, so that it gives this record.
        fields: The field and how its value is made.
    """

    name: str
    where: Sequence[Condition]
    fields: Mapping[str, Expression]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How a table's rows become records of an entity.

    Attributes:
        parts: The records that a row may give.
        unique: A column whose value counts once: later rows with it are left out. Or None.
        left: Columns about something else.
        is_of_others: Whether a row is about something else than the record, such as a person who takes part in an
            event: its other columns are kept as evidence only, not as extra data of the record.
    """

    parts: Sequence[Part]
    unique: str | None
    left: Sequence[str]
    is_of_others: bool


@dataclass(frozen=True, kw_only=True)
class TableKind:
    """A kind of table that a system exports.

    Attributes:
        name: What it has, in a word.
        recognized_by: Sets of columns; a table that has all of one set is of this kind.
        entities: How its rows become records, by entity.
        columns: All columns that its rules use.
    """

    name: str
    recognized_by: Sequence[frozenset[str]]
    entities: Mapping[str, Rule]
    columns: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class System:
    """A system.

    Attributes:
        name: Its name, which is also that of the source and the profile.
        title: Its name for people.
        tables: The kinds of tables that it exports, the most specific first.
        sets: Values of other tables of the same export that rules refer to, by name: kind of table, conditions, column.
    """

    name: str
    title: str
    tables: Sequence[TableKind]
    sets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def load_systems() -> Sequence[System]:
    """Return all known systems, by name."""
    return tuple(_system(json.loads(path.read_text("utf-8"))) for path in sorted(_FOLDER.glob("*.json")))


def recognize(columns: Sequence[str], only: str | None = None) -> tuple[System, TableKind] | None:
    """Return the system and the kind of table that columns belong to, or None.

    Of several that fit, it is the one that is recognized by the most columns.
    """
    there = frozenset(map(fold, columns))
    found: tuple[int, System, TableKind] | None = None
    for system in load_systems():
        for kind in system.tables if only in (None, system.name) else ():
            fitting = [len(one) for one in kind.recognized_by if one <= there]
            if fitting and (found is None or max(fitting) > found[0]):
                found = max(fitting), system, kind
    return None if found is None else (found[1], found[2])


def fold(column: str) -> str:
    """Return a column's name for comparisons."""
    return " ".join(column.casefold().split())


def _system(given: Mapping[str, Any]) -> System:
    tables = [_kind(one) for one in given["tables"]]
    return System(name=given["name"], title=given["title"], tables=tables, sets=given.get("sets", {}))


def _kind(given: Mapping[str, Any]) -> TableKind:
    entities = {entity: _rule(one) for entity, one in given["entities"].items()}
    recognized = [frozenset(map(fold, one)) for one in given["recognized_by"]]
    columns = {column for one in recognized for column in one}
    return TableKind(name=given["name"], recognized_by=recognized, entities=entities, columns=frozenset(columns))


def _rule(given: Mapping[str, Any]) -> Rule:
    common = given.get("where", [])
    each = given.get("each", [{"name": "", "fields": given.get("fields", {})}])
    parts = [
        Part(
            name=one["name"],
            where=[*common, *one.get("where", [])],
            fields={**given.get("fields", {}), **one["fields"]},
        )
        for one in each
    ]
    return Rule(
        parts=parts,
        unique=given.get("unique"),
        left=given.get("left", ()),
        is_of_others=given.get("is_of_others", False),
    )
