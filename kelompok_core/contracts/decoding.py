"""Lists the allowed text encodings, and finds the first byte of a file that is invalid in an encoding."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 1 << 20
_LONGEST_NAME = 40

TEXT_ENCODINGS = frozenset(
    {
        "ascii", "big5", "big5hkscs", "cp037", "cp1006", "cp1026", "cp1125", "cp1140", "cp1250", "cp1251",
        "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp273", "cp424", "cp437",
        "cp500", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp856", "cp857", "cp858", "cp860",
        "cp861", "cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp874", "cp875", "cp932", "cp949",
        "cp950", "euc_jis_2004", "euc_jisx0213", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk",
        "hp-roman8", "hz", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3",
        "iso2022_jp_ext", "iso2022_kr", "iso8859-1", "iso8859-10", "iso8859-11", "iso8859-13", "iso8859-14",
        "iso8859-15", "iso8859-16", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-6",
        "iso8859-7", "iso8859-8", "iso8859-9", "johab", "koi8-r", "koi8-t", "koi8-u", "kz1048",
        "mac-arabic", "mac-croatian", "mac-cyrillic", "mac-farsi", "mac-greek", "mac-iceland", "mac-latin2",
        "mac-roman", "mac-romanian", "mac-turkish", "ptcp154", "shift_jis", "shift_jis_2004",
        "shift_jisx0213", "tis-620", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le",
        "utf-8", "utf-8-sig",
    }
)  # fmt: skip
"""Allow-list of text encodings, by the names of Python's codecs.

It leaves out codecs that compress or transform bytes (``bz2``, ``zlib``, ``base64``), which can turn a small file into
gigabytes, codecs for host names and escapes, and UTF-7, which decodes a long run again with each chunk.
"""


@dataclass(frozen=True, kw_only=True)
class Undecodable:
    """The first byte that is invalid in the encoding: its offset from 0 and its line from 1."""

    offset: int
    line: int


def find_encoding(name: str) -> str | None:
    """Return Python's name for a text encoding, or None for an unknown one."""
    try:
        codec = codecs.lookup(name).name if len(name) <= _LONGEST_NAME else None
    except (LookupError, ValueError):  # ValueError: the name contains a NUL
        return None
    return codec if codec in TEXT_ENCODINGS else None


def find_undecodable(file: BinaryIO, codec: str) -> Undecodable | None:
    """Decode the rest of a file; return the place of the first invalid byte, or None."""
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
            return Undecodable(offset=offset, line=1 + _count_lines(file, offset))
        if not chunk:
            return None
        consumed += len(chunk)


def _count_lines(file: BinaryIO, end: int) -> int:
    """Count the line ends in the next bytes, chunk by chunk."""
    feeds = returns = 0
    while end > 0 and (chunk := file.read(min(_CHUNK, end))):
        feeds, returns, end = feeds + chunk.count(b"\n"), returns + chunk.count(b"\r"), end - len(chunk)
    return feeds or returns
