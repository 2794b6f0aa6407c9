"""Sources made readable: a path, a folder or a URL becomes one local file, and a packed file its content."""

import gzip
import mimetypes
import shutil
import stat
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import fsspec
from fsspec.implementations.local import LocalFileSystem

from kelompok_core.contracts import FOLDER_TYPE, Source
from kelompok_core.errors import UsageError
from kelompok_core.suggestions import suggest

MAX_UNPACKED_BYTES = 8 << 30
"""A packed file that holds more is refused: far above any list, far below what fills a disk unseen."""

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


def file_name_of(location: str) -> str:
    """Return the name of what a path or URL leads to."""
    return location.rstrip("/").rpartition("/")[2] or "source"


def media_type_of(file_name: str) -> str | None:
    """Return the media type a file's name speaks of, its packing left aside; None when it says nothing."""
    name = file_name.lower().removesuffix(".gz")
    return _BY_ENDING.get(name.rpartition(".")[2]) or mimetypes.guess_type(name)[0]


_BY_ENDING = {
    "ndjson": "application/x-ndjson",
    "jsonl": "application/x-ndjson",
    "jsonld": "application/ld+json",
    "geojson": "application/geo+json",
    "tar": FOLDER_TYPE,
}


@contextmanager
def reachable(location: str) -> Iterator[Path]:
    """Give a regular file on this machine for a path, a folder (packed) or a URL (copied), as it was sent.

    Raises:
        UsageError: When there is nothing there that could be read.
    """
    if "://" in location:
        with _copied(location) as copy:
            yield copy
        return
    path = Path(location)
    if path.is_dir():
        with TemporaryDirectory(prefix="kelompok-") as folder:
            packed = Path(folder) / "folder.tar"
            _pack(path, packed)
            yield packed
        return
    _require_regular_file(path)
    yield path


@contextmanager
def _copied(url: str) -> Iterator[Path]:
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UsageError(f"cannot read {url!r}: {error}", hint="Install the driver, or copy the file here.") from error
    if isinstance(filesystem, LocalFileSystem):
        with reachable(path) as local:
            yield local
        return
    with TemporaryDirectory(prefix="kelompok-") as folder:
        target = Path(folder) / "source"
        try:
            with filesystem.open(path, "rb") as remote, target.open("wb") as copy:
                shutil.copyfileobj(remote, copy, _CHUNK)
        except OSError as error:
            raise UsageError(f"cannot read {url!r}: {error}", hint="Check the address and your rights.") from error
        yield target


def _require_regular_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        near = suggest(path.name, [one.name for one in path.parent.iterdir()], few=0) if path.parent.is_dir() else None
        raise UsageError(f"no file {str(path)!r}", hint=near or "Check the path; quote names with spaces.") from error
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise UsageError(f"{str(path)!r} is not a regular file", hint="Give the path of a file or a folder.")


def _pack(folder: Path, target: Path) -> None:
    """Pack a folder's files, those in its folders too; the same files give the same bytes.

    Hidden files and links are left out.
    """
    files = sorted(path for path in folder.rglob("*") if _is_meant(path, folder))
    if not files:
        raise UsageError(f"the folder {str(folder)!r} has no files", hint="Give a folder with one record a file.")
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in files:
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(member, content)


def _is_meant(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder).parts
    return path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in inside)


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give a file's content: the file itself, or what a gzip file holds.

    Raises:
        UsageError: When it is no whole gzip file, or holds more than :data:`MAX_UNPACKED_BYTES`.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(_GZIP)) == _GZIP
    if not is_packed:
        yield path
        return
    with TemporaryDirectory(prefix="kelompok-") as folder:
        target = Path(folder) / "source"
        _unpack(path, target)
        yield target


def _unpack(path: Path, target: Path) -> None:
    size = 0
    try:
        with gzip.open(path) as packed, target.open("wb") as content:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                if size > MAX_UNPACKED_BYTES:
                    raise UsageError(
                        f"the file unpacks to more than {MAX_UNPACKED_BYTES} bytes",
                        hint="Split it, or unpack it first.",
                    )
                content.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(
            f"the gzip file is damaged: it breaks off after {size} bytes of content", hint="Send the file again."
        ) from error


@contextmanager
def open_source(location: str) -> Iterator[Source]:
    """Give what a path, folder or URL leads to as a plugin takes it, without keeping it.

    Raises:
        UsageError: When there is nothing there that could be read.
    """
    with reachable(location) as sent, unpacked(sent) as content:
        yield Source(
            path=content,
            file_name=file_name_of(location),
            media_type=(FOLDER_TYPE if Path(location).is_dir() else media_type_of(file_name_of(location)))
            or "application/octet-stream",
            sha256="",
            size=content.stat().st_size,
        )
