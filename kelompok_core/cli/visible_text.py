"""Text from anywhere made safe for a terminal: what would steer it is shown as an escape."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# Controls but for tab and line feed, what turns the direction of writing, and halves of surrogate pairs.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LAST_OF_LATIN = 0xFF


def visible(text: str) -> str:
    r"""Return a text with each character that could steer a terminal as ``\x1b`` or ``\u202e``; twice is as once."""
    return _STEERING.sub(lambda found: _escape(ord(found[0])), text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= _LAST_OF_LATIN else f"\\u{code:04x}"


def visible_json(text: str) -> str:
    """Return a text of JSON with the same characters escaped as JSON does, so that it still says the same."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class VisibleStream:
    """A stream on which nothing steers the terminal, whoever prints: a log, a warning, a plugin.

    Attributes:
        rich_proxied_file: The stream below. Rich's consoles write there: their colours are ours.
    """

    def __init__(self, below: TextIO) -> None:
        self.rich_proxied_file = below

    def write(self, text: str) -> int:
        """Write a text, and return how long it is."""
        self.rich_proxied_file.write(visible(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def visible_streams() -> Iterator[None]:
    """Let all that is printed go through a :class:`VisibleStream`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = VisibleStream(before[0]), VisibleStream(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def data_stream() -> TextIO:
    """Return where a file's content goes: to a program exactly as it is, to a terminal made visible."""
    if sys.stdout.isatty():
        return sys.stdout
    below: TextIO = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
    return below
