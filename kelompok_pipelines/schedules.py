"""Schedules: the imports of ``[[schedules]]`` in kelompok.toml, nightly enrichment, and weekly pruning."""

from collections.abc import Sequence
from functools import cache

import dagster as dg
from dagster._utils.schedules import is_valid_cron_schedule  # not exported

from kelompok_core.errors import KelompokError
from kelompok_core.imports.shared.profiles import installation_zone
from kelompok_core.settings import Settings
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_pipelines.jobs import prune_runs
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.source_runs import config_of, find_job, request_run
from kelompok_pipelines.sources import ScheduledSource, SourceTable

_ANY_CRON = "0 0 * * *"
"""For tables without a valid cron expression: Dagster requires one, even for a stopped schedule."""


def import_schedules(
    settings: Settings, importers: Sequence[PluginJob], tables: Sequence[SourceTable[ScheduledSource]]
) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each table with an enabled job; invalid tables get a stopped schedule."""
    zone = cache(lambda: installation_zone(settings))
    return [
        _stopped_schedule(table, job)
        if table.source is None or table.problems
        else import_schedule(settings, table.source, job, zone=table.source.cron_timezone or zone())
        for table in tables
        if (job := find_job(table, importers)) is not None
    ]


def import_schedule(settings: Settings, source: ScheduledSource, job: PluginJob, *, zone: str) -> dg.ScheduleDefinition:
    """Return the schedule of a source. Each run reads the file when it starts; unchanged content changes nothing.

    Args:
        settings: The installation's.
        source: The source, from a valid table.
        job: The job that imports it.
        zone: Time zone of the cron expression.
    """

    def request(_: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return request_run(job, config_of(settings, job, source, source.file, f"schedules.{source.name}"))

    return dg.ScheduleDefinition(
        name=source.name,
        job_name=job.name,
        cron_schedule=source.cron,
        execution_timezone=zone,
        execution_fn=request,
        description=f"Imports {source.file}.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def _stopped_schedule(table: SourceTable[ScheduledSource], job: PluginJob) -> dg.ScheduleDefinition:
    """Return a stopped schedule whose description is the error in its table; if started, each tick fails with it."""
    cron = table.given.get("cron")

    def fail(_: dg.ScheduleEvaluationContext) -> dg.SkipReason:
        raise KelompokError(table.message)

    return dg.ScheduleDefinition(
        name=table.name_in_dagster,
        job_name=job.name,
        cron_schedule=cron if isinstance(cron, str) and is_valid_cron_schedule(cron) else _ANY_CRON,
        execution_timezone=DEFAULT_ZONE,
        execution_fn=fail,
        description=f"{table.message} The file is not imported until you correct this.",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )


def enrichment_schedule(one: PluginJob) -> dg.ScheduleDefinition:
    """Return the nightly schedule of an enricher; unchanged texts take almost no time."""
    return dg.ScheduleDefinition(
        name=f"{one.name}_nightly",
        job_name=one.name,
        cron_schedule="0 2 * * *",
        execution_timezone=DEFAULT_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def prune_schedule() -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="prune_runs_weekly",
        job=prune_runs,
        cron_schedule="30 3 * * 0",
        execution_timezone=DEFAULT_ZONE,
    )
