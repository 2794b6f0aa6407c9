"""The importer: opens a workbook, chooses its sheets and reads them in batches."""

from collections.abc import Iterator

from kelompok_core.contracts import PluginContext, Source, SourceBatch
from kelompok_core.plugin_kit.reading.delimited.opening import open_table
from kelompok_core.plugin_kit.reading.tables.batches import read_batches
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_core.plugin_kit.reading.workbooks.choosing import read_workbook
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook


class SpreadsheetImporter:
    """Reads records of any entity from a sheet, or from several sheets with one header."""

    def read(self, source: Source, context: PluginContext) -> Iterator[SourceBatch]:
        """Yield the records in batches; see the contract.

        Raises:
            UnreadableSource: When the workbook is damaged, protected or too large, or when a sheet has to be chosen.
            ConfigurationError: When a setting does not fit the workbook.
        """
        words = HeaderWords(context.header_words(context.entity) if context.entity else ())
        with open_workbook(source.path, context.workdir) as workbook:
            if workbook is not None:
                yield from read_workbook(workbook, context, words)
                return
        # Many programs name text .xls, so that spreadsheets open it.
        with open_table(source.path, context.config, words, max_columns=context.max_columns) as table:
            yield from read_batches(table, context)
