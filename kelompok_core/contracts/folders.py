"""Folders packed as one source: the one form they are written in, and a reader that takes no other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity

MOST_FILES = 200_000
"""Of one folder, those that are passed over too: each costs memory before anything of it is read."""

_BLOCK = 512
_END = bytes(_BLOCK)
_MARK = b"ustar\x0000"
_FILE, _NAMING = b"0", b"x"
_LONGEST_NAMING = 1 << 15
"""Bytes of what is said of one file before it: a path of 4096 bytes, and its size."""
_DIGITS = len(str(_LONGEST_NAMING))
_SAID = frozenset({b"path", b"size", b"hdrcharset"})


@dataclass(frozen=True, kw_only=True)
class FolderFile:
    """A file of a packed folder.

    Attributes:
        name: Its path in the folder.
        offset: Of its first byte in the packed folder.
        size: In bytes.
    """

    name: str
    offset: int
    size: int


def iter_folder(packed: BinaryIO) -> Iterator[FolderFile]:
    """Yield the files of a source of :data:`FOLDER_TYPE`, in the order they were packed in.

    Only what the host itself writes is understood: regular files, and what is said of the next one (long names, large
    sizes), of a bounded length each. A general reader of archives would also unpack, follow and parse what others put
    there. The time this takes grows with the number of files alone.

    Raises:
        UnreadableSource: ``file.folder_damaged`` or ``file.folder_too_large``.
    """
    end = packed.seek(0, 2)
    at, said, number = 0, dict[bytes, bytes](), 0
    while (header := _block(packed, at)) != _END:
        kind, size = _read_header(header, at)
        if kind == _NAMING:
            said = _read_said(packed, at + _BLOCK, size)
        else:
            number += 1
            size = _number(said.get(b"size"), size, at)
            if number > MOST_FILES:
                _refuse("file.folder_too_large", limit=MOST_FILES)
            if at + _BLOCK + size > end:
                _refuse("file.folder_damaged", offset=at)
            yield FolderFile(name=_name(said, header), offset=at + _BLOCK, size=size)
            said = {}
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def read_folder_file(packed: BinaryIO, file: FolderFile) -> bytes:
    """Return a file's content."""
    packed.seek(file.offset)
    return packed.read(file.size)


def _block(packed: BinaryIO, at: int) -> bytes:
    packed.seek(at)
    block = packed.read(_BLOCK)
    if len(block) < _BLOCK:
        _refuse("file.folder_damaged", offset=at)
    return block


def _read_header(header: bytes, at: int) -> tuple[bytes, int]:
    """Return what stands behind a header, and its size in bytes."""
    kind = header[156:157]
    if header[257:265] != _MARK or kind not in (_FILE, _NAMING) or _octal(header[148:156], at) != _checksum(header):
        _refuse("file.folder_damaged", offset=at)
    return kind, _octal(header[124:136], at)


def _checksum(header: bytes) -> int:
    return sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def _octal(field: bytes, at: int) -> int:
    digits = field.rstrip(b" \0")
    if not digits or digits.strip(b"01234567"):
        _refuse("file.folder_damaged", offset=at)
    return int(digits, 8)


def _read_said(packed: BinaryIO, at: int, size: int) -> dict[bytes, bytes]:
    """Return what is said of the next file: records of ``length name=value``, a line each."""
    if size > _LONGEST_NAMING:
        _refuse("file.folder_damaged", offset=at)
    packed.seek(at)
    text, said, start = packed.read(size), dict[bytes, bytes](), 0
    while start < len(text):
        digits, blank, _ = text[start : start + _DIGITS + 1].partition(b" ")
        stop = start + (int(digits) if digits.isdigit() else 0)
        name, equals, value = text[start + len(digits) + 1 : stop].partition(b"=")
        if not (blank and equals and name in _SAID and value.endswith(b"\n") and stop <= len(text)):
            _refuse("file.folder_damaged", offset=at + start)
        said[name], start = value[:-1], stop
    return said


def _number(digits: bytes | None, otherwise: int, at: int) -> int:
    if digits is None:
        return otherwise
    if not digits.isdigit() or len(digits) > 18:  # noqa: PLR2004  (as many as eight bytes hold)
        _refuse("file.folder_damaged", offset=at)
    return int(digits)


def _name(said: dict[bytes, bytes], header: bytes) -> str:
    return said.get(b"path", header[:100].rstrip(b"\0")).decode("utf-8", "surrogateescape")


def _refuse(code: str, **params: int) -> NoReturn:
    raise UnreadableSource(Issue(code=code, severity=Severity.FATAL, params=dict(params)))
