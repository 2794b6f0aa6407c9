"""Opens sources: turns a path, a folder or a URL into one local file, and decompresses gzip files."""

import gzip
import mimetypes
import os
import re
import stat
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kelompok_core.contracts import FOLDER_TYPE, Source
from kelompok_core.contracts.folders import MOST_FILES
from kelompok_core.errors import UsageError
from kelompok_core.settings import Settings
from kelompok_core.sources.rules import WEB_SCHEMES, FileRules, is_folder
from kelompok_core.sources.web import LARGEST_DOWNLOAD, download
from kelompok_core.suggestions import suggest
from kelompok_core.working_folders import working_folder

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


def file_name_of(location: str) -> str:
    """Return the file name in a path or URL, without the query, which may be secret."""
    if location.partition("://")[0].lower() in WEB_SCHEMES:
        location = re.split(r"[?#]", location, maxsplit=1)[0]
    return location.rstrip("/").rpartition("/")[2] or "source"


def media_type_of(file_name: str) -> str | None:
    """Return the media type of a file name, ignoring a final ``.gz``; None if the extension is unknown."""
    name = file_name.lower().removesuffix(".gz")
    return _BY_ENDING.get(name.rpartition(".")[2]) or mimetypes.guess_type(name)[0]


_BY_ENDING = {
    "ndjson": "application/x-ndjson",
    "jsonl": "application/x-ndjson",
    "jsonld": "application/ld+json",
    "geojson": "application/geo+json",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "tar": FOLDER_TYPE,
}


@contextmanager
def opened(location: str, rules: FileRules, settings: Settings) -> Iterator[BinaryIO]:
    """Open the file of a path, a folder (packed) or a URL (copied), as it was sent.

    Raises:
        UsageError: When it is not allowed, missing or not readable.
    """
    path = rules.find_path(location)
    if path is not None and rules.confinement is not None and not is_folder(str(path)):
        with open_regular_file(path) as file:
            yield file
        return
    with reachable(location, rules, settings) as path, path.open("rb") as file:
        yield file


@contextmanager
def reachable(location: str, rules: FileRules, settings: Settings) -> Iterator[Path]:
    """Provide a regular file on this machine for a path, a folder (packed) or a URL (copied), as it was sent.

    Raises:
        UsageError: When it is not allowed, missing or not readable.
    """
    path = rules.find_path(location)
    if path is not None and not is_folder(str(path)):
        _require_regular_file(path)
        yield path
        return
    with working_folder(settings) as folder:
        target = folder / "source"
        if path is None:
            _copy(location, rules, target)
        else:
            _pack(path.resolve(), target)
        yield target


def _copy(url: str, rules: FileRules, target: Path) -> None:
    with target.open("wb") as copy:
        if url.partition("://")[0].lower() in WEB_SCHEMES:
            download(url, rules, copy)
        else:
            _copy_by_driver(url, copy)


def _copy_by_driver(url: str, copy: BinaryIO) -> None:
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
        with filesystem.open(path, "rb") as remote:
            _copy_pieces(url, remote, copy)
    except UsageError:
        raise
    except Exception as error:  # each driver has its own errors, some already on creation
        is_missing = isinstance(error, ImportError | ValueError)
        raise UsageError(
            f"cannot read {url!r}: {str(error) or type(error).__name__}",
            hint="Install the driver, or copy the file here." if is_missing else "Check the address and your rights.",
        ) from error


def _copy_pieces(url: str, remote: BinaryIO, copy: BinaryIO) -> None:
    size = 0
    while piece := remote.read(_CHUNK):
        size += len(piece)
        if size > LARGEST_DOWNLOAD:
            raise UsageError(f"cannot read {url!r}: it is larger than {LARGEST_DOWNLOAD} bytes", hint="Split the file.")
        copy.write(piece)


def open_regular_file(path: Path) -> BinaryIO:
    """Open a regular file by a resolved path, without following links created since.

    Raises:
        UsageError: When there is no such file.
    """
    try:
        file = _open_step_by_step(path)
    except FileNotFoundError as error:
        raise UsageError(f"no file {str(path)!r}", hint="Check the path.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"cannot read {str(path)!r}: {reason}", hint="Check the path.") from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise UsageError(f"{str(path)!r} is not a regular file", hint="Give the path of a file or a folder.")
    return os.fdopen(file, "rb")


def _open_step_by_step(path: Path) -> int:
    folder = os.open(path.anchor, _FOLDER)
    try:
        for part in path.parts[1:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Opening a pipe without a writer would block.
        return os.open(path.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)


# On Linux, O_PATH opens a folder that may be traversed but not listed.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _require_regular_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except ValueError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}", hint="Check the path.") from error
    except FileNotFoundError as error:
        near = suggest(path.name, [one.name for one in path.parent.iterdir()], few=0) if path.parent.is_dir() else None
        raise UsageError(f"no file {str(path)!r}", hint=near or "Check the path; quote names with spaces.") from error
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise UsageError(f"{str(path)!r} is not a regular file", hint="Give the path of a file or a folder.")


def _pack(folder: Path, target: Path) -> None:
    """Pack all files of a folder and its subfolders; the same files give the same bytes.

    Leaves out hidden files and links. :func:`~kelompok_core.contracts.iter_folder` reads the result.
    """
    files = sorted(path for path in folder.rglob("*") if _is_included(path, folder))
    if not files:
        raise UsageError(f"the folder {str(folder)!r} has no files", hint="Give a folder with one record a file.")
    if len(files) > MOST_FILES:
        raise UsageError(
            f"the folder {str(folder)!r} has more than {MOST_FILES} files",
            hint="Put its records into one NDJSON file, one per line, or split the folder.",
        )
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in files:
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            with open_regular_file(path) as content:
                member.size = os.fstat(content.fileno()).st_size
                archive.addfile(member, content)


def _is_included(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder).parts
    return path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in inside)


@contextmanager
def unpacked(path: Path, settings: Settings) -> Iterator[Path]:
    """Provide the file itself, or the decompressed content of a gzip file.

    Raises:
        UsageError: When a gzip file is damaged, or its content is larger than
            :data:`~kelompok_core.sources.web.LARGEST_DOWNLOAD`.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(_GZIP)) == _GZIP
    if not is_packed:
        yield path
        return
    with working_folder(settings) as folder:
        target = folder / "source"
        _unpack(path, target)
        yield target


def _unpack(path: Path, target: Path) -> None:
    size = 0
    try:
        with gzip.open(path) as packed, target.open("wb") as content:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                if size > LARGEST_DOWNLOAD:
                    raise UsageError(
                        f"the file unpacks to more than {LARGEST_DOWNLOAD} bytes",
                        hint="Split it, or unpack it first.",
                    )
                content.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(
            f"the gzip file is damaged: it ends after {size} bytes of content", hint="Send the file again."
        ) from error


@contextmanager
def open_source(location: str, rules: FileRules, settings: Settings) -> Iterator[Source]:
    """Provide a path, folder or URL as a source for plugins, without storing it.

    Raises:
        UsageError: When it is not allowed, missing or not readable.
    """
    with reachable(location, rules, settings) as sent, unpacked(sent, settings) as content:
        yield Source(
            path=content,
            file_name=file_name_of(location),
            media_type=(FOLDER_TYPE if is_folder(location) else media_type_of(file_name_of(location)))
            or "application/octet-stream",
            sha256="",
            size=content.stat().st_size,
        )
