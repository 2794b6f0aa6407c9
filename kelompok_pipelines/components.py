"""Component types for ``dg``: each component in ``kelompok_pipelines/defs`` is a scheduled or watched source."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Self

import dagster as dg
from pydantic import BaseModel

from kelompok_core.errors import SettingsError
from kelompok_core.settings import Settings, read_settings
from kelompok_pipelines.inboxes import list_watched
from kelompok_pipelines.plugin_jobs import PluginJob, list_jobs
from kelompok_pipelines.schedules import import_schedules
from kelompok_pipelines.sensors import inbox_sensor
from kelompok_pipelines.source_checks import Sources, read_sources
from kelompok_pipelines.sources import AnySource, ScheduledSource, SourceTable, WatchedSource


class _Scaffolder(dg.Scaffolder[Any]):
    """Scaffolds a component that imports an example file as a dry run."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        is_watched = request.type_name.endswith(WatchedSourceComponent.__name__)
        of_its_kind = {"folder": "partners"} if is_watched else {"file": "examples/partners.csv", "cron": "0 2 * * *"}
        name = request.target_path.name.replace("-", "_")
        job = {"plugin": "csv-import", "job": "import-organizations"}
        dg.scaffold_component(request, {"name": name, **job, **of_its_kind, "source": name, "dry_run": True})


class _SourceComponent(dg.Component, Generic[AnySource]):
    """A component with the same attributes and checks as a table of kelompok.toml."""

    model: ClassVar[type[BaseModel]]

    def __init__(self, source: AnySource) -> None:
        self.source = source

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        return cls.model

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> Self:  # noqa: ARG003  (Dagster's signature)
        return cls(attributes)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:  # noqa: ARG002  (Dagster's signature)
        settings = read_settings()
        importers = [one for one in list_jobs(settings) if one.job.is_importer]
        return self.define(settings, importers, read_sources(settings))

    @abstractmethod
    def define(self, settings: Settings, importers: Sequence[PluginJob], sources: Sources) -> dg.Definitions:
        """Return the schedule or sensor of this source."""

    def find_table(self, tables: Sequence[SourceTable[AnySource]]) -> SourceTable[AnySource]:
        """Return this component as it was read and checked together with all tables.

        Raises:
            SettingsError: When its YAML file has other values, because it contains templates.
        """
        for table in tables:
            if table.is_stanza and table.source == self.source:
                return table
        raise SettingsError(
            self.source.name,
            "does not match its YAML file",
            hint="Write values instead of templates such as {{ env }}.",
        )


@dg.scaffold_with(_Scaffolder)
class ScheduledSourceComponent(_SourceComponent[ScheduledSource]):
    """A file or URL that is imported at set times."""

    model = ScheduledSource

    def define(self, settings: Settings, importers: Sequence[PluginJob], sources: Sources) -> dg.Definitions:
        table = self.find_table(sources.scheduled)
        return dg.Definitions(schedules=import_schedules(settings, importers, [table]))


@dg.scaffold_with(_Scaffolder)
class WatchedSourceComponent(_SourceComponent[WatchedSource]):
    """A folder in the inbox whose files are imported."""

    model = WatchedSource

    def define(self, settings: Settings, importers: Sequence[PluginJob], sources: Sources) -> dg.Definitions:
        watched = list_watched(settings, importers, [self.find_table(sources.watched)])
        return dg.Definitions(sensors=[inbox_sensor(one) for one in watched if one.is_stanza])
