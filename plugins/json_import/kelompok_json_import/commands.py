"""The plugin's command: show how a source would be read."""

from collections.abc import Mapping
from typing import Any

from kelompok_core.contracts import CommandResult, PluginContext, preview
from kelompok_json_import.plugin import JsonImporter


class JsonCommands:
    """``show``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Show the shape, the columns with their fields, and the first records.

        Raises:
            UnreadableSource: When the source cannot be read.
            ConfigurationError: When a setting is invalid for the source.
        """
        del command
        entity, rows = str(arguments["entity"]), int(arguments["rows"])
        return preview(JsonImporter(), arguments["file"], context, entity=entity, rows=rows)
