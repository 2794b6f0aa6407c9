"""The jobs of enabled plugins in Dagster: their entities and asset keys."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from kelompok_core.entities import list_entities
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.plugin_host.registry import PluginInfo, PluginState, list_plugins
from kelompok_core.settings import Settings
from kelompok_pipelines import names
from kelompok_pipelines.names import Layer


@dataclass(frozen=True, kw_only=True)
class PluginJob:
    """A job of an enabled plugin whose entities the core has.

    Attributes:
        plugin: The plugin's name.
        version: The plugin's version, used as code version of the assets.
        entities: The entities that the job imports or enriches.
        automatic: Whether the plugin enriches the records of each import automatically.
        subject: The name that its assets start with: the entity, or the job if several jobs are for the same entity.
    """

    plugin: str
    version: str
    job: Job
    entities: tuple[str, ...]
    automatic: bool
    subject: str

    @property
    def entity(self) -> str:
        """The entity of a job that imports."""
        return self.entities[0]

    @property
    def name(self) -> str:
        """The job's name in Dagster."""
        return names.plugin_job(self.plugin, self.job.name)

    @property
    def sources(self) -> str:
        """The name of its dynamic partitions, one for each source that it imported."""
        return names.sources(self.plugin, self.job.name)

    @property
    def partitions(self) -> dg.DynamicPartitionsDefinition:
        return dg.DynamicPartitionsDefinition(name=self.sources)

    def key(self, layer: Layer) -> dg.AssetKey:
        """Return the asset key of a layer, for a job that imports."""
        return names.core_key(self.entity) if layer is Layer.CORE else names.layer_key(self.plugin, self.subject, layer)


def list_jobs(settings: Settings) -> Iterator[PluginJob]:
    """Yield the jobs of enabled plugins that import or enrich. Runs no plugin code."""
    for plugin in list_plugins(settings):
        if plugin.state is PluginState.ENABLED:
            yield from jobs_of(plugin)


def jobs_of(plugin: PluginInfo) -> Iterator[PluginJob]:
    """Yield the jobs of a plugin that import or enrich."""
    known = set(list_entities())
    imported = Counter(job.entity for job in plugin.jobs() if job.is_importer)
    for job in plugin.jobs():
        entities = (job.entity,) if job.entity else tuple(job.enriches)
        if entities and known.issuperset(entities):
            yield PluginJob(
                plugin=plugin.name,
                version=plugin.version,
                job=job,
                entities=entities,
                automatic=plugin.automatic,
                subject=job.name if imported[job.entity] > 1 else entities[0],
            )
