"""Receiving: who may import what, the file kept by its content, and the import's row. Nothing is read yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, list_visible_organizations
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.contracts import FOLDER_TYPE
from kelompok_core.errors import KeyReused, NotPermitted, PluginUnavailable, UsageError
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.imports.receiving.file_rules import operator_rules
from kelompok_core.imports.receiving.media_types import Arrived, find_media_type
from kelompok_core.imports.running.queue import enqueue, require_room
from kelompok_core.imports.shared.imports import IMPORTS, fingerprint, get_import
from kelompok_core.imports.shared.options import ImportOptions, check_options
from kelompok_core.imports.shared.profiles import with_conventions
from kelompok_core.imports.shared.rights import authorize_import
from kelompok_core.installation import Installation
from kelompok_core.plugin_host.configuration import check_config
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginInfo, find_job, require_enabled
from kelompok_core.plugin_host.returned import storable
from kelompok_core.sources.opening import file_name_of, media_type_of
from kelompok_core.sources.rules import FileRules, is_folder
from kelompok_core.sources.storage import Incoming, incoming_from, source_name_of
from kelompok_core.suggestions import suggest

_LONGEST_SOURCE_BYTES = 200
"""Names of sources are in indexes beside identities; those take no more."""

REFUSED = (UsageError, NotPermitted, PluginUnavailable)
"""Errors of the request itself: repeating the request would fail again."""


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """What somebody asks for.

    Attributes:
        plugin: Name of an enabled plugin, and the job of it that reads the file.
        file: A path on this machine (a folder is one source), or a URL that kelompok.toml allows; only a name
            where the content is passed separately.
        organization: Slug of the organization the import is confined to, or None.
        source_name: The list this file is a copy of; by default the file's name without extension.
        dry_run: Stop at the plan.
        idempotency_key: The same key gives the same import.
        media_type: What the file is, where that is not to be told from its name.
    """

    plugin: str
    job: str
    file: str | Path
    organization: str | None = None
    source_name: str | None = None
    dry_run: bool = False
    options: ImportOptions = field(default_factory=ImportOptions)
    idempotency_key: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The import that answers a request; ``resumed`` when an interrupted one goes on."""

    import_id: UUID
    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What an actor's request was found to be good for, before its file is read.

    Attributes:
        media_type: What the file's name or its sender says it is.
    """

    request: ImportRequest
    actor: Actor
    plugin: PluginInfo
    job: Job
    media_type: str | None
    organization_id: UUID | None


def receive(
    installation: Installation, request: ImportRequest, actor: Actor, rules: FileRules | None = None
) -> Receipt:
    """Keep the file and open an import for it, or find the one that this request already has.

    Without rules, those of the operator at a terminal apply; see
    :mod:`~kelompok_core.imports.receiving.file_rules`.

    Raises:
        NotPermitted: When the actor may not import there.
        PluginUnavailable: When the plugin is not enabled.
        NotFound: When the job or the organization does not exist.
        UsageError: When the file is not allowed, not readable or does not fit the job.
    """
    rules = rules or operator_rules(installation.settings)
    rules.find_path(str(request.file))  # before an error can reveal whether it exists
    admission = admit(installation, request, actor)
    with incoming_from(str(request.file), installation.settings, rules) as incoming:
        reach(FailPoint.RECEIVE_COPIED)
        return open_import(installation, admission, incoming)


def admit(installation: Installation, request: ImportRequest, actor: Actor) -> Admission:
    """See that the actor may import so, and that there is what the request names; the file is not looked at.

    Raises:
        NotPermitted: When the actor may not import there.
        PluginUnavailable: When the plugin is not enabled.
        NotFound: When the job or the organization does not exist.
        SettingsError: When a setting of the plugin does not fit.
        UsageError: When the file's kind does not fit the job, or a merge policy is for a field there is not.
    """
    check_options(request.options)
    source_of(request)
    plugin = require_enabled(installation.settings, request.plugin)
    job = find_job(plugin, request.job)
    if plugin.manifest is not None:
        check_config(plugin.manifest, {**plugin.config, **request.options.config})
    _require_fields(str(job.entity), request.options.policies)
    with installation.database.connect() as connection:
        # A key that is bound to an organization acts there without saying so.
        organization_id = _find_owner(connection, request.organization) or actor.confined_to
        authorize_import(connection, actor, Action.IMPORT_SUBMIT, str(job.entity), organization_id)
        country = _country_of(connection, organization_id)
    options = with_conventions(installation.settings, request.options, country=country)
    request = replace(request, options=options)
    media_type = request.media_type or _media_type(str(request.file))
    if media_type == FOLDER_TYPE:  # before all of it is packed
        find_media_type(
            installation.settings, plugin, job, Arrived(location=str(request.file), declared=media_type, head=b"")
        )
    return Admission(
        request=request, actor=actor, plugin=plugin, job=job, media_type=media_type, organization_id=organization_id
    )


def _require_fields(entity: str, named: Iterable[str]) -> None:
    from kelompok_core.records.registry import get_descriptor  # loads what an entity is made of

    for name in named:
        known = [field.name for field in get_descriptor(entity).fields]
        if name not in known:
            raise UsageError(f"policies: {entity} have no field {name!r}", hint=suggest(name, known, few=len(known)))


def _find_owner(connection: sa.Connection, slug: str | None) -> UUID | None:
    if slug is None:
        return None
    from kelompok_core.organizations.queries import get_organization_id  # loads what an entity is made of

    return get_organization_id(connection, slug)


def _country_of(connection: sa.Connection, organization_id: UUID | None) -> str | None:
    if organization_id is None:
        return None
    from kelompok_core.organizations.queries import get_country  # loads what an entity is made of

    return get_country(connection, organization_id)


def open_import(
    installation: Installation, admission: Admission, incoming: Incoming, *, queued: bool = False
) -> Receipt:
    """Keep the file and open an import for it, or find the one this request already has.

    With ``queued`` it waits for a worker, from the same transaction on.

    Raises:
        KeyReused: When the idempotency key stands for another request.
        QueueFull: When too many imports of the organization wait already.
        UsageError: When the file is of a kind that the plugin does not read.
    """
    declared = admission.media_type
    arrived = Arrived(location=str(admission.request.file), declared=declared, head=incoming.head)
    media_type = find_media_type(installation.settings, admission.plugin, admission.job, arrived)
    admission = replace(admission, media_type=media_type)
    values = _values(admission, incoming)
    values["fingerprint"] = fingerprint(
        _what_makes_it_the_same(values) | {"options": admission.request.options.effects}
    )
    with installation.database.connect() as connection, connection.begin():
        receipt = _known(connection, values)
        if receipt is None:
            if queued:
                require_room(connection, admission.organization_id)
            incoming.keep()
            reach(FailPoint.RECEIVE_KEPT)
            announce(connection, AuditContext(actor=str(admission.actor.id), origin="import"))
            values["sees_all"] = list_visible_organizations(connection, admission.actor) is None
            opened = connection.scalar(sa.insert(IMPORTS).values(**values).returning(IMPORTS.c.id))
            receipt = Receipt(import_id=UUID(str(opened)))
        if queued and (not receipt.resumed or get_import(connection, receipt.import_id).is_unfinished):
            enqueue(connection, receipt.import_id)
        reach(FailPoint.RECEIVE_OPENED)
        return receipt


def source_of(request: ImportRequest) -> str:
    """Return the name of the list this file is a copy of: the one that was given, else that of the file.

    Raises:
        UsageError: When no list can be called so.
    """
    name = request.source_name
    if name is None:
        name = source_name_of(file_name_of(str(request.file)))
    name = name.strip()
    if name and name.isprintable() and len(name.encode()) <= _LONGEST_SOURCE_BYTES:
        return name
    raise UsageError(
        f"source: {name[:40]!r} cannot be the name of a list",
        hint=f"Give --source a name of up to {_LONGEST_SOURCE_BYTES} letters, on one line.",
    )


def _values(admission: Admission, incoming: Incoming) -> dict[str, object]:
    request = admission.request
    return {
        "actor_id": admission.actor.id,
        "key_id": admission.actor.key_id,
        "mode": "dry_run" if request.dry_run else "apply",
        "entity": admission.job.entity,
        "plugin": admission.plugin.name,
        "plugin_version": admission.plugin.version,
        "job": admission.job.name,
        "media_type": admission.media_type,
        "organization_id": admission.organization_id,
        "source_name": source_of(request),
        "file_name": storable(file_name_of(str(request.file))),
        "file_sha256": bytes.fromhex(incoming.sha256),
        "file_bytes": incoming.size,
        "idempotency_key": request.idempotency_key,
        "options": request.options.to_json(),
    }


def _what_makes_it_the_same(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in ("idempotency_key", "key_id")}


def _media_type(file: str) -> str | None:
    return FOLDER_TYPE if is_folder(file) else media_type_of(file_name_of(file))


def _known(connection: sa.Connection, values: dict[str, object]) -> Receipt | None:
    """Return the import this request has already: by its key, or one that was interrupted."""
    keyed = values["idempotency_key"] is not None
    known = _by_key(connection, values) if keyed else _interrupted(connection, values)
    return None if known is None else Receipt(import_id=known, resumed=True)


def _by_key(connection: sa.Connection, values: dict[str, object]) -> UUID | None:
    # Requests with one key queue here, so that the second finds what the first has written.
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:actor || ':' || :key, 1))")
    names = {"actor": str(values["actor_id"]), "key": str(values["idempotency_key"])}
    connection.execute(lock, names)
    row = connection.execute(_BY_KEY, names).one_or_none()
    if row is None:
        return None
    if row.fingerprint != values["fingerprint"]:
        raise KeyReused(
            f"the idempotency key {names['key']!r} belongs to another request",
            hint="Use a new key for another file or other options.",
        )
    return UUID(str(row.id))


def _interrupted(connection: sa.Connection, values: dict[str, object]) -> UUID | None:
    """Return the same request's unfinished import that no process works on any more."""
    found = connection.scalar(_INTERRUPTED, {"fingerprint": values["fingerprint"], "mode": values["mode"]})
    return None if found is None else UUID(str(found))


_BY_KEY = sa.text(
    "SELECT id, fingerprint FROM imports WHERE actor_id = CAST(:actor AS uuid) AND idempotency_key = :key"
)
_INTERRUPTED = sa.text("""
    SELECT id FROM imports
    WHERE fingerprint = :fingerprint AND state IN ('received', 'staging', 'staged', 'planned')
      AND (state <> 'planned' OR :mode = 'apply') AND idempotency_key IS NULL
      AND pg_try_advisory_xact_lock(hashtextextended('import:' || id::text, 0))
    ORDER BY created_at DESC LIMIT 1
""")
