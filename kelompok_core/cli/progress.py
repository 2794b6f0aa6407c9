"""A line on the terminal that moves while something runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kelompok_core.cli import output
from kelompok_core.cli.language import say
from kelompok_core.cli.visible_text import visible_streams

if TYPE_CHECKING:
    from kelompok_core.imports.workbench import Progress

_STEPS_OF_BACKUPS = {"check": "checking the file", "restore": "restoring", "files": "received files"}
"""All other steps are tables."""

_STEPS = {
    "wait": "waiting for a worker",
    "stage": "reading",
    "decide": "deciding",
    "apply": "writing",
    "enrich": "enriching",
}


@contextmanager
def progress_bar(*, as_json: bool) -> Iterator["Callable[[Progress], None]"]:
    """Show a line that moves, on a terminal; stay quiet in a pipe."""
    if as_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} " + say("rows")),
        TimeElapsedColumn(),
    )
    # Wrap the streams again inside the bar: it would otherwise interpret colour codes that others print.
    with Bar(*columns, console=output.console(errors=True), transient=True) as bar, visible_streams():
        task = bar.add_task(say("starting"), total=None)

        def tell(progress: "Progress") -> None:
            bar.update(task, description=say(_STEPS[progress.step]), completed=progress.rows)

        yield tell


@contextmanager
def bytes_bar(*, as_json: bool) -> Iterator["Callable[[str, int], None]"]:
    """Show progress in bytes on a terminal; print nothing in a pipe."""
    if as_json or not sys.stderr.isatty():
        yield lambda _step, _size: None
        return
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Bar(*columns, console=output.console(errors=True), transient=True) as bar:
        task = bar.add_task(say("starting"), total=None)

        def tell(step: str, size: int) -> None:
            bar.update(task, description=say(_STEPS_OF_BACKUPS.get(step, step)), completed=size)

        yield tell
