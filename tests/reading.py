"""Helpers of the tests of readers: sources from bytes, and all batches as one table."""

import tracemalloc
from itertools import count

import pandas as pd

from kelompok_core.contracts import PluginContext, Source, SourceBatch, location_table, text_table
from kelompok_core.imports.shared.columns import header_words
from kelompok_core.imports.staging.likely_columns import judge_columns


class Read:
    """Everything that a reader returned for a source."""

    def __init__(self, batches):
        self.batches = batches
        self.cells = pd.concat([batch.cells for batch in batches], ignore_index=True)
        self.locations = pd.concat([batch.locations for batch in batches], ignore_index=True)
        self.issues = pd.concat([batch.issues for batch in batches], ignore_index=True)
        self.read_as = dict(batches[-1].read_as)
        self.blank_lines = sum(batch.blank_lines for batch in batches)

    @property
    def rows(self):
        return [[None if pd.isna(cell) else cell for cell in row] for row in self.cells.itertuples(index=False)]

    @property
    def records(self):
        """Each row as a mapping of its present cells."""
        return [
            {name: cell for name, cell in zip(self.cells.columns, row, strict=True) if cell is not None}
            for row in self.rows
        ]

    @property
    def codes(self):
        return list(self.issues["code"])

    @property
    def lines(self):
        return list(self.locations["line"])

    def said(self, code):
        """Return line, column, value and facts of each issue with this code."""
        rows = self.issues[self.issues["code"] == code]
        return list(zip(rows["line"], rows["column"], rows["value"], rows["params"], strict=True))


def source_of(path, *, name=None, media_type="text/csv"):
    """Return a file as the host passes it to a reader."""
    return Source(
        path=path, file_name=name or path.name, media_type=media_type, sha256="0" * 64, size=path.stat().st_size
    )


class Bytes:
    """Makes sources from bytes or text, in its own folder."""

    def __init__(self, folder):
        self._folder = folder
        self._numbers = count()

    def source(self, content, name, media_type):
        path = self._folder / f"{next(self._numbers)}-{name}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return source_of(path, name=name, media_type=media_type)


def read_with(importer, source, *, batch_size=10_000, columns=(), entity=None, **config):
    """Return everything that a reader returns for a source; with an entity, it knows the entity's header words."""
    context = PluginContext(
        config=config, batch_size=batch_size, columns=columns, entity=entity, header_words=header_words
    )
    return Read(list(importer.read(source, context)))


def host_context(folder, *, entity, **further):
    """Return a context that judges columns as the host does, with a working folder."""
    return PluginContext(
        entity=entity,
        workdir=folder,
        header_words=header_words,
        judge_columns=lambda kind, cells: judge_columns(kind, cells, {}),
        **further,
    )


def peak_memory(importer, path, *, batch_size=500):
    """Return the peak of Python's memory, in bytes, while a reader reads a file batch by batch."""
    tracemalloc.start()
    try:
        for _ in importer.read(
            source_of(path, media_type="application/octet-stream"), PluginContext(batch_size=batch_size)
        ):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def normalized(normalizer, fields, columns):
    """Return a normalizer's result for columns of cells; ``fields`` maps columns to fields."""
    size = len(next(iter(columns.values())))
    batch = SourceBatch(
        cells=text_table(columns),
        locations=location_table(range(1, size + 1), lines=range(2, size + 2), selectors=[""] * size),
    )
    context = PluginContext(
        entity="organizations", map_headers=lambda _, names: {name: fields.get(name, name) for name in names}
    )
    return normalizer.normalize(batch, context)
