"""Errors over HTTP: status, code, and which details a caller gets."""

import errno
import json
import logging

import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from kelompok_core import errors
from kelompok_core.api.problems import Busy, NotReady, TooManyRequests, answer, handle_problems, may_answer
from kelompok_core.errors import KelompokError

_SECRET = "/srv/kelompok/core on db.internal"


def _parts(error):
    response = answer(error)
    return response.status_code, json.loads(response.body)["error"], response.headers


def test_a_request_error_has_its_message_and_hint():
    status, error, _ = _parts(errors.UsageError("there is no field «x»", hint="Name one of: a, b."))
    assert status == 422
    assert error == {
        "code": "usage", "message": "there is no field «x»", "details": {"hint": "Name one of: a, b.", "fields": []}
    }  # fmt: skip


def test_an_error_is_that_of_its_nearest_kind():
    class Stranger(errors.NotFound):
        """A kind of error that no table names."""

    assert _parts(Stranger("import", "7"))[0] == 404
    assert _parts(errors.GivenSettingWrong("delimiter", "must be text"))[0] == 422
    assert _parts(errors.SettingsError("delimiter", "must be text"))[0] == 500


@pytest.mark.parametrize(("error", "status", "hint"), [
    (errors.SettingsError("url", _SECRET, hint=_SECRET), 500, "See the server's log for the request's id."),
    (errors.DatabaseUnavailable(_SECRET, hint=_SECRET), 503, "Nothing was partly written. Try again."),
    (errors.StorageUnavailable(_SECRET, hint=_SECRET), 503, "Nothing was partly written. Try again."),
    (KelompokError(_SECRET, hint=_SECRET), 500, "See the server's log for the request's id."),
])  # fmt: skip
def test_details_for_the_operator_are_hidden_from_callers(error, status, hint):
    found, problem, _ = _parts(error)
    assert (found, problem["details"]["hint"]) == (status, hint)
    assert _SECRET not in json.dumps(problem)


def test_a_temporary_error_has_retry_after():
    assert _parts(TooManyRequests("too many", wait=7))[2]["Retry-After"] == "7"
    assert _parts(Busy("busy", wait=3))[2]["Retry-After"] == "3"
    assert _parts(errors.QueueFull("full"))[2]["Retry-After"] == "10"
    assert _parts(NotReady("no worker"))[2]["Retry-After"] == "10"
    assert "Retry-After" not in _parts(errors.NotFound("import", "7"))[2]


def test_an_operation_lists_its_errors_and_that_a_request_may_be_malformed():
    listed = may_answer(429, 404)
    assert list(listed) == [400, 404, 429]
    assert "- `not_found`: " in listed[404]["description"]
    assert "- `route.unknown`: " in listed[404]["description"]
    assert "queue.full" not in listed[404]["description"]
    assert listed[429]["headers"] == {"Retry-After": {"schema": {"type": "string"}}}
    assert "Connection" not in listed[400].get("headers", {})


class _Driver(Exception):
    """What the database's driver raised."""


def _of_database(kind, *, lost=False):
    return kind("SELECT 1", {}, _Driver(_SECRET), connection_invalidated=lost)


@pytest.fixture
def asked():
    """Give a function that asks an app whose route raises an error."""
    app = FastAPI()
    handle_problems(app)
    raised = []

    @app.get("/fails/{number}")
    def fails(number: int) -> None:
        raise raised[number]

    client = TestClient(app, raise_server_exceptions=False)

    def ask(error=None, path="/fails/0", method="GET"):
        raised[:] = [error]
        response = client.request(method, path)
        return response.status_code, response.json()["error"]

    return ask


@pytest.mark.parametrize(("error", "status", "code"), [
    (errors.Conflict("it is applied"), 409, "conflict"),
    (_of_database(OperationalError), 503, "database.unavailable"),
    (_of_database(IntegrityError, lost=True), 503, "database.unavailable"),
    (_of_database(IntegrityError), 500, "internal"),
    (OSError(errno.ENOSPC, "No space left on device", _SECRET), 503, "storage.unavailable"),
    (OSError(errno.ENOENT, "No such file", _SECRET), 500, "internal"),
    (ClientDisconnect(), 400, "client.left"),
    (ZeroDivisionError(_SECRET), 500, "internal"),
    (HTTPException(404, "none"), 404, "route.unknown"),
    (HTTPException(418, "a teapot"), 418, "request.malformed"),
])  # fmt: skip
def test_every_error_becomes_a_problem(asked, error, status, code):
    found, problem = asked(error)
    assert (found, problem["code"]) == (status, code)
    assert _SECRET not in json.dumps(problem)


def test_the_full_disk_is_logged(asked, caplog):
    with caplog.at_level(logging.ERROR, "kelompok_core.api.problems"):
        asked(OSError(errno.ENOSPC, "No space left on device", _SECRET))
    assert any(_SECRET in message for message in caplog.messages)


def test_an_unknown_route_or_method_has_its_own_code(asked):
    assert asked(path="/nothing")[1]["code"] == "route.unknown"
    assert asked(method="POST")[1]["code"] == "method.not_allowed"


def test_an_invalid_request_gets_the_place_but_not_its_own_values_back(asked):
    status, problem = asked(path="/fails/geheim")
    assert (status, problem["code"]) == (422, "request.invalid")
    assert [one["where"] for one in problem["details"]["fields"]] == ["path.number"]
    assert "path.number: " in problem["message"]
    assert "geheim" not in json.dumps(problem)
