"""Makes untrusted text safe for a terminal: shows control characters as escapes."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from kelompok_core.control_characters import STEERING

_STEERING = re.compile(f"[{STEERING}\ud800-\udfff]")  # and surrogates, which no stream can encode
_LAST_OF_LATIN = 0xFF


def visible(text: str) -> str:
    r"""Escape each character that could control a terminal, as ``\x1b`` or ``\u202e``; idempotent."""
    return _STEERING.sub(lambda found: _escape(ord(found[0])), text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= _LAST_OF_LATIN else f"\\u{code:04x}"


def visible_json(text: str) -> str:
    """Escape the same characters in JSON text as JSON escapes, so that its value stays the same."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class VisibleStream:
    """A stream that keeps everyone who prints (logs, warnings, plugins) from controlling the terminal.

    Attributes:
        rich_proxied_file: The underlying stream. Rich consoles write there, because their control codes are trusted.
    """

    def __init__(self, below: TextIO) -> None:
        self.rich_proxied_file = below

    def write(self, text: str) -> int:
        """Write a text; return its length."""
        self.rich_proxied_file.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def visible_streams() -> Iterator[None]:
    """Send all output through a :class:`VisibleStream`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = VisibleStream(before[0]), VisibleStream(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def data_stream() -> TextIO:
    """Return the stream for file content: unchanged to a program, with control characters escaped on a terminal."""
    if sys.stdout.isatty():
        return sys.stdout
    below: TextIO = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
    return below
