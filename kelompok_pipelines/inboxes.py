"""Watched folders: one for each job that imports, and those of the ``[[inboxes]]`` tables in kelompok.toml."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kelompok_core.settings import Settings
from kelompok_core.sources.inbox import Inbox
from kelompok_pipelines import names
from kelompok_pipelines.plugin_jobs import PluginJob, list_jobs
from kelompok_pipelines.source_checks import read_sources
from kelompok_pipelines.source_runs import find_job
from kelompok_pipelines.sources import SourceOptions, SourceTable, WatchedSource


@dataclass(frozen=True, kw_only=True)
class WatchedFolder:
    """A watched folder, the job that imports its files, and the import options.

    Attributes:
        sensor: Name of its sensor.
        table: Its table in kelompok.toml, such as ``inboxes.partners``; None for the default folder of a job.
        problem: Why it is not watched, if its table is invalid.
        is_stanza: Whether it is defined by a component's YAML.
    """

    sensor: str
    inbox: Inbox
    job: PluginJob
    options: SourceOptions = field(default_factory=SourceOptions)
    table: str | None = None
    problem: str | None = None
    is_stanza: bool = False


def inbox_of(settings: Settings, plugin: str, job: str) -> Inbox:
    """Return the job's watched folder: ``inbox/<plugin>/<job>`` in the installation's home."""
    return Inbox(plugin=plugin, job=job, folder=(settings.inbox_folder / plugin / job).resolve())


def list_watched(
    settings: Settings, importers: Sequence[PluginJob], tables: Sequence[SourceTable[WatchedSource]]
) -> list[WatchedFolder]:
    """Return the folders of the tables, and the default folders of all jobs unless a table uses the same folder."""
    named = [_of_table(settings, table, job) for table in tables if (job := find_job(table, importers)) is not None]
    taken = {one.inbox.folder for one in named if one.problem is None}
    usual = (_of_job(settings, one) for one in importers)
    return [*named, *(one for one in usual if one.inbox.folder not in taken)]


def list_inbox_folders(settings: Settings) -> list[Path]:
    """Return the folders that are watched while «kelompok up» runs.

    Raises:
        SettingsError: When kelompok.toml cannot be read.
    """
    importers = [one for one in list_jobs(settings) if one.job.is_importer]
    found = list_watched(settings, importers, read_sources(settings).watched)
    return [one.inbox.folder for one in found if one.problem is None]


def _of_job(settings: Settings, one: PluginJob) -> WatchedFolder:
    inbox = inbox_of(settings, one.plugin, one.job.name)
    return WatchedFolder(sensor=names.inbox_sensor(one.plugin, one.job.name), inbox=inbox, job=one)


def _of_table(settings: Settings, table: SourceTable[WatchedSource], job: PluginJob) -> WatchedFolder:
    sensor = names.named_inbox_sensor(table.name_in_dagster)
    inbox = inbox_of(settings, job.plugin, job.job.name)
    if table.source is None or table.problems:
        return WatchedFolder(sensor=sensor, inbox=inbox, job=job, problem=table.message, is_stanza=table.is_stanza)
    return WatchedFolder(
        sensor=sensor,
        inbox=Inbox(plugin=job.plugin, job=job.job.name, folder=table.source.place(settings)),
        job=job,
        options=table.source,
        table=f"inboxes.{table.source.name}",
        is_stanza=table.is_stanza,
    )
