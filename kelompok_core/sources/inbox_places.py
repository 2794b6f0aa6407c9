"""Places of a watched folder: ``taken/``, ``failed/`` and files beside others. No link is followed."""

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


def make_place(folder: Path, *names: str) -> Path:
    """Create folders inside a watched folder for this user alone; existing ones are left as they are.

    Raises:
        NotADirectoryError: When one of them is a link or a file: others may be allowed to write to the watched folder.
    """
    for name in names:
        folder /= name
        if not os.path.lexists(folder):
            folder.mkdir(mode=FOLDER, exist_ok=True)
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "Not a folder, or a link", str(folder))
    return folder


def is_file(path: Path) -> bool:
    """Whether there is a regular file; a link is none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def move(source: Path, target: Path) -> None:
    """Move a regular file to a name that is free.

    Raises:
        FileExistsError: When the name is taken.
        OSError: When the source is no regular file; it stays where it is.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "The name is taken", str(target))
    source.rename(target)
    if not is_file(target):  # swapped for a link after it was looked at
        target.rename(source)
        raise OSError(errno.ELOOP, "A link, or no regular file", str(source))


def home_of(taken: Path) -> Path:
    """Return the watched folder of a taken file."""
    return next((one.parent for one in taken.parents if one.name == TAKEN_FOLDER), taken.parent)


def failed_path(taken: Path) -> Path:
    """Return where a taken file goes when it cannot be imported."""
    home = home_of(taken)
    return home / FAILED_FOLDER / taken.relative_to(home / TAKEN_FOLDER)


def is_in_place(file: Path, home: Path) -> bool:
    """Whether a file lies where it was put in a watched folder; what a link leads to is not it."""
    folders = [one for one in file.parents if one.is_relative_to(home) and one != home]
    return is_file(file) and not any(one.is_symlink() for one in folders)


def message_of(file: Path) -> Path:
    """Return the path of a file's message; long names are truncated."""
    return _beside(file, file.name, MESSAGE)


def error_file_of(file: Path, name: str) -> Path:
    """Return the path of a file's error file, which would be called ``name``; a file of that name gets another."""
    stem, dot, ending = name.rpartition(".")
    shown = _beside(file, stem.removesuffix(".errors"), f".errors{dot}{ending}")
    return shown if shown.name != file.name else _beside(file, stem.removesuffix(".errors"), f".errors-2{dot}{ending}")


@contextmanager
def written_beside(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Provide a text file that gets its name when the block ends, for this user alone; discarded if it raises."""
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
    """Return the files in ``failed/`` of a watched folder, without the messages and error files beside them."""
    found = (folder / FAILED_FOLDER).rglob("*")
    return sorted(one for one in found if is_file(one) and not _is_beside_another(one))


def _is_beside_another(file: Path) -> bool:
    if file.name.startswith(".") or file.name.endswith(MESSAGE):
        return True
    # A corrected error file can be what was imported; then it has a message of its own.
    return _ERROR_FILE.search(file.name) is not None and not is_file(message_of(file))


def _beside(file: Path, stem: str, suffix: str) -> Path:
    longest = os.pathconf(file.parent, "PC_NAME_MAX") - len(suffix)
    return file.with_name(stem.encode()[:longest].decode("utf-8", "ignore") + suffix)
