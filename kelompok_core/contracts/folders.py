"""Reads folders that the host or a sender packed as one source. Extracts no files and follows no links."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity

MOST_FILES = 200_000
"""Limit of entries per folder, including skipped ones: each entry uses memory before it is read."""

_BLOCK = 512
_END = bytes(_BLOCK)
_MARK = b"ustar"
_OF_POSIX = b"ustar\x0000"
"""The mark of the POSIX format, which alone has a prefix field for names."""

_FILES = frozenset({b"0", b"\0", b"7"})
_NAMING, _LONG_NAME = b"x", b"L"
_GLOBAL_KINDS = frozenset({b"g", b"K"})
"""Metadata of all files, or of link targets: skipped."""

_EMPTY = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Links, folders and devices: entries without content."""

_NUMBER_OF_BYTES = 0x80
"""First byte of a binary size: GNU's format for large files."""

_LONGEST_NAMING = 1 << 15
"""Limit in bytes of the metadata before a file: a path of 4096 bytes, and its size."""
_DIGITS = len(str(_LONGEST_NAMING))
_SPARSE = b"GNU.sparse"
_NAMING_KINDS = frozenset({_NAMING, _LONG_NAME, *_GLOBAL_KINDS})
_KINDS = _FILES | _EMPTY | _NAMING_KINDS


@dataclass(frozen=True, kw_only=True)
class FolderFile:
    """A file of a packed folder.

    Attributes:
        name: Its path in the folder.
        offset: Offset of its first byte in the packed folder.
        size: In bytes.
    """

    name: str
    offset: int
    size: int


def iter_folder(packed: BinaryIO) -> Iterator[FolderFile]:
    """Yield the files of a source of :data:`FOLDER_TYPE`, in the order in which they were packed.

    Supports regular files in POSIX and GNU format, with metadata of bounded length (long names, large sizes). Folders,
    links and devices are skipped. A general archive reader is not safe here: it would also decompress content, follow
    links and parse further metadata. The running time depends only on the number of entries.

    Raises:
        UnreadableSource: ``file.folder_damaged`` or ``file.folder_too_large``.
    """
    end = packed.seek(0, 2)
    at, metadata, number = 0, dict[bytes, bytes](), 0
    while (header := _block(packed, at)) != _END:
        kind, size = _read_header(header, at)
        if kind in _NAMING_KINDS:
            metadata |= _read_metadata(packed, kind, at + _BLOCK, size)
        else:
            number += 1
            if number > MOST_FILES:
                _refuse("file.folder_too_large", limit=MOST_FILES)
            size = 0 if kind in _EMPTY else _number(metadata.get(b"size"), size, at)
            if at + _BLOCK + size > end:
                _refuse("file.folder_damaged", offset=at)
            if kind in _FILES:
                yield FolderFile(name=_name(metadata, header), offset=at + _BLOCK, size=size)
            metadata = {}
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
    """Return the type of a header's entry, and its size in bytes."""
    kind = header[156:157]
    if not header[257:].startswith(_MARK) or kind not in _KINDS or _octal(header[148:156], at) != _checksum(header):
        _refuse("file.folder_damaged", offset=at)
    field = header[124:136]
    return kind, int.from_bytes(field[1:], "big") if field[0] == _NUMBER_OF_BYTES else _octal(field, at)


def _checksum(header: bytes) -> int:
    return sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def _octal(field: bytes, at: int) -> int:
    digits = field.rstrip(b" \0")
    if not digits or digits.strip(b"01234567"):
        _refuse("file.folder_damaged", offset=at)
    return int(digits, 8)


def _read_metadata(packed: BinaryIO, kind: bytes, at: int, size: int) -> dict[bytes, bytes]:
    """Return the metadata of the next file."""
    if size > _LONGEST_NAMING:
        _refuse("file.folder_damaged", offset=at)
    if kind in _GLOBAL_KINDS:
        return {}
    packed.seek(at)
    text = packed.read(size)
    return {b"path": text.rstrip(b"\0")} if kind == _LONG_NAME else _read_records(text, at)


def _read_records(text: bytes, at: int) -> dict[bytes, bytes]:
    """Parse records of the form ``length name=value``, one per line."""
    metadata, start = dict[bytes, bytes](), 0
    while start < len(text):
        digits, blank, _ = text[start : start + _DIGITS + 1].partition(b" ")
        stop = start + (int(digits) if digits.isdigit() else 0)
        name, equals, value = text[start + len(digits) + 1 : stop].partition(b"=")
        is_whole = blank and equals and value.endswith(b"\n") and stop <= len(text)
        if not is_whole or name.startswith(_SPARSE):  # the stored bytes of a sparse file are not its content
            _refuse("file.folder_damaged", offset=at + start)
        metadata[name], start = value[:-1], stop
    return metadata


def _number(digits: bytes | None, otherwise: int, at: int) -> int:
    if digits is None:
        return otherwise
    if not digits.isdigit() or len(digits) > 18:  # noqa: PLR2004  (fits in eight bytes)
        _refuse("file.folder_damaged", offset=at)
    return int(digits)


def _name(metadata: dict[bytes, bytes], header: bytes) -> str:
    own = header[:100].partition(b"\0")[0]
    beginning = header[345:500].partition(b"\0")[0] if header[257:265] == _OF_POSIX else b""
    name = metadata.get(b"path", b"/".join(filter(None, (beginning, own))))
    return name.decode("utf-8", "surrogateescape")


def _refuse(code: str, **params: int) -> NoReturn:
    raise UnreadableSource(Issue(code=code, severity=Severity.FATAL, params=dict(params)))
