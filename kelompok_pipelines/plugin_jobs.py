"""The jobs of enabled plugins as Dagster sees them: what each is for, and the keys of its assets."""

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
    """A job of an enabled plugin, over entities the core has.

    Attributes:
        plugin: The plugin's name.
        version: Its version: the code version of the assets.
        entities: What the job imports into, or enriches.
        automatic: Whether the plugin acts on imports unasked.
        subject: What its assets are named after: the entity, or the job where several jobs are for one entity.
    """

    plugin: str
    version: str
    job: Job
    entities: tuple[str, ...]
    automatic: bool
    subject: str

    @property
    def entity(self) -> str:
        """The entity an importing job is for."""
        return self.entities[0]

    @property
    def name(self) -> str:
        """The job's name in Dagster."""
        return names.plugin_job(self.plugin, self.job.name)

    @property
    def sources(self) -> str:
        """The name of its dynamic partitions: one for each source that the job imported."""
        return names.sources(self.plugin, self.job.name)

    @property
    def partitions(self) -> dg.DynamicPartitionsDefinition:
        return dg.DynamicPartitionsDefinition(name=self.sources)

    def key(self, layer: Layer) -> dg.AssetKey:
        """Return the key of an importing job's asset."""
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
