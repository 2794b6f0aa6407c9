"""Rich's console without what could steer a terminal: no control characters, no markup in what it is given."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from kelompok_core.cli.visible_text import visible


class SafeConsole(Console):
    """Prints every text as it can be seen; only its own colours and moves reach the terminal."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False} | given)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of what is printed, their texts made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def show_usage_error(error: Any) -> int:
    """Print what Typer says of a wrong command line, which quotes what was typed; return the exit code."""
    from typer import rich_utils

    rich_utils.Console = SafeConsole  # type: ignore[attr-defined]
    rich_utils.rich_format_error(error)
    return int(error.exit_code)
