"""Runs an enricher: selects records, passes their public text to it, and stores the signals that it returns."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pandas as pd
import sqlalchemy as sa

from kelompok_core.access.actors import Actor, get_actor_by_id
from kelompok_core.access.rules import Action, authorize, require_active
from kelompok_core.audit.context import AuditContext, announce
from kelompok_core.contracts import JsonValue
from kelompok_core.database.locks import lock_entity, working_on
from kelompok_core.descriptor import EntityDescriptor
from kelompok_core.enrichment.choose import Page, Scope, count_chosen, iter_pages, require_public
from kelompok_core.enrichment.records import (
    COUNTS,
    Enrichment,
    EnrichmentState,
    add_enrichment,
    get_enrichment,
    update_enrichment,
)
from kelompok_core.enrichment.signals import Signal, checked_signals, count_by_value
from kelompok_core.enrichment.store import store
from kelompok_core.errors import EnrichmentFailed, KelompokError, UsageError
from kelompok_core.failures import trace_of
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.installation import Installation, Progress
from kelompok_core.organizations.queries import get_organization_id
from kelompok_core.plugin_host.loading import failing_as, plugin_context
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginInfo, find_job, require_enabled
from kelompok_core.plugin_host.running import start_plugin
from kelompok_core.plugin_host.running_plugin import RunningPlugin
from kelompok_core.records.registry import get_descriptor
from kelompok_core.settings import Settings

CONTRACT = "profile_enricher"
_ORGANIZATIONS = "organizations"


@dataclass(frozen=True, kw_only=True)
class EnrichmentRequest:
    """A request to enrich all records, or those that the filters select.

    Attributes:
        plugin: Name of an enabled plugin.
        job: Name of one of its jobs.
        organization: Slug of the only organization, or None.
        import_id: Only records that this import wrote, or None.
        changed_since: Only records changed since then, or None.
        again: Also records whose text and method have not changed since the last run.
        dry_run: Report what would be written, without writing.
        config: Plugin settings for this run.
    """

    plugin: str
    job: str
    organization: str | None = None
    import_id: UUID | None = None
    changed_since: datetime | None = None
    again: bool = False
    dry_run: bool = False
    config: Mapping[str, JsonValue] = field(default_factory=dict)


def request_enrichment(installation: Installation, request: EnrichmentRequest, actor: Actor) -> UUID:
    """Create a run for the request, without starting it.

    Raises:
        NotPermitted: When the actor may not enrich these records.
        PluginUnavailable: When the plugin is not enabled.
        NotFound: When job, organization or import do not exist.
        UsageError: When the job enriches nothing.
    """
    plugin = require_enabled(installation.settings, request.plugin)
    job = find_job(plugin, request.job)
    if job.uses != CONTRACT:
        raise UsageError(
            f"{request.plugin}'s job {request.job} imports files and enriches nothing", hint="Give --file."
        )
    with installation.database.connect() as connection, connection.begin():
        organization_id = get_organization_id(connection, request.organization) if request.organization else None
        _authorize(connection, actor, organization_id, request.import_id)
        return add_enrichment(
            connection,
            plugin=plugin.name,
            plugin_version=plugin.version,
            job=job.name,
            actor_id=actor.id,
            organization_id=organization_id,
            import_id=request.import_id,
            changed_since=request.changed_since,
            again=request.again,
            dry_run=request.dry_run,
            config=dict(request.config),
        )


def _authorize(connection: sa.Connection, actor: Actor, organization_id: UUID | None, import_id: UUID | None) -> None:
    """Check the right to enrich: an import's actor may enrich its records; others need it for the organization."""
    if import_id is not None and get_import(connection, import_id).actor_id == actor.id:
        require_active(connection, actor, Action.ENRICHMENT_RUN)
        return
    authorize(connection, actor, Action.ENRICHMENT_RUN, organization_id)


def enrich(installation: Installation, enrichment_id: UUID, entities: Sequence[str] = ()) -> Enrichment:
    """Run the enrichment for these entities, or all of its job; each page of records is stored in one transaction.

    A run that was killed can be repeated: it skips records whose text is already enriched.

    Raises:
        NotPermitted: When the actor may no longer enrich these records.
        EnrichmentFailed: When the plugin fails or returns invalid signals. Pages stored earlier are kept.
    """
    with working_on(installation.database.engine, enrichment_id):
        with installation.database.connect() as connection:
            enrichment = get_enrichment(connection, enrichment_id)
            if enrichment.state in (EnrichmentState.DONE, EnrichmentState.UNDONE):
                return enrichment
            actor = get_actor_by_id(connection, enrichment.actor_id)
            _authorize(connection, actor, enrichment.organization_id, enrichment.import_id)
            update_enrichment(connection, enrichment_id, state=EnrichmentState.RUNNING)
            connection.commit()
        try:
            counts = _EnrichmentRun(installation, enrichment).enrich(entities)
        except KelompokError as error:
            failure = {"failure": error.message, "failure_trace": trace_of(error)}
            _finish(installation, enrichment_id, state=EnrichmentState.FAILED, **failure)
            raise
        return _finish(
            installation, enrichment_id, state=EnrichmentState.DONE, counts=counts, failure=None, failure_trace=None
        )


def _finish(installation: Installation, enrichment_id: UUID, **values: object) -> Enrichment:
    with installation.database.connect() as connection, connection.begin():
        update_enrichment(connection, enrichment_id, finished_at=sa.func.now(), **values)
        return get_enrichment(connection, enrichment_id)


class _EnrichmentRun:
    """One enricher over the entities of its job."""

    def __init__(self, installation: Installation, enrichment: Enrichment) -> None:
        self._installation = installation
        self._enrichment = enrichment
        self._plugin = require_enabled(installation.settings, enrichment.plugin)
        self._job: Job = find_job(self._plugin, enrichment.job)
        self._method = method_of(self._plugin, enrichment.config)
        self._scope = Scope(
            organization_id=enrichment.organization_id,
            import_id=enrichment.import_id,
            changed_since=enrichment.changed_since,
            known_to=None if enrichment.again else (enrichment.plugin, self._method),
        )

    def enrich(self, entities: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        counts = {}
        settings, run = self._installation.settings, self._enrichment
        with enriching(settings, self._plugin, run.config, dry_run=run.dry_run) as call:
            for entity, fields in self._job.enriches.items():
                if not entities or entity in entities:
                    descriptor = get_descriptor(entity)
                    require_public(descriptor, fields, self._plugin.name)
                    counts[entity] = self._entity(call, descriptor, fields)
        return counts

    def _entity(
        self, call: Callable[[pd.DataFrame], pd.DataFrame], descriptor: EntityDescriptor, fields: Sequence[str]
    ) -> Mapping[str, object]:
        counts, values = dict.fromkeys(COUNTS, 0), dict[str, int]()
        with self._installation.database.connect() as connection:
            counts["records"] = count_chosen(connection, descriptor, self._scope)
            for page in iter_pages(connection, descriptor, fields, self._scope):
                connection.rollback()  # hold no transaction while the plugin works
                signals = checked_signals(call(page.texts), page, self._plugin.name)
                for kind, number in self._store(connection, descriptor.entity, page, signals).items():
                    counts[kind] += number
                counts["enriched"] += len(page.facts)
                counts["with_signals"] += len({signal.record for signal in signals})
                for value, number in count_by_value(signals).items():
                    values[value] = values.get(value, 0) + number
                self._installation.on_progress(Progress(step="enrich", rows=counts["enriched"]))
        counts["unchanged"] = counts["records"] - counts["enriched"]
        return {**counts, "values": values}

    def _store(self, connection: sa.Connection, entity: str, page: Page, signals: Sequence[Signal]) -> dict[str, int]:
        enrichment = self._enrichment
        with connection.begin() as transaction:
            # Lock in a fixed order, to wait for imports instead of deadlocking with them.
            for locked in sorted({entity, _ORGANIZATIONS}):
                lock_entity(connection, locked)
            announce(
                connection,
                AuditContext(
                    actor=str(enrichment.actor_id),
                    origin="enrichment",
                    plugin=enrichment.plugin_label,
                    request_id=str(enrichment.id),
                ),
            )
            counts = store(connection, enrichment, entity, self._method, (page, signals))
            if enrichment.dry_run:
                transaction.rollback()
        return counts


def method_of(plugin: PluginInfo, config: Mapping[str, JsonValue]) -> str:
    """Return the plugin's version with a digest of non-default settings: with the text, they determine the signals."""
    settings = {**plugin.config, **config}
    defaults = {
        key: one.get("default") for key, one in (plugin.manifest.config_schema if plugin.manifest else {})
        .get("properties", {}).items()
    }  # fmt: skip
    own = {key: value for key, value in settings.items() if value != defaults.get(key)}
    if not own:
        return plugin.version
    digest = hashlib.sha256(json.dumps(own, sort_keys=True, default=str).encode()).hexdigest()
    return f"{plugin.version}+{digest[:8]}"


@contextmanager
def enriching(
    settings: Settings, plugin: PluginInfo, config: Mapping[str, JsonValue], *, dry_run: bool
) -> Iterator[Callable[[pd.DataFrame], pd.DataFrame]]:
    """Provide a plugin's enricher as a function of texts that raises only errors of the core.

    Raises:
        EnrichmentFailed: When the plugin fails.
    """
    context = plugin_context(plugin, config={**plugin.config, **config}, dry_run=dry_run)
    with (
        failing_as(EnrichmentFailed, plugin.name, "enriching"),
        start_plugin(settings, plugin, CONTRACT, context) as run,
    ):

        def call(texts: pd.DataFrame) -> pd.DataFrame:
            return _called(plugin, run, texts)

        yield call


def _called(plugin: PluginInfo, enricher: RunningPlugin, texts: pd.DataFrame) -> pd.DataFrame:
    with failing_as(EnrichmentFailed, plugin.name, "enriching"):
        return enricher.enrich(texts)
