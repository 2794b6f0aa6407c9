"""The plugin's commands: show how an export is read, and plan the imports of its tables."""

import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kelompok_core.contracts import CommandResult, PluginContext, Source, preview
from kelompok_legacy_import.plugin import LegacyImporter
from kelompok_legacy_import.sources import iter_tables
from kelompok_legacy_import.systems import recognize

_ORDER = ("organizations", "members", "posts", "events")


class LegacyCommands:
    """``show`` and ``plan``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Run the named command.

        Raises:
            UnreadableSource: When the export cannot be read.
        """
        source: Source = arguments["file"]
        if command == "show":
            entity, rows = str(arguments["entity"]), int(arguments["rows"])
            return preview(LegacyImporter(), source, context, entity=entity, rows=rows)
        return _plan(source, context)


def _plan(source: Source, context: PluginContext) -> CommandResult:
    rows, systems, entities = [], dict[str, None](), set[str]()
    for table in iter_tables(source, context):
        found = recognize(table.columns)
        name = f"{table.file} ({table.sheet})" if table.sheet else table.file
        if found is None:
            rows.append((name, "", "not recognized", ""))
            continue
        system, kind = found
        systems[system.name] = None
        entities |= set(kind.entities)
        rows.append((name, system.title, kind.name, ", ".join(one for one in _ORDER if one in kind.entities)))
    tables = {"Tables": pd.DataFrame(rows, columns=["file", "system", "table", "has"])}
    if not systems:
        return CommandResult(text="No table was recognized.", tables=tables, exit_code=1)
    commands = "\n".join(
        f"  kelompok plugin run legacy-import --job import-{entity} --profile legacy-import/{system} "
        f"--file {shlex.quote(source.file_name)}"
        for entity in _ORDER
        if entity in entities
        for system in systems
    )
    return CommandResult(text=f"Import it in this order:\n{commands}", tables=tables)
