"""Findings without what a reader may not see: records of organizations that are out of sight by now."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.imports.sight_sql import sees, sees_params

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OF_RECORDS = ("candidates", "changes", "record", "ways", "declined")
"""Members of a finding's params that say something of records, or of their values."""


def find_foreign(
    connection: sa.Connection, descriptor: EntityDescriptor, records: Iterable[UUID], in_sight: Sequence[UUID] | None
) -> frozenset[UUID]:
    """Return which of these records there are, but not in these organizations; None is everywhere."""
    ids = list(records)
    if in_sight is None or not ids:
        return frozenset()
    query = f"SELECT id FROM {descriptor.entity} WHERE id = ANY (:ids) AND NOT {sees(descriptor.organization_column)}"
    return frozenset(connection.scalars(sa.text(query), {"ids": ids} | sees_params(in_sight)))


def records_of(params: Mapping[str, Any]) -> Iterator[UUID]:
    """Yield the ids of records that a finding speaks of; what a plugin means by these words is no id of ours."""
    candidates = params.get("candidates")
    for one in [*(candidates if isinstance(candidates, list) else ()), params.get("record")]:
        if isinstance(one, str) and _ID.fullmatch(one):  # a record may be the number of a row as well
            yield UUID(one)


def without_foreign(params: Mapping[str, Any], foreign: frozenset[UUID]) -> Mapping[str, Any]:
    """Return a finding's params, without what they say of records if one of these is among them."""
    if not foreign or foreign.isdisjoint(records_of(params)):
        return params
    return {name: value for name, value in params.items() if name not in _OF_RECORDS}
