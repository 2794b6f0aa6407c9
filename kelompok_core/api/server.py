"""Serving the API: one process, HTTP/1.1, patient for so long and no longer."""

import asyncio
import logging
from collections.abc import Callable

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from kelompok_core.api.app import make_app
from kelompok_core.api.options import ApiOptions, read_options
from kelompok_core.database.engine import open_database
from kelompok_core.imports.workbench import Workbench
from kelompok_core.running import running
from kelompok_core.service_log import log_without_values, nothing_printed
from kelompok_core.settings import Settings

_HEADER_SECONDS = 10.0
_LARGEST_HEADERS = 16 << 10
_MOST_CONNECTIONS = 500
_FAREWELL_SECONDS = 10


class HastyProtocol(H11Protocol):
    """HTTP/1.1 for those who send their headers in time; uvicorn itself waits for ever."""

    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._cut = self.loop.call_later(_HEADER_SECONDS, self._hang_up)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_complete = self.conn.their_state is not h11.IDLE
        if is_complete and self._cut is not None:
            self._cut.cancel()
            self._cut = None
        elif not is_complete and self._cut is None:
            self._cut = self.loop.call_later(_HEADER_SECONDS, self._hang_up)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def _hang_up(self) -> None:
        self.transport.close()


def serve(settings: Settings, *, host: str, port: int, tell: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Raises:
        SettingsError: When a setting of the API is wrong.
        DatabaseUnavailable: When there is no database.
    """
    options = read_options()
    database = open_database(settings, name="kelompok api")
    server = make_server(make_app(Workbench(database=database, settings=settings), options), options, host, port)
    _log_requests()
    tell(f"HTTP API: http://{host}:{port}  (documentation: /docs; Ctrl-C stops)")
    try:
        with running(settings, "serve"), nothing_printed():
            server.run()
    finally:
        database.dispose()


def make_server(app: ASGIApp, options: ApiOptions, host: str, port: int) -> uvicorn.Server:
    """Return the server of the application, not yet listening."""
    config = uvicorn.Config(
        app, host=host, port=port, http=HastyProtocol, ws="none", lifespan="off", log_config=None,
        access_log=False, server_header=False, limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LARGEST_HEADERS, timeout_graceful_shutdown=_FAREWELL_SECONDS,
        proxy_headers=bool(options.proxies), forwarded_allow_ips=list(options.proxies),
    )  # fmt: skip
    return uvicorn.Server(config)


def _log_requests() -> None:
    """One line a request, as JSON; and what goes wrong."""
    log_without_values()
    logging.getLogger("kelompok.access").setLevel(logging.INFO)
