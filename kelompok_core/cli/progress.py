"""Progress bars on the terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kelompok_core.cli import output
from kelompok_core.cli.language import translate
from kelompok_core.cli.visible_text import visible_streams

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from kelompok_core.installation import Progress

_STEPS_OF_BACKUPS = {"check": "checking the file", "restore": "restoring", "files": "received files"}
"""Steps of backups with a text of their own; all other steps are names of tables."""

_STEPS = {
    "wait": "waiting for a worker",
    "stage": "reading",
    "decide": "deciding",
    "apply": "writing",
    "enrich": "enriching",
}


@contextmanager
def progress_bar(*, as_json: bool) -> Iterator["Callable[[Progress], None]"]:
    """Show progress in rows on a terminal; print nothing in a pipe."""
    if not _is_shown(as_json=as_json):
        yield lambda _: None
        return
    from rich.progress import TextColumn

    with _bar(TextColumn("{task.completed:,} " + translate("rows"))) as show:
        yield lambda progress: show(_STEPS[progress.step], progress.rows)


@contextmanager
def bytes_bar(*, as_json: bool) -> Iterator["Callable[[str, int], None]"]:
    """Show progress in bytes on a terminal; print nothing in a pipe."""
    if not _is_shown(as_json=as_json):
        yield lambda _step, _size: None
        return
    from rich.progress import DownloadColumn

    with _bar(DownloadColumn()) as show:
        yield lambda step, size: show(_STEPS_OF_BACKUPS.get(step, step), size)


def _is_shown(*, as_json: bool) -> bool:
    return not as_json and sys.stderr.isatty()


@contextmanager
def _bar(amount: "ProgressColumn") -> Iterator[Callable[[str, int], None]]:
    """Provide a function that shows a step and its amount done, which ``amount`` formats."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeElapsedColumn())
    # Wrap the streams again inside the bar: it would otherwise interpret colour codes that others print.
    with Bar(*columns, console=output.console(errors=True), transient=True) as bar, visible_streams():
        task = bar.add_task(translate("starting"), total=None)
        yield lambda step, done: bar.update(task, description=translate(step), completed=done)
