"""A Rich console that cannot be abused to control the terminal: it escapes control characters and markup."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from typer import TyperException

from kelompok_core.cli.visible_text import visible


class SafeConsole(Console):
    """Makes every text visible; only its own control codes reach the terminal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False} | options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments to print, with their texts made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def show_usage_error(error: TyperException) -> int:
    """Print Typer's usage error, which quotes user input; return the exit code."""
    from typer import rich_utils

    # Typer writes markup of its own, and escapes what it quotes.
    rich_utils.Console = partial(SafeConsole, markup=True)  # type: ignore[assignment, attr-defined]
    rich_utils.rich_format_error(error)  # type: ignore[arg-type]  # its annotation is a private subclass
    return error.exit_code
