"""Moves files of watched folders when their import ends, with a message or the rows to correct."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import ErrorFileFailed, KelompokError
from kelompok_core.imports.reporting.error_file import encoding_of, suggested_error_file
from kelompok_core.imports.reporting.error_file_writer import write_errors
from kelompok_core.imports.reporting.stored_errors import find_current, want
from kelompok_core.imports.shared.imports import Import, ImportState, fail_import, get_import
from kelompok_core.installation import Installation
from kelompok_core.sources.inbox import KEY, Inbox, TakenFile, file_of, mark_done, put_aside, taken_prefix
from kelompok_core.sources.inbox_places import (
    atomic_file_beside,
    error_file_of,
    is_file,
    is_in_place,
    watched_folder_of,
)
from kelompok_core.sources.storage import open_kept

_LANGUAGE = "en"
"""Language of error files and messages in watched folders."""

_ROWS_TO_CORRECT = "The error file next to it contains the rows to correct, and what is wrong with them."

_IDLE_MINUTES = 5
"""An import that no process has locked or updated for this time has lost its run."""

_logger = logging.getLogger(__name__)


class ErrorFiles(Protocol):
    """Writes error files next to taken files."""

    def is_ready(self, connection: sa.Connection, import_: Import) -> bool:
        """Whether :meth:`write` can write the file now; otherwise, requests it from a worker."""

    def write(self, import_: Import, target: Path) -> None:
        """Write the import's error file to this path."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A taken file that has an import but is not settled yet.

    Attributes:
        is_unfinished: Whether the import is not done.
        run_id: The Dagster run that works on the import.
        idle: Whether no process has locked or updated the import for some minutes.
    """

    file: TakenFile
    import_id: UUID
    is_unfinished: bool
    run_id: str | None
    idle: bool


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A file at its final place, with an error file next to it if the import rejected rows."""

    file_name: str
    path: Path
    done: bool
    error_file: Path | None


@contextmanager
def settling(installation: Installation, import_id: UUID) -> Iterator[None]:
    """Settle the import's file when the block ends or raises; if that fails, the sensor's next tick does it."""
    try:
        yield
    finally:
        try:
            settle(installation, import_id, WrittenHere(installation))
        except Exception as error:  # noqa: BLE001 -- the import must not fail because of its file
            _logger.warning("The inbox file of import %s waits: %s", import_id, type(error).__name__)


def settle(installation: Installation, import_id: UUID, errors: ErrorFiles) -> Settled | None:
    """Move the file of a finished import to its final place; None if there is nothing to do, or not yet.

    Idempotent: if the process dies, the next call continues.
    """
    with installation.database.connect() as connection, connection.begin():
        row = connection.execute(_OF_IMPORT, {"import": import_id}).one_or_none()
        if row is None:
            return None
        import_, file = get_import(connection, import_id), file_of(row.id, Path(row.claimed_path))
        if import_.is_unfinished:
            return None
        return _settle(connection, import_, file, errors)


def give_up(installation: Installation, one: Imported, why: KelompokError, errors: ErrorFiles) -> Settled | None:
    """Fail an import that will not be continued, and put its file aside; None if that has to wait."""
    with installation.database.connect() as connection, connection.begin():
        if connection.execute(_OF_IMPORT, {"import": one.import_id}).one_or_none() is None:
            return None
        if not connection.scalar(_LOCK_IF_FREE, {"import": one.import_id}):
            return None  # a process still works on it
        import_ = get_import(connection, one.import_id)
        if import_.is_unfinished:
            import_ = fail_import(connection, import_, why)
        return _settle(connection, import_, one.file, errors)


def list_imported(connection: sa.Connection, inbox: Inbox) -> list[Imported]:
    """Return the taken files of a watched folder that have an import but are not settled."""
    names = {"plugin": inbox.plugin, "job": inbox.job, "taken": taken_prefix(inbox), "minutes": _IDLE_MINUTES}
    return [
        Imported(
            file=file_of(row.id, Path(row.claimed_path)), import_id=row.import_id,
            is_unfinished=row.is_unfinished, run_id=row.run_id, idle=row.idle,
        )
        for row in connection.execute(_UNSETTLED, names)
    ]  # fmt: skip


class WrittenHere:
    """Writes error files in this process. For JSON, this runs plugin code."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def is_ready(self, connection: sa.Connection, import_: Import) -> bool:  # noqa: ARG002 -- the protocol's
        return True

    def write(self, import_: Import, target: Path) -> None:
        with (
            self._installation.database.connect() as connection,
            atomic_file_beside(target, encoding=encoding_of(import_)) as file,
        ):
            write_errors(self._installation.settings, connection, import_, {_LANGUAGE: file})


class WrittenByWorkers:
    """Copies error files that workers write, because sensors do not run plugins and have little time."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def is_ready(self, connection: sa.Connection, import_: Import) -> bool:
        try:
            is_there = find_current(connection, import_, _LANGUAGE) is not None
        except ErrorFileFailed:
            return True  # no worker can write it, so the file is settled without it
        if not is_there:
            want(connection, import_.id)
        return is_there

    def write(self, import_: Import, target: Path) -> None:
        with self._installation.database.connect() as connection, suppress(ErrorFileFailed):
            name = find_current(connection, import_, _LANGUAGE)
            if name is not None:
                stored, _ = open_kept(self._installation.settings.storage_url, name)
                with stored, atomic_file_beside(target) as file:
                    shutil.copyfileobj(stored, file.buffer)


def _settle(connection: sa.Connection, import_: Import, file: TakenFile, errors: ErrorFiles) -> Settled | None:
    if not _is_ready(connection, import_, errors):
        return None
    if import_.state in (ImportState.FAILED, ImportState.CANCELLED):
        why = import_.failure or f"the import {'failed' if import_.state is ImportState.FAILED else 'was cancelled'}"
        return _put_aside(connection, import_, file, KelompokError(why, hint=import_.failure_hint), errors)
    error_file = None
    if _has_rejected(import_) and is_in_place(file.path, watched_folder_of(file.path)):
        error_file = _write(import_, file.path, errors)
    mark_done(connection, file.id, import_.id)
    return Settled(file_name=file.file_name, path=file.path, done=True, error_file=error_file)


def _put_aside(
    connection: sa.Connection, import_: Import, file: TakenFile, why: KelompokError, errors: ErrorFiles
) -> Settled | None:
    written: list[Path | None] = []

    def beside(target: Path) -> None:
        if _has_rejected(import_):
            written.append(_write(import_, target, errors))

    more = [f"Nothing was imported. All findings: kelompok import show {import_.id}"]
    more += [_ROWS_TO_CORRECT] if _has_rejected(import_) else []
    target = put_aside(connection, file.id, why, *more, beside=beside)
    if target is None:
        return None
    return Settled(file_name=file.file_name, path=target, done=False, error_file=next(iter(written), None))


def _write(import_: Import, file: Path, errors: ErrorFiles) -> Path | None:
    target = error_file_of(file, suggested_error_file(import_))
    errors.write(import_, target)
    return target if is_file(target) else None


def _is_ready(connection: sa.Connection, import_: Import, errors: ErrorFiles) -> bool:
    return not _has_rejected(import_) or errors.is_ready(connection, import_)


def _has_rejected(import_: Import) -> bool:
    return (import_.counts or {}).get("rejected", 0) > 0


# A request for another job may use a key of this form, too.
_JOIN = f"""inbox_files f JOIN imports i ON i.idempotency_key = '{KEY}' || f.id
    AND i.plugin = f.plugin AND i.job = f.job"""
_ID = f"^{KEY}([0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}})$"
_OF_IMPORT = sa.text(f"""
    SELECT f.id, f.claimed_path FROM {_JOIN}
    WHERE i.id = :import AND f.state = 'claimed'
      AND f.id = CAST(substring(i.idempotency_key FROM '{_ID}') AS uuid)
    FOR UPDATE OF f SKIP LOCKED
""")
_LOCK_IF_FREE = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended('import:' || CAST(:import AS text), 0))")
_UNSETTLED = sa.text(f"""
    SELECT f.id, f.claimed_path, i.id AS import_id, i.run_id,
           i.state IN ('received', 'staging', 'staged') OR (i.state = 'planned' AND i.mode = 'apply') AS is_unfinished,
           i.updated_at < now() - make_interval(mins => :minutes)
             AND pg_try_advisory_xact_lock(hashtextextended('import:' || i.id, 0)) AS idle
    FROM {_JOIN} WHERE f.plugin = :plugin AND f.job = :job AND f.state = 'claimed'
      AND starts_with(f.claimed_path, :taken)
    ORDER BY f.updated_at
""")
