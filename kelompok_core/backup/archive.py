"""Writes and reads backup files: tar archives in one pass, with a SHA-256 for each member."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from kelompok_core.backup.manifest import (
    FORMAT,
    HEADER,
    MANIFEST,
    SEAL,
    Manifest,
    Member,
    Origin,
    read_manifest,
    read_origin,
    write_json,
)
from kelompok_core.errors import BackupDamaged, UsageError

PIECE = 1 << 20
_LARGEST_MANIFEST = 1 << 30
_END = 1024
"""A tar ends with this many zero bytes."""

_CORRUPT = (tarfile.TarError, ValueError, LookupError, ArithmeticError, EOFError, RecursionError)
"""Errors a corrupt header may raise; extended headers are read recursively."""

Read = TypeVar("Read")
OnProgress = Callable[[str, int], None]
"""Receives the progress of a step, in bytes."""


class Readable(Protocol):
    """A source that a member's chunks are read from."""

    def read(self, size: int, /) -> bytes: ...


class HashingReader:
    """Passes reads through and computes their SHA-256 and size."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self._size = 0

    def read(self, size: int = PIECE) -> bytes:
        piece = self._source.read(size)
        self._digest.update(piece)
        self._size += len(piece)
        return piece

    @property
    def member(self) -> Member:
        return Member(size=self._size, sha256=self._digest.hexdigest())


class _MemberReader(HashingReader):
    """Reads a member of an archive that may be truncated."""

    def __init__(self, path: Path, source: Readable) -> None:
        super().__init__(source)
        self._path = path

    def read(self, size: int = PIECE) -> bytes:
        try:
            return super().read(size)
        except tarfile.TarError as error:
            raise BackupDamaged(self._path, str(error)) from error


class ArchiveWriter:
    """Writes members in sequence and records their size and SHA-256."""

    def __init__(self, target: BinaryIO, origin: Origin) -> None:
        self._tar = tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._made_at = int(datetime.fromisoformat(origin.made_at).timestamp())
        self.members: dict[str, Member] = {}
        self.add(HEADER, write_json(origin))

    def add(self, name: str, content: bytes) -> None:
        self.add_stream(name, len(content), io.BytesIO(content))

    def add_stream(self, name: str, size: int, source: Readable) -> Member:
        """Add a member of known size; return its size and SHA-256.

        Raises:
            OSError: When the source is shorter.
        """
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._made_at, 0o600
        hashing = HashingReader(source)
        self._tar.addfile(info, hashing)
        self.members[name] = hashing.member
        return hashing.member

    def seal(self, manifest: Manifest) -> None:
        """Close the archive with the manifest and its checksum."""
        content = write_json(manifest)
        self.add(MANIFEST, content)
        self.add(SEAL, f"{self.members[MANIFEST].sha256}\n".encode())
        self._tar.close()


@contextmanager
def new_private_file(path: Path) -> Iterator[BinaryIO]:
    """Provide a file that only its owner may read and that appears only once it is complete and synced.

    Raises:
        UsageError: When a file with this name exists.
    """
    _require_free(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            os.fchmod(target.fileno(), 0o600)
            yield target
            target.flush()
            os.fsync(target.fileno())
        _require_free(path)
        unfinished.replace(path)
        _sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _require_free(path: Path) -> None:
    if path.exists():
        raise UsageError(
            f"--output: {path} already exists", hint="Choose another name: a backup never overwrites a file."
        )
    if not path.parent.is_dir():
        raise UsageError(f"--output: the folder {path.parent} does not exist", hint="Create it first.")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def iter_members(path: Path) -> Generator[tuple[str, HashingReader]]:
    """Yield name and content of each member; read the content before the next step.

    Raises:
        BackupDamaged: When this is not a complete tar.
    """
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|", bufsize=PIECE) as tar:
            for info in tar:
                content = tar.extractfile(info) if info.type == tarfile.REGTYPE else None
                if content is None:
                    raise BackupDamaged(path, f"{info.name} is not a file")
                yield info.name, _MemberReader(path, content)
    except _CORRUPT as error:
        raise BackupDamaged(path, str(error)) from error


def read_header(path: Path) -> Origin:
    """Return the origin of a backup; reads only its header.

    Raises:
        UsageError: When the file does not exist, is not a backup, or has a newer format.
    """
    if not path.is_file():
        raise UsageError(f"no file {str(path)!r}", hint="Give the path of a file that «kelompok db backup» made.")
    with closing(iter_members(path)) as members:
        name, content = next(members, ("", None))
        if name != HEADER or content is None:
            raise BackupDamaged(path, f"it does not start with {HEADER}")
        origin = _parse(path, HEADER, read_origin, content.read(PIECE))
    if origin.format > FORMAT:
        raise UsageError(
            f"{path} has format {origin.format}, this version restores formats up to {FORMAT}",
            hint=f"Restore it with version {origin.program} of Kelompok, or a newer one.",
        )
    return origin


def check_archive(path: Path, on_progress: OnProgress) -> Manifest:
    """Read the whole file, verify each member's SHA-256, and return the manifest; write nothing.

    Raises:
        UsageError: When it is damaged, truncated or of a newer format.
    """
    read_header(path)
    found, ends = _read_all(path, on_progress)
    if list(found)[-2:] != [MANIFEST, SEAL] or not _ends_as_a_tar(path):
        raise BackupDamaged(path, "it is truncated")
    if ends[SEAL].decode("ascii", "replace").strip() != found.pop(MANIFEST).sha256:
        raise BackupDamaged(path, f"{MANIFEST} does not match its checksum")
    del found[SEAL]
    manifest = _parse(path, MANIFEST, read_manifest, ends[MANIFEST])
    _compare(path, manifest.members, found)
    return manifest


def _read_all(path: Path, on_progress: OnProgress) -> tuple[dict[str, Member], dict[str, bytes]]:
    """Return size and SHA-256 of all members, and the content of the closing ones."""
    found: dict[str, Member] = {}
    ends: dict[str, bytes] = {}
    size = 0
    for name, content in iter_members(path):
        if name in found:
            raise BackupDamaged(path, f"{name} appears twice")
        if name in (MANIFEST, SEAL):
            ends[name] = content.read(_LARGEST_MANIFEST)
        while piece := content.read(PIECE):
            size += len(piece)
            on_progress("check", size)
        found[name] = content.member
    return found, ends


def _ends_as_a_tar(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(-_END, os.SEEK_END) + _END
        return file.read() == bytes(_END) and size % tarfile.RECORDSIZE == 0


def _compare(path: Path, expected: Mapping[str, Member], found: Mapping[str, Member]) -> None:
    for name in (*expected, *found):
        if expected.get(name) != found.get(name):
            raise BackupDamaged(path, f"{name} does not match its checksum")


def _parse(path: Path, name: str, read: Callable[[bytes], Read], content: bytes) -> Read:
    try:
        return read(content)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BackupDamaged(path, f"{name} cannot be parsed") from error
