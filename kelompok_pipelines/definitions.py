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
from kelompok_pipelines.assets.importing import decisions_asset, staging_assets
from kelompok_pipelines.checks import core_checks, counts_check, schema_check
from kelompok_pipelines.jobs import apply_job, import_job, prune_runs
from kelompok_pipelines.resources import Core, core_resource
from kelompok_pipelines.schedules import import_schedule, prune_schedule, read_scheduled_imports
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


def build_definitions(settings: Settings, core: Core | None = None) -> dg.Definitions:
    """Return the definitions of this installation; tests and the CLI hand in their own core."""
    imports = list(list_import_jobs(settings))
    entities = list_entities()
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
        ],
        asset_checks=[
            *(schema_check(one.plugin, one.entity) for one in imports),
            *(counts_check(one.plugin, one.entity) for one in imports),
            *(core_checks(entity) for entity in entities),
        ],
        jobs=[
            *(import_job(one.plugin, one.job.name, one.entity) for one in imports),
            *(apply_job(entity) for entity in entities),
            prune_runs,
        ],
        sensors=[inbox_sensor(settings, one.plugin, one.job, one.entity) for one in imports],
        schedules=[
            *(import_schedule(one, by_job[one.plugin, one.job].entity) for one in scheduled),
            prune_schedule(),
        ],
        resources={"core": core or core_resource(settings)},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions Dagster loads."""
    return build_definitions(read_settings())
