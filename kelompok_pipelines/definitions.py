"""The code location: what Dagster sees of the enabled plugins. Assembles, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from kelompok_core.imports.registry import list_entities
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginState, list_plugins
from kelompok_core.settings import Settings, read_settings
from kelompok_pipelines import names
from kelompok_pipelines.assets.core_tables import core_asset
from kelompok_pipelines.assets.enriching import enrichment_assets
from kelompok_pipelines.assets.importing import decisions_asset, staging_assets
from kelompok_pipelines.checks import core_checks, counts_check, enrichment_checks, schema_check
from kelompok_pipelines.jobs import apply_job, enrichment_job, import_job, prune_runs
from kelompok_pipelines.resources import Core, core_resource
from kelompok_pipelines.schedules import enrichment_schedule, import_schedule, prune_schedule, read_scheduled_imports
from kelompok_pipelines.sensors import inbox_sensor


@dataclass(frozen=True, kw_only=True)
class Import:
    """A job of an enabled plugin that imports into an entity."""

    plugin: str
    job: Job
    entity: str


def list_import_jobs(settings: Settings) -> Iterator[Import]:
    """Yield the importing jobs of enabled plugins for entities the core has. Runs no plugin code."""
    entities = set(list_entities())
    for plugin in list_plugins(settings):
        if plugin.state is PluginState.ENABLED:
            for job in plugin.jobs():
                if job.uses.endswith("_importer") and job.entity in entities:
                    yield Import(plugin=plugin.name, job=job, entity=str(job.entity))


@dataclass(frozen=True, kw_only=True)
class Enricher:
    """A job of an enabled plugin that enriches entities the core has.

    Attributes:
        automatic: Whether it runs after imports, unasked.
    """

    plugin: str
    job: Job
    automatic: bool


def list_enrichers(settings: Settings) -> Iterator[Enricher]:
    """Yield the enriching jobs of enabled plugins. Runs no plugin code."""
    entities = set(list_entities())
    for plugin in list_plugins(settings):
        if plugin.state is PluginState.ENABLED:
            for job in plugin.jobs():
                if job.uses == "profile_enricher" and set(job.enriches) <= entities:
                    yield Enricher(plugin=plugin.name, job=job, automatic=plugin.automatic)


def build_definitions(settings: Settings, core: Core | None = None) -> dg.Definitions:
    """Return the definitions of this installation; tests and the CLI hand in their own core."""
    imports = list(list_import_jobs(settings))
    enrichers = list(list_enrichers(settings))
    entities = list_entities()
    following = {
        entity: [
            names.signals_key(one.plugin, entity) for one in enrichers if one.automatic and entity in one.job.enriches
        ]
        for entity in entities
    }
    feeding = {
        entity: [names.decisions_key(one.plugin, one.entity) for one in imports if one.entity == entity]
        for entity in entities
    }
    by_job = {(one.plugin, one.job.name): one for one in imports}
    scheduled = [one for one in read_scheduled_imports(settings) if (one.plugin, one.job) in by_job]
    return dg.Definitions(
        assets=[
            *(staging_assets(one.plugin, one.job, one.entity) for one in imports),
            *(decisions_asset(one.plugin, one.entity) for one in imports),
            *(core_asset(entity, feeding[entity]) for entity in entities),
            *(enrichment_assets(one.plugin, one.job) for one in enrichers),
        ],
        asset_checks=[
            *(schema_check(one.plugin, one.entity) for one in imports),
            *(counts_check(one.plugin, one.entity) for one in imports),
            *(core_checks(entity) for entity in entities),
            *(enrichment_checks(one.plugin, one.job) for one in enrichers),
        ],
        jobs=[
            *(import_job(one.plugin, one.job.name, one.entity, following[one.entity]) for one in imports),
            *(enrichment_job(one.plugin, one.job.name, list(one.job.enriches)) for one in enrichers),
            *(apply_job(entity) for entity in entities),
            prune_runs,
        ],
        sensors=[inbox_sensor(settings, one.plugin, one.job, one.entity) for one in imports],
        schedules=[
            *(import_schedule(one, by_job[one.plugin, one.job].entity) for one in scheduled),
            *(enrichment_schedule(one.plugin, one.job.name) for one in enrichers),
            prune_schedule(),
        ],
        resources={"core": core or core_resource(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions Dagster loads."""
    return build_definitions(read_settings())
