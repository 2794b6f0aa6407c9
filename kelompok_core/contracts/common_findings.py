"""Issues that readers of all formats may find. The core defines their codes and sentences."""

from typing import BinaryIO

from kelompok_core.contracts.decoding import find_undecodable
from kelompok_core.contracts.errors import UnreadableSource
from kelompok_core.contracts.findings import Issue, Severity
from kelompok_core.contracts.shapes import JsonValue


def require_decodable(file: BinaryIO, codec: str, /, **facts: JsonValue) -> None:
    """Require that the rest of a file can be decoded; ``facts`` are added to the issue's params.

    Raises:
        UnreadableSource: ``file.encoding_unreadable``, with the offset of the first invalid byte, and its line.
    """
    place = find_undecodable(file, codec)
    if place is not None:
        params = {"encoding": codec, "offset": place.offset, "line": place.line, **facts}
        raise UnreadableSource(
            Issue(code="file.encoding_unreadable", severity=Severity.FATAL, line=place.line, params=params)
        )


def empty_file() -> Issue:
    """Return the issue for a file without any content."""
    return Issue(code="file.empty", severity=Severity.FATAL)


def no_records() -> Issue:
    """Return the issue for a valid file without records."""
    return Issue(code="file.no_records", severity=Severity.WARNING)
