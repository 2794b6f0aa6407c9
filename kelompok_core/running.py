"""Running services of an installation on this machine: each holds a file lock while its process lives."""

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.errors import Conflict
from kelompok_core.private_files import NOT_WRITABLE
from kelompok_core.settings import Settings

ALL = "up"
"""Name of the process that runs all services; at most one per installation."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running process: ``kelompok NAME``."""

    name: str
    pid: int | None

    def __str__(self) -> str:
        return f"kelompok {self.name} (process {self.pid or '?'})"


@contextmanager
def running_alone(settings: Settings) -> Iterator[None]:
    """Hold the lock for running all services of this installation during the block.

    Raises:
        Conflict: When another process holds it; names that process.
    """
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ALL).open("a+", encoding="utf-8") as file:
        if not _locks(file.fileno()):
            raise Conflict(
                f"{_read(folder / ALL)} already runs the services of this installation",
                hint="Stop it first: press Ctrl-C where it runs, or send SIGTERM to its process.",
            )
        file.truncate(0)
        _write(file.fileno(), ALL)
        yield


@contextmanager
def running(settings: Settings, name: str) -> Iterator[None]:
    """Register as a running service for the duration of the block; skip this if the home is not writable.

    With an external database, services may run on machines without a writable home.
    """
    try:
        descriptor, path = _appear(_folder(settings), name)
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        _logger.info("Cannot register this process as running: %s", error)
        yield
        return
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def list_running(settings: Settings) -> Sequence[Running]:
    """Return the services running here; remove the files of killed processes."""
    folder = _folder(settings)
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [_read(path) for path in files if not path.name.startswith(".") and _is_held(path)]


def _folder(settings: Settings) -> Path:
    return settings.home / "running"


def _appear(folder: Path, name: str) -> tuple[int, Path]:
    """Create a file that is locked before it becomes visible."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{os.getpid()}"
    hidden = path.with_name(f".{path.name}")
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    _locks(descriptor)
    _write(descriptor, name)
    hidden.rename(path)
    return descriptor, path


def _write(descriptor: int, name: str) -> None:
    os.write(descriptor, json.dumps({"name": name, "pid": os.getpid()}).encode())


def _read(path: Path) -> Running:
    try:
        return Running(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # it is being written, or the process just ended
        return Running(name=path.name.rpartition("-")[0] or path.name, pid=None)


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if not _locks(file.fileno()):
                return True
            if path.name != ALL:
                path.unlink(missing_ok=True)
    except FileNotFoundError:  # the process just ended
        return False
    return False


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
