"""The plugin's command: show how a file would be read."""

from collections.abc import Mapping
from typing import Any

from kelompok_core.contracts import CommandResult, PluginContext, preview
from kelompok_vcard_import.plugin import VCardImporter


class VCardCommands:
    """``show``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Show the columns with their fields, and the first cards.

        Raises:
            UnreadableSource: When the file cannot be read.
            ConfigurationError: When a setting is invalid.
        """
        del command
        entity, rows = str(arguments["entity"]), int(arguments["rows"])
        return preview(VCardImporter(), arguments["file"], context, entity=entity, rows=rows)
