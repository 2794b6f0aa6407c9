"""Batches of few rows, so that a short file has many."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kelompok_core.contracts import PluginContext
from kelompok_core.imports import reading


@contextmanager
def smaller_batches(rows: int) -> Iterator[None]:
    """Let plugins read so many rows at a time."""
    usual = reading.reading_context

    @contextmanager
    def sized(*arguments: Any, **more: Any) -> Iterator[PluginContext]:
        with usual(*arguments, **more) as context:
            yield replace(context, batch_size=rows)

    reading.reading_context = sized  # type: ignore[assignment]
    try:
        yield
    finally:
        reading.reading_context = usual
