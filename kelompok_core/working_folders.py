"""Temporary folders of an installation: in its home, named after the process that works there, gone when that is."""

import logging
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kelompok_core.private_files import NOT_WRITABLE, make_private_folder
from kelompok_core.settings import Settings

_ABANDONED_SECONDS = 24 * 60 * 60
"""After which a folder of another machine's process is taken for left behind: whether that lives cannot be asked."""

_logger = logging.getLogger(__name__)
_mine: set[Path] = set()
_before: list[str] = []
"""The system's temporary folder, while this process has another one."""


@contextmanager
def working_folder(settings: Settings) -> Iterator[Path]:
    """Give a new folder for this user alone; it goes when the block ends, and if the process dies with the next sweep.

    Where there is no installation, it is in the system's temporary folder.
    """
    where = settings.tmp_folder if settings.is_there else Path(tempfile.gettempdir())
    if settings.is_there:
        make_private_folder(where)
    folder = Path(tempfile.mkdtemp(prefix=f"{_host()}-{os.getpid()}-", dir=where))
    _mine.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _mine.discard(folder)


@contextmanager
def temporary_files_at_home(settings: Settings) -> Iterator[None]:
    """Let whatever code of this process makes temporary files make them in a working folder until the block ends.

    Libraries keep what is sent to a service in files of their own: in the system's folder these would be outside of
    what belongs to the installation, and a full one would stop uploads. Where the home cannot be written to, that
    folder it is.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(working_folder(settings))
        except OSError as error:
            if error.errno not in NOT_WRITABLE:
                raise
            _logger.info("Temporary files are in %s: %s", tempfile.gettempdir(), error)
            yield
            return
        _before.append(tempfile.gettempdir())
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = _before.pop()


def system_folder() -> Path:
    """Return the system's temporary folder: for what another user is to reach, and for names that must be short."""
    return Path(_before[0] if _before else tempfile.gettempdir())


def sweep(settings: Settings) -> None:
    """Remove what processes that died left behind."""
    if settings.tmp_folder.is_dir():
        for folder in settings.tmp_folder.iterdir():
            if folder not in _mine and _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    host, pid = ([*folder.name.rsplit("-", 2), ""])[:2]
    if not pid.isdecimal():
        return False  # nobody's of ours
    if host == _host():
        # One with this process's own number is of a process before it, as in a container that is started anew.
        return int(pid) == os.getpid() or not _lives(int(pid))
    return _age(folder) > _ABANDONED_SECONDS


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:  # another process sweeps too
        return 0.0


def _host() -> str:
    return socket.gethostname() or "localhost"
