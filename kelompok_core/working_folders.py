"""Temporary folders in an installation's home, named after their process and removed when it ends."""

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
"""Age at which a folder of another machine counts as abandoned, because its process cannot be checked."""

_logger = logging.getLogger(__name__)
_mine: set[Path] = set()
_before: list[str] = []
"""The system's temporary folder, while this process uses another one."""


@contextmanager
def working_folder(settings: Settings) -> Iterator[Path]:
    """Provide a new private folder; removed when the block ends, or by the next sweep if the process dies.

    Without an installation it is in the system's temporary folder.
    """
    where = settings.tmp_folder if settings.is_there else Path(tempfile.gettempdir())
    if settings.is_there:
        make_private_folder(where)
    with new_folder(where) as folder:
        yield folder


@contextmanager
def new_folder(parent: Path) -> Iterator[Path]:
    """Provide a new private folder in another folder; its name says which process made it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_host()}-{os.getpid()}-", dir=parent))
    _mine.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _mine.discard(folder)


@contextmanager
def temporary_files_at_home(settings: Settings) -> Iterator[None]:
    """Put all temporary files of this process into a working folder during the block.

    Libraries store uploads in temporary files. In the system's folder these would lie outside the installation, and a
    full disk there would stop uploads. If the home is not writable, the system's folder is used.
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
    """Return the system's temporary folder: for files that another user must access, and for short paths."""
    return Path(_before[0] if _before else tempfile.gettempdir())


def sweep(settings: Settings) -> None:
    """Remove folders of dead processes."""
    if settings.tmp_folder.is_dir():
        sweep_folder(settings.tmp_folder)


def sweep_folder(parent: Path) -> None:
    """Remove folders of dead processes in this folder."""
    for folder in parent.iterdir():
        if folder not in _mine and _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    host, pid = ([*folder.name.rsplit("-", 2), ""])[:2]
    if not pid.isdecimal():
        return False  # not ours
    if host == _host():
        # This process's own id means an earlier process, as in a restarted container.
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
    except FileNotFoundError:  # another process removed it
        return 0.0


def _host() -> str:
    return socket.gethostname() or "localhost"
