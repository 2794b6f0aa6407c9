"""The importer: one pass to find out the encoding, one to read, in batches."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice

from kelompok_core.contracts import (
    Issue,
    JsonValue,
    PluginContext,
    Severity,
    Source,
    SourceBatch,
    UnreadableSource,
)
from kelompok_csv_import.batches import complete, make_batch
from kelompok_csv_import.dialect import find_dialect
from kelompok_csv_import.encoding import find_decoding
from kelompok_csv_import.header import Header, name_columns
from kelompok_csv_import.records import Record, RecordReader


class CsvImporter:
    """Reads records from delimited text; what they are about does not matter here."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the file's records in batches; see the contract.

        Raises:
            UnreadableSource: ``file.empty``, ``file.encoding_unreadable``, ``row.quote_broken`` or
                ``header.too_many_columns``.
            ConfigurationError: When encoding or delimiter are set to what there is not.
        """
        config = context.config
        configured = config.get("encoding")
        decoding = find_decoding(source.path, str(configured) if configured else None)
        dialect = find_dialect(source.path, decoding.codec, config)
        reader = RecordReader(source.path, decoding.codec, dialect)
        issues = [decoding.issue] if decoding.issue else []
        read_as: dict[str, JsonValue] = {"encoding": decoding.shown, **dialect.to_json()}
        with closing(iter(reader)) as records:
            header, blank = _read_header(records, config)
            issues += header.issues
            max_cell_chars = int(str(config.get("max_cell_chars", 1_000_000)))
            first = 1
            while batch := list(islice(records, context.batch_size)):
                made = make_batch(batch, header.names, first, max_cell_chars)
                yield complete(made, read_as=read_as, issues=issues, blank_lines=blank)
                first, issues, blank = first + len(batch), [], 0
        if reader.blank_at_end or first == 1:
            made = make_batch([], header.names, first, max_cell_chars)
            yield complete(made, read_as=read_as, issues=issues, blank_lines=blank + reader.blank_at_end)


def _read_header(records: Iterator[Record], config: Mapping[str, JsonValue]) -> tuple[Header, int]:
    """Return the header and the blank lines before it, which dialects of odd files may leave."""
    first = next(records, None)
    if first is None:
        raise UnreadableSource(Issue(code="file.empty", severity=Severity.FATAL))
    limit = int(str(config.get("max_columns", 1_000)))
    if len(first.cells) > limit:
        params = {"found": len(first.cells), "limit": limit}
        raise UnreadableSource(
            Issue(code="header.too_many_columns", severity=Severity.FATAL, line=first.line, params=params)
        )
    return name_columns(first.cells, first.line), first.blank_before
