"""Scans a watched folder: files that can be taken, and others with the reason why not."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TAKEN_FOLDER, FAILED_FOLDER = "taken", "failed"
_OURS = (TAKEN_FOLDER, FAILED_FOLDER)
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")

_OLDEST, _NEWEST = datetime(2, 1, 1, tzinfo=UTC).timestamp(), datetime(9998, 12, 31, tzinfo=UTC).timestamp()
"""Outside this range, some time zones have no valid date. Times are only compared, so the nearest one is enough."""


@dataclass(frozen=True, kw_only=True)
class PresentFile:
    """The current state of a regular file that may be taken; ``size`` is in bytes."""

    path: Path
    size: int
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """A file or folder that cannot be taken, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{written(self.path)} was not taken: {self.reason}"


def look(folder: Path) -> Iterator[PresentFile | PassedOver]:
    """Yield the files of a folder and its subfolders; a problem with one does not affect the others.

    Leaves out links, anything but regular files, and names of unfinished files.
    """
    yield from _look(folder, inside=False)


def list_passed_over(folder: Path) -> list[PassedOver]:
    """Return what cannot be taken from a watched folder."""
    return [one for one in look(folder) if isinstance(one, PassedOver)]


def written(path: Path) -> str:
    r"""Return a path as text; bytes that are not UTF-8 use shell syntax (``$'\xff'``)."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def reason_of(error: OSError) -> str:
    """Return the system's error message."""
    return error.strerror or type(error).__name__


def _look(folder: Path, *, inside: bool) -> Iterator[PresentFile | PassedOver]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda one: one.name)
    except OSError as error:
        yield from _unless_gone(folder, error)
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield PassedOver(path=folder, reason="its files cannot be moved: give this user write access to the folder")
        return
    for entry in entries:
        try:
            yield from _entry(entry, inside=inside)
        except OSError as error:
            yield from _unless_gone(Path(entry.path), error)


def _entry(entry: "os.DirEntry[str]", *, inside: bool) -> Iterator[PresentFile | PassedOver]:
    path, status = Path(entry.path), entry.stat(follow_symlinks=False)
    is_folder = stat.S_ISDIR(status.st_mode) and not inside and entry.name not in _OURS
    if not (is_folder or (stat.S_ISREG(status.st_mode) and _is_finished(entry.name))):
        return
    if not _is_text(entry.name):
        yield PassedOver(path=path, reason="its name is not UTF-8. Rename it")
    elif is_folder:
        yield from _look(path, inside=True)
    else:
        yield PresentFile(path=path, size=status.st_size, modified_at=time_of(status.st_mtime))


def _is_finished(name: str) -> bool:
    return not (name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED))


def _is_text(name: str) -> bool:
    """Return whether the name is valid text, as the database requires."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def time_of(seconds: float) -> datetime:
    """Return a file's time, or the nearest valid date: file systems accept any number of seconds."""
    return datetime.fromtimestamp(min(max(seconds, _OLDEST), _NEWEST), UTC)


def _unless_gone(path: Path, error: OSError) -> Iterator[PassedOver]:
    if not isinstance(error, FileNotFoundError):
        yield PassedOver(path=path, reason=f"the operating system reports «{reason_of(error)}»")
