"""Files and folders that only their user may read, whatever umask a process happens to have."""

import errno
import os
from pathlib import Path

UMASK = 0o077
"""What the programs of an installation leave to others of what they make: nothing."""

FOLDER, FILE = 0o700, 0o600
_FOR_OTHERS = 0o077

NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Codes of errors in a folder that this user may not write to."""


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user alone; what is there stays as it is."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=FOLDER, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file for this user alone, to be opened by its name."""
    path.touch(mode=FILE)


def tighten(folder: Path) -> None:
    """Take from others what they may do in a folder of this user's, and with all that is in it.

    The folder itself comes last: where it is private already, all of it was done.
    """
    if not folder.is_dir() or folder.is_symlink() or not _is_loose(folder):
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _close(Path(parent) / name)
    _close(folder)


def _close(path: Path) -> None:
    if not path.is_symlink() and _is_loose(path):
        path.chmod(path.stat().st_mode & ~_FOR_OTHERS & 0o7777)


def _is_loose(path: Path) -> bool:
    """Whether it is this user's, and others may do something with it."""
    status = path.stat()
    return status.st_uid == os.geteuid() and bool(status.st_mode & _FOR_OTHERS)
