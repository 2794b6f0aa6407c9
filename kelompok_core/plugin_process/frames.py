"""Messages between the core and a plugin's process: JSON and Arrow streams in length-prefixed frames over pipes."""

import json
import os
import select
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, TypeAlias

LARGEST_FRAME = 1 << 30
"""Limit in bytes of one message; a batch of two million short cells has less than a tenth of it."""

_MOST_PARTS = 64
_CHUNK = 1 << 20
_COUNT = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
_TICK_SECONDS = 1.0


Values: TypeAlias = Mapping[str, Any]
"""A JSON object to read."""

JsonObject: TypeAlias = dict[str, Any]


class Closed(Exception):
    """The other side closed the pipe, at the end of a message or within one."""


class Malformed(Exception):
    """The other side sent something that is no message."""


class Late(Exception):
    """No message came before the deadline."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message.

    Attributes:
        kind: What it is, such as ``call`` or ``batch``.
        values: Its JSON values.
        tables: Its tables, each as the bytes of an Arrow IPC stream.
    """

    kind: str
    values: Values
    tables: Sequence[bytes | bytearray | memoryview] = ()


class Channel:
    """The two pipes between the core and a plugin's process, seen from one side. Sending is safe from any thread."""

    def __init__(self, read_from: int, write_to: int) -> None:
        self._read_from = read_from
        self._write_to = write_to
        self._sending = Lock()

    def send(self, message: Message, *, seconds: float | None = None) -> None:
        """Send a message; wait while the other side does not read, for so many seconds or forever.

        Raises:
            Closed: When the other side closed its end.
            Late: When it did not read the message in time.
        """
        wait = _Waiting(seconds, None)
        if seconds is not None:
            os.set_blocking(self._write_to, False)
        text = json.dumps({"kind": message.kind, **message.values}).encode()
        parts = [text, *message.tables]
        head = _COUNT.pack(len(parts)) + b"".join(_LENGTH.pack(len(part)) for part in parts)
        with self._sending:
            for part in (head, *parts):
                self._write(memoryview(part).cast("B"), wait)

    def receive(self, *, seconds: float | None = None, on_tick: Callable[[], None] | None = None) -> Message:
        """Return the next message.

        Args:
            seconds: How long to wait for the whole message; None waits forever.
            on_tick: Called about once a second while waiting; it may raise.

        Raises:
            Closed: When the other side closed its end.
            Malformed: When it sent something else.
            Late: When the message did not arrive in time.
        """
        wait = _Waiting(seconds, on_tick)
        (count,) = _COUNT.unpack(self._read(_COUNT.size, wait))
        if not 1 <= count <= _MOST_PARTS:
            raise Malformed(f"a message with {count} parts")
        lengths = [_LENGTH.unpack(self._read(_LENGTH.size, wait))[0] for _ in range(count)]
        if sum(lengths) > LARGEST_FRAME:
            raise Malformed(f"a message of {sum(lengths)} bytes; the limit is {LARGEST_FRAME}")
        text, *tables = [self._read(length, wait) for length in lengths]
        try:
            values = json.loads(text)
            return Message(kind=str(values.pop("kind")), values=values, tables=tables)
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise Malformed(f"a message that is no JSON object ({type(error).__name__})") from error

    def close(self) -> None:
        """Close both pipes."""
        os.close(self._read_from)
        os.close(self._write_to)

    def _write(self, rest: memoryview, wait: "_Waiting") -> None:
        while rest:
            try:
                rest = rest[os.write(self._write_to, rest[:_CHUNK]) :]
            except BlockingIOError:
                wait.until_ready(self._write_to, select.POLLOUT)
            except BrokenPipeError as error:
                raise Closed from error

    def _read(self, size: int, wait: "_Waiting") -> bytearray:
        # Grows with what arrives, so that a false length costs no memory.
        content = bytearray()
        while len(content) < size:
            wait.until_ready(self._read_from, select.POLLIN | select.POLLHUP)
            chunk = os.read(self._read_from, min(_CHUNK, size - len(content)))
            if not chunk:
                raise Closed
            content += chunk
        return content


class _Waiting:
    """Waits for a pipe, for so many seconds or forever."""

    def __init__(self, seconds: float | None, on_tick: Callable[[], None] | None) -> None:
        self._deadline = None if seconds is None else monotonic() + seconds
        self._on_tick = on_tick

    def until_ready(self, descriptor: int, event: int) -> None:
        if self._deadline is None and self._on_tick is None:
            return  # reading and writing wait by themselves
        poll = select.poll()
        poll.register(descriptor, event)
        while not poll.poll(_TICK_SECONDS * 1000):
            self._require_time()
            if self._on_tick is not None:
                self._on_tick()
        self._require_time()  # also when there is always something to read

    def _require_time(self) -> None:
        if self._deadline is not None and monotonic() > self._deadline:
            raise Late
