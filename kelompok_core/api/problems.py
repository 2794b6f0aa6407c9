"""Errors over HTTP: the status and the code of each, in one table, and the body that tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from kelompok_core import errors
from kelompok_core.errors import DatabaseUnavailable, KelompokError, UsageError


class NoValidKey(KelompokError):
    code = "key.invalid"


class WrongHost(UsageError):
    code = "host.unknown"


class BodyTooLarge(UsageError):
    code = "body.too_large"


class BodyTooSlow(UsageError):
    code = "body.too_slow"


class MediaTypeRefused(UsageError):
    code = "media_type.unsupported"


class TooManyRequests(KelompokError):
    """More than the rate allows; ``wait`` is in seconds."""

    code = "rate.exceeded"

    def __init__(self, message: str, *, wait: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait = wait


class Internal(KelompokError):
    code = "internal"

    def __init__(self) -> None:
        super().__init__("something went wrong here", hint="The server's log knows more, under the request's id.")


@dataclass(frozen=True, kw_only=True)
class Status:
    """What an error is over HTTP, and when it is given."""

    status: int
    meaning: str


STATUSES: Mapping[type[KelompokError], Status] = {
    errors.UsageError: Status(status=422, meaning="The request cannot be carried out as it is; the message says why."),
    errors.SettingsError: Status(status=500, meaning="A setting of this installation is wrong; its operator must act."),
    errors.NotFound: Status(status=404, meaning="There is none, or not for this key."),
    errors.Conflict: Status(status=409, meaning="Not as things stand: what is not applied cannot be undone."),
    errors.KeyReused: Status(status=422, meaning="The Idempotency-Key was used for another file or other options."),
    errors.QueueFull: Status(status=429, meaning="Ten imports of the organization wait already; Retry-After."),
    errors.NotPermitted: Status(status=403, meaning="The key, or its user, may not do this."),
    errors.PluginUnavailable: Status(status=422, meaning="The plugin is not enabled, or not in order."),
    errors.DatabaseUnavailable: Status(
        status=503, meaning="The database does not answer; try again after Retry-After."
    ),
    errors.ImportFailed: Status(status=409, meaning="The import stopped; nothing of it was applied."),
    errors.TakenOver: Status(status=409, meaning="It was cancelled meanwhile, or a worker went on with it."),
    errors.EnrichmentFailed: Status(status=409, meaning="An enricher stopped."),
    NoValidKey: Status(status=401, meaning="No key was sent, or one that is unknown, revoked or over."),
    WrongHost: Status(status=400, meaning="The Host header is none of this server's names."),
    BodyTooLarge: Status(status=413, meaning="The body is larger than this server takes."),
    BodyTooSlow: Status(status=408, meaning="The body did not arrive in time."),
    MediaTypeRefused: Status(status=415, meaning="No plugin reads this kind of file, or it came packed."),
    TooManyRequests: Status(status=429, meaning="Too many requests; Retry-After says when to go on."),
    Internal: Status(status=500, meaning="A fault of ours."),
}

REQUEST_INVALID, REQUEST_MALFORMED = "request.invalid", "request.malformed"
ROUTE_UNKNOWN, METHOD_NOT_ALLOWED = "route.unknown", "method.not_allowed"
OF_THE_REQUEST: Mapping[str, Status] = {
    REQUEST_INVALID: Status(status=422, meaning="The request is not as documented; details.fields says where."),
    REQUEST_MALFORMED: Status(status=400, meaning="The request is no proper HTTP, JSON or multipart."),
    ROUTE_UNKNOWN: Status(status=404, meaning="There is no such address."),
    METHOD_NOT_ALLOWED: Status(status=405, meaning="The address has no such method."),
}

_RETRY_SECONDS = 10
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


def may_answer(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of these error statuses."""
    return {status: {"model": Problem, "description": _describe(status), **_headers(status)} for status in statuses}


def _describe(status: int) -> str:
    known = [(one.code, each) for one, each in STATUSES.items()] + list(OF_THE_REQUEST.items())
    return "\n".join(f"- `{code}`: {each.meaning}" for code, each in known if each.status == status)


_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def _headers(status: int) -> dict[str, Any]:
    if status not in _HEADERS:
        return {}
    return {"headers": {_HEADERS[status]: {"schema": {"type": "string"}, "description": "Seconds, or the scheme."}}}


def answer(error: KelompokError) -> JSONResponse:
    """Return the answer that tells of this error."""
    kind = next(kind for kind in type(error).__mro__ if kind in STATUSES or kind is KelompokError)
    status = STATUSES[kind].status if kind in STATUSES else 500
    headers = {}
    if isinstance(error, NoValidKey):
        headers["WWW-Authenticate"] = 'Bearer realm="kelompok"'
    if status in _HEADERS and not isinstance(error, NoValidKey):
        headers["Retry-After"] = str(error.wait if isinstance(error, TooManyRequests) else _RETRY_SECONDS)
    if isinstance(error, BodyTooLarge | BodyTooSlow):
        headers["Connection"] = "close"  # the rest of the body is not read
    if isinstance(error, DatabaseUnavailable):  # its own words are the operator's: they name hosts and programs
        hint = "Nothing is half-written. Try again."
        return _answer(status, error.code, "the database does not answer", ProblemDetails(hint=hint), headers)
    return _answer(status, error.code, error.message, ProblemDetails(hint=error.hint), headers)


def _answer(
    status: int, code: str, message: str, details: ProblemDetails, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = Problem(error=ProblemBody(code=code, message=message, details=details))
    return JSONResponse(body.model_dump(), status_code=status, headers=dict(headers or {}))


def handle_problems(app: FastAPI) -> None:
    """Let every error leave the app as a :class:`Problem`."""
    app.exception_handler(KelompokError)(_on_error)
    app.exception_handler(DBAPIError)(_on_database_error)
    app.exception_handler(Exception)(_on_fault)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(HTTPException)(_on_http)


async def _on_error(_: Request, error: KelompokError) -> JSONResponse:
    return answer(error)


async def _on_database_error(_: Request, error: DBAPIError) -> JSONResponse:
    if not error.connection_invalidated and type(error).__name__ not in ("OperationalError", "InterfaceError"):
        raise error
    return answer(DatabaseUnavailable(str(error)))


async def _on_fault(_: Request, _error: Exception) -> JSONResponse:
    return answer(Internal())


async def _on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    # What was sent is not repeated: it may be anything.
    fields = [FieldProblem(where=".".join(map(str, one["loc"])), message=one["msg"]) for one in error.errors()]
    said = "; ".join(f"{one.where}: {one.message}" for one in fields[:3])
    return _answer(422, REQUEST_INVALID, f"the request is not as documented: {said}", ProblemDetails(fields=fields))


async def _on_http(_: Request, error: HTTPException) -> JSONResponse:
    code = _BY_STATUS.get(error.status_code, REQUEST_MALFORMED)
    return _answer(error.status_code, code, str(error.detail), ProblemDetails(), error.headers)
