"""The worker: a process that runs queued imports, each as its own Dagster run."""

import logging
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Self
from uuid import uuid4

from kelompok_core.database.engine import open_database
from kelompok_core.errors import ImportFailed, KelompokError, MemoryExceeded
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.failures import lacks_memory, lacks_room, lost_database
from kelompok_core.imports.reporting.stored_errors import Wanted, claim_wanted, keep_failure, want, write_wanted
from kelompok_core.imports.running.queue import MOST_ATTEMPTS, Claim, claim, finish, listening, requeue
from kelompok_core.imports.running.workers import Presence, end_sessions_of_the_dead, session_name
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.installation import Installation, Progress
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.plugin_host.processes import prepare_processes
from kelompok_core.running import running
from kelompok_core.service_log import log_without_values, nothing_printed
from kelompok_core.settings import Settings
from kelompok_core.working_folders import temporary_files_at_home
from kelompok_pipelines.in_process import Runner, open_runner
from kelompok_pipelines.interruption import Interruption, WorkerStops
from kelompok_pipelines.loaded_code import LoadedCode
from kelompok_pipelines.memory import bound_memory

_PATIENCE_SECONDS = 300
"""A worker with a transaction open for this long counts as frozen: the server ends its session."""

_GRACE_SECONDS = 15
"""Time in which a worker that the database no longer knows may stop by itself."""

_LOOK_SECONDS = 2.0
"""How often the queue is checked without a notification, for imports whose worker died."""

_logger = logging.getLogger(__name__)


def work(settings: Settings, notify: Callable[[str], None]) -> int:
    """Run queued imports until interrupted; return 1 when the database no longer knows this worker.

    Also return, with 0, when its own code or that of a plugin changed on disk, so that it is restarted.

    Raises:
        DatabaseUnavailable: When the database is not available.
    """
    log_without_values()
    prepare_processes()
    worker_id = uuid4()
    database = open_database(settings, name=session_name(worker_id), patience=_PATIENCE_SECONDS)
    installation = Installation(database=database, settings=settings)
    known, files = running(settings, "worker"), temporary_files_at_home(settings)
    with (
        known, files, Interruption() as interruption, Presence(database, worker_id) as presence,
        listening(database) as wait,
    ):  # fmt: skip

        def check(_: Progress) -> None:
            if interruption.happened or presence.lost.is_set():
                raise WorkerStops

        with _exiting_when(presence.lost), _ImportLoop(replace(installation, on_progress=check), presence) as loop:
            notify(f"Worker {worker_id} waits for imports.")
            code = LoadedCode()
            while not (interruption.happened or presence.lost.is_set()):
                if code.is_outdated():
                    notify("The code on disk changed: this worker exits and will be restarted.")
                    return 0
                if loop.lacked_memory:
                    notify("An import needed too much memory: this worker exits and will be restarted.")
                    return 0
                with nothing_printed():
                    found = loop.take_one()
                    found = loop.write_one() or found
                if not found:
                    wait(_LOOK_SECONDS)
    database.dispose()
    return 0 if interruption.happened else 1


class _ImportLoop:
    """Runs imports one by one; keeps its runner until the installation's settings change."""

    def __init__(self, installation: Installation, presence: Presence) -> None:
        self._installation = installation
        self._worker_id = presence.id
        self._stack = ExitStack()
        self._runner: Runner | None = None
        self._settings_changed_at: float | None = None
        self.lacked_memory = False

    def __enter__(self) -> Self:
        self._open_runner()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take_one(self) -> bool:
        """Run the import that has waited longest; return whether there was one."""
        with self._installation.database.connect() as connection, connection.begin():
            end_sessions_of_the_dead(connection, self._worker_id)
            claimed = claim(connection, self._worker_id)
        if claimed is None:
            return False
        reach(FailPoint.QUEUE_CLAIMED)
        try:
            failure = self._try(claimed)
        except WorkerStops:
            with self._installation.database.connect() as connection, connection.begin():
                requeue(connection, claimed)
            return True
        reach(FailPoint.QUEUE_FINISHING)
        with self._installation.database.connect() as connection, connection.begin():
            finish(connection, claimed, failure)
            if failure is None:
                want(connection, claimed.import_id)
        return True

    def write_one(self) -> bool:
        """Write the error file that was requested first; return whether there was one."""
        with self._installation.database.connect() as connection, connection.begin():
            wanted = claim_wanted(connection, self._worker_id)
        if wanted is None:
            return False
        failure = self._try_to_write(wanted)
        if failure is not None:
            with self._installation.database.connect() as connection, connection.begin():
                keep_failure(connection, wanted, self._worker_id, failure)
        return True

    def _try_to_write(self, wanted: Wanted) -> KelompokError | None:
        self._bound_memory()
        try:
            write_wanted(self._installation, wanted, self._worker_id)
        except Exception as error:
            if lost_database(error):
                raise
            self.lacked_memory |= lacks_memory(error)
            return error if isinstance(error, KelompokError) else _unexpected(wanted, error)
        return None

    def _try(self, claimed: Claim) -> KelompokError | None:
        """Run an import; return the error that stopped it. Errors of the database connection are raised."""
        if claimed.attempts > MOST_ATTEMPTS:
            return ImportFailed(
                f"{MOST_ATTEMPTS} workers ended while they worked on it",
                hint="See the workers' logs for the reason. To continue the import, start it again.",
            )
        try:
            self._run(claimed)
        except Exception as error:
            if isinstance(error, WorkerStops) or lost_database(error):
                raise
            self.lacked_memory |= lacks_memory(error)
            return error if isinstance(error, KelompokError) else _unexpected(claimed, error)
        return None

    def _run(self, claimed: Claim) -> None:
        runner = self._open_runner()
        if claimed.attempts > 1:
            with self._installation.database.connect() as connection:
                run_id = get_import(connection, claimed.import_id).run_id
            if run_id is not None:
                runner.end_run(run_id)
        self._bound_memory()
        runner.run_import(claimed.import_id)

    def _bound_memory(self) -> None:
        bound_memory(read_limits(self._installation.settings).memory_megabytes)

    def _open_runner(self) -> Runner:
        """Return a runner for the current settings, so that enabling a plugin does not require a restart."""
        changed_at = _changed_at(self._installation.settings.config_file)
        if self._runner is None or changed_at != self._settings_changed_at:
            self._stack.close()
            self._runner = self._stack.enter_context(open_runner(self._installation))
            self._settings_changed_at = changed_at
        return self._runner


@contextmanager
def _exiting_when(lost: Event) -> Iterator[None]:
    """Exit some time after the database lost this worker: Dagster would retry forever."""
    ended = Event()

    def watch() -> None:
        lost.wait()
        if not ended.wait(_GRACE_SECONDS):
            _logger.error("The database was lost %d seconds ago: this worker exits", _GRACE_SECONDS)
            os._exit(1)

    Thread(target=watch, name="watch", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _unexpected(claimed: Claim | Wanted, error: Exception) -> ImportFailed:
    # Log where it happened, but not the message: it may quote a row.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("Import %s stopped by %s\n%s", claimed.import_id, type(error).__name__, frames)
    failure: ImportFailed
    if lacks_memory(error):
        failure = MemoryExceeded()
    elif lacks_room(error):
        failure = ImportFailed(
            "a disk is full", hint="Free disk space and start the import again: it continues where it stopped."
        )
    else:
        failure = ImportFailed(
            f"an unexpected {type(error).__name__} stopped it",
            hint=f"To see where it happened: kelompok import show {claimed.import_id} --debug",
        )
    failure.__cause__ = error
    return failure


def _changed_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
