"""Errors over HTTP: the status and the code of each, in one table, and the body that tells of it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from kelompok_core import errors
from kelompok_core.errors import DatabaseUnavailable, KelompokError, UsageError
from kelompok_core.failures import explain

_logger = logging.getLogger(__name__)


class NoValidKey(KelompokError):
    code = "key.invalid"


class Malformed(UsageError):
    """Ambiguous HTTP: a proxy could read the request differently from this server."""

    code = "request.improper"


class WrongHost(UsageError):
    code = "host.unknown"


class BodyTooLarge(UsageError):
    code = "body.too_large"


class BodyTooSlow(UsageError):
    code = "body.too_slow"


class MediaTypeRefused(UsageError):
    code = "media_type.unsupported"


class _Later(KelompokError):
    """An error that passes; ``wait`` is in seconds."""

    def __init__(self, message: str, *, wait: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.headers = {"Retry-After": str(wait)}


class TooManyRequests(_Later):
    """More than the rate allows."""

    code = "rate.exceeded"


class NotReady(KelompokError):
    code = "not_ready"


class Busy(_Later):
    """Other callers use all slots; ``wait`` is in seconds."""

    code = "server.busy"


class ClientLeft(KelompokError):
    """The client disconnected: the server starts no further work for it, and nobody reads this error."""

    code = "client.left"


class Internal(KelompokError):
    code = "internal"


@dataclass(frozen=True, kw_only=True)
class Status:
    """What an error is over HTTP.

    Attributes:
        status: The status.
        meaning: When it is given.
        headers: What goes with it.
        says: What is told instead of the error's own words, where those are the operator's: hosts, programs, settings.
    """

    status: int
    meaning: str
    headers: Mapping[str, str] = field(default_factory=dict)
    says: str | None = None


_WRONG_REQUEST = Status(status=422, meaning="The request cannot be carried out as it is; the message says why.")
_LATER = {"Retry-After": "10"}
_NO_MORE = {"Connection": "close"}  # the rest of the body is not read

STATUSES: Mapping[type[KelompokError], Status] = {
    errors.UsageError: _WRONG_REQUEST,
    errors.SettingsError: Status(
        status=500,
        meaning="A setting of this installation is wrong; its operator must act.",
        says="a setting of this installation is wrong",
    ),
    errors.GivenSettingWrong: _WRONG_REQUEST,
    errors.NotFound: Status(status=404, meaning="There is none, or not for this key."),
    errors.ErrorFileAwaited: Status(
        status=404,
        meaning="The error file is not written yet, or is outdated; try again after Retry-After.",
        headers={"Retry-After": "2"},
    ),
    errors.ErrorFileFailed: Status(status=409, meaning="The error file could not be written; the message says why."),
    errors.Conflict: Status(status=409, meaning="Not as things stand: what is not applied cannot be undone."),
    errors.KeyReused: Status(status=422, meaning="The Idempotency-Key was used for another file or other options."),
    errors.QueueFull: Status(
        status=429, meaning="Ten imports of the organization wait already; Retry-After.", headers=_LATER
    ),
    errors.NotPermitted: Status(status=403, meaning="The key, or its user, may not do this."),
    errors.PluginUnavailable: Status(status=422, meaning="The plugin is not enabled, or not in order."),
    errors.DatabaseUnavailable: Status(
        status=503,
        meaning="The database does not answer; try again after Retry-After.",
        headers=_LATER,
        says="the database does not answer",
    ),
    errors.StorageUnavailable: Status(
        status=503,
        meaning="The file cannot be kept at the moment; try again after Retry-After.",
        headers=_LATER,
        says="the file cannot be kept at the moment",
    ),
    errors.MemoryExceeded: Status(status=409, meaning="The import needed more memory than it may use."),
    errors.BackupDamaged: Status(status=409, meaning="A backup is damaged; no API route restores backups."),
    errors.ImportFailed: Status(status=409, meaning="The import stopped; nothing of it was applied."),
    errors.TakenOver: Status(status=409, meaning="It was cancelled meanwhile, or a worker went on with it."),
    errors.EnrichmentFailed: Status(status=409, meaning="An enricher stopped."),
    NoValidKey: Status(
        status=401,
        meaning="No key was sent, or one that is unknown, revoked or expired.",
        headers={"WWW-Authenticate": 'Bearer realm="kelompok"'},
    ),
    Malformed: Status(
        status=400, meaning="The path has control characters, or the body has two lengths.", headers=_NO_MORE
    ),
    WrongHost: Status(status=400, meaning="The Host header is none of this server's names."),
    BodyTooLarge: Status(status=413, meaning="The body is larger than this server takes.", headers=_NO_MORE),
    BodyTooSlow: Status(status=408, meaning="The body did not arrive in time.", headers=_NO_MORE),
    MediaTypeRefused: Status(status=415, meaning="No plugin reads this kind of file, or it came packed."),
    TooManyRequests: Status(status=429, meaning="Too many requests; Retry-After says when to go on.", headers=_LATER),
    NotReady: Status(
        status=503, meaning="Imports cannot run now; a key that may read all imports gets the reason.", headers=_LATER
    ),
    Busy: Status(
        status=503, meaning="The server is at its concurrency limit; try again after Retry-After.", headers=_LATER
    ),
    ClientLeft: Status(status=400, meaning="The client disconnected before the response; nobody sees this."),
    Internal: Status(status=500, meaning="A fault of ours.", says="something went wrong here"),
}

REQUEST_INVALID, REQUEST_MALFORMED = "request.invalid", "request.malformed"
ROUTE_UNKNOWN, METHOD_NOT_ALLOWED = "route.unknown", "method.not_allowed"
OF_THE_REQUEST: Mapping[str, Status] = {
    REQUEST_INVALID: Status(status=422, meaning="The request is not as documented; details.fields says where."),
    REQUEST_MALFORMED: Status(status=400, meaning="The request is not valid HTTP, JSON or multipart."),
    ROUTE_UNKNOWN: Status(status=404, meaning="There is no such address."),
    METHOD_NOT_ALLOWED: Status(status=405, meaning="The address has no such method."),
}

_BY_STATUS = {one.status: code for code, one in OF_THE_REQUEST.items()}


class FieldProblem(BaseModel):
    """What is wrong with one parameter, or one member of the body."""

    where: str = Field(examples=["query.mode"])
    message: str = Field(examples=["Input should be 'dry_run' or 'apply'"])


class ProblemDetails(BaseModel):
    """What more there is to say."""

    hint: str | None = Field(default=None, description="What to do.", examples=["Try again when some are done."])
    fields: list[FieldProblem] = Field(default=[], description="What is wrong with the request itself.")


class ProblemBody(BaseModel):
    """What went wrong."""

    code: str = Field(description="Stable; see the list of codes.", examples=["queue.full"])
    message: str = Field(description="For people; may change.", examples=["10 imports wait already"])
    details: ProblemDetails


class Problem(BaseModel):
    """The body of every answer that is no success."""

    error: ProblemBody


def may_answer(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Return the OpenAPI entries of these error statuses and of 400, the answer to any malformed request."""
    return {
        status: {"model": Problem, "description": _describe(status), **_headers(status)}
        for status in sorted({HTTPStatus.BAD_REQUEST.value, *statuses})
    }


def _describe(status: int) -> str:
    known = [(one.code, each) for one, each in STATUSES.items()] + list(OF_THE_REQUEST.items())
    return "\n".join(f"- `{code}`: {each.meaning}" for code, each in known if each.status == status)


def _headers(status: int) -> dict[str, object]:
    names = {name for one in STATUSES.values() if one.status == status for name in one.headers if name != "Connection"}
    return {"headers": {name: {"schema": {"type": "string"}} for name in sorted(names)}} if names else {}


def answer(error: KelompokError) -> JSONResponse:
    """Return the answer that tells of this error; one that has no status is a fault of ours."""
    known = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), None)
    if known is None:
        return answer(Internal(error.message))
    hint = error.hint if known.says is None else _HINTS.get(known.status)
    headers = {**known.headers, **error.headers} if isinstance(error, _Later) else known.headers
    return _answer(known.status, error.code, known.says or error.message, ProblemDetails(hint=hint), headers)


_HINTS = {503: "Nothing is half-written. Try again.", 500: "The server's log knows more, under the request's id."}


def _answer(
    status: int, code: str, message: str, details: ProblemDetails, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = Problem(error=ProblemBody(code=code, message=message, details=details))
    return JSONResponse(body.model_dump(), status_code=status, headers=dict(headers or {}))


def handle_problems(app: FastAPI) -> None:
    """Let every error leave the app as a :class:`Problem`."""
    app.exception_handler(KelompokError)(_on_error)
    app.exception_handler(DBAPIError)(_on_database_error)
    app.exception_handler(OSError)(_on_disk_error)
    app.exception_handler(ClientDisconnect)(_on_departure)
    app.exception_handler(Exception)(_on_fault)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(HTTPException)(_on_http)


async def _on_error(_: Request, error: KelompokError) -> JSONResponse:
    return answer(error)


async def _on_database_error(_: Request, error: DBAPIError) -> JSONResponse:
    if not error.connection_invalidated and type(error).__name__ not in ("OperationalError", "InterfaceError"):
        raise error
    return answer(DatabaseUnavailable(str(error)))


async def _on_disk_error(_: Request, error: OSError) -> JSONResponse:
    if (failure := explain(error)) is None:
        raise error
    _logger.error("%s", failure.message)  # the answer does not say where
    return answer(failure)


async def _on_departure(_: Request, _error: ClientDisconnect) -> JSONResponse:
    return answer(ClientLeft("the client disconnected"))


async def _on_fault(_: Request, _error: Exception) -> JSONResponse:
    return answer(Internal("a fault"))


async def _on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    # What was sent is not repeated: it may be anything.
    fields = [FieldProblem(where=".".join(map(str, one["loc"])), message=one["msg"]) for one in error.errors()]
    said = "; ".join(f"{one.where}: {one.message}" for one in fields[:3])
    return _answer(422, REQUEST_INVALID, f"the request is not as documented: {said}", ProblemDetails(fields=fields))


async def _on_http(_: Request, error: HTTPException) -> JSONResponse:
    code = _BY_STATUS.get(error.status_code, REQUEST_MALFORMED)
    return _answer(error.status_code, code, str(error.detail), ProblemDetails(), error.headers)
