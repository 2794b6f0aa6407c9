"""Detects a file's format from its first bytes, so that messages can name the plugin that reads it."""

import codecs
import re
import zlib
from dataclasses import dataclass

from kelompok_core.contracts import FOLDER_TYPE

HEAD_BYTES = 8_192
"""How many bytes of a file are inspected."""


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A file format.

    Attributes:
        called: Its name in a sentence, with an article.
        media_types: Its media types.
        reader: The plugin of this project that reads it, installed or not.
        advice: What to do if no plugin reads it.
    """

    called: str
    media_types: frozenset[str] = frozenset()
    reader: str | None = None
    advice: str = "Ask for the list as CSV or JSON, or save it in one of these formats."


WORKBOOK = FileFormat(
    called="a workbook",
    media_types=frozenset(
        {
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.ms-excel",
            "application/vnd.ms-excel.sheet.macroenabled.12",
            "application/vnd.oasis.opendocument.spreadsheet-flat-xml",
        }
    ),
    reader="spreadsheet-import",
    advice="Save its sheet as CSV (UTF-8).",
)
JSON = FileFormat(
    called="JSON",
    media_types=frozenset(
        {"application/json", "application/x-ndjson", "application/ld+json", "application/geo+json", "text/json"}
    ),
    reader="json-import",
)
DELIMITED = FileFormat(
    called="delimited text",
    media_types=frozenset({"text/csv", "text/tab-separated-values", "text/plain"}),
    reader="csv-import",
)
CALENDAR = FileFormat(
    called="a calendar (iCalendar)",
    media_types=frozenset({"text/calendar"}),
    reader="calendar-import",
    advice="Export its events as CSV, as Outlook and Google do.",
)
CONTACTS = FileFormat(
    called="address cards (vCard)",
    media_types=frozenset({"text/vcard", "text/x-vcard", "text/directory"}),
    reader="vcard-import",
    advice="Export the contacts as CSV.",
)
WEB_PAGE = FileFormat(
    called="a web page (HTML)",
    media_types=frozenset({"text/html", "application/xhtml+xml"}),
    reader="spreadsheet-import",
    advice="Open it in a spreadsheet and save it as CSV.",
)
XML = FileFormat(
    called="XML",
    media_types=frozenset({"application/xml", "text/xml", "application/rss+xml"}),
    reader="wordpress-import",
)
DATABASE = FileFormat(called="a database (SQLite)", advice="Export its table as CSV.")
PDF = FileFormat(called="a PDF", media_types=frozenset({"application/pdf"}))
DOCUMENT = FileFormat(called="a text document")
ARCHIVE = FileFormat(
    called="a packed file (ZIP)",
    media_types=frozenset({"application/zip"}),
    reader="legacy-import",
    advice="Unpack it, and import the files in it.",
)
PACKED = FileFormat(called="a compressed file (bzip2 or xz)", advice="Unpack it, and import the files in it.")
TAR = FileFormat(
    called="an archive (tar)",
    media_types=frozenset({FOLDER_TYPE}),
    reader="json-import",
    advice="Unpack it, and import the files in it.",
)
PICTURE = FileFormat(called="a picture")
FOLDER = FileFormat(
    called="a folder", media_types=frozenset({FOLDER_TYPE}), reader="json-import", advice="Give one of its files."
)

_BINARY = (
    (b"%PDF-", PDF),
    (b"SQLite format 3\0", DATABASE),
    (b"\x89PNG\r\n", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"GIF8", PICTURE),
    (b"\xfd7zXZ\0", PACKED),
    *((b"BZh%d1AY&SY" % level, PACKED) for level in range(1, 10)),
)
_TEXTUAL = (
    (re.compile(r"<!doctype html|<html|<table", re.IGNORECASE), WEB_PAGE),
    (re.compile(r"(?:<\?[^>]*>\s*)*<(?:Workbook|\w+:Workbook|office:document)\b"), WORKBOOK),
    (re.compile(r"<\?xml|<rss|<feed"), XML),
    (re.compile(r"BEGIN:V(?:CALENDAR|EVENT)\b", re.IGNORECASE), CALENDAR),
    (re.compile(r"BEGIN:VCARD\b", re.IGNORECASE), CONTACTS),
    (re.compile(r'\{\s*["}]|\[\s*[\[{"]'), JSON),
    (re.compile(r"[^\W\d_\"'][^\n{}\[\]]*[,;\t|][^\n]*(?:\n|$)"), DELIMITED),
)
"""The last pattern is a line that begins with a letter and has a delimiter, which JSON never does."""

_NAMED = (FOLDER, ARCHIVE, PDF, WORKBOOK, JSON, DELIMITED, CALENDAR, CONTACTS, WEB_PAGE, XML)
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_OLE, _ZIP, _GZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"\x1f\x8b"
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}


def find_format(head: bytes) -> FileFormat | None:
    """Return the format of a file that begins with these bytes; None if it is not clear."""
    if head.startswith(_GZIP):
        head = _unpacked(head)
    if head.startswith(_ZIP):
        return _format_of_zip(head)
    if head.startswith(_OLE):
        return DOCUMENT if "WordDocument".encode("utf-16-le") in head else WORKBOOK
    if head[_TAR_MARK_AT:].startswith(_TAR_MARK):
        return TAR
    known = next((form for start, form in _BINARY if head.startswith(start)), None)
    if known is not None:
        return known
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
    text = head.decode(encoding, errors="replace").lstrip()
    return next((form for pattern, form in _TEXTUAL if pattern.match(text)), None)


def format_of(media_type: str) -> FileFormat:
    """Return the format of a media type."""
    known = next((form for form in _NAMED if media_type in form.media_types), None)
    return known or FileFormat(called=media_type, media_types=frozenset({media_type}))


def _format_of_zip(head: bytes) -> FileFormat:
    if b"opendocument.spreadsheet" in head or re.search(rb"xl[/\\]", head, re.IGNORECASE):
        return WORKBOOK
    return DOCUMENT if b"word/" in head or b"opendocument.text" in head else ARCHIVE


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    except zlib.error:
        return head
