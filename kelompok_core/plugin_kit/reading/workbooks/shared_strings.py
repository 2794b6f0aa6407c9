"""The shared strings of an .xlsx workbook: parsed as far as they are asked for, and kept in files, not in memory."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from kelompok_core.plugin_kit.reading.archives import refused
from kelompok_core.plugin_kit.reading.xml_stream import feed, local_name, make_parser

LONGEST_TEXT = 1_000_000
"""Characters; spreadsheets allow 32,767."""

_CHUNK = 1 << 16
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class SharedStrings:
    """Texts by their index.

    Args:
        chunks: The bytes of the part, or nothing if the workbook has none.
        folder: Where to keep the texts.
        part: The name of the part.
    """

    def __init__(self, chunks: Iterable[bytes], folder: Path, part: str) -> None:
        self._texts = _read_texts(chunks, part)
        self._folder = folder
        self._kept: list[pa.Array] = []
        self._first: list[str] = []
        """The first texts, as a list: small workbooks have no others."""
        self._number = 0
        self._part = part

    def get(self, indexes: Sequence[int]) -> Sequence[str]:
        """Return the texts of some indexes.

        Raises:
            UnreadableSource: ``file.workbook_damaged`` when there is no such text.
        """
        if not indexes:
            return []
        highest = max(indexes)
        while self._number <= highest and self._read_chunk():
            pass
        if highest >= self._number or min(indexes) < 0:
            raise refused("file.workbook_damaged", place=self._part, problem=f"there is no text {highest}")
        if highest < len(self._first):
            return [self._first[index] for index in indexes]
        return self._from_files(np.array(indexes, np.int64))

    def _from_files(self, indexes: np.ndarray) -> Sequence[str]:
        found: list[str] = [""] * len(indexes)
        chunk_of = indexes // _CHUNK
        for chunk in np.unique(chunk_of):
            places = np.flatnonzero(chunk_of == chunk)
            texts = self._kept[chunk].take(pa.array(indexes[places] - chunk * _CHUNK)).to_pylist()
            for place, text in zip(places.tolist(), texts, strict=True):
                found[place] = text
        return found

    def _read_chunk(self) -> bool:
        """Read the next texts; return False if there are no more."""
        texts = [text for _, text in zip(range(_CHUNK), self._texts, strict=False)]
        if not texts:
            return False
        if not self._kept:
            self._first = texts
        self._kept.append(_kept(texts, self._folder / f"texts-{len(self._kept)}.arrow"))
        self._number += len(texts)
        return True


def _kept(texts: Sequence[str], path: Path) -> pa.Array:
    """Write texts to a file and return them as an array that lies in the file."""
    batch = pa.record_batch([pa.array(texts, pa.large_string())], names=["text"])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    return pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0).column(0)


def _read_texts(chunks: Iterable[bytes], part: str) -> Iterator[str]:
    reader = TextParts()
    parser = make_parser()
    found: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        del attributes
        if local_name(name) == "si":
            reader.clear()
        else:
            reader.start(local_name(name))

    def end(name: str) -> None:
        if local_name(name) == "si":
            found.append(reader.text())
        else:
            reader.end(local_name(name))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = reader.add
    for _ in feed(parser, chunks, part=part):
        reader.require_short(part)
        yield from found
        found.clear()


class TextParts:
    """Collects the text of rich text: its runs, without phonetic hints."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_text = self._is_phonetic = False

    def clear(self) -> None:
        """Begin a new text."""
        self._parts.clear()
        self._is_text = self._is_phonetic = False

    def start(self, name: str) -> None:
        """Enter an element."""
        if name == "rPh":
            self._is_phonetic = True
        elif name == "t":
            self._is_text = not self._is_phonetic

    def end(self, name: str) -> None:
        """Leave an element."""
        if name == "rPh":
            self._is_phonetic = False
        elif name == "t":
            self._is_text = False

    def add(self, text: str) -> None:
        """Take characters, wherever they stand."""
        if self._is_text:
            self._parts.append(text)

    def text(self) -> str:
        """Return the text."""
        return unescape("".join(self._parts))

    def require_short(self, part: str) -> None:
        """Require that the text so far is not longer than a cell may be.

        Raises:
            UnreadableSource: ``file.text_too_long``.
        """
        require_short(self._parts, part)


def require_short(parts: Sequence[str], place: str) -> None:
    """Require that a text, in parts, is not longer than a cell may be.

    Raises:
        UnreadableSource: ``file.text_too_long``.
    """
    if sum(map(len, parts)) > LONGEST_TEXT:
        raise refused("file.text_too_long", place=place, limit=LONGEST_TEXT)


def unescape(text: str) -> str:
    """Return a text with escaped characters as they are: ``_x000D_`` is a carriage return."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
