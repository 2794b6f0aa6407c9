"""Paths in a watched folder: ``taken/``, ``failed/``, messages and error files. Links are not followed."""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from kelompok_core.private_files import FILE, FOLDER
from kelompok_core.sources.watched import FAILED_FOLDER, TAKEN_FOLDER

MESSAGE = ".message.txt"
"""Suffix of the message next to a file in ``failed/``."""

_ERROR_FILE = re.compile(r"\.errors(-2)?\.(csv|ndjson)$")


def make_subfolders(folder: Path, *names: str) -> Path:
    """Create subfolders of a watched folder for this user only; existing ones are not changed.

    Raises:
        NotADirectoryError: When one of them is a link or a file, as others may write to the watched folder.
    """
    for name in names:
        folder /= name
        if not os.path.lexists(folder):
            folder.mkdir(mode=FOLDER, exist_ok=True)
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "Not a folder, or a link", str(folder))
    return folder


def is_file(path: Path) -> bool:
    """Return whether the path is a regular file and not a link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def move(source: Path, target: Path) -> None:
    """Move a regular file to a path that does not exist.

    Raises:
        FileExistsError: When the target exists.
        OSError: When the source is not a regular file; it is not moved.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "The target exists", str(target))
    source.rename(target)
    if not is_file(target):  # replaced by a link after the scan
        target.rename(source)
        raise OSError(errno.ELOOP, "A link, or not a regular file", str(source))


def watched_folder_of(taken: Path) -> Path:
    """Return the watched folder of a taken file."""
    return next((one.parent for one in taken.parents if one.name == TAKEN_FOLDER), taken.parent)


def failed_path(taken: Path) -> Path:
    """Return the path in ``failed/`` of a taken file that cannot be imported."""
    home = watched_folder_of(taken)
    return home / FAILED_FOLDER / taken.relative_to(home / TAKEN_FOLDER)


def is_in_place(file: Path, home: Path) -> bool:
    """Return whether a file is at this path in a watched folder, and neither it nor its folders are links."""
    folders = [one for one in file.parents if one.is_relative_to(home) and one != home]
    return is_file(file) and not any(one.is_symlink() for one in folders)


def message_of(file: Path) -> Path:
    """Return the path of a file's message; long names are truncated."""
    return _beside(file, file.name, MESSAGE)


def error_file_of(file: Path, name: str) -> Path:
    """Return the path of a file's error file named ``name``, or another name if the file itself has that name."""
    stem, dot, ending = name.rpartition(".")
    shown = _beside(file, stem.removesuffix(".errors"), f".errors{dot}{ending}")
    return shown if shown.name != file.name else _beside(file, stem.removesuffix(".errors"), f".errors-2{dot}{ending}")


@contextmanager
def atomic_file_beside(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Provide a text file for this user only, which appears when the block ends and is discarded if it raises."""
    fresh = path.with_name(f".{uuid4()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE)
    try:
        with os.fdopen(descriptor, "w", encoding=encoding, errors="replace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def list_failed(folder: Path) -> list[Path]:
    """Return the files in ``failed/`` of a watched folder, without messages and error files."""
    found = (folder / FAILED_FOLDER).rglob("*")
    return sorted(one for one in found if is_file(one) and not _is_beside_another(one))


def _is_beside_another(file: Path) -> bool:
    if file.name.startswith(".") or file.name.endswith(MESSAGE):
        return True
    # An imported error file that failed is not next to another file; it has its own message.
    return _ERROR_FILE.search(file.name) is not None and not is_file(message_of(file))


def _beside(file: Path, stem: str, suffix: str) -> Path:
    longest = os.pathconf(file.parent, "PC_NAME_MAX") - len(suffix)
    return file.with_name(stem.encode()[:longest].decode("utf-8", "ignore") + suffix)
