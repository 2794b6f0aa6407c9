"""Reads content lines, which iCalendar and vCard consist of: unfolded, split, and decoded, as a stream."""

import binascii
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TextIO

from kelompok_core.contracts import Issue, Severity, UnreadableSource, find_encoding, require_decodable

MOST_CHARACTERS = 1_000_000
"""The most characters of a line. Base64 values, which are skipped, may be longer."""

_BYTES_AS_TEXT = "latin-1"
"""Each byte is a character, so that lines are unfolded before they are decoded: a fold may split a character."""
_UTF8_MARK = "\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

# Possessive quantifiers keep a match linear, whatever the line is.
_HEAD = re.compile(r'[ \t]*+[A-Za-z0-9._-]++[ \t]*+(?:;[^":]*+(?:"[^"]*+"[^":]*+)*+)?+:')
_HEAD_WITH_OPEN_QUOTE = re.compile(r"[ \t]*+[A-Za-z0-9._-]++[ \t]*+(?:;[^:]*+)?+:")
_PARAM = re.compile(r';((?:[^";]++|"[^"]*+"|")*+)')
_PARAM_VALUE = re.compile(r'(?:[^",]++|"[^"]*+"|")++')
_CARET = re.compile(r"\^(['n^])")
_CARETS = {"'": '"', "n": "\n", "^": "^"}
_ONLY_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_EDGE = re.compile(r"(?:BEGIN|END):V", re.IGNORECASE)
_MOST_IN_CACHED_HEAD = 200
_PIECES_OF_A_HEAD = 20
_BLANKS = (" ", "\t")

_QUOTED_PRINTABLE, _BASE64 = "QUOTED-PRINTABLE", "BASE64"
_ENCODINGS = {"Q": _QUOTED_PRINTABLE, _QUOTED_PRINTABLE: _QUOTED_PRINTABLE, "B": _BASE64, _BASE64: _BASE64}
_BARE_ENCODINGS = frozenset({_QUOTED_PRINTABLE, _BASE64, "7BIT", "8BIT"})


class Head(NamedTuple):
    """What stands before the colon of a line.

    Attributes:
        group: The word before a dot: ``item1`` of ``item1.TEL``; empty if there is none.
        name: The name in upper case.
        params: Values by name in upper case, as written, without quotes.
        types: Values of TYPE, and the bare words of vCard 2.1, in lower case.
        encoding: ``QUOTED-PRINTABLE``, ``BASE64`` or empty.
        charset: The codec that CHARSET names; None if it names none that is known.
    """

    group: str
    name: str
    params: Mapping[str, tuple[str, ...]]
    types: frozenset[str]
    encoding: str
    charset: str | None


class ContentLine(NamedTuple):
    """One line, unfolded.

    Attributes:
        line: The number of its first line in the file, from 1.
        name: The name in upper case; empty if the line has no name.
        value: The text after the colon, decoded, with its escapes; empty for base64.
        head: What stands before the colon.
        is_text: Whether the bytes were text in the encoding; otherwise the characters in doubt are U+FFFD.
    """

    line: int
    name: str
    value: str
    head: Head
    is_text: bool = True


NO_HEAD = Head("", "", {}, frozenset(), "", None)


@contextmanager
def open_content_lines(path: Path, *, encoding: str = "utf-8") -> Iterator[Iterator[ContentLine]]:
    """Open a file and provide its lines, in order; blank lines are left out.

    Args:
        path: The file.
        encoding: How the text is encoded where it is not UTF-8 and no CHARSET says so.

    Raises:
        UnreadableSource: ``file.content_line_too_long`` or ``file.encoding_unreadable``, while lines are read.
    """
    with path.open("rb") as file:
        is_utf16 = file.read(2) in _UTF16_MARKS
        file.seek(0)
        if is_utf16:
            require_decodable(file, "utf-16")
            file.seek(0)
        with io.TextIOWrapper(file, encoding="utf-16" if is_utf16 else _BYTES_AS_TEXT) as text:
            yield _Lines(text, None if is_utf16 else encoding).read()


def undecodable_lines(count: int, *, first: int, encoding: str) -> Issue:
    """Return the finding that lines are not text in the encoding; ``first`` is the number of the first of them."""
    params = {"count": count, "encoding": encoding, "line": first}
    return Issue(code="file.lines_undecodable", severity=Severity.WARNING, line=first, params=params)


def unescape(value: str) -> str:
    r"""Return a value without its escapes: a line break for ``\n``, and the character itself for ``\,`` and others."""
    return _ESCAPE.sub(_unescaped, value) if "\\" in value else value


_ESCAPE = re.compile(r'\\([\\,;:"nN])')
_TOKEN = re.compile(r"\\.?|[,;]|[^\\,;]+", re.DOTALL)


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]


def split_value(value: str, separator: str) -> list[str]:
    """Return the parts of a value between separators, ``,`` or ``;``, that are not escaped; without their escapes."""
    if "\\" not in value:
        return value.split(separator)
    parts: list[list[str]] = [[]]
    for token in _TOKEN.findall(value):
        if token == separator:
            parts.append([])
        else:
            parts[-1].append(token)
    return [unescape("".join(part)) for part in parts]


class _Lines:
    """Unfolds the physical lines of a text and splits them."""

    def __init__(self, text: TextIO, encoding: str | None) -> None:
        self._text = text
        self._encoding = encoding
        self._number = 0
        self._pieces: list[str] = []
        self._length = 0
        self._first = 0
        self._head: Head | None = None
        self._end = 0
        self._encoded = ""

    def read(self) -> Iterator[ContentLine]:
        for written, is_whole in self._physical_lines():
            if self._pieces and (written[:1] in _BLANKS or (self._encoded and self._goes_on(written))):
                self._add(written, is_whole=is_whole)
            elif written and not written.isspace():
                if self._pieces:
                    yield self._take()
                self._begin(written, is_whole=is_whole)
        if self._pieces:
            yield self._take()

    def _physical_lines(self) -> Iterator[tuple[str, bool]]:
        """Yield each line without its end, and whether it is complete: of a longer one, only the beginning is given."""
        readline = self._text.readline
        is_rest = False
        while written := readline(MOST_CHARACTERS + 1):
            is_whole = written[-1] == "\n" or len(written) <= MOST_CHARACTERS
            if not is_rest:
                self._number += 1
                if self._number == 1:
                    written = written.removeprefix(_UTF8_MARK)
                yield written.removesuffix("\n"), is_whole
            is_rest = not is_whole

    def _goes_on(self, written: str) -> bool:
        """Return whether a physical line continues an encoded line, although it does not begin with a blank."""
        if self._encoded == _QUOTED_PRINTABLE:
            return self._pieces[-1][-1:] == "=" and not _EDGE.match(written)
        return self._encoded == _BASE64 and _ONLY_BASE64.fullmatch(written) is not None

    def _begin(self, written: str, *, is_whole: bool) -> None:
        self._pieces, self._length, self._first = [written], len(written), self._number
        self._find_head(written)
        if not is_whole and self._encoded != _BASE64:
            raise self._too_long()

    def _find_head(self, written: str) -> None:
        found = _HEAD.match(written)
        if found is None:
            self._head, self._encoded = None, ""
            return
        head, self._end = found[0], found.end()
        if not head.isascii():
            head = self._decode(head, None)[0]
        self._head = _cached_head(head) if len(head) <= _MOST_IN_CACHED_HEAD else _parse_head(head)
        self._encoded = self._head.encoding
        if written.startswith("data:", self._end):
            self._encoded = _BASE64
        if self._encoded == _BASE64:
            self._pieces, self._length = [found[0]], self._end

    def _add(self, written: str, *, is_whole: bool) -> None:
        if self._encoded == _BASE64:
            return
        if self._encoded == _QUOTED_PRINTABLE and self._pieces[-1][-1:] == "=":
            self._pieces[-1] = self._pieces[-1][:-1]
            piece = written
        else:
            piece = written[1:]
        self._pieces.append(piece)
        self._length += len(piece)
        if self._head is None and len(self._pieces) <= _PIECES_OF_A_HEAD:
            self._find_head("".join(self._pieces))
        if self._encoded != _BASE64 and (not is_whole or self._length > MOST_CHARACTERS):
            raise self._too_long()

    def _too_long(self) -> UnreadableSource:
        return _unreadable("file.content_line_too_long", self._first, limit=MOST_CHARACTERS)

    def _take(self) -> ContentLine:
        """Return the line that is complete."""
        pieces, self._pieces = self._pieces, []
        written = pieces[0] if len(pieces) == 1 else "".join(pieces)
        head, end = self._head, self._end
        if head is None:
            found = _HEAD.match(written) or _HEAD_WITH_OPEN_QUOTE.match(written)
            if found is None:
                return ContentLine(self._first, "", "", NO_HEAD)
            head, end = _parse_head(self._decode(found[0], None)[0]), found.end()
        if self._encoded == _BASE64:
            return ContentLine(self._first, head.name, "", head)
        value, is_text = written[end:], True
        if head.encoding == _QUOTED_PRINTABLE:
            value, is_text = self._from_quoted_printable(value, head.charset)
        elif not value.isascii():
            value, is_text = self._decode(value, head.charset)
        return ContentLine(self._first, head.name, value, head, is_text)

    def _from_quoted_printable(self, value: str, charset: str | None) -> tuple[str, bool]:
        content = binascii.a2b_qp(value.encode(_BYTES_AS_TEXT if self._encoding else "utf-8"))
        decoded, is_text = _decoded(content, charset or "utf-8", self._encoding)
        return decoded.replace("\r\n", "\n"), is_text

    def _decode(self, text: str, charset: str | None) -> tuple[str, bool]:
        """Return what bytes that were read as text mean in their encoding, and whether they are text in it."""
        if self._encoding is None or text.isascii():
            return text, True
        return _decoded(text.encode(_BYTES_AS_TEXT), charset or "utf-8", self._encoding)


def _decoded(content: bytes, charset: str, otherwise: str | None) -> tuple[str, bool]:
    for codec in (charset, otherwise or "utf-8"):
        try:
            return content.decode(codec), True
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace"), False


def _parse_head(written: str) -> Head:
    name, semicolon, rest = written.strip(" \t:").partition(";")
    group, _, bare_name = name.strip().rpartition(".")
    params: dict[str, list[str]] = {}
    types: set[str] = set()
    encoding, charset = "", None
    for param in _PARAM.findall(semicolon + rest):
        key, is_named, given = param.partition("=")
        key = key.strip().upper()
        if not is_named:
            key, given = ("ENCODING" if key in _BARE_ENCODINGS else "TYPE"), key
        values = _param_values(given)
        params.setdefault(key, []).extend(values)
        if key == "TYPE":
            types.update(word.strip().lower() for value in values for word in value.split(","))
        elif key == "ENCODING":
            encoding = _ENCODINGS.get(values[0].upper(), "")
        elif key == "CHARSET":
            charset = find_encoding(values[0])
    found = {key: tuple(values) for key, values in params.items()}
    return Head(group, bare_name.upper(), found, frozenset(types), encoding, charset)


def _param_values(written: str) -> list[str]:
    values = (_PARAM_VALUE.findall(written) or [""]) if '"' in written else written.split(",")
    return [_CARET.sub(lambda found: _CARETS[found[1]], value.strip().strip('"')) for value in values]


_cached_head = lru_cache(maxsize=4_096)(_parse_head)
"""Heads repeat in each record; long ones, which may name people, are not kept."""


def _unreadable(code: str, line: int, **params: str | int) -> UnreadableSource:
    return UnreadableSource(Issue(code=code, severity=Severity.FATAL, line=line, params={"line": line, **params}))
