"""The code location: assembles the Dagster definitions of the enabled plugins."""

from collections.abc import Sequence

import dagster as dg

from kelompok_core.entities import list_entities
from kelompok_core.settings import Settings, read_settings
from kelompok_pipelines import names
from kelompok_pipelines.assets.core_tables import core_asset
from kelompok_pipelines.assets.enriching import enrichment_assets
from kelompok_pipelines.assets.importing import decisions_asset, staging_assets
from kelompok_pipelines.checks import core_checks, counts_check, enrichment_checks, schema_check
from kelompok_pipelines.freshness import freshness_checks, freshness_job, freshness_schedule
from kelompok_pipelines.inboxes import list_watched
from kelompok_pipelines.jobs import apply_job, enrichment_job, import_job, prune_runs
from kelompok_pipelines.names import Layer
from kelompok_pipelines.parts import parts_job
from kelompok_pipelines.plugin_jobs import PluginJob, list_jobs
from kelompok_pipelines.resources import Core, core_resource
from kelompok_pipelines.scaling import read_scaling
from kelompok_pipelines.schedules import enrichment_schedule, import_schedules, prune_schedule
from kelompok_pipelines.sensors import inbox_sensor
from kelompok_pipelines.source_checks import Sources, read_sources
from kelompok_pipelines.sources import STANZAS


def build_definitions(settings: Settings, core: Core | None = None) -> dg.Definitions:
    """Return the definitions of this installation; tests and the CLI pass their own core."""
    jobs = list(list_jobs(settings))
    imports = [one for one in jobs if one.job.is_importer]
    enrichers = [one for one in jobs if one.job.uses == "profile_enricher"]
    entities = list_entities()
    scaling = read_scaling(settings)
    sources = read_sources(settings)
    freshness = [check for one in imports if (check := freshness_checks(one, sources.fresh.sources)) is not None]
    return dg.Definitions(
        assets=[
            *(staging_assets(one) for one in imports),
            *(decisions_asset(one) for one in imports),
            *(core_asset(entity, _feeding(entity, imports)) for entity in entities),
            *(enrichment_assets(one) for one in enrichers),
        ],
        asset_checks=[
            *(schema_check(one) for one in imports),
            *(counts_check(one) for one in imports),
            *(core_checks(entity) for entity in entities),
            *(enrichment_checks(one) for one in enrichers),
            *freshness,
        ],
        jobs=[
            *(import_job(one, _following(one.entity, enrichers)) for one in imports),
            *(enrichment_job(one) for one in enrichers),
            *(apply_job(entity) for entity in entities),
            *(parts_job(one, scaling, _feeding(one.entity, imports)) for one in imports if scaling is not None),
            *([freshness_job(freshness)] if freshness else []),
            prune_runs,
        ],
        sensors=[inbox_sensor(one) for one in list_watched(settings, imports, sources.watched) if not one.is_stanza],
        schedules=[
            *import_schedules(settings, imports, [one for one in sources.scheduled if not one.is_stanza]),
            *(enrichment_schedule(one) for one in enrichers),
            *([freshness_schedule()] if freshness else []),
            prune_schedule(),
        ],
        resources={"core": core or core_resource(settings)},
        executor=dg.in_process_executor,
        metadata=_problems(sources),
    )


def _feeding(entity: str, imports: Sequence[PluginJob]) -> list[dg.AssetKey]:
    """Return the decisions that a core table is written from."""
    return [one.key(Layer.DECISIONS) for one in imports if one.entity == entity]


def _following(entity: str, enrichers: Sequence[PluginJob]) -> list[dg.AssetKey]:
    """Return the signals that are looked for in what an import wrote."""
    return [names.signals_key(one.plugin, entity) for one in enrichers if one.automatic and entity in one.entities]


def _problems(sources: Sources) -> dict[str, dg.MetadataValue]:
    """Return the errors in tables of kelompok.toml, including tables without a job of an enabled plugin."""
    wrong = [dg.TableRecord({"table": one.called, "problem": one.message}) for one in sources.wrong]
    return {"wrong_tables": dg.MetadataValue.table(wrong)} if wrong else {}


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions that Dagster loads: those of the installation, and the components in ``defs``."""
    installed = build_definitions(read_settings())
    if not any(STANZAS.rglob("defs.yaml")):  # loading them takes a while
        return installed
    return dg.Definitions.merge(installed, dg.load_from_defs_folder(path_within_project=STANZAS.parent))
