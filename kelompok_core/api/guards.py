"""What stands before the routes: rates, sizes and times of requests, and headers of answers. Knows no import."""

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kelompok_core.api.caller import Rates
from kelompok_core.api.options import ApiOptions
from kelompok_core.api.problems import BodyTooLarge, BodyTooSlow, Internal, TooManyRequests, WrongHost, answer
from kelompok_core.errors import KelompokError

_LARGEST_SMALL_BODY = 64_000
"""Bytes of a body that is no file."""

_SLOWEST_SMALL_BODY = 20.0
_LONGEST_SILENCE = 20.0
"""Seconds between two pieces of a file; many clients that send a byte now and then would hold everything."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

_access = logging.getLogger("kelompok.access")
_logger = logging.getLogger("kelompok.api")


class Answering:
    """Outermost: gives each request an id and a line in the log, each answer its headers, and keeps faults inside.

    The line has the route's template and the key's id: no address, no query, no name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, started, status = uuid4().hex, monotonic(), 0
        scope.setdefault("state", {})

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 -- the last one who can keep it from the caller
            # Where it happened, not what it says: that may quote the data.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("request %s: %s\n%s", request_id, type(error).__name__, frames)  # noqa: TRY400
            if status == 0:
                await answer(Internal("a fault"))(scope, receive, send_with_headers)
        finally:
            line = {"request": request_id, "method": scope["method"], "route": _route(scope), "status": status,
                    "ms": round((monotonic() - started) * 1000, 1), "key": _key(scope)}  # fmt: skip
            _access.info(json.dumps(line))


def _route(scope: Scope) -> str | None:
    return getattr(scope.get("route"), "path", None)


def _key(scope: Scope) -> str | None:
    key_id = scope["state"].get("key_id")
    return None if key_id is None else str(key_id)


class Guards:
    """Refuses what is too much before anything costly is done for it."""

    def __init__(self, app: ASGIApp, options: ApiOptions, is_upload: Callable[[Scope], bool]) -> None:
        self._app = app
        self._options = options
        self._is_upload = is_upload
        self._rates = Rates(options.rate_per_address)
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_host(Headers(scope=scope))
            self._rates.count(scope["client"][0] if scope.get("client") else "unknown")
            if self._is_upload(scope):
                await self._let_upload(scope, receive, send)
            else:
                body = await _read_small(scope, receive)
                await self._app(scope, _replay(body, receive), send)
        except KelompokError as error:
            await answer(error)(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in self._options.hosts:
            raise WrongHost("the Host header is none of this server's names", hint="See KELOMPOK_API_HOSTS.")

    async def _let_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._uploads >= self._options.most_uploads:
            raise TooManyRequests(f"{self._uploads} files are coming in already", wait=5, hint="Try again soon.")
        _require_length(scope, self._options.largest_body)
        self._uploads += 1
        try:
            limits = _Limits(self._options.largest_body, self._options.slowest_body)
            await self._app(scope, limits.wrap(receive), send)
        finally:
            self._uploads -= 1


class _Limits:
    """Counts what comes in, in bytes and seconds."""

    def __init__(self, largest: int, slowest: float) -> None:
        self._largest = largest
        self._size = 0
        self._deadline = monotonic() + slowest

    def wrap(self, receive: Receive) -> Receive:
        async def limited() -> Message:
            message = await _in_time(receive(), min(_LONGEST_SILENCE, self._deadline - monotonic()))
            self._size += len(message.get("body", b""))
            if self._size > self._largest:
                raise _too_large(self._largest)
            return message

        return limited


async def _in_time(message: Awaitable[Message], seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            return await message
    except TimeoutError as error:
        raise BodyTooSlow("the body did not arrive in time", hint="Send it again over a better connection.") from error


def _require_length(scope: Scope, largest: int) -> None:
    length = Headers(scope=scope).get("content-length", "0")
    if length.isdecimal() and int(length) > largest:
        raise _too_large(largest)


def _too_large(largest: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {largest:,} bytes", hint="Split it, or let the operator import it.")


async def _read_small(scope: Scope, receive: Receive) -> bytes:
    _require_length(scope, _LARGEST_SMALL_BODY)
    limited = _Limits(_LARGEST_SMALL_BODY, _SLOWEST_SMALL_BODY).wrap(receive)
    body, more = b"", True
    while more:
        message = await limited()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a body that was read as the app expects it, then what comes after it."""
    waiting: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
