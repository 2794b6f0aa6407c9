"""The log of a service: what our own programs say; of plugins and libraries where they said something, not what."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import TextIO

from kelompok_core.failures import trace_of

_OURS = ("kelompok_core", "kelompok_pipelines", "kelompok.access", "kelompok.api", "uvicorn", "dagster")
"""Loggers whose messages quote no row."""

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class ServiceFormatter(logging.Formatter):
    """One line a message; an error is told by its name and its frames, since what it says may quote a row."""

    def format(self, record: logging.LogRecord) -> str:
        """Return what is written of the record."""
        if record.name.startswith(_OURS):
            return super().format(record)
        return f"{record.levelname} of {record.name}, {record.filename}:{record.lineno}"

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 -- the name is logging's
        """Return where the error was raised."""
        error = ei[1]
        return "" if error is None else trace_of(error) or type(error).__name__


def log_without_values(stream: TextIO | None = None) -> None:
    """Let this process log so, to stderr by default; where somebody set up logging before, that stays."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(ServiceFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


@contextmanager
def nothing_printed() -> Iterator[None]:
    """Drop what is printed while this is entered: plugins print rows. Handlers that have their stream keep it."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
