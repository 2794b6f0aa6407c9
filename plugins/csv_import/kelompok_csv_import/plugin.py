"""The importer: detects a file's table and reads it in batches."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from kelompok_core.contracts import JsonValue, PluginContext, Source, SourceBatch, issue_table, no_records
from kelompok_csv_import.batches import BatchMaker
from kelompok_csv_import.header_words import HeaderWords
from kelompok_csv_import.reading import open_table


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
            maker = BatchMaker(table.header.names, width=table.header.width, delimiter=table.delimiter)
            passed = table.reader.passed
            issues, blank, is_first = list(table.issues), 0, True
            rows = context.rows_that_fit(len(table.header.names))
            while True:
                records = table.reader.read(rows)
                if not records:
                    issues += [*passed.issues(), *([no_records()] if is_first and table.header.names else ())]
                if records or issues or passed.blank > blank or is_first:
                    batch = maker.make(records)
                    yield replace(
                        batch,
                        issues=_together(issue_table(issues), batch.issues),
                        read_as=dict[str, JsonValue](table.read_as),
                        blank_lines=passed.blank - blank,
                    )
                if not records:
                    return
                issues, blank, is_first = [], passed.blank, False


def _together(about_file: pd.DataFrame, about_rows: pd.DataFrame) -> pd.DataFrame:
    tables = [table for table in (about_file, about_rows) if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else about_rows
