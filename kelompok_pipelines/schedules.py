"""Schedules: imports at set times as ``kelompok.toml`` lists them, and the weekly tidying up."""

from typing import Any

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field

from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.settings import Settings
from kelompok_pipelines import names
from kelompok_pipelines.jobs import prune_runs
from kelompok_pipelines.plugin_jobs import PluginJob


class ScheduledImport(BaseModel):
    """One ``[[schedules]]`` table of kelompok.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    cron: str
    timezone: str = "Asia/Jakarta"
    plugin: str
    job: str
    file: str
    source: str | None = None
    organization: str | None = None
    actor: str | None = None


def read_scheduled_imports(settings: Settings) -> list[ScheduledImport]:
    """Return the scheduled imports.

    Raises:
        SettingsError: Naming the table and the key that is wrong.
    """
    tables = read_document(settings).get("schedules", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise SettingsError("schedules", "must be a list of tables", hint="Write [[schedules]].")
    return [_scheduled_import(number, table) for number, table in enumerate(tables, start=1)]


def scheduled_files(settings: Settings) -> frozenset[str]:
    """Return the files that scheduled imports name.

    Raises:
        SettingsError: Naming the table and the key that is wrong.
    """
    return frozenset(one.file for one in read_scheduled_imports(settings))


def _scheduled_import(number: int, table: Any) -> ScheduledImport:
    return read_table(f"schedules.{number}", ScheduledImport, table)


def import_schedule(scheduled: ScheduledImport) -> dg.ScheduleDefinition:
    """Return the schedule; the file is read when its time comes, and the same content changes nothing."""
    config = scheduled.model_dump(include={"file", "source", "organization", "actor"}, exclude_none=True)
    return dg.ScheduleDefinition(
        name=scheduled.name,
        job_name=names.plugin_job(scheduled.plugin, scheduled.job),
        cron_schedule=scheduled.cron,
        execution_timezone=scheduled.timezone,
        run_config={"ops": {names.stage_op(scheduled.plugin, scheduled.job): {"config": config}}},
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def enrichment_schedule(one: PluginJob) -> dg.ScheduleDefinition:
    """Return the nightly run over everything; texts that did not change cost next to nothing."""
    return dg.ScheduleDefinition(
        name=f"{one.name}_nightly",
        job_name=one.name,
        cron_schedule="0 2 * * *",
        execution_timezone="Asia/Jakarta",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def prune_schedule() -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="prune_runs_weekly",
        job=prune_runs,
        cron_schedule="30 3 * * 0",
        execution_timezone="Asia/Jakarta",
    )
