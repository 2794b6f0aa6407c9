"""File storage: received files by content hash, which never change, and files of the core by name."""

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Self, TextIO
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kelompok_core.errors import StorageUnavailable
from kelompok_core.private_files import make_private_file, make_private_folder
from kelompok_core.settings import Settings
from kelompok_core.sources.forms import HEAD_BYTES
from kelompok_core.sources.opening import opened
from kelompok_core.sources.rules import FileRules
from kelompok_core.working_folders import working_folder

_CHUNK = 1 << 20
_OF_ERRORS = re.compile(r"\.errors(-\d+)?$")
"""The end of an error file's name without extension; with a number if another file had that name already."""

_ABANDONED_AFTER = timedelta(days=1)


class Incoming:
    """A file being received. Write it piece by piece, then call :meth:`keep` to store it under its content hash.

    A context manager that removes the file if it was not kept.
    """

    def __init__(self, storage_url: str) -> None:
        self._filesystem, self._root = fsspec.core.url_to_fs(storage_url)
        self._path = f"{self._root}/incoming/{uuid4()}"
        self._digest = hashlib.sha256()
        _make_folder(self._filesystem, f"{self._root}/incoming")
        self._remove_leftovers()
        _make_file(self._filesystem, self._path)
        self._file = self._filesystem.open(self._path, "wb")
        self.size = 0
        self.head = b""
        """The first bytes of the file, from which its format is detected."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._filesystem.exists(self._path):
            self._filesystem.rm(self._path)

    def _remove_leftovers(self) -> None:
        """Remove files left by killed processes."""
        for path in self._filesystem.find(f"{self._root}/incoming"):
            with suppress(FileNotFoundError):  # another process removed it
                if datetime.now(UTC) - self._filesystem.modified(path) > _ABANDONED_AFTER:
                    self._filesystem.rm(path)

    def write(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.size += len(piece)
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self._file.write(piece)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def keep(self) -> bool:
        """Store the file under its hash, once per content; return whether it was new."""
        self._file.close()
        kept = self._kept
        _make_folder(self._filesystem, kept.rpartition("/")[0])
        if self._filesystem.exists(kept) and self._filesystem.size(kept) == self.size:
            return False
        self._filesystem.mv(self._path, kept)
        return True

    @property
    def _kept(self) -> str:
        return _place(self._root, self.sha256)


def _make_folder(filesystem: fsspec.AbstractFileSystem, folder: str) -> None:
    """Create a folder and missing parents; in local storage, for this user only."""
    if isinstance(filesystem, LocalFileSystem):
        make_private_folder(Path(folder))
    else:
        filesystem.makedirs(folder, exist_ok=True)


def _make_file(filesystem: fsspec.AbstractFileSystem, path: str) -> None:
    """In local storage, create the file for this user only, before anything is written to it."""
    if isinstance(filesystem, LocalFileSystem):
        make_private_file(Path(path))


@contextmanager
def incoming_from(location: str, settings: Settings, rules: FileRules | None = None) -> Iterator[Incoming]:
    """Provide a copy of a file, of a folder's files or of a URL's content, ready to be stored.

    Without ``rules``, any local file is allowed, but no URL.

    Raises:
        UsageError: When it is not allowed, missing or not readable.
    """
    with (
        opened(location, rules or FileRules(), settings) as source,
        Incoming(settings.storage_url) as incoming,
    ):
        while piece := source.read(_CHUNK):
            incoming.write(piece)
        yield incoming


def _place(root: str, sha256: str) -> str:
    """Return the path of a file by its content: the hash is in the database, the root in the settings."""
    return f"{root}/sha256/{sha256[:2]}/{sha256}"


def kept_location(storage_url: str, sha256: str) -> str:
    """Return the path or URL of a stored file, to show it to people."""
    return _place(storage_url.rstrip("/"), sha256)


@contextmanager
def local_copy(settings: Settings, sha256: str, size: int) -> Iterator[Path]:
    """Provide a local path for a stored file: a temporary copy if storage is remote.

    Raises:
        StorageUnavailable: When the file is missing or has the wrong size.
    """
    filesystem, path = find_kept(settings.storage_url, sha256, size)
    if isinstance(filesystem, LocalFileSystem):
        yield Path(path)
        return
    with working_folder(settings) as folder:
        target = folder / "source"
        with filesystem.open(path, "rb") as stored, target.open("wb") as copy:
            shutil.copyfileobj(stored, copy, _CHUNK)
        yield target


def find_kept(storage_url: str, sha256: str, size: int) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return a stored file's file system, and its path there.

    Raises:
        StorageUnavailable: When the file is missing or has the wrong size.
    """
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    path = _place(root, sha256)
    filesystem.invalidate_cache(path.rpartition("/")[0])  # another process may have stored it
    try:
        found = filesystem.info(path)["size"]
    except FileNotFoundError as error:
        raise StorageUnavailable(
            f"the received file {sha256} is missing from {storage_url}",
            hint=f"Copy it to {path} from the previous storage or from a backup.",
        ) from error
    if found != size:
        raise StorageUnavailable(
            f"the received file {path} is damaged: it has {found} bytes instead of {size}",
            hint="Restore it from a backup.",
        )
    return filesystem, path


def remove_kept(storage_url: str, sha256: str) -> None:
    """Remove a stored file that nothing references, after a failure."""
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    filesystem.rm(_place(root, sha256))


@contextmanager
def atomic_text_file(storage_url: str, name: str, *, encoding: str) -> Iterator[TextIO]:
    """Provide a text file that is stored under this name when the block ends; discarded if it raises."""
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    arriving, kept = f"{root}/incoming/{uuid4()}", f"{root}/{name}"
    _make_folder(filesystem, f"{root}/incoming")
    try:
        _make_file(filesystem, arriving)
        with filesystem.open(arriving, "w", encoding=encoding, newline="") as file:
            yield file
        _make_folder(filesystem, kept.rpartition("/")[0])
        filesystem.mv(arriving, kept)
    finally:
        if filesystem.exists(arriving):
            filesystem.rm(arriving)


def open_kept(storage_url: str, name: str) -> tuple[IO[bytes], int]:
    """Open the file stored under this name; return it and its size in bytes.

    Raises:
        FileNotFoundError: When it does not exist.
    """
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    file: IO[bytes] = filesystem.open(f"{root}/{name}", "rb")
    return file, int(filesystem.size(f"{root}/{name}"))


def remove_files(storage_url: str, folder: str, is_removed: Callable[[str], bool]) -> None:
    """Remove those files in a storage folder for whose names ``is_removed`` returns True."""
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    for path in filesystem.find(f"{root}/{folder}"):
        if is_removed(path.rpartition("/")[2]):
            with suppress(FileNotFoundError):  # another process removed it
                filesystem.rm(path)


def source_name_of(file_name: str) -> str:
    """Return the default source name of a file: its name without ``.gz``, extension and an error file's ``.errors``."""
    return _OF_ERRORS.sub("", Path(file_name.removesuffix(".gz")).stem) or "source"
