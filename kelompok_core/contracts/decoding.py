"""Where bytes stop being text: what every reader of text asks before it reads."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Undecodable:
    """The first byte that does not belong to the encoding: its offset from 0, its line from 1."""

    offset: int
    line: int


def find_undecodable(file: BinaryIO, codec: str) -> Undecodable | None:
    """Decode all that is left of a file and return where that fails first, or None."""
    decoder = codecs.getincrementaldecoder(codec)()
    start = file.tell()
    consumed = 0
    while True:
        chunk = file.read(_CHUNK)
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            offset = consumed - pending + error.start
            file.seek(start)
            before = file.read(offset)
            return Undecodable(offset=offset, line=1 + (before.count(b"\n") or before.count(b"\r")))
        if not chunk:
            return None
        consumed += len(chunk)
