"""Writes single records as a person: the common part of the services of all entities."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.contracts import Severity
from kelompok_core.database.orm import CoreRecord
from kelompok_core.descriptor import EntityDescriptor, Field, Kind
from kelompok_core.errors import NotFound, UsageError
from kelompok_core.free_slugs import choose_slug
from kelompok_core.issues.sentences import describe
from kelompok_core.suggestions import suggest
from kelompok_core.values.reading import Inputs
from kelompok_core.values.slug import slug_of

_BAD = (Severity.ERROR.value, Severity.FATAL.value)

_READERS: Mapping[Kind, Callable[[str], object]] = {
    Kind.DAY: date.fromisoformat,
    Kind.MOMENT: datetime.fromisoformat,
    Kind.FLAG: "true".__eq__,
    Kind.NUMBER: Decimal,
}
"""Functions that convert a candidate's text to the model's value, for columns that are neither text nor JSON."""

Record = TypeVar("Record", bound=CoreRecord)


class RecordService(Generic[Record]):
    """Writes records of one entity as one actor, over one session; each value is marked as set by this person.

    The service of an entity sets ``model`` and ``descriptor``, and may add methods.
    """

    model: ClassVar[type[Any]]
    descriptor: ClassVar[EntityDescriptor]

    def __init__(self, session: Session, actor: Actor, *, origin: str = "cli") -> None:
        self._session = session
        self._actor = actor.acting_on(self.descriptor.entity)
        self._audit = AuditContext(actor=str(actor.id), origin=origin)

    def create(self, values: Mapping[str, str], organization_id: UUID | None = None) -> Record:
        """Create a record from field values, in the organization if records of this entity belong to one.

        Raises:
            NotPermitted: When the actor may not create one there, or lacks a right that a value needs.
            UsageError: When a value is invalid, or a required one is missing.
        """
        authorize(self._session, self._actor, Action.RECORD_CREATE, organization_id)
        for field in self.descriptor.fields:
            if field.required and not any(values.get(name) for name in field.told_by):
                raise UsageError(describe("value.required", column=field.name))
        told = {field.name: values.get(field.name, "") for field in self.descriptor.mapped_fields(values)}
        record = self.model(field_origins={})
        if self.descriptor.belongs:
            setattr(record, self.descriptor.organization_column, organization_id)
        texts = self._texts({**values, **told})
        # Columns without a value keep the database's default.
        self._set(record, {name: text for name, text in texts.items() if text is not None}, organization_id)
        if self.descriptor.has_slug and not record.slug:
            record.slug = self._free_slug(getattr(record, self.descriptor.label), organization_id)
        announce(self._session, self._audit)
        self._session.add(record)
        return self._flushed(record)

    def update(self, record_id: UUID, values: Mapping[str, str]) -> Record:
        """Change fields of a record; an empty value clears an optional field.

        Raises:
            NotFound: When there is no such record.
            NotPermitted: When the actor may not change it.
            UsageError: When a value is invalid.
        """
        record = self.get_locked(record_id)
        organization_id = getattr(record, self.descriptor.organization_column)
        authorize(self._session, self._actor, Action.RECORD_UPDATE, organization_id)
        announce(self._session, self._audit)
        self._set(record, self._texts(values), organization_id)
        return self._flushed(record)

    def delete(self, record_id: UUID) -> None:
        """Delete a record; its evidence and audit entries stay.

        Raises:
            NotFound: When there is no such record.
            NotPermitted: When the actor may not delete it.
            UsageError: When other records still belong to it.
        """
        record = self.get_locked(record_id)
        authorize(
            self._session, self._actor, Action.RECORD_DELETE, getattr(record, self.descriptor.organization_column)
        )
        announce(self._session, self._audit)
        label = getattr(record, self.descriptor.label)
        self._session.delete(record)
        try:
            self._session.flush()
        except IntegrityError as error:
            holding = getattr(getattr(error.orig, "diag", None), "table_name", None) or "other records"
            raise UsageError(
                f"{label} cannot be deleted: {holding} still belong to it", hint="Remove those first."
            ) from error

    def get_locked(self, record_id: UUID) -> Record:
        """Return the record, locked until the transaction ends.

        Raises:
            NotFound: When there is no such record.
        """
        query = sa.select(self.model).where(self.model.id == record_id).with_for_update()
        record: Record | None = self._session.scalar(query)
        if record is None:
            raise NotFound(f"record of {self.descriptor.entity}", record_id)
        return record

    def _flushed(self, record: Any) -> Record:
        try:
            self._session.flush()
        except IntegrityError as error:
            raise UsageError(_what_clashes(error), hint="Nothing was written.") from error
        self._session.refresh(record)
        written: Record = record
        return written

    def _texts(self, values: Mapping[str, str]) -> dict[str, str | None]:
        """Return the values of fields in the form of candidates."""
        _require_known(self.descriptor, values)
        fields = [field.name for field in self.descriptor.fields if field.name in values]
        return {name: _normalized(self.descriptor, name, values) for name in fields}

    def _set(self, record: Any, texts: Mapping[str, str | None], organization_id: UUID | None) -> None:
        for guard in self.descriptor.guards:
            if guard.covers(texts.get(guard.field)):
                authorize(self._session, self._actor, guard.action, organization_id)
        for name, text in texts.items():
            field = self.descriptor.field(name)
            if field.key is None:
                setattr(record, field.stored_in, self._stored(field, text))
            else:
                members = {**(getattr(record, field.stored_in) or {}), field.key: self._stored(field, text)}
                kept = {key: value for key, value in members.items() if value is not None}
                setattr(record, field.stored_in, kept)
            for derived in self.descriptor.derived:
                if derived.field == name:
                    setattr(record, derived.name, _only(derived.derive(pd.Series([text], dtype="str"))))
        record.field_origins = {**record.field_origins, **dict.fromkeys(texts, f"person:{self._actor.id}")}

    def _stored(self, field: Field, text: str | None) -> Any:
        """Convert a candidate's text to the model's value."""
        text = field.default if text is None else text
        if text is None:
            return None
        if field.vocabulary:
            return self._word(field.vocabulary, text)
        if field.kind is Kind.LIST:
            return json.loads(text)
        if field.key or field.kind is Kind.TEXT:
            return text
        return _READERS[field.kind](text)

    def _word(self, vocabulary: str, name: str) -> UUID:
        """Return the id of a term of a vocabulary; add it if it is new."""
        table = sa.table(vocabulary, sa.column("id"), sa.column("name"), sa.column("slug"))
        slug = _only(slug_of(pd.Series([name], dtype="str")))
        query = sa.select(table.c.id).where(table.c.slug == slug)
        if (known := self._session.scalar(query)) is not None:
            return UUID(str(known))
        announce(self._session, self._audit)
        made = self._session.scalar(sa.insert(table).values(name=name, slug=slug).returning(table.c.id))
        return UUID(str(made))

    def _free_slug(self, label: str, organization_id: UUID | None) -> str:
        base = str(_only(slug_of(pd.Series([label], dtype="str"))))
        return choose_slug(self._session, self.descriptor, base, organization_id)


def _require_known(descriptor: EntityDescriptor, names: Iterable[str]) -> None:
    known = {field.name: field for field in descriptor.fields}
    parts = {part.name for field in descriptor.fields for part in field.parts}
    for name in names:
        if name not in known and name not in parts:
            raise UsageError(f"{descriptor.entity} have no field {name!r}", hint=suggest(name, known, few=len(known)))


def _normalized(descriptor: EntityDescriptor, name: str, values: Mapping[str, str]) -> str | None:
    """Return one value in the form of candidates, normalized like a cell."""
    field = descriptor.field(name)
    cells = {key: pd.Series([value], dtype="str", name=key) for key, value in values.items()}
    parts = {part.name: cells[part.name] for part in field.parts if part.name in cells}
    normalized = field.understand(Inputs(own=cells[name], parts=parts))
    for finding in normalized.findings.itertuples():
        if finding.severity in _BAD:
            raise UsageError(describe(str(finding.code), column=name, value=values[name]))
    value = _only(normalized.values)
    if value is None and field.required:
        raise UsageError(describe("value.required", column=name, value=values[name]))
    return value


def _what_clashes(error: IntegrityError) -> str:
    """Describe the violated constraint of the database."""
    match getattr(error.orig, "sqlstate", None):
        case "23514":
            return "that would end before it begins, or hold a value its column does not take"
        case "23505":
            return "the slug is taken"
        case _:
            return str(error.orig)


def _only(values: pd.Series) -> str | None:
    value = values.iloc[0]
    return None if pd.isna(value) else str(value)
