"""Sensors: each importing job watches its inbox folder."""

from collections.abc import Iterator

import dagster as dg

from kelompok_core.imports.readable import inbox_folder
from kelompok_core.plugin_host.manifest import Job
from kelompok_core.settings import Settings
from kelompok_core.sources.inbox import Inbox, take_files
from kelompok_pipelines import names
from kelompok_pipelines.resources import Core

_SECONDS = 15


def inbox_of(settings: Settings, plugin: str, job: str) -> Inbox:
    """Return the job's watched folder: ``inbox/<plugin>/<job>`` in the installation's home."""
    return Inbox(plugin=plugin, job=job, folder=(inbox_folder(settings) / plugin / job).resolve())


def inbox_sensor(settings: Settings, plugin: str, job: Job, entity: str) -> dg.SensorDefinition:
    """Return the sensor that starts a run for each complete file of the folder."""
    inbox = inbox_of(settings, plugin, job.name)

    @dg.sensor(
        name=names.inbox_sensor(plugin, job.name),
        job_name=names.plugin_job(plugin, job.name),
        minimum_interval_seconds=_SECONDS,
        description=f"Imports every file put into {inbox.folder}, for one organization from the folder of its slug.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def watch(_: dg.SensorEvaluationContext, core: dg.ResourceParam[Core]) -> Iterator[dg.RunRequest | dg.SkipReason]:
        with core.connect() as connection, connection.begin():
            taken = take_files(connection, inbox)
        for file in taken:
            # The key stands for this taking of the file: a tick that is repeated starts no second run.
            config = {"file": str(file.path), "idempotency_key": f"inbox:{file.id}"}
            if file.organization is not None:
                config["organization"] = file.organization
            yield dg.RunRequest(
                run_key=str(file.id),
                run_config={"ops": {names.stage_op(plugin, entity): {"config": config}}},
                tags={"kelompok/file": file.file_name},
            )
        if not taken:
            yield dg.SkipReason(f"no complete file in {inbox.folder}")

    return watch
