"""Detects a file's encoding from all of its bytes, so that reading does not fail midway."""

import codecs
import mmap
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.contracts import (
    ConfigurationError,
    Issue,
    Severity,
    Undecodable,
    UnreadableSource,
    find_encoding,
    find_undecodable,
    require_decodable,
)
from kelompok_core.plugin_kit.reading.delimited.legacy import guess_encoding

_BOMS = (  # longer ones first: the mark of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FORMATS = {
    b"PK\x03\x04": "application/zip",  # also .xlsx and .ods
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "application/vnd.ms-excel",
    b"%PDF-": "application/pdf",
    b"\x1f\x8b": "application/gzip",
    b"SQLite format 3\0": "application/vnd.sqlite3",
}
"""Signatures of formats that are not text."""

_MOSTLY = 0.6  # minimum share of zero bytes, far above that of other texts


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """The codec to open the file with, the name to show, and a warning if it was guessed."""

    codec: str
    shown: str
    issue: Issue | None = None


def find_decoding(path: Path, configured: str | None) -> Decoding:
    """Return how to decode the file.

    Raises:
        UnreadableSource: When the file has another format, or no encoding or several encodings fit all its bytes.
        ConfigurationError: When the configured encoding does not exist.
    """
    if configured is not None:
        codec = _known(configured)
        _require(path, codec)
        return Decoding(codec=codec, shown=configured)
    start = _first_bytes(path)
    _refuse_other_formats(start)
    marked = next((codec for mark, codec in _BOMS if start.startswith(mark)), None)
    wide = marked or _wide_without_mark(start)
    if wide is not None:
        _require(path, wide)
        return Decoding(codec=wide, shown=wide.removesuffix("-sig"))
    shifted = _find_shifts(path)
    if shifted is not None:
        return shifted
    broken = _first_failure(path, "utf-8")
    if broken is None:
        return Decoding(codec="utf-8", shown="utf-8")
    with path.open("rb") as file:
        guess = guess_encoding(file)
    params = {"encoding": guess.shown, "offset": broken.offset, "line": broken.line}
    if guess.codec is None:
        raise UnreadableSource(
            Issue(code="file.encoding_unclear", severity=Severity.FATAL, line=broken.line, params=params)
        )
    _require(path, guess.codec)
    issue = Issue(code="file.encoding_guessed", severity=Severity.WARNING, params=params)
    return Decoding(codec=guess.codec, shown=guess.shown, issue=issue)


def _find_shifts(path: Path) -> Decoding | None:
    """Recognize 7-bit encodings by their escape sequences; they are also valid UTF-8."""
    if not path.stat().st_size:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as written:
        places = {codec: written.find(shift) for shift, codec in _SHIFTS}
        codec = next((codec for codec, place in places.items() if place >= 0), None)
        if codec is None or _first_failure(path, codec) is not None:
            return None
        line = written[: places[codec]].count(b"\n") + 1
    params = {"encoding": codec, "offset": places[codec], "line": line}
    issue = Issue(code="file.encoding_guessed", severity=Severity.WARNING, params=params)
    return Decoding(codec=codec, shown=codec, issue=issue)


_SHIFTS = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"))


def _known(name: str) -> str:
    codec = find_encoding(name)
    if codec is None:
        raise ConfigurationError("encoding", f"unknown text encoding {name[:40]!r}")
    # A byte-order mark is not part of the first header.
    return "utf-8-sig" if codec == "utf-8" else codec


def _refuse_other_formats(start: bytes) -> None:
    for signature, media_type in _OTHER_FORMATS.items():
        if start.startswith(signature):
            params = {"media_type": media_type}
            raise UnreadableSource(Issue(code="file.type_unsupported", severity=Severity.FATAL, params=params))


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _wide_without_mark(start: bytes) -> str | None:
    """Recognize UTF-16 and UTF-32 without a byte-order mark by the zero bytes of Latin text."""
    whole = start[: len(start) // 4 * 4]
    if not whole:
        return None
    quarters = [whole[offset::4].count(0) / (len(whole) / 4) for offset in range(4)]
    zero = [share > _MOSTLY for share in quarters]
    patterns = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    return patterns.get((zero[0], zero[1], zero[2], zero[3]))


def _require(path: Path, codec: str) -> None:
    with path.open("rb") as file:
        require_decodable(file, codec)


def _first_failure(path: Path, codec: str) -> Undecodable | None:
    with path.open("rb") as file:
        return find_undecodable(file, codec)
