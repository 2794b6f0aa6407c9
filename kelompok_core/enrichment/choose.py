"""Selects the records to enrich, and reads their public text page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from kelompok_core.contracts import text_table
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.errors import PluginUnavailable
from kelompok_core.values.html import blank_markup

PAGE = 5_000
"""The number of records in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which records to enrich: all, or those that the filters select.

    Attributes:
        organization_id: Only records of this organization, or None.
        import_id: Only records that this import wrote, or None.
        changed_since: Only records changed since then, or None.
        known_to: A plugin and its method: skips records whose present text they have enriched. None skips nothing.
    """

    organization_id: UUID | None = None
    import_id: UUID | None = None
    changed_since: datetime | None = None
    known_to: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of records: three tables with the same rows in the same order.

    Attributes:
        texts: Columns ``record`` (the id, as text) and the public fields, with markup replaced by blanks.
        stored: The same fields as stored. Evidence quotes these texts.
        facts: Columns id, organization_id, version, text_sha256 (hex).
    """

    texts: pd.DataFrame
    stored: pd.DataFrame
    facts: pd.DataFrame


def require_public(descriptor: EntityDescriptor, fields: Sequence[str], plugin: str) -> None:
    """Require that fields are public.

    Raises:
        PluginUnavailable: Naming the first field that is not.
    """
    for name in fields:
        if name not in descriptor.public_fields:
            public = ", ".join(descriptor.public_fields) or "none"
            raise PluginUnavailable(plugin, f"{descriptor.entity}.{name} is not public text (public is: {public})")


def count_chosen(connection: sa.Connection, descriptor: EntityDescriptor, scope: Scope) -> int:
    """Return how many records the filters select, including those that ``known_to`` skips."""
    query = f"SELECT count(*) FROM {descriptor.entity} t WHERE {_filters(descriptor, scope)}"
    return int(connection.scalar(sa.text(query), _params(descriptor, scope)) or 0)


def iter_pages(
    connection: sa.Connection, descriptor: EntityDescriptor, fields: Sequence[str], scope: Scope
) -> Iterator[Page]:
    """Yield pages of the records to enrich, ordered by id. The caller may write between two pages."""
    columns = [f"{stored_text(descriptor, name)} AS f{number}" for number, name in enumerate(fields)]
    sha = text_digest(descriptor, fields)
    query = sa.text(f"""
        SELECT t.id, t.{descriptor.organization_column} AS organization_id, t.version,
               encode({sha}, 'hex') AS text_sha256, {", ".join(columns)}
        FROM {descriptor.entity} t
        LEFT JOIN enriched_records m ON m.plugin = :plugin AND m.entity = :entity AND m.record_id = t.id
        WHERE t.id > :after AND {_filters(descriptor, scope)}
          AND (m.method IS DISTINCT FROM :method OR m.text_sha256 IS DISTINCT FROM {sha})
        ORDER BY t.id LIMIT :page""")
    after = UUID(int=0)
    while True:
        params = _params(descriptor, scope) | {"after": after, "page": PAGE}
        rows = connection.execute(query, params).all()
        if not rows:
            return
        yield _page(rows, fields)
        after = rows[-1].id


def text_digest(descriptor: EntityDescriptor, fields: Sequence[str]) -> str:
    """Return SQL of the digest of the text of a record ``t``."""
    values = ", ".join(f"coalesce({stored_text(descriptor, name)}, '')" for name in fields)
    return f"sha256(convert_to(concat_ws(E'\\x1f', {values}), 'UTF8'))"


def stored_text(descriptor: EntityDescriptor, name: str) -> str:
    """Return SQL of a field's text in a record ``t``."""
    field = descriptor.field(name)
    return f"t.{field.stored_in}->>'{field.key}'" if field.key else f"t.{field.stored_in}::text"


def _filters(descriptor: EntityDescriptor, scope: Scope) -> str:
    conditions = ["true"]
    if scope.organization_id is not None:
        conditions.append(f"t.{descriptor.organization_column} = :organization")
    if scope.changed_since is not None:
        conditions.append("t.updated_at >= :since")
    if scope.import_id is not None:
        conditions.append("""t.id IN (
            SELECT d.target_id FROM import_decisions d
            JOIN imports i ON i.id = d.import_id AND i.plan_revision = d.revision AND i.entity = :entity
            WHERE i.id = :import AND d.decision IN ('accepted', 'merged'))""")
    return " AND ".join(conditions)


def _params(descriptor: EntityDescriptor, scope: Scope) -> dict[str, object]:
    plugin, method = scope.known_to or (None, None)
    return {
        "entity": descriptor.entity,
        "plugin": plugin,
        "method": method,
        "organization": scope.organization_id,
        "since": scope.changed_since,
        "import": scope.import_id,
    }


def _page(rows: Sequence[sa.Row[Any]], fields: Sequence[str]) -> Page:
    stored = {name: [row[4 + number] or "" for row in rows] for number, name in enumerate(fields)}
    texts = {name: [blank_markup(text) for text in column] for name, column in stored.items()}
    return Page(
        texts=text_table({"record": [str(row.id) for row in rows], **texts}),
        stored=pd.DataFrame(stored, index=[str(row.id) for row in rows], dtype="object"),
        facts=pd.DataFrame([row[:4] for row in rows], columns=["id", "organization_id", "version", "text_sha256"]),
    )
