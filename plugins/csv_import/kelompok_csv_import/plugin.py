"""The importer: detects a file's table and reads it in batches."""

from collections.abc import Iterator

from kelompok_core.contracts import PluginContext, Source, SourceBatch
from kelompok_core.plugin_kit.reading.delimited.opening import open_table
from kelompok_core.plugin_kit.reading.tables.batches import read_batches
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords


class CsvImporter:
    """Reads records of any entity from delimited text."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the file's records in batches; see the contract.

        Raises:
            UnreadableSource: ``file.type_unsupported``, ``file.encoding_unreadable``, ``file.not_text`` or
                ``header.too_many_columns``.
            ConfigurationError: When a setting does not fit the file.
        """
        words = HeaderWords(context.header_words(context.entity) if context.entity else ())
        with open_table(source.path, context.config, words, max_columns=context.max_columns) as table:
            yield from read_batches(table, context)
