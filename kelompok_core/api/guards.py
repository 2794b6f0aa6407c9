"""Middleware before the routes: limits rate, size and duration of requests, and sets response headers."""

import asyncio
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kelompok_core.api.caller import KnownKeys, Rates
from kelompok_core.api.departure import run_watched
from kelompok_core.api.options import ApiOptions
from kelompok_core.api.places import Places
from kelompok_core.api.problems import BodyTooLarge, BodyTooSlow, Internal, Malformed, WrongHost, answer
from kelompok_core.errors import KelompokError
from kelompok_core.http_safety import HEADERS, find_ambiguity

_LARGEST_SMALL_BODY = 64_000
"""Maximum size in bytes of a body that is not an upload."""

_SLOWEST_SMALL_BODY = 20.0
_LONGEST_SILENCE = 20.0
"""Maximum seconds between two chunks of an upload, so that slow clients cannot occupy all slots."""

_UNKNOWN_CALLER_SLOTS = 8
"""Concurrent requests of callers without a key, or with a key not yet seen to be valid."""

_GRACE_SECONDS = 10.0
"""Grace period in seconds before an upload must reach the minimum rate."""

_PATIENCE, _PATIENCE_OF_UPLOADS = 2.0, 5.0
"""Seconds a request waits for its slot."""

WORKING = "working"
"""Key in a request's state: the request is being processed, so its connection does not count as idle."""

_HEADERS = {
    **HEADERS,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

_access = logging.getLogger("kelompok.access")
_logger = logging.getLogger("kelompok.api")


class Responses:
    """Outermost middleware: gives each request an id and a log line, sets response headers, and hides internal errors.

    The log line contains the route's template and the key's id, but no address, query or name.
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
        except Exception as error:  # noqa: BLE001 -- nothing above may send it to the caller
            # Log where it happened, but not the message: it may quote data.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _logger.error("request %s: %s\n%s", request_id, type(error).__name__, frames)  # noqa: TRY400
            if status == 0:
                await answer(Internal("an internal error"))(scope, receive, send_with_headers)
        finally:
            line = {"request": request_id, "method": scope["method"], "route": _route(scope), "status": status,
                    "ms": round((monotonic() - started) * 1000, 1), "key": _key(scope)}  # fmt: skip
            _access.info(json.dumps(line))


def _route(scope: Scope) -> str | None:
    return getattr(scope.get("route"), "path", None)


def _key(scope: Scope) -> str | None:
    key_id = scope["state"].get("key_id")
    return None if key_id is None else str(key_id)


class Kind(Enum):
    """Cost class of a request: ``FREE`` costs nothing, ``HEAVY`` much, ``UPLOAD`` sends a file."""

    FREE = "free"
    USUAL = "usual"
    HEAVY = "heavy"
    UPLOAD = "upload"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sent a request, as far as known before authentication: the address, and a key seen to be valid before."""

    address: str
    token: str | None
    key_id: str | None

    @property
    def key(self) -> str:
        """The identity for per-key limits: the token sent, valid or not; without one the address."""
        return self.address if self.token is None else self.token

    @property
    def unknown_caller(self) -> str:
        """The identity of an unknown caller: one that sends a key does not share limits with those that send none."""
        return self.address if self.token is None else f"{self.address} with a key"


class Guards:
    """Enforces the limits before a request costs anything; unknown callers have the tighter ones."""

    def __init__(
        self, app: ASGIApp, options: ApiOptions, kind_of: Callable[[Scope], Kind], known: KnownKeys
    ) -> None:  # fmt: skip
        self._app = app
        self._options = options
        self._kind_of = kind_of
        self._known = known
        self._rates = Rates(options.rate_per_address)
        self._key_slots = Places(options.most_requests, "requests", most_each=options.most_requests_each)
        self._unknown_slots = Places(_UNKNOWN_CALLER_SLOTS, "requests", most_each=_UNKNOWN_CALLER_SLOTS // 2)
        self._heavy = Places(options.most_heavy, "costly requests", most_each=options.most_heavy_each)
        self._uploads = Places(options.most_uploads, "uploads", most_each=options.most_uploads_each)
        self._upload_addresses = Places(options.most_uploads, "uploads")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kind = self._kind_of(scope)
        try:
            if (why := find_ambiguity(scope)) is not None:
                raise Malformed(why, hint="Send a path without control characters, and one Content-Length.")
            self._check_host(Headers(scope=scope))
            await self._run(kind, self._count(scope), scope, receive, send)
        except KelompokError as error:
            refusal = answer(error)
            if kind is Kind.UPLOAD:
                refusal.headers["Connection"] = "close"  # the rest of the body is not read
            await refusal(scope, receive, send)

    def _count(self, scope: Scope) -> Sender:
        """Count the request against its key if that was valid before, else against its address.

        Requests without a valid key therefore do not use up the rate limit of valid keys at the same address.
        """
        sender = _sender(scope, self._known)
        if sender.key_id is None:
            self._rates.count(sender.unknown_caller)
        else:
            scope["state"]["key_id"] = sender.key_id
            self._known.rates.count(sender.key_id)
        return sender

    async def _run(self, kind: Kind, sender: Sender, scope: Scope, receive: Receive, send: Send) -> None:
        if kind is Kind.UPLOAD:
            await self._run_upload(sender, scope, receive, send)
            return
        body = await _read_small(scope, receive)
        scope["state"][WORKING] = True
        async with AsyncExitStack() as places:
            if kind is not Kind.FREE:
                pool = self._unknown_slots if sender.key_id is None else self._key_slots
                await places.enter_async_context(pool.taken(sender.key_id or sender.unknown_caller, patience=_PATIENCE))
            if kind is Kind.HEAVY and sender.key_id is not None:  # unknown callers already have few slots
                await places.enter_async_context(self._heavy.taken(sender.key_id))
            await run_watched(self._app, scope, body, receive, send)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in self._options.hosts:
            raise WrongHost("the Host header names another host", hint="Add it to KELOMPOK_API_HOSTS.")

    async def _run_upload(self, sender: Sender, scope: Scope, receive: Receive, send: Send) -> None:
        _require_length(scope, self._options.largest_body)
        scope["state"][WORKING] = True
        pools = [self._uploads.taken(sender.key, patience=_PATIENCE_OF_UPLOADS)]
        if sender.key_id is None:  # many tokens give one address no more slots
            pools.append(self._upload_addresses.taken(sender.address, patience=_PATIENCE_OF_UPLOADS))
        async with AsyncExitStack() as places:
            for pool in pools:
                await places.enter_async_context(pool)
            limits = _Limits(self._options.largest_body, self._options.slowest_body, self._options.least_rate)
            await self._app(scope, limits.wrap(receive), send)


class _Limits:
    """Limits the size and duration of a body and, after a grace period, requires ``least_rate`` bytes a second."""

    def __init__(self, largest: int, slowest: float, least_rate: int = 0) -> None:
        self._largest = largest
        self._size = 0
        self._began = monotonic()
        self._slowest = slowest
        self._least_rate = least_rate

    def _seconds_left(self) -> float:
        deadline = self._slowest
        if self._least_rate:
            deadline = min(deadline, _GRACE_SECONDS + self._size / self._least_rate)
        return min(_LONGEST_SILENCE, self._began + deadline - monotonic())

    def wrap(self, receive: Receive) -> Receive:
        async def limited() -> Message:
            message = await _in_time(receive(), self._seconds_left())
            self._size += len(message.get("body", b""))
            if self._size > self._largest:
                raise _too_large(self._largest)
            return message

        return limited


def _sender(scope: Scope, known: KnownKeys) -> Sender:
    scheme, _, sent = Headers(scope=scope).get("authorization", "").partition(" ")
    token = sent.strip() if scheme.lower() == "bearer" and sent.strip() else None
    key_id = None if token is None else known.find(token)
    address = scope["client"][0] if scope.get("client") else "unknown"
    return Sender(address=address, token=token, key_id=None if key_id is None else str(key_id))


async def _in_time(message: Awaitable[Message], seconds: float) -> Message:
    try:
        async with asyncio.timeout(seconds):
            return await message
    except TimeoutError as error:
        raise BodyTooSlow("the body did not arrive in time", hint="Send it again over a faster connection.") from error


def _require_length(scope: Scope, largest: int) -> None:
    length = Headers(scope=scope).get("content-length", "0")
    if length.isdecimal() and int(length) > largest:
        raise _too_large(largest)


def _too_large(largest: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"the body is larger than {largest:,} bytes", hint="Split the file, or ask the operator to import it."
    )


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
