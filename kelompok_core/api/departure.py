"""Client disconnects: stop preparing the response, and cancel its database statements."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from threading import Lock

import psycopg
import sqlalchemy as sa
from psycopg.rows import TupleRow
from sqlalchemy.pool import ConnectionPoolEntry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kelompok_core.api.problems import ClientLeft

_CANCEL_SECONDS = 5.0
_READS = ("GET", "HEAD")

_WORK: ContextVar["Work | None"] = ContextVar("work", default=None)


class Work:
    """The database connections one request uses, in whichever thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connections: list[psycopg.Connection[TupleRow]] = []
        self._is_over = False

    def begin(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Register a connection the request uses.

        Raises:
            ClientLeft: When the client has disconnected.
        """
        with self._lock:
            if self._is_over:
                raise ClientLeft("the client disconnected")
            self._connections.append(connection)

    def end(self, connection: psycopg.Connection[TupleRow]) -> None:
        # Wait for a running cancel: it must not hit the next user of the connection.
        with self._lock:
            if connection in self._connections:
                self._connections.remove(connection)

    def stop(self) -> None:
        """Cancel the request's statements and refuse new ones."""
        with self._lock:
            self._is_over = True
            for connection in self._connections:
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=_CANCEL_SECONDS)


def watch_connections(engine: sa.Engine) -> None:
    """Track from now on which connections each request uses."""
    sa.event.listen(engine, "checkout", _on_checkout)
    sa.event.listen(engine, "checkin", _on_checkin)


def _on_checkout(driver: psycopg.Connection[TupleRow], record: ConnectionPoolEntry, _: object) -> None:
    work = _WORK.get()
    if work is not None:
        work.begin(driver)
        record.info["work"] = work


def _on_checkin(driver: psycopg.Connection[TupleRow], record: ConnectionPoolEntry) -> None:
    work: Work | None = record.info.pop("work", None)
    if work is not None:
        work.end(driver)


async def run_watched(app: ASGIApp, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
    """Run the app for a fully received request; when the client disconnects, cancel a read.

    A write runs to completion: it may be half done, and the caller cannot tell.
    """
    work, visit = Work(), _Visit(receive, send)
    token = _WORK.set(work)
    watching = asyncio.create_task(visit.watch(work.stop if scope["method"] in _READS else None))
    try:
        await app(scope, visit.replayed(body), visit.send)
    finally:
        _WORK.reset(token)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


class _Visit:
    """One exchange with a client: whether it has disconnected, and whether it has its response."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_answered = False
        self._left = asyncio.Event()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._is_answered = True
        await self._send(message)

    async def watch(self, stop: Callable[[], None] | None) -> None:
        """Wait until the client disconnects; call ``stop`` if it has no response yet."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left.set()
        if stop is not None and not self._is_answered:
            await asyncio.to_thread(stop)

    def replayed(self, body: bytes) -> Callable[[], Awaitable[Message]]:
        """Return a ``receive`` that replays the body, then reports the disconnect once it happens."""
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await self._left.wait()
            return {"type": "http.disconnect"}

        return receive
