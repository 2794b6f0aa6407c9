"""Decides rows in review: writes, audits and remembers what a person decided."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, authorize, list_visible_organizations, with_all_scopes
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.contracts import JsonValue
from kelompok_core.database.locks import lock_entity, lock_import
from kelompok_core.descriptor import EntityDescriptor, Field
from kelompok_core.errors import NotPermitted, UsageError
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.free_slugs import choose_slug
from kelompok_core.imports.applying import apply_sql
from kelompok_core.imports.applying.chosen_decisions import REVIEWED
from kelompok_core.imports.reviewing.review_items import (
    ReviewItem,
    StoredRecord,
    get_compared_values,
    get_review_item,
    get_stored,
    list_candidates,
)
from kelompok_core.imports.shared.imports import Import, get_import
from kelompok_core.imports.staging.candidates import DERIVED, SLUG_BASE
from kelompok_core.installation import Installation
from kelompok_core.issues import reasons
from kelompok_core.issues.stored import StoredFinding
from kelompok_core.records.registry import get_descriptor

_QUESTIONS_OF_IDENTITY = reasons.codes(question=reasons.Question.IDENTITY)
_EXTRA = "extra"
_REVERSED = "23514"  # check_violation: a period that ends before it begins


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision of a person about a row, and the record that the row was applied to."""

    ref: str
    decision: str
    target_id: UUID | None
    changed: Sequence[str]


class Reviewer:
    """Decides rows as one actor; each decision is one transaction, audited."""

    def __init__(self, installation: Installation, actor: Actor) -> None:
        self._installation = installation
        self._actor = actor

    def accept_as_new(self, import_id: UUID, row_number: int, *, note: str | None = None) -> Verdict:
        """Accept the row as a new record: it is none of the candidates.

        Raises:
            NotPermitted: When the actor may not decide the row, or may not create records in its organization.
            NotFound: When the row is not in review.
        """
        with self._installation.database.connect() as connection, connection.begin():
            imported, item = self._open(connection, import_id, row_number, None)
            return self._create(connection, imported, item, note)

    def accept_into(
        self, import_id: UUID, row_number: int, target_id: UUID | None, *, choices: Mapping[str, str] | None = None,
        note: str | None = None,
    ) -> Verdict:  # fmt: skip
        """Merge the row into an existing record: ``target_id``, or its only candidate. Without candidates, create one.

        Where row and record differ, ``choices`` maps a field to ``incoming`` or ``existing``. Without a choice, the
        row's values win if the question was whether they may; if the question was which record the row is, they only
        fill empty fields. Contact channels that the person opted out of are added and never removed.

        Raises:
            NotPermitted: When the actor may not decide there.
            NotFound: When the row is not in review, or the record does not exist.
            UsageError: When a choice is invalid, when it is not clear which record is meant, or when the row may be a
                record that did not exist when it was sent to review.
        """
        with self._installation.database.connect() as connection, connection.begin():
            imported, item = self._open(connection, import_id, row_number, target_id)
            if target_id is None and not item.may_be and not choices:
                return self._create(connection, imported, item, note)
            target = target_id or _only_candidate(connection, item)
            descriptor = get_descriptor(item.entity)
            now = get_stored(connection, descriptor, target, lock=True)
            # The record changes, so its organization counts, not the row's.
            authorize(connection, self._actor, Action.REVIEW_DECIDE, now.organization_id)
            self._authorize_values(connection, item, now.organization_id)
            compared = get_compared_values(connection, item, target, imported)
            adapted = _with_compared_values(item, descriptor, compared, choices or {})
            changes = _changes(imported, adapted, descriptor, now, choices or {})
            declined = _declined(adapted, descriptor, now, changes)
            decision = "merged" if changes else "unchanged"
            self._decide(
                connection, item, decision, target_id=target, changes=changes or None, note=note,
                issues=[_as_issue(declined)] if declined else None,
            )  # fmt: skip
            if changes:
                fields = descriptor.mapped_fields(imported.mapping.values())
                _add_terms(connection, imported, row_number, fields)
                _run(connection, imported, row_number, apply_sql.update_merged(descriptor, fields, REVIEWED))
            _run(connection, imported, row_number, apply_sql.RECORD_REVIEWED_EVIDENCE)
            self._judge(connection, item, "same", [target], note)
            return Verdict(ref=item.ref, decision=decision, target_id=target, changed=sorted(changes))

    def _create(self, connection: sa.Connection, imported: Import, item: ReviewItem, note: str | None) -> Verdict:
        descriptor = get_descriptor(item.entity)
        # A new organization is created outside of any organization, even if the import is confined to one.
        authorize(connection, with_all_scopes(self._actor), Action.RECORD_CREATE, item.organization_id)
        self._authorize_values(connection, item, item.organization_id)
        fields = descriptor.mapped_fields(imported.mapping.values())
        target = connection.scalar(sa.text("SELECT new_id()"))
        slug = _free_slug(connection, descriptor, item)
        self._decide(connection, item, "accepted", target_id=target, slug=slug, note=note)
        _add_terms(connection, imported, item.row_number, fields)
        _run(connection, imported, item.row_number, apply_sql.insert_accepted(descriptor, fields, REVIEWED))
        _run(connection, imported, item.row_number, apply_sql.RECORD_REVIEWED_EVIDENCE)
        self._judge(connection, item, "different", item.may_be, note)
        return Verdict(ref=item.ref, decision="accepted", target_id=target, changed=())

    def reject(self, import_id: UUID, row_number: int, *, note: str | None = None) -> Verdict:
        """Reject the row. If the source sends it again unchanged, it is rejected without asking.

        Raises:
            NotPermitted: When the actor may not decide there.
            NotFound: When the row is not in review.
        """
        with self._installation.database.connect() as connection, connection.begin():
            _, item = self._open(connection, import_id, row_number, None)
            self._decide(connection, item, "rejected", note=note)
            self._judge(connection, item, "unsure", item.may_be, note)
            return Verdict(ref=item.ref, decision="rejected", target_id=None, changed=())

    def _open(
        self, connection: sa.Connection, import_id: UUID, row_number: int, target_id: UUID | None
    ) -> tuple[Import, ReviewItem]:
        """Lock the import and its entity, authorize the actor, and set the audit context."""
        lock_import(connection, import_id)
        imported = get_import(connection, import_id)
        lock_entity(connection, imported.entity)
        self._actor = self._actor.acting_on(imported.entity)
        sees = list_visible_organizations(connection, self._actor)
        item = get_review_item(connection, import_id, row_number, sees=sees)
        self._authorize(connection, imported, item, target_id)
        context = AuditContext(
            actor=str(self._actor.id), origin="review", import_id=imported.id, plugin=imported.plugin_label
        )
        announce(connection, context)
        return imported, item

    def _authorize(self, connection: sa.Connection, imported: Import, item: ReviewItem, target_id: UUID | None) -> None:
        """Require the right to decide for the import, or for the organization if the row concerns only its record."""
        try:
            authorize(connection, self._actor, Action.REVIEW_DECIDE, imported.organization_id or item.organization_id)
        except NotPermitted:
            concerned = [target_id] if target_id else list(item.candidates)
            if item.hides or len(concerned) != 1 or concerned[0] not in item.candidates:
                raise
            descriptor = get_descriptor(item.entity)
            query = f"SELECT {descriptor.organization_column} FROM {descriptor.entity} WHERE id = :id"
            organization = connection.scalar(sa.text(query), {"id": concerned[0]})
            if organization is None:
                raise
            authorize(connection, self._actor, Action.REVIEW_DECIDE, organization)

    def _authorize_values(self, connection: sa.Connection, item: ReviewItem, organization_id: UUID | None) -> None:
        """Require the rights that values of the row need."""
        for guard in get_descriptor(item.entity).guards:
            if guard.covers(item.candidate.get(guard.field)):
                authorize(connection, self._actor, guard.action, organization_id)

    def _decide(self, connection: sa.Connection, item: ReviewItem, decision: str, **values: object) -> None:
        columns = {"target_id": None, "slug": None, "changes": None, "issues": None, "note": None} | values
        params = columns | {
            "import": item.import_id, "row_number": item.row_number, "decision": decision,
            "reason": f"review.{decision}", "actor": self._actor.id, "organization": item.organization_id,
        }  # fmt: skip
        connection.execute(_INSERT, params)

    def _judge(
        self, connection: sa.Connection, item: ReviewItem, judgement: str, records: Sequence[UUID], note: str | None
    ) -> None:
        """Store the judgement about the row and these records; it replaces an earlier one."""
        reach(FailPoint.REVIEW_WRITTEN)
        identity = connection.scalar(_IDENTITY, {"import": item.import_id, "row_number": item.row_number})
        for record in records:
            pair = sorted([f"record:{record}", f"source:{item.source_name}:{identity}"])
            params = {"entity": item.entity, "left": pair[0], "right": pair[1]}
            connection.execute(_SUPERSEDE, params)
            connection.execute(
                _JUDGE,
                params | {"judgement": judgement, "reason": note, "reviewed": item.reason, "actor": self._actor.id},
            )


def _changes(
    imported: Import, item: ReviewItem, descriptor: EntityDescriptor, now: StoredRecord,
    choices: Mapping[str, str],
) -> dict[str, list[object]]:  # fmt: skip
    names = {field.name for field in descriptor.fields}
    for name, choice in choices.items():
        if name not in names or choice not in ("incoming", "existing"):
            raise UsageError(f"{name}={choice}: write a field and «incoming» or «existing»")
    fills_only = item.reason in _QUESTIONS_OF_IDENTITY
    changes: dict[str, list[object]] = {}
    for field in descriptor.mapped_fields(imported.mapping.values()):
        incoming, stored = item.candidate.get(field.compared_as), now.stored[field.compared_as]
        if field.only_added:
            incoming = _added(stored, incoming)
        keeps = stored is not None and (fills_only or _is_kept(descriptor, field, item, now))
        choice = choices.get(field.name, "existing" if keeps and not field.only_added else "incoming")
        if incoming is not None and incoming != stored and choice == "incoming":
            changes[field.name] = [stored, incoming]
    known = (now.extra.get(_EXTRA) or {}).get(imported.source_name) or {}
    extra = {key: value for key, value in (item.candidate.get(_EXTRA) or {}).items() if value is not None}
    if {**known, **extra} != known:
        changes[_EXTRA] = [known, {**known, **extra}]
    return changes


def _with_compared_values(
    item: ReviewItem, descriptor: EntityDescriptor, compared: Mapping[str, str | None], choices: Mapping[str, str]
) -> ReviewItem:
    """Return the row with the values as compared with the record, except where a person chose the row's own."""
    asked = {field.compared_as for field in descriptor.fields if choices.get(field.name) == "incoming"}
    kept = {name: value for name, value in compared.items() if name not in asked}
    return replace(item, candidate={**item.candidate, **kept})


def _declined(
    item: ReviewItem, descriptor: EntityDescriptor, now: StoredRecord, changes: Mapping[str, object]
) -> dict[str, str | None]:
    """Return the declined values by field; None means that any later value of the field is declined, too.

    Identifying fields get None if the question was which record the row is: it did not ask about their values.
    """
    fixed = descriptor.identifying_fields if item.reason in _QUESTIONS_OF_IDENTITY else frozenset()
    declined: dict[str, str | None] = {}
    for field in descriptor.fields:
        incoming, stored = item.candidate.get(field.compared_as), now.stored[field.compared_as]
        differs = incoming is not None and stored is not None and incoming != stored and field.name not in changes
        if differs and not field.only_added and not _is_kept(descriptor, field, item, now):
            declined[field.name] = None if field.name in fixed else incoming
    return declined


def _as_issue(declined: Mapping[str, str | None]) -> StoredFinding:
    params: dict[str, JsonValue] = {"fields": [*sorted(declined)], "declined": {**declined}}
    return {"code": "field.kept_in_review", "severity": "info", "params": params}


def _added(stored: str | None, incoming: str | None) -> str | None:
    """Return a stored list followed by the new entries of another, as JSON."""
    if incoming is None or stored is None:
        return incoming
    return json.dumps(list(dict.fromkeys([*json.loads(stored), *json.loads(incoming)])), ensure_ascii=False)


def _is_kept(descriptor: EntityDescriptor, field: Field, item: ReviewItem, now: StoredRecord) -> bool:
    """Return whether the record's value stays by default: the row's is derived, or consent was withdrawn."""
    if field.name in (item.candidate.get(DERIVED) or "").split(","):
        return True
    withdrawal = descriptor.withdrawal
    if withdrawal is None or field.name != withdrawal.status:
        return False
    withdrawn = now.stored[withdrawal.field] not in (None, "[]")
    return withdrawn and now.stored[field.name] == withdrawal.inactive


def _only_candidate(connection: sa.Connection, item: ReviewItem) -> UUID:
    if item.appeared:
        there = ", ".join(list_candidates(connection, item))
        raise UsageError(
            f"row {item.ref} may be a record that did not exist when it went to review",
            hint=f"Name the record with --merge-into REF ({there}), or make a new one with --as-new.",
        )
    if len(item.candidates) != 1:
        raise UsageError(
            f"row {item.ref} may be {len(item.candidates)} records",
            hint="Name one with --merge-into REF, or make a new one with --as-new.",
        )
    return item.candidates[0]


def _free_slug(connection: sa.Connection, descriptor: EntityDescriptor, item: ReviewItem) -> str | None:
    if not descriptor.has_slug:
        return None
    return choose_slug(connection, descriptor, str(item.candidate[SLUG_BASE]), item.organization_id)


def _add_terms(connection: sa.Connection, imported: Import, row_number: int, fields: Sequence[Field]) -> None:
    for field in fields:
        if field.vocabulary:
            _run(connection, imported, row_number, apply_sql.add_terms(field, REVIEWED))


def _run(connection: sa.Connection, imported: Import, row_number: int, statement: str) -> None:
    """Run one of apply's statements for the row that the person decided."""
    params = {
        "import": imported.id, "row_number": row_number, "source": imported.source_name, "origin": imported.origin,
    }  # fmt: skip
    try:
        connection.execute(sa.text(statement), params)
    except sa.exc.IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _REVERSED:
            raise
        raise UsageError(
            f"row {imported.id}:{row_number} would make the record end before it begins",
            hint="Keep the existing value of one side: --field NAME=existing.",
        ) from error


_INSERT = sa.text("""
    INSERT INTO review_decisions (import_id, row_number, decision, reason, target_id, slug, changes, issues,
                                  organization_id, decided_by, decided_at, note)
    VALUES (:import, :row_number, :decision, :reason, :target_id, :slug, :changes, :issues, :organization, :actor,
            now(), :note)
""").bindparams(
    *(sa.bindparam(name, type_=sa.dialects.postgresql.JSONB(none_as_null=True)) for name in ("changes", "issues"))
)
_IDENTITY = sa.text("SELECT identity FROM import_rows WHERE import_id = :import AND row_number = :row_number")
_SUPERSEDE = sa.text("""
    UPDATE judgements SET superseded_at = now()
    WHERE entity = :entity AND left_ref = :left AND right_ref = :right AND superseded_at IS NULL""")
_JUDGE = sa.text("""
    INSERT INTO judgements (entity, left_ref, right_ref, judgement, reason, features, actor_id)
    VALUES (:entity, :left, :right, :judgement, :reason, jsonb_build_object('reviewed', CAST(:reviewed AS text)),
            :actor)
""")
