"""The receive step: authorizes the actor, stores the file and opens an import for it. Nothing is read yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.access.actors import Actor
from kelompok_core.access.rules import Action, list_visible_organizations
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.contract_rules.storable import storable
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
from kelompok_core.sources.opening import file_name_of, media_type_of
from kelompok_core.sources.rules import FileRules, is_folder
from kelompok_core.sources.storage import Incoming, incoming_from, source_name_of
from kelompok_core.suggestions import suggest

_LONGEST_SOURCE_BYTES = 200
"""Source names are indexed together with identities, and an index entry has a maximum size."""

REFUSED = (UsageError, NotPermitted, PluginUnavailable)
"""Errors of the request itself: repeating the request would fail again."""


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """A request to import a file.

    Attributes:
        plugin: Name of an enabled plugin.
        job: Name of the plugin's job that reads the file.
        file: A path on this machine (a folder is one source), or a URL that kelompok.toml allows. Only a name if the
            content is passed separately.
        organization: Slug of the organization that the import is limited to, or None.
        source_name: Name of the source; by default the file's name without its extension.
        dry_run: Whether to stop at the plan.
        idempotency_key: Requests with the same key get the same import.
        media_type: The file's media type, if its name does not show it.
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
    """The import for a request. ``resumed`` means that it existed before the request."""

    import_id: UUID
    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Admission:
    """An authorized request, before its file is read.

    Attributes:
        media_type: The media type given by the sender or derived from the file's name, or None.
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
    """Store the file and open an import for it, or find the import that this request already has.

    Without ``rules``, the rules for the operator at a terminal apply; see
    :mod:`~kelompok_core.imports.receiving.file_rules`.

    Raises:
        NotPermitted: When the actor may not import into the organization.
        PluginUnavailable: When the plugin is not enabled.
        NotFound: When the job or the organization does not exist.
        UsageError: When the file is not allowed or not readable, or the job does not read it.
    """
    rules = rules or operator_rules(installation.settings)
    rules.find_path(str(request.file))  # before an error can reveal whether it exists
    admission = admit(installation, request, actor)
    with incoming_from(str(request.file), installation.settings, rules) as incoming:
        reach(FailPoint.RECEIVE_COPIED)
        return open_import(installation, admission, incoming)


def admit(installation: Installation, request: ImportRequest, actor: Actor) -> Admission:
    """Authorize the actor, and check everything that the request names except the content of the file.

    Raises:
        NotPermitted: When the actor may not import into the organization.
        PluginUnavailable: When the plugin is not enabled.
        NotFound: When the job or the organization does not exist.
        SettingsError: When a setting of the plugin is invalid.
        UsageError: When the job does not read folders and the file is one, or a merge policy names an unknown field.
    """
    check_options(request.options)
    source_of(request)
    plugin = require_enabled(installation.settings, request.plugin)
    job = find_job(plugin, request.job)
    if plugin.manifest is not None:
        check_config(plugin.manifest, {**plugin.config, **request.options.config})
    _require_fields(str(job.entity), request.options.policies)
    with installation.database.connect() as connection:
        # A key that is limited to an organization acts in it without naming it.
        organization_id = _find_owner(connection, request.organization) or actor.confined_to
        authorize_import(connection, actor, Action.IMPORT_SUBMIT, str(job.entity), organization_id)
        country = _country_of(connection, organization_id)
    options = with_conventions(installation.settings, request.options, country=country)
    request = replace(request, options=options)
    media_type = request.media_type or _media_type(str(request.file))
    if media_type == FOLDER_TYPE:  # packing a folder takes long, so check first
        find_media_type(
            installation.settings, plugin, job, Arrived(location=str(request.file), declared=media_type, head=b"")
        )
    return Admission(
        request=request, actor=actor, plugin=plugin, job=job, media_type=media_type, organization_id=organization_id
    )


def _require_fields(entity: str, named: Iterable[str]) -> None:
    from kelompok_core.records.registry import get_descriptor  # slow to import

    for name in named:
        known = [field.name for field in get_descriptor(entity).fields]
        if name not in known:
            raise UsageError(f"policies: {entity} have no field {name!r}", hint=suggest(name, known, few=len(known)))


def _find_owner(connection: sa.Connection, slug: str | None) -> UUID | None:
    if slug is None:
        return None
    from kelompok_core.organizations.queries import get_organization_id  # slow to import

    return get_organization_id(connection, slug)


def _country_of(connection: sa.Connection, organization_id: UUID | None) -> str | None:
    if organization_id is None:
        return None
    from kelompok_core.organizations.queries import get_country  # slow to import

    return get_country(connection, organization_id)


def open_import(
    installation: Installation, admission: Admission, incoming: Incoming, *, queued: bool = False
) -> Receipt:
    """Store the file and open an import for it, or find the import that this request already has.

    With ``queued``, the same transaction queues the import for a worker.

    Raises:
        KeyReused: When the idempotency key belongs to another request.
        QueueFull: When too many imports of the organization are waiting.
        UsageError: When the job does not read this kind of file.
    """
    declared = admission.media_type
    file = Arrived(location=str(admission.request.file), declared=declared, head=incoming.head)
    media_type = find_media_type(installation.settings, admission.plugin, admission.job, file)
    admission = replace(admission, media_type=media_type)
    values = _values(admission, incoming)
    values["fingerprint"] = fingerprint(_identifying(values) | {"options": admission.request.options.effects})
    with installation.database.connect() as connection, connection.begin():
        receipt = _find_existing(connection, values)
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
    """Return the name of the source: the given one, or else the file's name without its extension.

    Raises:
        UsageError: When the name is not allowed.
    """
    name = request.source_name
    if name is None:
        name = source_name_of(file_name_of(str(request.file)))
    name = name.strip()
    if name and name.isprintable() and len(name.encode()) <= _LONGEST_SOURCE_BYTES:
        return name
    raise UsageError(
        f"source: {name[:40]!r} cannot be the name of a source",
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


def _identifying(values: dict[str, object]) -> dict[str, object]:
    """Return the columns by which two requests are the same."""
    return {name: value for name, value in values.items() if name not in ("idempotency_key", "key_id")}


def _media_type(file: str) -> str | None:
    return FOLDER_TYPE if is_folder(file) else media_type_of(file_name_of(file))


def _find_existing(connection: sa.Connection, values: dict[str, object]) -> Receipt | None:
    """Return the import that this request already has: by its idempotency key, or else one that was interrupted."""
    has_key = values["idempotency_key"] is not None
    existing = _by_key(connection, values) if has_key else _interrupted(connection, values)
    return None if existing is None else Receipt(import_id=existing, resumed=True)


def _by_key(connection: sa.Connection, values: dict[str, object]) -> UUID | None:
    # Requests with the same key wait here for each other, so that the second finds the import of the first.
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
    """Return the unfinished import of the same request, if no process works on it."""
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
