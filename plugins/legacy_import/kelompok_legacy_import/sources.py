"""The tables of a source: a file of delimited text, the sheets of a workbook, or the files of a package or folder."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.contracts import (
    FOLDER_TYPE,
    PluginContext,
    Source,
    SourceBatch,
    iter_folder,
    read_folder_file,
)
from kelompok_core.plugin_kit.reading.archives import open_archive
from kelompok_core.plugin_kit.reading.delimited.opening import open_table
from kelompok_core.plugin_kit.reading.tables.batches import read_batches
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook
from kelompok_core.plugin_kit.reading.workbooks.tables import SheetTable, open_sheet, read_sheet
from kelompok_legacy_import.systems import load_systems

_TABULAR = (".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsm", ".ods")
_ZIP = b"PK\x03\x04"
_SHEETS = ("xl/workbook.xml", "content.xml", "[content_types].xml")
_MARKS = str.maketrans("", "", " -_./*#:\"'\t")


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """A table of a source.

    Attributes:
        file: The name of its file in the source, or of the source.
        sheet: The name of its sheet, or "".
        columns: Its columns.
        read: Yields its rows in batches; row numbers begin at 1.
    """

    file: str
    sheet: str
    columns: tuple[str, ...]
    read: Callable[[], Iterator[SourceBatch]]


def iter_tables(source: Source, context: PluginContext) -> Iterator[SourceTable]:
    """Yield the tables of a source, one at a time: each can be read until the next one is asked for.

    Raises:
        UnreadableSource: When the source, or a file in it that is a table by its name, cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="tables-", dir=context.workdir) as folder:
        for name, path in _files(source, Path(folder)):
            with _opened(name, path, context) as tables:
                yield from tables


def _files(source: Source, folder: Path) -> Iterator[tuple[str, Path]]:
    if source.media_type == FOLDER_TYPE:
        with source.path.open("rb") as packed:
            entries = [one for one in iter_folder(packed) if one.name.casefold().endswith(_TABULAR)]
            for number, entry in enumerate(entries):
                yield entry.name, _kept(folder, number, iter([read_folder_file(packed, entry)]))
        return
    with source.path.open("rb") as file:
        is_package = file.read(len(_ZIP)) == _ZIP
    if not is_package:
        yield source.file_name, source.path
        return
    with open_archive(source.path) as archive:
        if any(map(archive.has, _SHEETS)):
            yield source.file_name, source.path
            return
        for number, name in enumerate(archive.names):
            if name.casefold().endswith(_TABULAR):
                yield name, _kept(folder, number, archive.chunks(name))


def _kept(folder: Path, number: int, chunks: Iterator[bytes]) -> Path:
    """Write a file of a package to a folder, under a name of our own."""
    path = folder / f"table-{number}"
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    return path


@contextmanager
def _opened(name: str, path: Path, context: PluginContext) -> Iterator[Iterator[SourceTable]]:
    base = name.rpartition("/")[2]
    config = {key: value for key, value in context.config.items() if key == "encoding"}
    words = HeaderWords({column.translate(_MARKS) for system in load_systems() for kind in system.tables
                         for column in kind.columns})  # fmt: skip
    with open_workbook(path, context.workdir) as workbook:
        if workbook is not None:
            yield (
                _of_sheet(base, open_sheet(sheet, {}, words), context)
                for sheet in workbook.sheets
                if not sheet.is_hidden
            )
            return
    with open_table(path, config, words, max_columns=context.max_columns) as table:
        yield iter(
            [SourceTable(file=base, sheet="", columns=table.header.names, read=lambda: read_batches(table, context))]
        )


def _of_sheet(file: str, found: SheetTable, context: PluginContext) -> SourceTable:
    return SourceTable(
        file=file, sheet=found.sheet.name, columns=found.table.header.names, read=lambda: read_sheet(found, context)
    )
