"""Assets of an enricher: the signals of each entity it reads. One factory for all plugins."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import dagster as dg
from pydantic import Field

from kelompok_core.access.actors import get_actor, get_actor_by_id
from kelompok_core.enrichment.records import Enrichment, find_previous
from kelompok_core.enrichment.run import EnrichmentRequest, enrich, request_enrichment
from kelompok_core.errors import KelompokError
from kelompok_core.imports.shared.imports import ImportState, get_import
from kelompok_core.plugin_host.registry import require_per_request
from kelompok_pipelines import names
from kelompok_pipelines.assets.specs import docs, owners, tags
from kelompok_pipelines.metadata import enriched_metadata
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core
from kelompok_pipelines.retries import retrying
from kelompok_pipelines.step_failures import without_values


class EnrichConfig(dg.Config):
    """What to enrich; by default everything or, after an import in the same run, what the import wrote."""

    enrichment_id: str | None = Field(
        default=None, description="An enrichment requested earlier; leave the rest empty."
    )
    organization: str | None = Field(default=None, description="Slug of the only organization.")
    changed_since: str | None = Field(default=None, description="Only records changed since this ISO 8601 time.")
    again: bool = Field(default=False, description="Also records whose text has not changed since the last run.")
    dry_run: bool = Field(default=False, description="Write nothing.")
    actor: str | None = Field(default=None, description="E-mail of the requesting user; default: the local operator.")
    settings: dict[str, str] = Field(default={}, description="Plugin settings that a request may set.")


def enrichment_assets(one: PluginJob) -> dg.AssetsDefinition:
    """Return the assets with the signals of each of the job's entities, all made by one op."""
    plugin, job = one.plugin, one.job

    @dg.multi_asset(name=names.enrich_op(plugin, job.name), specs=_specs(one), can_subset=True)
    def enrich_records(
        context: dg.AssetExecutionContext, config: EnrichConfig, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.MaterializeResult[None]]:
        wanted = [entity for entity in job.enriches if names.signals_key(plugin, entity) in context.selected_asset_keys]
        with retrying(core, context), without_values(core, context.run):
            done = list(_enrich(context, core, one, config, wanted))
            with core.connect() as connection:
                before = [find_previous(connection, enrichment) for _, enrichment in done]
        found: dict[dg.AssetKey, dict[str, Any]] = {}
        for (entity, enrichment), previous in zip(done, before, strict=True):
            key, metadata = names.signals_key(plugin, entity), enriched_metadata(enrichment, entity, previous)
            if enrichment.dry_run:
                context.log_event(dg.AssetObservation(asset_key=key, metadata=metadata))
                continue
            if key in found:  # a step may yield one result for an asset
                context.log_event(dg.AssetMaterialization(key, metadata=found[key]))
            found[key] = metadata
        yield from (dg.MaterializeResult(asset_key=key, metadata=metadata) for key, metadata in found.items())

    return enrich_records


def _specs(one: PluginJob) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            names.signals_key(one.plugin, entity),
            deps=[names.core_key(entity)],
            skippable=True,
            group_name=names.signals_group(one.plugin),
            kinds={"postgres"},
            owners=owners(one.plugin),
            code_version=one.version,
            tags=tags(Layer.SIGNALS, entity, one.plugin),
            description=f"What {one.plugin} finds in the public text of {entity}: {', '.join(fields)}.",
            metadata=docs(Layer.SIGNALS),
        )
        for entity, fields in one.job.enriches.items()
    ]


def _enrich(
    context: dg.AssetExecutionContext, core: Core, one: PluginJob, config: EnrichConfig, wanted: Sequence[str]
) -> Iterator[tuple[str, Enrichment]]:
    """Enrich what the imports of the run wrote, else what the config selects; yield each entity that was enriched."""
    if not core.imports_of(context.run):
        enrichment = enrich(core.installation, _request(core, one.plugin, one.job.name, config), wanted)
        yield from ((entity, enrichment) for entity in wanted)
        return
    for entity in wanted:
        for import_id in reversed(core.imports_of(context.run, entity)):
            if (done := _after_import(context, core, import_id, one.plugin, one.job.name)) is not None:
                yield entity, done


def _request(core: Core, plugin: str, job: str, config: EnrichConfig) -> UUID:
    if config.enrichment_id is not None:
        return UUID(config.enrichment_id)
    require_per_request(core.installation.settings, plugin, config.settings)
    with core.connect() as connection, connection.begin():
        actor = get_actor(connection, email=config.actor)
    request = EnrichmentRequest(
        plugin=plugin,
        job=job,
        organization=config.organization,
        changed_since=datetime.fromisoformat(config.changed_since) if config.changed_since else None,
        again=config.again,
        dry_run=config.dry_run,
        config=config.settings,
    )
    return request_enrichment(core.installation, request, actor)


def _after_import(
    context: dg.AssetExecutionContext, core: Core, import_id: UUID, plugin: str, job: str
) -> Enrichment | None:
    """Enrich what the import wrote. A failure is logged, not raised: the import stays applied."""
    with core.connect() as connection:
        import_ = get_import(connection, import_id)
        actor = get_actor_by_id(connection, import_.actor_id)
    if import_.state is not ImportState.APPLIED:
        return None
    request = EnrichmentRequest(plugin=plugin, job=job, import_id=import_id)
    try:
        return enrich(core.installation, request_enrichment(core.installation, request, actor), [import_.entity])
    except KelompokError as error:
        context.log.warning("import %s was applied but not enriched: %s", import_id, error.code)
        return None
