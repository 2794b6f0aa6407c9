"""Reads WXR, WordPress's export: RSS with items of every type, as a stream of items."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kelompok_core.contracts import Issue, Severity, UnreadableSource
from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.xml_stream import NAMESPACE_END, feed, make_parser

_CHUNK = 1 << 16
_WP = "http://wordpress.org/export/"
_EXCERPT = "excerpt/ encoded"
_CONTENT = "http://purl.org/rss/1.0/modules/content/ encoded"
_CREATOR = "http://purl.org/dc/elements/1.1/ creator"
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    rb"|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcBCeEfF]|1[0-9a-fA-F]));"
)
"""Control characters that XML does not allow, written or as references: WordPress writes them as they were typed."""
_LONGEST_REFERENCE = 24
_LONGEST_TEXT = 8_000_000
_MOST_AUTHORS = 100_000

_PLAIN = {"title": "title", "link": "link", _CREATOR: "creator", _CONTENT: "content"}
_OF_WP = frozenset(
    {
        "post_id", "post_date", "post_date_gmt", "post_modified_gmt", "post_name", "status", "post_type",
        "post_password", "attachment_url",
    }
)  # fmt: skip


@dataclass(kw_only=True)
class Item:
    """An item, such as a post, a page, an event or a picture.

    Attributes:
        line: The line of its beginning.
        last_line: The line of its end.
        number: Its number in the file, from 1.
        texts: Its texts by name, such as ``title`` and ``post_id``. The password is only whether there is one.
        categories: Its categories and tags: domain, nicename, name.
        meta: Its further fields, such as ``_EventStartDate``.
        comments: The number of its comments, which are not read.
    """

    line: int
    last_line: int = 0
    number: int
    texts: dict[str, str] = field(default_factory=dict)
    categories: list[tuple[str, str, str]] = field(default_factory=list)
    meta: dict[str, str] = field(default_factory=dict)
    comments: int = 0

    def get(self, name: str) -> str:
        """Return a text; "" if there is none."""
        return self.texts.get(name, "")


class Export:
    """An export, read item by item.

    Attributes:
        language: The language of the site.
        authors: The names of authors by their logins; complete before the first item.
        control_characters: Lines with control characters that were taken out, and their number.
    """

    def __init__(self, path: Path) -> None:
        self.language = ""
        self.authors: dict[str, str] = {}
        self.control_characters: dict[int, int] = {}
        self._path = path
        self._is_export = False
        self._item: Item | None = None
        self._ready: list[Item] = []
        self._number = 0
        self._names: list[str] = []
        self._parts: list[str] | None = None
        self._size = 0
        self._category: tuple[str, str] = ("", "")
        self._author: dict[str, str] = {}
        self._meta_key = ""
        self._comment_depth = 0
        self._parser = make_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def items(self) -> Iterator[Item]:
        """Yield the items.

        Raises:
            UnreadableSource: ``wordpress.not_an_export``, or what the parser refuses.
        """
        for _ in feed(self._parser, self._chunks()):
            yield from self._ready
            self._ready.clear()
        if not self._is_export:
            raise _no_export(1)

    def _chunks(self) -> Iterator[bytes]:
        """Yield the file without control characters that XML forbids."""
        held, line = b"", 1
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                text = held + chunk
                cut = text.rfind(b"&", max(0, len(text) - _LONGEST_REFERENCE))
                text, held = (text[:cut], text[cut:]) if cut >= 0 else (text, b"")
                yield self._cleaned(text, line)
                line += text.count(b"\n")
            yield self._cleaned(held, line)

    def _cleaned(self, text: bytes, line: int) -> bytes:
        for found in _FORBIDDEN.finditer(text):
            at = line + text.count(b"\n", 0, found.start())
            self.control_characters[at] = self.control_characters.get(at, 0) + 1
        return _FORBIDDEN.sub(b"", text)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._names.append(name)
        local = _of_wp(name)
        self._is_export |= local is not None
        if local == "comment" and self._item is not None:
            self._comment_depth += 1
            self._item.comments += 1
        elif name == "item":
            self._number += 1
            self._item = Item(line=self._parser.CurrentLineNumber, number=self._number)
            self._require_export()
        elif name == "category":
            self._category = attributes.get("domain", ""), attributes.get("nicename", "")
        self._parts, self._size = [], 0

    def _require_export(self) -> None:
        if not self._is_export:
            raise _no_export(self._parser.CurrentLineNumber)

    def _text(self, text: str) -> None:
        if self._parts is None or self._comment_depth:
            return
        self._parts.append(text)
        self._size += len(text)
        if self._size > _LONGEST_TEXT:
            raise refused("file.text_too_long", place=f"line {self._parser.CurrentLineNumber}", limit=_LONGEST_TEXT)

    def _end(self, name: str) -> None:
        self._names.pop()
        text, self._parts = "".join(self._parts or ()), None
        if _of_wp(name) == "comment":
            self._comment_depth = max(0, self._comment_depth - 1)
        elif self._comment_depth:
            return
        elif name == "item" and self._item is not None:
            self._item.last_line = self._parser.CurrentLineNumber
            self._ready.append(self._item)
            self._item = None
        elif self._item is not None:
            self._keep(self._item, name, text)
        else:
            self._keep_of_site(name, text)

    def _keep(self, item: Item, name: str, text: str) -> None:
        local = _of_wp(name)
        if name in _PLAIN:
            item.texts[_PLAIN[name]] = text
        elif name.startswith(_WP) and name.endswith(_EXCERPT):
            item.texts["excerpt"] = text
        elif name == "category":
            item.categories.append((*self._category, text.strip()))
        elif local == "post_password":
            item.texts[local] = "yes" if text.strip() else ""
        elif local in _OF_WP:
            item.texts[str(local)] = text.strip()
        elif local == "meta_key":
            self._meta_key = text.strip()
        elif local == "meta_value" and self._meta_key.startswith(("_Event", "_Venue", "_thumbnail_id")):
            item.meta[self._meta_key] = text.strip()

    def _keep_of_site(self, name: str, text: str) -> None:
        local = _of_wp(name)
        if name == "language":
            self.language = text.strip()
        elif local in ("author_login", "author_display_name"):
            self._author[local] = text.strip()
        elif local == "author" and len(self.authors) < _MOST_AUTHORS:
            login = self._author.get("author_login", "")
            self.authors[login] = self._author.get("author_display_name") or login
            self._author = {}


def _of_wp(name: str) -> str | None:
    """Return the local name of an element of WordPress's own, in any version of its namespace; None for others."""
    if not name.startswith(_WP) or name.endswith(_EXCERPT):
        return None
    return name.rpartition(NAMESPACE_END)[2]


def _no_export(line: int) -> UnreadableSource:
    return UnreadableSource(Issue(code="wordpress.not_an_export", severity=Severity.FATAL, line=max(1, line)))
