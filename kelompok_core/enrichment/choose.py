"""Choosing records: which are to be enriched, and the public text of each, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from kelompok_core.contracts import text_table
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.enrichment.records import Enrichment
from kelompok_core.errors import PluginUnavailable
from kelompok_core.values.html import blank_markup

PAGE = 5_000
"""Records in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some records, one row each, all columns in one order.

    Attributes:
        texts: Columns ``record`` (the id, as text) and the public fields, with markup made blank.
        stored: The same fields as stored: what evidence is quoted from.
        facts: Columns id, organization_id, version, text_sha256 (hex).
    """

    texts: pd.DataFrame
    stored: pd.DataFrame
    facts: pd.DataFrame


def require_public(descriptor: EntityDescriptor, fields: Sequence[str], plugin: str) -> None:
    """Refuse fields that are not public.

    Raises:
        PluginUnavailable: Naming the first.
    """
    for name in fields:
        if name not in descriptor.public_fields:
            public = ", ".join(descriptor.public_fields) or "none"
            raise PluginUnavailable(plugin, f"{descriptor.entity}.{name} is not public text (public is: {public})")


def count_chosen(connection: sa.Connection, descriptor: EntityDescriptor, enrichment: Enrichment) -> int:
    """Return how many records the run is about, whether or not their text is known."""
    query = f"SELECT count(*) FROM {descriptor.entity} t WHERE {_scope(descriptor, enrichment)}"
    return int(connection.scalar(sa.text(query), _params(descriptor, enrichment)) or 0)


def iter_pages(
    connection: sa.Connection, descriptor: EntityDescriptor, fields: Sequence[str], enrichment: Enrichment, method: str
) -> Iterator[Page]:
    """Yield the records to enrich in the order of their ids; the connection may write between two pages."""
    columns = [f"{_value(descriptor, name)} AS f{number}" for number, name in enumerate(fields)]
    sha = text_digest(descriptor, fields)
    query = sa.text(f"""
        SELECT t.id, t.{descriptor.organization_column} AS organization_id, t.version,
               encode({sha}, 'hex') AS text_sha256, {", ".join(columns)}
        FROM {descriptor.entity} t
        LEFT JOIN enriched_records m ON m.plugin = :plugin AND m.entity = :entity AND m.record_id = t.id
        WHERE t.id > :after AND {_scope(descriptor, enrichment)}
          AND (:again OR m.method IS DISTINCT FROM :method OR m.text_sha256 IS DISTINCT FROM {sha})
        ORDER BY t.id LIMIT :page""")
    after = UUID(int=0)
    while True:
        params = _params(descriptor, enrichment) | {"after": after, "method": method, "page": PAGE}
        rows = connection.execute(query, params).all()
        if not rows:
            return
        yield _page(rows, fields)
        after = rows[-1].id


def text_digest(descriptor: EntityDescriptor, fields: Sequence[str]) -> str:
    """Return the SQL of the digest of a record's text, the record being ``t``."""
    values = ", ".join(f"coalesce({_value(descriptor, name)}, '')" for name in fields)
    return f"sha256(convert_to(concat_ws(E'\\x1f', {values}), 'UTF8'))"


def _value(descriptor: EntityDescriptor, name: str) -> str:
    field = descriptor.field(name)
    return f"t.{field.stored_in}->>'{field.key}'" if field.key else f"t.{field.stored_in}::text"


def _scope(descriptor: EntityDescriptor, enrichment: Enrichment) -> str:
    conditions = ["true"]
    if enrichment.organization_id is not None:
        conditions.append(f"t.{descriptor.organization_column} = :organization")
    if enrichment.changed_since is not None:
        conditions.append("t.updated_at >= :since")
    if enrichment.import_id is not None:
        conditions.append("""t.id IN (
            SELECT d.target_id FROM import_decisions d
            JOIN imports i ON i.id = d.import_id AND i.plan_revision = d.revision AND i.entity = :entity
            WHERE i.id = :import AND d.decision IN ('accepted', 'merged'))""")
    return " AND ".join(conditions)


def _params(descriptor: EntityDescriptor, enrichment: Enrichment) -> dict[str, Any]:
    return {
        "entity": descriptor.entity,
        "plugin": enrichment.plugin,
        "again": enrichment.again,
        "organization": enrichment.organization_id,
        "since": enrichment.changed_since,
        "import": enrichment.import_id,
    }


def _page(rows: Sequence[sa.Row[Any]], fields: Sequence[str]) -> Page:
    stored = {name: [row[4 + number] or "" for row in rows] for number, name in enumerate(fields)}
    texts = {name: [blank_markup(text) for text in column] for name, column in stored.items()}
    return Page(
        texts=text_table({"record": [str(row.id) for row in rows], **texts}),
        stored=pd.DataFrame(stored, index=[str(row.id) for row in rows], dtype="object"),
        facts=pd.DataFrame([row[:4] for row in rows], columns=["id", "organization_id", "version", "text_sha256"]),
    )
