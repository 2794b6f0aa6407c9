"""The watchdog of a step: stops work on an import that was cancelled, taken over, or missed its deadline."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread, get_ident
from time import monotonic
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from kelompok_core.errors import ImportFailed, KelompokError, TakenOver
from kelompok_core.imports.shared.imports import Import, fail_import
from kelompok_core.installation import Installation
from kelompok_core.plugin_host.limits import Limits
from kelompok_core.plugin_host.processes import kill_runs

_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 2.0
"""Grace period in which a step must end by itself while its statements are cancelled."""

_logger = logging.getLogger(__name__)


@contextmanager
def watched(installation: Installation, import_: Import, limits: Limits | None = None) -> Iterator[None]:
    """Watch a step. If its import is cancelled or misses a deadline, cancel its statements, then end the process.

    Args:
        installation: The step's installation; statements of its database object are cancelled.
        import_: The import as it was when the step began.
        limits: Deadlines for reading a source; None for other steps.

    Raises:
        TakenOver: When the import was cancelled or taken over. Replaces the step's own error.
        ImportFailed: When it missed a deadline. Replaces the step's own error.
    """
    with _Watchdog(installation, import_, limits) as dog:
        try:
            yield
        except Exception as error:
            if dog.reason is None:
                raise
            raise dog.reason from error


def end_process() -> None:
    """End this process at once, because its current work does not return."""
    os._exit(1)


class _Watchdog:
    """Checks the import every second; ``reason`` is the error for which its step must end, or None."""

    def __init__(self, installation: Installation, import_: Import, limits: Limits | None) -> None:
        self.reason: KelompokError | None = None
        self._database = installation.database
        self._import = import_
        self._limits = limits
        self._over = Event()
        self._step = get_ident()
        self._began = self._moved = monotonic()
        self._rows = import_.rows_staged
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._over.wait(_LOOK_SECONDS):
                with self._database.connect() as connection, connection.begin():
                    self._check(connection)
                if self.reason is not None:
                    return self._stop()
        except (KelompokError, sa.exc.SQLAlchemyError) as error:
            # Without the database the step fails by itself; the worker has its own check for that.
            _logger.warning("The watchdog of import %s stopped: %s", self._import.id, type(error).__name__)

    def _check(self, connection: sa.Connection) -> None:
        row = connection.execute(_STATE, {"import": self._import.id}).one()
        if row.fence != self._import.fence:
            self.reason = TakenOver(self._import.id)
        elif self._limits is not None and (late := self._lateness(self._limits, row.rows_staged)) is not None:
            self.reason = self._give_up(connection, late)

    def _give_up(self, connection: sa.Connection, late: ImportFailed) -> KelompokError:
        """Fail the import and return the error for its step: the missed deadline, or that the import was taken over."""
        try:
            fail_import(connection, self._import, late)
        except TakenOver as taken:
            return taken
        return late

    def _lateness(self, limits: Limits, rows: int) -> ImportFailed | None:
        """Return the error for a reading that missed a deadline, or None."""
        now = monotonic()
        if rows != self._rows:
            self._rows, self._moved = rows, now
        if now - self._began > limits.reading_seconds:
            problem, limit = f"reading it took more than {limits.reading_seconds} seconds", "reading_seconds"
        elif now - self._moved > limits.silent_seconds:
            problem, limit = f"no row was read for more than {limits.silent_seconds} seconds", "silent_seconds"
        else:
            return None
        return ImportFailed(problem, hint=f"Split the file, or ask the operator to raise {limit} under [limits].")

    def _stop(self) -> None:
        """Cancel the step's statements and kill its plugins until it ends; end this process if it does not."""
        deadline = monotonic() + _GRACE_SECONDS
        while monotonic() < deadline:
            self._database.cancel_statements()
            kill_runs(self._step)
            if self._over.wait(_LOOK_SECONDS / 4):
                return
        _logger.error("Import %s does not stop: this process exits. (%s)", self._import.id, self.reason)
        end_process()


_STATE = sa.text("SELECT fence, rows_staged FROM imports WHERE id = :import")
