"""Sensors: each importing job watches its inbox folder."""

from collections.abc import Iterator

import dagster as dg

from kelompok_core.access.actors import get_actor
from kelompok_core.errors import KelompokError
from kelompok_core.imports.receive import REFUSED, ImportRequest, admit
from kelompok_core.settings import Settings
from kelompok_core.sources.inbox import KEY, Inbox, TakenFile, list_failed, put_aside, take_files
from kelompok_core.sources.watched import FAILED_FOLDER, PassedOver
from kelompok_pipelines import names
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core

_SECONDS = 15
_MOST_TOLD = 20
"""Files that one tick names."""


def inbox_of(settings: Settings, plugin: str, job: str) -> Inbox:
    """Return the job's watched folder: ``inbox/<plugin>/<job>`` in the installation's home."""
    return Inbox(plugin=plugin, job=job, folder=(settings.inbox_folder / plugin / job).resolve())


def inbox_sensor(settings: Settings, one: PluginJob) -> dg.SensorDefinition:
    """Return the sensor that starts a run for each complete file of the folder."""
    inbox = inbox_of(settings, one.plugin, one.job.name)

    @dg.sensor(
        name=names.inbox_sensor(one.plugin, one.job.name),
        job_name=one.name,
        minimum_interval_seconds=_SECONDS,
        description=f"Imports every file put into {inbox.folder}, for one organization from the folder of its slug.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def watch(
        context: dg.SensorEvaluationContext, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        passed_over: list[PassedOver] = []
        with core.connect() as connection, connection.begin():
            taken = take_files(connection, inbox, passed_over.append)
        refused = {file.id: why for file in taken if (why := _refuse_alone(core, inbox, file)) is not None}
        for why in refused.values():
            context.log.warning(why)
        wanted = [file for file in taken if file.id not in refused]
        yield from (_request(file, names.stage_op(one.plugin, one.job.name)) for file in wanted)
        if not wanted:
            yield dg.SkipReason(_why_nothing(inbox, [*refused.values(), *map(str, passed_over)]))

    return watch


def _request(file: TakenFile, op: str) -> dg.RunRequest:
    # The key stands for this taking of the file: a tick that is repeated starts no second run.
    config = {"file": str(file.path), "idempotency_key": f"{KEY}{file.id}"}
    if file.organization is not None:
        config["organization"] = file.organization
    return dg.RunRequest(
        run_key=str(file.id), run_config={"ops": {op: {"config": config}}}, tags={"kelompok/file": file.file_name}
    )


def _refuse_alone(core: Core, inbox: Inbox, file: TakenFile) -> str | None:
    """Return why there is to be no run for a file now; whatever goes wrong with one, the others get theirs."""
    try:
        return _refuse(core, inbox, file)
    except Exception as error:  # noqa: BLE001 -- this file alone waits; what it says may quote values
        told = error.message if isinstance(error, KelompokError) else type(error).__name__
        return f"{file.file_name} waits in {file.path} and is asked for again: {told}"


def _refuse(core: Core, inbox: Inbox, file: TakenFile) -> str | None:
    """Put a file aside that no import could be opened for, as its organization is not known; return what to tell."""
    request = ImportRequest(plugin=inbox.plugin, job=inbox.job, file=file.path, organization=file.organization)
    try:
        with core.connect() as connection, connection.begin():
            actor = get_actor(connection, email=None)
        admit(core.bench, request, actor)
    except REFUSED as error:
        with core.connect() as connection, connection.begin():
            target = put_aside(connection, file.id, error)
        return f"{file.file_name} was not imported, and lies in {target} now: {error.message}"
    return None


def _why_nothing(inbox: Inbox, told: list[str]) -> str:
    if told:
        more = f"; and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        return "; ".join(told[:_MOST_TOLD]) + more
    failed = list_failed(inbox.folder)
    more = f"; {len(failed)} could not be imported: see {inbox.folder / FAILED_FOLDER}" if failed else ""
    return f"no complete file in {inbox.folder}{more}"
