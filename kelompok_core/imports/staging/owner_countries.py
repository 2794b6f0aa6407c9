"""Looks up the countries of the organizations that rows name, for phone numbers without a country code."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.contracts import SourceBatch
from kelompok_core.database.engine import Database
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.imports.shared.columns import ORGANIZATION
from kelompok_core.imports.shared.imports import Import
from kelompok_core.matching.keys import organization_name_key
from kelompok_core.records.owners_sql import COUNTRIES, COUNTRIES_DIGEST
from kelompok_core.records.registry import get_descriptor
from kelompok_core.records.visibility_sql import sees_params
from kelompok_core.values.conventions import DEFAULT_PHONE_COUNTRY
from kelompok_core.values.phones import phone
from kelompok_core.values.text import line


class OwnerCountries:
    """Looks up the countries of the organizations that rows of one import name; ``sees`` are the visible ones."""

    def __init__(
        self, database: Database, import_: Import, descriptor: EntityDescriptor, sees: Sequence[UUID] | None
    ) -> None:
        self._known_params = sees_params(sees) | {"actor": import_.released_by[0], "source": import_.source_name}
        self._database = database
        self._descriptor = descriptor
        self._needed = import_.organization_id is None and descriptor.belongs
        self._known: dict[str, str | None] = {}

    def of(self, batch: SourceBatch, mapping: HeaderMapping) -> Mapping[str, str]:
        """Return the country of each name of an organization in the batch, if both are known."""
        columns = {target: column for column, target in mapping.targets.items() if column in batch.cells}
        if not self._needed or ORGANIZATION not in columns or not self._has_phone_numbers(columns):
            return {}
        named = line(batch.cells[columns[ORGANIZATION]]).values.dropna().drop_duplicates()
        new = named[~named.isin(list(self._known))]
        if len(new):
            self._known |= dict.fromkeys(new) | self._look_up(new.tolist(), organization_name_key(new).tolist())
        return {written: country for written in named if (country := self._known[written]) is not None}

    def _has_phone_numbers(self, columns: Mapping[str, str]) -> bool:
        return any(one.read is phone for one in self._descriptor.mapped_fields(columns))

    def _look_up(self, written: list[str], keys: list[str]) -> dict[str, str | None]:
        params = {"written": written, "keys": keys, "scope": None} | self._known_params
        with self._database.connect() as connection:
            return {row.written: row.country for row in connection.execute(sa.text(COUNTRIES), params)}


def digest_owners(database: Database, import_: Import, sees: Sequence[UUID] | None) -> int | None:
    """Return a digest of the countries on which phone numbers depend; None if rows do not name their organizations."""
    if import_.organization_id is not None or not get_descriptor(import_.entity).belongs:
        return None
    params = {"phone_country": import_.options.phone_country or DEFAULT_PHONE_COUNTRY} | sees_params(sees)
    with database.connect() as connection:
        return int(connection.scalar(sa.text(COUNTRIES_DIGEST), params) or 0)
