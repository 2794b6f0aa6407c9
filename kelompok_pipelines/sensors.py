"""Sensors: one for each watched folder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from kelompok_core.access.actors import get_actor
from kelompok_core.errors import ImportFailed, KelompokError, UsageError
from kelompok_core.imports.receiving.receive import REFUSED, ImportRequest, admit
from kelompok_core.imports.reporting.inbox_outcomes import (
    Imported,
    Settled,
    WrittenByWorkers,
    give_up,
    list_imported,
    settle,
)
from kelompok_core.sources.inbox import KEY, TakenFile, put_aside, take_files
from kelompok_pipelines.inbox_runs import Attempts, find_attempts, run_key
from kelompok_pipelines.inbox_ticks import Tick
from kelompok_pipelines.inboxes import WatchedFolder
from kelompok_pipelines.resources import Core
from kelompok_pipelines.source_runs import config_of, request_run
from kelompok_pipelines.sources import named_source

_SECONDS = 15


def inbox_sensor(watched: WatchedFolder) -> dg.SensorDefinition:
    """Return the sensor that starts a run for each complete file of the folder."""
    if watched.problem is not None:
        return _stopped_sensor(watched, watched.problem)
    inbox, one = watched.inbox, watched.job

    @dg.sensor(
        name=watched.sensor,
        job_name=one.name,
        minimum_interval_seconds=_SECONDS,
        description=f"Imports every file in {inbox.folder}. A subfolder is for the organization with that slug.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def watch(context: dg.SensorEvaluationContext, core: dg.ResourceParam[Core]) -> dg.SensorResult:
        tick = Tick(inbox=inbox)
        requests = list(_Scan(core=core, watched=watched, tick=tick).requests(context.instance))
        for warning in tick.warnings:
            context.log.warning(warning)
        summary = tick.summary()
        # The list of ticks shows the cursor; nothing reads it.
        return dg.SensorResult(
            run_requests=requests, skip_reason=None if requests else dg.SkipReason(summary), cursor=summary
        )

    return watch


@dataclass(frozen=True, kw_only=True)
class _Scan:
    """One scan of a watched folder: requests runs, moves files whose import ended, and notes both in the tick."""

    core: Core
    watched: WatchedFolder
    tick: Tick

    def requests(self, instance: dg.DagsterInstance) -> Iterator[dg.RunRequest]:
        """Yield the run requests of files that need a run, and settle files whose import has ended."""
        inbox = self.watched.inbox
        with self.core.connect() as connection, connection.begin():
            taken = take_files(connection, inbox, self.tick.passed_over.append, self.tick.waiting.append)
            imported = list_imported(connection, inbox)
        for one in imported:
            if not one.is_unfinished:
                self._settle_one(
                    one.file, "settled", partial(settle, self.core.installation, one.import_id, self._errors)
                )
        unfinished = {one.file.id: one for one in imported if one.is_unfinished}
        attempts = find_attempts(instance, (file.id for file in taken), unfinished)
        for file in (*taken, *(one.file for one in unfinished.values())):
            yield from self._next(file, attempts[file.id], unfinished.get(file.id))

    def _next(self, file: TakenFile, had: Attempts, known: Imported | None) -> Iterator[dg.RunRequest]:
        if had.is_open:
            self.tick.importing.append(file)
        elif had.are_spent:
            self._settle_one(file, "put aside", partial(self._give_up, file, had, known))
        elif known is not None or not self._refused(file):
            self.tick.requested.append(file)
            yield self._request(file, had.number + 1, known)

    def _request(self, file: TakenFile, attempt: int, known: Imported | None) -> dg.RunRequest:
        watched = self.watched
        if known is not None:  # the import resumes; its file is already stored
            config: dict[str, Any] = {"import_id": str(known.import_id)}
        else:
            only = file.organization or watched.options.organization
            options = watched.options.model_copy(update={"organization": only})
            config = config_of(self.core.installation.settings, watched.job, options, file.path, watched.table)
            config["idempotency_key"] = f"{KEY}{file.id}"
        tags = {"kelompok/file": file.file_name}
        return request_run(watched.job, config, run_key=run_key(file.id, attempt), tags=tags)

    def _refused(self, file: TakenFile) -> bool:
        """Return whether a file must not get a run now."""
        refusal = _refuse_one(self.core, self.watched, file)
        if refusal is not None:
            self.tick.warnings.append(refusal)
        return refusal is not None

    def _give_up(self, file: TakenFile, had: Attempts, known: Imported | None) -> Settled | None:
        """Put aside a file whose runs all ended before its import was done."""
        why = ImportFailed(
            "its run was cancelled" if had.was_canceled else f"{had.number} runs ended before the import was done",
            hint=f"The runs of {self.watched.job.name} in the Dagster UI show why.",
        )
        if known is not None:
            return give_up(self.core.installation, known, why, self._errors)
        with self.core.connect() as connection, connection.begin():
            target = put_aside(connection, file.id, why)
        return None if target is None else Settled(file_name=file.file_name, path=target, done=False, error_file=None)

    def _settle_one(self, file: TakenFile, done: str, do: Callable[[], Settled | None]) -> None:
        """Settle one file; a problem with it does not affect the other files."""
        try:
            self.tick.settle(file, do())
        except Exception as error:  # noqa: BLE001 -- the message may quote values
            self.tick.warnings.append(
                f"{file.file_name} waits in {file.path}, and will be {done} later: {_message_of(error)}"
            )

    @property
    def _errors(self) -> WrittenByWorkers:
        return WrittenByWorkers(self.core.installation)


def _stopped_sensor(watched: WatchedFolder, problem: str) -> dg.SensorDefinition:
    """Return a stopped sensor whose description is the error in its table; if started, each tick fails with it."""

    @dg.sensor(
        name=watched.sensor,
        job_name=watched.job.name,
        minimum_interval_seconds=_SECONDS,
        description=f"{problem} No file is imported until you correct this.",
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def fail(_: dg.SensorEvaluationContext) -> dg.SkipReason:
        raise KelompokError(problem)

    return fail


def _refuse_one(core: Core, watched: WatchedFolder, file: TakenFile) -> str | None:
    """Return why a file must not get a run now, or None; a problem with it does not affect the other files."""
    try:
        return _refuse(core, watched, file)
    except Exception as error:  # noqa: BLE001 -- only this file waits; the message may quote values
        return f"{file.file_name} waits in {file.path} for the next tick: {_message_of(error)}"


def _refuse(core: Core, watched: WatchedFolder, file: TakenFile) -> str | None:
    """Put aside a file for which no import can be opened, such as of an unknown organization; return the message."""
    inbox, options = watched.inbox, watched.options
    request = ImportRequest(
        plugin=inbox.plugin, job=inbox.job, file=file.path, organization=file.organization or options.organization,
        source_name=named_source(core.installation.settings, options),
    )  # fmt: skip
    try:
        _require_same_organization(options.organization, file)
        with core.connect() as connection, connection.begin():
            actor = get_actor(connection, email=options.actor)
        admit(core.installation, request, actor)
    except REFUSED as error:
        with core.connect() as connection, connection.begin():
            target = put_aside(connection, file.id, error)
        return f"{file.file_name} was not imported and is now in {target}: {error.message}"
    return None


def _message_of(error: Exception) -> str:
    return error.message if isinstance(error, KelompokError) else type(error).__name__


def _require_same_organization(only: str | None, file: TakenFile) -> None:
    if only is not None and file.organization not in (None, only):
        raise UsageError(
            f"the folder {file.organization} is for another organization, but this inbox imports only for {only}",
            hint=f"Put the file into the inbox folder, or into its subfolder {only}.",
        )
