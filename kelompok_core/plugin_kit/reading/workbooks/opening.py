"""Opens a workbook of whatever format, which its bytes tell, not its name."""

import codecs
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from kelompok_core.plugin_kit.reading.archives import open_archive, refused
from kelompok_core.plugin_kit.reading.workbooks.html_tables import open_html
from kelompok_core.plugin_kit.reading.workbooks.opendocument import open_opendocument
from kelompok_core.plugin_kit.reading.workbooks.sheets import Workbook
from kelompok_core.plugin_kit.reading.workbooks.spreadsheetml import open_spreadsheetml
from kelompok_core.plugin_kit.reading.workbooks.xlsx import open_xlsx

_HEAD = 1 << 13
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK"
_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
"""Beginnings of workbooks without a container, as programs before 1995 wrote them."""
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}


@contextmanager
def open_workbook(path: Path, workdir: Path) -> Iterator[Workbook | None]:
    """Open a workbook; None if the file is no workbook but text.

    Args:
        path: The file.
        workdir: Where texts are kept while it is read.

    Raises:
        UnreadableSource: When it is damaged, protected or too large.
    """
    opened = _opened(path, workdir)
    if opened is None:
        yield None
        return
    with opened as workbook:
        yield workbook


def _opened(path: Path, workdir: Path) -> AbstractContextManager[Workbook] | None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ZIP):
        return _opened_package(path, workdir)
    if head.startswith((_OLE, *_BIFF)):
        from kelompok_core.plugin_kit.reading.workbooks.biff import open_biff

        return open_biff(path)
    text = _text_of(head)
    if "urn:schemas-microsoft-com:office:spreadsheet" in text:
        return open_spreadsheetml(path)
    if "<office:document" in text and "opendocument" in text:
        return open_opendocument(path, is_flat=True)
    return open_html(path) if any(tag in text.casefold() for tag in ("<html", "<table", "<!doctype html")) else None


def _opened_package(path: Path, workdir: Path) -> AbstractContextManager[Workbook]:
    with open_archive(path) as archive:
        is_opendocument = archive.has("content.xml")
        is_office = archive.has("[Content_Types].xml") or archive.has("xl/workbook.xml")
    if is_opendocument:
        return open_opendocument(path, is_flat=False)
    if not is_office:
        raise refused("file.workbook_damaged", place=path.name, problem="it has no sheets")
    return open_xlsx(path, workdir)


def _text_of(head: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "utf-8")
    return head.decode(encoding, errors="replace")
