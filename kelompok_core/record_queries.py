"""Reads records: the common part of the queries of all entities."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kelompok_core.database.orm import CoreRecord
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.entities import words_of
from kelompok_core.errors import Ambiguous, NotFound

Record = TypeVar("Record", bound=CoreRecord)

SHORT_ID = 12
SHORTEST_ID = 8
"""Digits from the end of an id that are shown, and that people must give at least. Ids begin with the time."""


def plain(value: object) -> object:
    """Return a column's value as people and programs read it: a number as text, with all its digits."""
    if not isinstance(value, Decimal):
        return value
    text = f"{value:f}"  # normalize() would round it to 28 digits
    return text.rstrip("0").rstrip(".") if "." in text else text


class RecordQueries(Generic[Record]):
    """Reads records of one entity in one session; the queries of an entity set ``model`` and ``descriptor``."""

    model: ClassVar[type[Any]]
    descriptor: ClassVar[EntityDescriptor]

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, ref: str, organization_id: UUID | None = None, *, within: Sequence[UUID] | None = None) -> Record:
        """Return the record with this slug, e-mail address, value of the column ``called_by``, or end of its id.

        Only records of the organizations ``within`` count, so that hidden records do not make a name ambiguous.

        Raises:
            NotFound: When there is none.
            Ambiguous: When there is more than one.
        """
        model, words = self.model, words_of(self.descriptor.entity)
        names = [model.slug == ref] if self.descriptor.has_slug else []
        if "@" in ref and hasattr(model, "email_key") and self.descriptor.belongs:
            names.append(model.email_key == ref.lower())
        if words.called_by not in ("slug", "email"):  # these are found above, with an index
            names.append(getattr(model, words.called_by) == ref)
        if len(ref) >= SHORTEST_ID:
            names.append(sa.cast(model.id, sa.Text).endswith(ref.lower(), autoescape=True))
        query = self._within(self._of(organization_id), within).where(sa.or_(sa.false(), *names)).limit(2)
        found: Sequence[Record] = self._session.scalars(query).all()
        if not found:
            raise NotFound(words.singular, ref)
        if len(found) > 1:
            raise Ambiguous(words.singular, ref, which=[str(one.id)[-SHORT_ID:] for one in found])
        return found[0]

    def list(self, *, organization_id: UUID | None = None, search: str | None = None, limit: int = 50) -> list[Record]:
        """Return records by label; ``search`` keeps those whose label or slug contains it."""
        label = getattr(self.model, self.descriptor.label)
        query = self._of(organization_id).order_by(label, self.model.id).limit(limit)
        return list(self._session.scalars(self._searched(query, search)))

    def page(
        self, organizations: Sequence[UUID] | None, *, after: UUID | None, search: str | None, limit: int
    ) -> Sequence[Record]:
        """Return records of these organizations (None is all) in the order of their creation, after one of them."""
        query = self._searched(self._within(self._of(None), organizations), search)
        query = query.order_by(self.model.id).limit(limit)
        if after is not None:
            query = query.where(self.model.id > after)
        return self._session.scalars(query).all()

    def count(self, organization_id: UUID | None = None) -> int:
        """Return the number of records, of all organizations or of one."""
        query = sa.select(sa.func.count()).select_from(self._of(organization_id).subquery())
        return self._session.scalar(query) or 0

    def values(self, record: Record) -> dict[str, Any]:
        """Return the values of a record by field, without empty ones."""
        known = {}
        for field in self.descriptor.fields:
            stored = getattr(record, field.stored_in)
            value = (stored or {}).get(field.key) if field.key else stored
            if value is not None:
                known[field.name] = plain(value)
        return known

    def _within(self, query: sa.Select[Any], organizations: Sequence[UUID] | None) -> sa.Select[Any]:
        if organizations is None:
            return query
        return query.where(getattr(self.model, self.descriptor.organization_column).in_(organizations))

    def _searched(self, query: sa.Select[Any], search: str | None) -> sa.Select[Any]:
        if not search:
            return query
        label = getattr(self.model, self.descriptor.label)
        columns = [label, self.model.slug] if self.descriptor.has_slug else [label]
        return query.where(sa.or_(*(column.icontains(search.strip(), autoescape=True) for column in columns)))

    def _of(self, organization_id: UUID | None) -> sa.Select[Any]:
        query = sa.select(self.model)
        if organization_id is None or not self.descriptor.belongs:
            return query
        return query.where(getattr(self.model, self.descriptor.organization_column) == organization_id)
