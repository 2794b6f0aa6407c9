"""Serves the API: one process, HTTP/1.1, with timeouts for slow clients."""

import asyncio
import logging
from collections.abc import Callable

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from kelompok_core.api.app import make_app
from kelompok_core.api.connections import Connections
from kelompok_core.api.guards import WORKING
from kelompok_core.api.options import ApiOptions, read_options
from kelompok_core.database.engine import open_database
from kelompok_core.installation import Installation
from kelompok_core.running import running
from kelompok_core.service_log import log_without_values, nothing_printed
from kelompok_core.settings import Settings
from kelompok_core.working_folders import temporary_files_at_home

_HEADER_SECONDS = 10.0
_LARGEST_HEADERS = 16 << 10
_STUCK_SECONDS = 20.0
"""Time after which the server disconnects a client that accepts no data."""

_SHUTDOWN_SECONDS = 10
_EXTRA_CONNECTIONS = 16
"""Extra database connections, beyond one per request with a key: for unknown callers, uploads and undos."""


_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
"""The response on a connection over the limit; its request is not read."""


class _Config(uvicorn.Config):
    """uvicorn's settings and the open connections."""

    connections: Connections


class TimeoutProtocol(H11Protocol):
    """HTTP/1.1 with timeouts for request headers and for slow readers; uvicorn itself waits forever."""

    address = ""
    has_key = False
    _cut: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete or not self.cycle.scope["state"].get(WORKING)

    def cut(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if not self._held.admit(self):
            transport.write(_FULL)
            transport.close()
            return
        self._cut = self.loop.call_later(_HEADER_SECONDS, self._hang_up)

    @property
    def _held(self) -> Connections:
        assert isinstance(self.config, _Config)  # noqa: S101 -- created below
        return self.config.connections

    def on_response_complete(self) -> None:
        self._held.touch(self)
        self.has_key = self.cycle.scope["state"].get("key_id") is not None
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:  # a refused upload is still arriving
            self._cut = self.loop.call_later(_HEADER_SECONDS, self._hang_up)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(_STUCK_SECONDS, self.cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete:
            return
        is_complete = self.conn.their_state is not h11.IDLE
        if is_complete and self._cut is not None:
            self._cut.cancel()
            self._cut = None
        elif not is_complete and self._cut is None:
            self._cut = self.loop.call_later(_HEADER_SECONDS, self._hang_up)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._cut, self._stuck):
            if timer is not None:
                timer.cancel()
        self._held.leave(self)
        super().connection_lost(exc)

    def _hang_up(self) -> None:
        self.transport.close()


def serve(settings: Settings, *, host: str, port: int, notify: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: When a setting of the API is wrong.
        DatabaseUnavailable: When there is no database.
    """
    options = read_options()
    # Each request holds at most one connection, an undo a second one.
    database = open_database(settings, name="kelompok api", most=options.most_requests + _EXTRA_CONNECTIONS)
    server = make_server(make_app(Installation(database=database, settings=settings), options), options, host, port)
    _log_requests()
    notify(f"HTTP API: http://{host}:{port}  (documentation: /docs; Ctrl-C stops)")
    try:
        with running(settings, "serve"), temporary_files_at_home(settings), nothing_printed():
            server.run()
    finally:
        database.dispose()


def make_server(app: ASGIApp, options: ApiOptions, host: str, port: int) -> uvicorn.Server:
    """Return the server of the application, not yet listening."""
    config = _Config(
        app, host=host, port=port, http=TimeoutProtocol, ws="none", lifespan="off", log_config=None,
        access_log=False, server_header=False,
        h11_max_incomplete_event_size=_LARGEST_HEADERS, timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        proxy_headers=bool(options.proxies), forwarded_allow_ips=list(options.proxies),
    )  # fmt: skip
    config.connections = Connections(options.most_connections, options.most_connections_each, options.proxies)
    return uvicorn.Server(config)


def _log_requests() -> None:
    """Log each request as a line of JSON, and errors."""
    log_without_values()
    logging.getLogger("kelompok.access").setLevel(logging.INFO)
