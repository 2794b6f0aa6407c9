"""Redacts issues: removes records of organizations that the reader may not see."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.contracts import JsonValue
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.records.visibility_sql import sees, sees_params

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OF_RECORDS = ("candidates", "changes", "record", "ways", "declined")
"""Keys of an issue's params that contain records or their values."""


def find_foreign(
    connection: sa.Connection, descriptor: EntityDescriptor, records: Iterable[UUID], visible: Sequence[UUID] | None
) -> frozenset[UUID]:
    """Return those of the records that belong to no visible organization; None is all organizations."""
    ids = list(records)
    if visible is None or not ids:
        return frozenset()
    query = f"SELECT id FROM {descriptor.entity} WHERE id = ANY (:ids) AND NOT {sees(descriptor.organization_column)}"
    return frozenset(connection.scalars(sa.text(query), {"ids": ids} | sees_params(visible)))


def records_of(params: Mapping[str, JsonValue]) -> Iterator[UUID]:
    """Yield the record ids in an issue's params; plugins may use the same keys for other values."""
    candidates = params.get("candidates")
    for one in [*(candidates if isinstance(candidates, list) else ()), params.get("record")]:
        if isinstance(one, str) and _ID.fullmatch(one):  # «record» may also be a row number
            yield UUID(one)


def without_foreign(params: Mapping[str, JsonValue], foreign: frozenset[UUID]) -> Mapping[str, JsonValue]:
    """Return an issue's params; if they mention one of these records, without all keys that contain records."""
    if not foreign or foreign.isdisjoint(records_of(params)):
        return params
    return {name: value for name, value in params.items() if name not in _OF_RECORDS}
