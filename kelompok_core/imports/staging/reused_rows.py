"""Finds rows that their source sent before with the same content, and stages them as references to earlier rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import sqlalchemy as sa

from kelompok_core.contracts import SourceBatch
from kelompok_core.database.engine import Database
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.headers.mapping import HeaderMapping
from kelompok_core.imports.shared.columns import EXTERNAL_ID, ORGANIZATION
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.shared.repeated_rows_sql import LATEST_FIRST, OF_SCOPE, SOURCE_IS_KNOWN
from kelompok_core.imports.staging.candidates import Terms, identity_by_id, read_ids


class Place(NamedTuple):
    """A row of an earlier import that stores ``raw`` and ``candidate``, and its evidence."""

    import_id: str
    row_number: int
    evidence_id: int


@dataclass(frozen=True, kw_only=True)
class Known:
    """Rows of a batch that can be references: their ids, identities, and earlier rows by position."""

    external_id: pd.Series
    identity: pd.Series
    places: Mapping[int, Place]


class References:
    """Looks up rows of one import among earlier rows of its source.

    Finds only rows with an external id and without issues. Nothing is reused if the source has a column for protected
    values or for the rows' organizations.
    """

    def __init__(self, database: Database, import_: Import, descriptor: EntityDescriptor) -> None:
        self._database = database
        self._descriptor = descriptor
        self._source = {"entity": import_.entity, "source": import_.source_name}
        self._scope = {"scope": import_.organization_id}
        with database.connect() as connection:
            self._any = bool(connection.scalar(_ANY, self._source))

    def find(
        self, batch: SourceBatch, mapping: HeaderMapping, terms: Terms, digests: Sequence[bytes], reading: bytes
    ) -> Known | None:
        """Return the batch's rows that were read before in the same way; None if there cannot be any."""
        columns = {target: column for column, target in mapping.targets.items() if column in batch.cells.columns}
        if not self._any or EXTERNAL_ID not in columns or self._needs_reading(columns):
            return None
        external_id = read_ids(batch.cells[columns[EXTERNAL_ID]], terms.reading)
        identity = identity_by_id(self._descriptor, external_id, terms)
        with_issues = set(batch.issues["row_number"].dropna())
        # Pass two values for thousands of rows, because each parameter is serialized and parsed separately.
        params = {
            "identities": json.dumps(identity.astype("object").where(identity.notna(), None).tolist()),
            "digests": b"".join(digests),
            "reading": reading,
        }
        with self._database.connect() as connection:
            found = connection.execute(_FIND, self._source | self._scope | params).all()
        records = batch.locations["row_number"].tolist()
        places = {
            position: Place(row.import_id, row_number, evidence_id)
            for row in found
            for position, row_number, evidence_id in zip(row.positions, row.records, row.evidence, strict=True)
            if records[position] not in with_issues
        }
        return Known(external_id=external_id, identity=identity, places=places)

    def _needs_reading(self, columns: Mapping[str, str]) -> bool:
        """Return whether the candidates depend on more than the row, so that every row has to be read again."""
        guarded = any(guard.field in columns for guard in self._descriptor.guards)
        return guarded or (self._descriptor.belongs and ORGANIZATION in columns)


_ANY = sa.text(f"SELECT {SOURCE_IS_KNOWN}")
_FIND = sa.text(f"""
    SELECT coalesce(r.as_import, r.import_id)::text AS import_id, array_agg(p.number::integer - 1) AS positions,
           array_agg(coalesce(r.as_row_number, r.row_number)) AS records, array_agg(s.id) AS evidence
    FROM json_array_elements_text(CAST(:identities AS json)) WITH ORDINALITY p (identity, number)
    CROSS JOIN LATERAL (
      SELECT s.id, s.last_import_id, s.last_row_number FROM evidence s
      WHERE s.entity = :entity AND s.source_name = :source AND s.identity = p.identity
        AND s.raw_sha256 = substring(CAST(:digests AS bytea) FROM p.number::integer * 32 - 31 FOR 32)
        AND s.reading_sha256 = :reading
        AND {OF_SCOPE}
      ORDER BY {LATEST_FIRST} LIMIT 1) s
    JOIN import_rows r ON r.import_id = s.last_import_id AND r.row_number = s.last_row_number
      AND r.issues IS NULL AND r.verdict IS NULL
    GROUP BY 1
""")
