"""Received files, kept by their content: copied and hashed in one pass, read only ever after."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kelompok_core.sources.opening import reachable

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """Where a received file lies, and what its bytes are."""

    url: str
    sha256: str
    size: int


def store_file(location: str, storage_url: str) -> StoredFile:
    """Copy a file, a folder's files or what a URL leads to into storage under its sha256; the same bytes are kept once.

    Raises:
        UsageError: When there is nothing there that could be read.
    """
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    incoming = f"{root}/incoming/{uuid4()}"
    digest, size = hashlib.sha256(), 0
    with reachable(location) as path, path.open("rb") as source:
        filesystem.makedirs(f"{root}/incoming", exist_ok=True)
        with filesystem.open(incoming, "wb") as copy:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                copy.write(chunk)
    sha256 = digest.hexdigest()
    kept = f"{root}/sha256/{sha256[:2]}/{sha256}"
    filesystem.makedirs(kept.rpartition("/")[0], exist_ok=True)
    if filesystem.exists(kept) and filesystem.size(kept) == size:
        filesystem.rm(incoming)
    else:
        filesystem.mv(incoming, kept)
    return StoredFile(url=filesystem.unstrip_protocol(kept), sha256=sha256, size=size)


@contextmanager
def local_copy(url: str) -> Iterator[Path]:
    """Give a path on this machine for a stored file; a copy that goes again when it is kept elsewhere."""
    filesystem, path = fsspec.core.url_to_fs(url)
    if isinstance(filesystem, LocalFileSystem):
        yield Path(path)
        return
    with TemporaryDirectory(prefix="kelompok-") as folder:
        target = Path(folder) / "source"
        with filesystem.open(path, "rb") as stored, target.open("wb") as copy:
            shutil.copyfileobj(stored, copy, _CHUNK)
        yield target


def source_name_of(file_name: str) -> str:
    """Return the list a file is: its name without extension and packing, and without an error file's ``.errors``."""
    return Path(file_name.removesuffix(".gz")).stem.removesuffix(".errors") or "source"
