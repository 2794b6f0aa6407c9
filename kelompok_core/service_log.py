"""Service logs: full messages of the core and of plugins; for libraries only the place that logged."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import TracebackType
from typing import TextIO

from kelompok_core.failures import trace_of

_OURS = (
    "kelompok_core", "kelompok_pipelines", "kelompok.access", "kelompok.api", "kelompok.plugin", "uvicorn", "dagster",
)  # fmt: skip
"""Loggers whose messages contain no row values. Those of plugins had them masked when they were received."""

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class ServiceFormatter(logging.Formatter):
    """One line per message. Errors show only class and frames, because their text may quote a row."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for the record."""
        if record.name.startswith(_OURS):
            return super().format(record)
        return f"{record.levelname} of {record.name}, {record.filename}:{record.lineno}"

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 -- the name is logging's
        """Return where the error was raised."""
        error = ei[1]
        return "" if error is None else trace_of(error) or type(error).__name__


def log_without_values(stream: TextIO | None = None) -> None:
    """Set up this logging, by default to stderr; keep an existing configuration."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(ServiceFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


@contextmanager
def nothing_printed() -> Iterator[None]:
    """Discard printed output during the block, because a library may print rows. Log handlers keep their streams."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
