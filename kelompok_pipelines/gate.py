"""Access control for Dagster's web interface, which has none of its own.

A web page can make its reader's browser send requests to this machine. So a request must name a configured host and
come from a page of this interface, and requests that change something must be JSON, which forms and links cannot send.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kelompok_core.access.ui_login import read_accounts
from kelompok_core.errors import SettingsError
from kelompok_core.http_safety import HEADERS, find_ambiguity
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.settings import Settings
from kelompok_pipelines.login import Busy, Login

HOST = "127.0.0.1"
"""Services listen on this machine only. The operator may put a proxy in front of them."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")
_ORIGIN = re.compile(r"https?://(?P<host>[^/]+)")
_JSON = "application/json"
_GRAPHQL = "/graphql"
_HEADERS = {
    **HEADERS,
    "Cross-Origin-Opener-Policy": "same-origin",
}


class _Ui(BaseModel):
    """``[ui]``: further host names of the interface, besides those of this machine."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hosts: list[str] = []


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The response to a refused request."""

    status: HTTPStatus
    reason: str
    headers: Mapping[str, str]


def read_hosts(settings: Settings) -> frozenset[str]:
    """Return the hosts of ``[ui]``. Setting any requires a password.

    Raises:
        SettingsError: When a host is invalid, or no password is set.
    """
    table = read_table("ui", _Ui, read_document(settings).get("ui", {}))
    hosts = [one.lower() for one in table.hosts]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise SettingsError("ui.hosts", f"{host!r} is not a host name", hint="Use a host such as ui.example.org.")
    if hosts and not read_accounts(settings):
        raise SettingsError(
            "ui.hosts", "hosts other than this machine require a password", hint="Set one: kelompok ui password"
        )
    return frozenset(hosts)


class Gate:
    """Middleware that refuses requests before they reach the application, and sets response headers."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], login: Login) -> None:
        self._app = app
        self._hosts = hosts
        self._names = LOOPBACK | {_name_of(one) for one in hosts}
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return
        refusal = await self._find_refusal(scope)
        answering = _with_headers(send) if scope["type"] == "http" else send
        if refusal is None:
            await self._app(scope, receive, answering)
        elif scope["type"] == "http":
            answer = PlainTextResponse(f"{refusal.reason}\n", refusal.status, dict(refusal.headers))
            await answer(scope, receive, answering)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # closed before it is accepted, so the status is 403

    async def _find_refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        refusal = self._check_origin(scope, headers) or await self._check_login(headers)
        if refusal is not None or scope["type"] == "websocket":
            return refusal
        return _check_method(scope, headers)

    def _check_origin(self, scope: Scope, headers: Headers) -> Refusal | None:
        if (why := find_ambiguity(scope)) is not None:
            return _refuse(HTTPStatus.BAD_REQUEST, f"The request is ambiguous: {why}.", {"Connection": "close"})
        host = _only(headers, "host")
        if host is None or _name_of(host) not in self._names:
            return _refuse(HTTPStatus.FORBIDDEN, "The Host header does not name this server; see [ui] hosts.")
        is_reading = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if _is_part_of_another_page(headers):
            return _refuse(HTTPStatus.FORBIDDEN, "The request comes from a page of another origin.")
        if not is_reading and headers.getlist("origin") and not self._is_own_origin(_only(headers, "origin"), host):
            return _refuse(HTTPStatus.FORBIDDEN, "The request comes from a page of another origin.")
        return None

    def _is_own_origin(self, origin: str | None, host: str) -> bool:
        """Whether a page belongs to this interface: its host is that of the request, or a configured one."""
        match = _ORIGIN.fullmatch(origin or "")
        return match is not None and match["host"] in {host, *self._hosts}

    async def _check_login(self, headers: Headers) -> Refusal | None:
        try:
            if await self._login.admits(_only(headers, "authorization")):
                return None
        except Busy:
            return _refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many concurrent logins.", {"Retry-After": "5"})
        challenge = {"WWW-Authenticate": 'Basic realm="Kelompok", charset="UTF-8"'}
        return _refuse(HTTPStatus.UNAUTHORIZED, "A name and a password are required.", challenge)


def _check_method(scope: Scope, headers: Headers) -> Refusal | None:
    if scope["method"] == "POST":
        media_type = (_only(headers, "content-type") or "").partition(";")[0].strip()
        if media_type != _JSON:
            return _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send {_JSON}.")
        return None
    if scope["method"] not in ("GET", "HEAD"):
        return _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "Use GET or POST.", {"Allow": "GET, HEAD, POST"})
    return _check_query(scope["query_string"], is_graphql=scope["path"].rstrip("/") == _GRAPHQL)


def _check_query(query_string: bytes, *, is_graphql: bool) -> Refusal | None:
    """Refuse GraphQL operations other than queries in URLs: a link or an image could send them to any path."""
    try:
        documents = [parse(one) for one in parse_qs(query_string.decode("latin-1")).get("query", ())]
    except (GraphQLError, RecursionError, ValueError) as error:
        if isinstance(error, GraphQLError) and not is_graphql:
            return None  # a search text on a page of the interface
        return _refuse(HTTPStatus.BAD_REQUEST, "The query is not valid GraphQL.")
    operations = (
        one for document in documents for one in document.definitions if isinstance(one, OperationDefinitionNode)
    )
    if all(one.operation is OperationType.QUERY for one in operations):
        return None
    return _refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"Send mutations by POST as {_JSON}.", {"Allow": "POST"})


def _is_part_of_another_page(headers: Headers) -> bool:
    """Whether a page of another site embeds this as an image, script or frame. Following a link there is allowed."""
    site, mode = _only(headers, "sec-fetch-site"), _only(headers, "sec-fetch-mode")
    return site in ("cross-site", "same-site") and (mode, _only(headers, "sec-fetch-dest")) != ("navigate", "document")


def _only(headers: Headers, name: str) -> str | None:
    """Return a header, in lower case except for credentials; None if it is missing or was sent more than once."""
    sent = headers.getlist(name)
    if len(sent) != 1:
        return None
    return sent[0] if name == "authorization" else sent[0].strip().lower()


def _name_of(host: str) -> str:
    match = _HOST.fullmatch(host)
    return match["name"] if match else ""


def _refuse(status: HTTPStatus, reason: str, headers: Mapping[str, str] | None = None) -> Refusal:
    return Refusal(status=status, reason=reason, headers=headers or {})


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            # Added to Dagster's own policy: browsers apply both.
            headers.append("Content-Security-Policy", "frame-ancestors 'none'")
        await send(message)

    return send_with_headers
