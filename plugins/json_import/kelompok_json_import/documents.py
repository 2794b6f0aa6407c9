"""The documents of a source: one file, or the files of a packed folder, each decoded strictly."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TextIO

from kelompok_core.contracts import (
    FOLDER_TYPE,
    FolderFile,
    Issue,
    Severity,
    Source,
    UnreadableSource,
    iter_folder,
    read_folder_file,
    require_decodable,
)

_ENDINGS = (".json", ".jsonld", ".geojson", ".ndjson", ".jsonl")
_MOST_BYTES = 64 << 20
"""The largest file in a folder, in bytes."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document.

    Attributes:
        name: Its path in the folder; "" when the source is a single file.
        text: Its text, at the beginning.
        has_lines: Whether its extension is that of JSON Lines.
    """

    name: str
    text: TextIO
    has_lines: bool


def iter_documents(source: Source) -> Iterator[Document]:
    """Yield the source's documents by name; ignores a packed folder's other files.

    Raises:
        UnreadableSource: ``file.encoding_unreadable``, ``file.record_too_large``, ``file.folder_damaged`` or
            ``file.folder_too_large``.
    """
    if source.media_type != FOLDER_TYPE:
        with source.path.open("rb") as file, _decoded(file, "") as text:
            yield Document(name="", text=text, has_lines=_has_lines(source.file_name))
        return
    with source.path.open("rb") as packed:
        files = [one for one in iter_folder(packed) if one.name.lower().endswith(_ENDINGS)]
        for one in sorted(files, key=lambda file: file.name):
            with _decoded(io.BytesIO(_content(packed, one)), one.name) as text:
                yield Document(name=one.name, text=text, has_lines=_has_lines(one.name))


def _content(packed: BinaryIO, file: FolderFile) -> bytes:
    if file.size > _MOST_BYTES:
        params = {"file": file.name, "line": 1, "limit": _MOST_BYTES}
        raise UnreadableSource(Issue(code="file.record_too_large", severity=Severity.FATAL, params=params))
    return read_folder_file(packed, file)


def _has_lines(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl"))


@contextmanager
def _decoded(file: BinaryIO, name: str) -> Iterator[TextIO]:
    encoding = json.detect_encoding(file.read(4))
    file.seek(0)
    require_decodable(file, encoding, file=name)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="\n")
    try:
        yield text
    finally:
        text.detach()
