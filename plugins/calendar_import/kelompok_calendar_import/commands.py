"""The plugin's command: show how a file would be read."""

from collections.abc import Mapping
from typing import Any

from kelompok_calendar_import.plugin import CalendarImporter
from kelompok_core.contracts import CommandResult, PluginContext, preview


class CalendarCommands:
    """``show``."""

    def run_command(self, command: str, arguments: Mapping[str, Any], context: PluginContext) -> CommandResult:
        """Show the columns with their fields, and the first events.

        Raises:
            UnreadableSource: When the file cannot be read.
            ConfigurationError: When a setting is invalid.
        """
        del command
        rows = int(arguments["rows"])
        return preview(CalendarImporter(), arguments["file"], context, entity="events", rows=rows)
