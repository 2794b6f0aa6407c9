"""Runs the plugins' normalizers on a source, after it is read and before its columns are mapped to fields."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from kelompok_core.contracts import SourceBatch
from kelompok_core.errors import ImportFailed
from kelompok_core.imports.shared.imports import Import
from kelompok_core.imports.staging.plugin_output import accept_batch
from kelompok_core.imports.staging.plugin_reading import reading_context
from kelompok_core.plugin_host.loading import failing_as
from kelompok_core.plugin_host.registry import list_automatic
from kelompok_core.plugin_host.running import start_plugin
from kelompok_core.plugin_host.running_plugin import RunningPlugin
from kelompok_core.settings import Settings

CONTRACT = "source_normalizer"


@dataclass(frozen=True, kw_only=True)
class Normalizers:
    """The enabled plugins' normalizers, ordered by name.

    Attributes:
        labels: ``name@version`` of each; part of the digest that shows whether rows were read the same way.
    """

    labels: Sequence[str]
    _ready: Sequence[tuple[str, RunningPlugin]]

    def normalize(self, batch: SourceBatch) -> SourceBatch:
        """Return the normalized batch: cells may change, columns and issues may be added, rows stay the same.

        Raises:
            ImportFailed: Naming the plugin that failed or broke these rules.
        """
        for label, normalizer in self._ready:
            batch = _normalized(label, normalizer, batch)
        return batch


def _normalized(label: str, normalizer: RunningPlugin, batch: SourceBatch) -> SourceBatch:
    if batch.cells.empty:
        return batch
    with failing_as(ImportFailed, label, "normalizing"):
        found = normalizer.normalize(batch)
    accepted = accept_batch(found, after=int(batch.locations["row_number"].iloc[0]) - 1, plugin=label)
    if not accepted.locations.equals(batch.locations):
        raise ImportFailed(f"plugin {label} added, dropped or moved rows, which a normalizer may not")
    if missing := [column for column in batch.cells.columns if column not in accepted.cells.columns]:
        raise ImportFailed(f"plugin {label} dropped the column {missing[0]!r}, which a normalizer may not")
    return replace(accepted, mapping={**batch.mapping, **accepted.mapping})


@contextmanager
def normalizers(settings: Settings, import_: Import) -> Iterator[Normalizers]:
    """Provide the normalizers of enabled plugins that run on every import.

    Raises:
        PluginUnavailable: When one cannot be loaded.
    """
    with ExitStack() as stack:
        ready = []
        for plugin in list_automatic(settings, CONTRACT):
            context = reading_context(
                settings, plugin, config=plugin.config, dry_run=import_.dry_run, entity=import_.entity
            )
            running = stack.enter_context(start_plugin(settings, plugin, CONTRACT, context))
            ready.append((f"{plugin.name}@{plugin.version}", running))
        yield Normalizers(labels=[label for label, _ in ready], _ready=ready)
