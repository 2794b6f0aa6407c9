"""Small batches, so that a short file has many."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kelompok_core.contracts import PluginContext
from kelompok_core.imports.staging import plugin_reading, reused_files


@contextmanager
def smaller_batches(rows: int) -> Iterator[None]:
    """Set the batch size of plugins, and of rows copied from an earlier import."""
    usual, usually_taken = plugin_reading.reading_context, reused_files.WINDOW_ROWS

    def sized(*arguments: Any, **more: Any) -> PluginContext:
        return replace(usual(*arguments, **more), batch_size=rows)

    plugin_reading.reading_context = sized  # type: ignore[assignment]
    reused_files.WINDOW_ROWS = rows
    try:
        yield
    finally:
        plugin_reading.reading_context = usual
        reused_files.WINDOW_ROWS = usually_taken
