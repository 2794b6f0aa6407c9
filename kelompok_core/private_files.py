"""Files and folders that only their user may read, whatever the umask of the process."""

import errno
import os
from pathlib import Path

UMASK = 0o077
"""Umask of all programs of an installation: no access for others."""

FOLDER, FILE = 0o700, 0o600
_FOR_OTHERS = 0o077

NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Error codes for a folder that this user may not write to."""


def make_private_folder(folder: Path) -> None:
    """Create a folder and missing parents for this user alone; leave existing ones unchanged."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=FOLDER, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Create an empty file for this user alone."""
    path.touch(mode=FILE)


def write_private(path: Path, text: str) -> None:
    """Write a file for this user only, atomically: after a crash it has either the old or the new text."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def tighten(folder: Path) -> None:
    """Remove others' access to a folder of this user and everything in it.

    The folder itself comes last: if it is already private, an earlier call finished the job.
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
    """Return whether this user owns it and others have access."""
    status = path.stat()
    return status.st_uid == os.geteuid() and bool(status.st_mode & _FOR_OTHERS)
