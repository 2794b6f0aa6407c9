"""The plugin's commands: show how a file is read, or convert it to plain CSV."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kelompok_core.contracts import CommandResult, PluginContext, Source, preview
from kelompok_core.plugin_kit.reading.delimited.opening import open_table
from kelompok_core.plugin_kit.reading.tables.header_words import HeaderWords
from kelompok_csv_import.plugin import CsvImporter


class CsvCommands:
    """``show`` and ``convert``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Run the named command.

        Raises:
            UnreadableSource: When the file cannot be read.
            ConfigurationError: When a setting is invalid for the file.
        """
        source: Source = arguments["file"]
        if command == "show":
            entity, rows = str(arguments["entity"]), int(arguments["rows"])
            return preview(CsvImporter(), source, context, entity=entity, rows=rows)
        return _convert(source, Path(str(arguments["to"])), context)


def _convert(source: Source, target: Path, context: PluginContext) -> CommandResult:
    written = 0
    with (
        open_table(
            source.path, context.config, HeaderWords(), max_columns=context.max_columns, keeps_footer=True
        ) as table,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\r\n")
        if table.header.written:
            writer.writerow(table.header.written)
        while records := table.reader.read(10_000):
            writer.writerows(records.cells.rows)
            written += len(records)
    return CommandResult(text=f"{written} records written to {target}.")
