"""The plugin's command: show how an export would be read."""

from collections.abc import Mapping
from typing import Any

from kelompok_core.contracts import CommandResult, PluginContext, preview
from kelompok_wordpress_import.plugin import WordpressImporter


class WordpressCommands:
    """``show``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Show the columns with their fields, and the first records.

        Raises:
            UnreadableSource: When the export cannot be read.
        """
        del command
        entity, rows = str(arguments["entity"]), int(arguments["rows"])
        return preview(WordpressImporter(), arguments["file"], context, entity=entity, rows=rows)
