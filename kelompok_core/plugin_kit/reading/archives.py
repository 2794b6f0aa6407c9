"""Reads ZIP archives of strangers: parts by name, within limits; nothing is extracted to a path."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kelompok_core.contracts import Issue, JsonValue, Severity, UnreadableSource

MOST_ENTRIES = 10_000
_LEAST_LIMIT = 64 << 20
_MOST_RATIO = 100
"""A part may unpack to this many times its packed size, or to 64 MiB."""
_MOST_IN_ALL = 4 << 30
_CHUNK = 1 << 16
_MEGABYTE = 1 << 20

_END = struct.Struct("<4s4H2LH")
_END_OF_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_OF_64 = struct.Struct("<4sLQL")
_LONGEST_COMMENT = 1 << 16
_IN_64 = 0xFFFF
_ENCRYPTED = 1
"""Bit of an entry's flags."""

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    struct.error,
    ValueError,
)


class Archive:
    """An open archive.

    Attributes:
        names: The parts in their order, with ``/`` between folders.
    """

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened
        entries = [one for one in opened.infolist() if not one.is_dir()]
        self._entries = {_key(one.filename): one for one in entries}
        self._left = _MOST_IN_ALL
        self.names = [one.filename.replace("\\", "/") for one in entries]

    def has(self, name: str) -> bool:
        """Return whether there is a part of this name, in whatever case."""
        return _key(name) in self._entries

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the unpacked bytes of a part.

        Raises:
            UnreadableSource: ``file.archive_damaged``, ``file.archive_too_large`` or ``file.encrypted``.
        """
        entry = self._entries.get(_key(name))
        if entry is None:
            raise refused("file.archive_damaged", place=name, problem="this part is missing")
        if entry.flag_bits & _ENCRYPTED:
            raise refused("file.encrypted")
        limit = max(_LEAST_LIMIT, _MOST_RATIO * entry.compress_size)
        read = 0
        with _as_issue(name), self._opened.open(entry) as part:
            while chunk := part.read(_CHUNK):
                read += len(chunk)
                self._left -= len(chunk)
                if read > limit or self._left < 0:
                    raise refused("file.archive_too_large", place=name, limit=limit // _MEGABYTE)
                yield chunk

    def read(self, name: str) -> bytes:
        """Return the unpacked bytes of a part. For small parts; see :meth:`chunks`."""
        return b"".join(self.chunks(name))


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an archive.

    Raises:
        UnreadableSource: ``file.archive_damaged`` or ``file.archive_too_many``.
    """
    with path.open("rb") as file:
        if _count_entries(file) > MOST_ENTRIES:
            raise refused("file.archive_too_many", limit=MOST_ENTRIES)
        with _as_issue(path.name):
            opened = zipfile.ZipFile(file)
        with opened:
            yield Archive(opened)


def refused(code: str, **params: JsonValue) -> UnreadableSource:
    """Return the error for a file that cannot be read."""
    return UnreadableSource(Issue(code=code, severity=Severity.FATAL, params=params))


@contextmanager
def _as_issue(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise refused("file.archive_damaged", place=name, problem=type(error).__name__) from error


def _count_entries(file: BinaryIO) -> int:
    """Return the number of entries that the archive's end says, before its directory is read."""
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + _END.size:
        return 0  # the library says what is wrong
    number = int(_END.unpack_from(tail, at)[4])
    return _count_in_64(file, start + at) if number == _IN_64 else number


def _count_in_64(file: BinaryIO, end: int) -> int:
    """Return the number of entries in the 64-bit record, or the most that the ordinary one can say."""
    file.seek(max(0, end - _LOCATOR_OF_64.size))
    locator = file.read(_LOCATOR_OF_64.size)
    if len(locator) < _LOCATOR_OF_64.size or not locator.startswith(b"PK\x06\x07"):
        return _IN_64
    file.seek(_LOCATOR_OF_64.unpack(locator)[2])
    record = file.read(_END_OF_64.size)
    return int(_END_OF_64.unpack(record)[7]) if len(record) == _END_OF_64.size else _IN_64


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()
