"""The plugin's commands: show how a workbook is read, and list its sheets."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import pandas as pd

from kelompok_core.contracts import CommandResult, PluginContext, Source, preview
from kelompok_core.plugin_kit.reading.workbooks.opening import open_workbook
from kelompok_core.plugin_kit.reading.workbooks.sheets import Sheet
from kelompok_spreadsheet_import.plugin import SpreadsheetImporter

_CELLS = 6
_LONGEST = 60


class SpreadsheetCommands:
    """``show`` and ``sheets``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Run the named command.

        Raises:
            UnreadableSource: When the workbook cannot be read.
            ConfigurationError: When a setting is invalid for the workbook.
        """
        source: Source = arguments["file"]
        if command == "show":
            entity, rows = str(arguments["entity"]), int(arguments["rows"])
            return preview(SpreadsheetImporter(), source, context, entity=entity, rows=rows)
        return _list_sheets(source, context)


def _list_sheets(source: Source, context: PluginContext) -> CommandResult:
    with open_workbook(source.path, context.workdir) as workbook:
        if workbook is None:
            return CommandResult(text="This is text, not a workbook: it has no sheets.")
        rows = [_described(sheet) for sheet in workbook.sheets]
    columns = ["sheet", "state", "rows", "first cells"]
    return CommandResult(text=f"Read as: {workbook.kind}", tables={"Sheets": pd.DataFrame(rows, columns=columns)})


def _described(sheet: Sheet) -> tuple[str, str, int, str]:
    number, first = 0, ""
    for piece in sheet.read():
        number += len(piece.lines)
        if not first and piece.cells:
            first = " | ".join(islice((cell for cell in piece.cells[0] if cell), _CELLS))[:_LONGEST]
    return sheet.name, "hidden" if sheet.is_hidden else "visible", number, first
