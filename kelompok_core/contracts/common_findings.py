"""Findings that a reader of any format makes; the core has their codes and sentences."""

from typing import BinaryIO

from kelompok_core.contracts.decoding import find_undecodable
from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity
from kelompok_core.contracts.shapes import JsonValue


def require_decodable(file: BinaryIO, codec: str, /, **facts: JsonValue) -> None:
    """Decode all that is left of a file, to see that this can be done; ``facts`` are added to the finding.

    Raises:
        UnreadableSource: ``file.encoding_unreadable``, with the first byte that is not text, and its line.
    """
    place = find_undecodable(file, codec)
    if place is not None:
        params = {"encoding": codec, "offset": place.offset, "line": place.line, **facts}
        raise UnreadableSource(
            Issue(code="file.encoding_unreadable", severity=Severity.FATAL, line=place.line, params=params)
        )


def empty_file() -> Issue:
    """Return the finding that a file has no content at all."""
    return Issue(code="file.empty", severity=Severity.FATAL)


def no_records() -> Issue:
    """Return the finding that a file is well formed and has no records."""
    return Issue(code="file.no_records", severity=Severity.WARNING)
