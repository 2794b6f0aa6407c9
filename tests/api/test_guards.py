"""What stands before the routes: too often, too large, too slow, wrong place; and what no answer and no log says."""

import json
import logging
import socket
import time
from dataclasses import replace

import pytest
from limits import parse
from starlette.testclient import TestClient

from kelompok_core.api import guards, import_routes, server
from kelompok_core.api.app import make_app
from kelompok_core.api.options import ApiOptions, read_options
from kelompok_core.database.engine import Addresses, Database
from kelompok_core.errors import SettingsError
from kelompok_core.installation import Installation
from tests.api.conftest import CSV

pytestmark = pytest.mark.proof


@pytest.fixture
def options():
    return ApiOptions(hosts=("testserver", "127.0.0.1"), slowest_body=2.0)


@pytest.fixture
def app_with(installation, options):
    """Give the application with other limits."""

    def make(**changes):
        return make_app(installation, replace(options, **changes))

    return make


def _files(installation):
    return [path for path in (installation.settings.home / "files").rglob("*") if path.is_file()]


def _error(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code


def test_too_many_from_one_address_are_refused_before_anybody_asks_who_they_are(app_with):
    client = TestClient(app_with(rate_per_address=parse("3/minute")))
    for _ in range(3):
        assert client.get("/api/v1/imports").status_code == 401
    refused = client.get("/api/v1/imports")
    _error(refused, 429, "rate.exceeded")
    assert 0 < int(refused.headers["retry-after"]) <= 61


def test_too_many_with_one_key_are_refused_and_another_key_is_not(app_with, key_of):
    app = app_with(rate_per_key=parse("3/minute"))
    one, other = (TestClient(app, headers={"Authorization": f"Bearer {key_of()}"}) for _ in range(2))
    for _ in range(3):
        assert one.get("/api/v1/plugins").status_code == 200
    refused = one.get("/api/v1/plugins")
    _error(refused, 429, "rate.exceeded")
    assert int(refused.headers["retry-after"]) > 0
    assert other.get("/api/v1/plugins").status_code == 200


def _post(client, content, **headers):
    return client.post(
        "/api/v1/imports/organizations?source=x", content=content, headers={"Content-Type": "text/csv", **headers}
    )


def test_a_body_that_is_too_large_is_refused_and_not_kept(app_with, key_of, installation):
    client = TestClient(app_with(largest_body=1_000_000), headers={"Authorization": f"Bearer {key_of()}"})
    _error(_post(client, b"x" * 1_000_001), 413, "body.too_large")
    endless = (b"x" * 100_000 for _ in range(1_000))
    _error(_post(client, endless), 413, "body.too_large")
    form = {"file": ("a.csv", b"x" * 1_000_001, "text/csv")}
    _error(client.post("/api/v1/imports/organizations", files=form), 413, "body.too_large")
    assert _files(installation) == []
    assert _post(client, CSV).status_code == 202


def test_a_body_that_is_no_file_may_be_small_only(client):
    place = "/api/v1/review/00000000-0000-0000-0000-000000000000/1/reject"
    _error(client.post(place, json={"note": "x" * 100_000}), 413, "body.too_large")
    _error(client.post(place, content=(b"x" * 10_000 for _ in range(100))), 413, "body.too_large")
    _error(client.request("GET", "/api/v1/plugins", content=b"x" * 100_000), 413, "body.too_large")


def test_too_many_files_at_one_time(app_with, key_of):
    app = app_with(most_uploads=0)
    refused = _post(TestClient(app, headers={"Authorization": f"Bearer {key_of()}"}), CSV)
    _error(refused, 503, "server.busy")
    assert "retry-after" in refused.headers


def _talk(address, *pieces, pause=0.0, seconds=10.0):
    """Send pieces by hand and return all that comes back until the other side hangs up, or the time is over."""
    host, port = address.removeprefix("http://").split(":")
    heard, until = b"", time.monotonic() + seconds
    with socket.create_connection((host, int(port)), timeout=seconds) as line:
        for piece in pieces:
            try:
                line.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        line.settimeout(0.2)
        while time.monotonic() < until:
            try:
                if not (piece := line.recv(65_536)):
                    return heard, True
                heard += piece
            except TimeoutError:
                continue
            except OSError:
                return heard, True
    return heard, False


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(server, "_HEADER_SECONDS", 0.5)
    monkeypatch.setattr(guards, "_LONGEST_SILENCE", 0.5)
    monkeypatch.setattr(guards, "_SLOWEST_SMALL_BODY", 0.5)


def test_headers_that_do_not_arrive_are_hung_up_on(hasty, served):
    for begun in (b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"GET /healthz HTTP/1.1\r\nX: "):
        heard, hung_up = _talk(served, begun)
        assert (heard, hung_up) == (b"", True)
    after_one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea"
    heard, hung_up = _talk(served, after_one)
    assert heard.startswith(b"HTTP/1.1 200")
    assert hung_up


def test_a_body_that_does_not_arrive_is_cut_off(hasty, served, key_of, installation):
    head = (
        f"POST /api/v1/imports/organizations?source=x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
        f"Authorization: Bearer {key_of()}\r\nContent-Length: 1000\r\n\r\nid,name\n"
    ).encode()
    heard, hung_up = _talk(served, head)
    assert b" 408 " in heard.splitlines()[0]
    assert b"body.too_slow" in heard
    assert hung_up
    assert _files(installation) == []
    small = head.replace(b"imports/organizations?source=x", b"imports/x/apply")
    assert b"body.too_slow" in _talk(served, small)[0]


def test_a_body_that_drips_is_cut_off_in_the_end(served, key_of, installation):
    head = (
        f"POST /api/v1/imports/organizations?source=x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
        f"Authorization: Bearer {key_of()}\r\nContent-Length: 1000\r\n\r\n"
    ).encode()
    began = time.monotonic()
    heard, _ = _talk(served, head, *[b"x"] * 15, pause=0.2)
    assert b"body.too_slow" in heard
    assert time.monotonic() - began > 2, "within its time it may drip"
    assert _files(installation) == []


def test_headers_that_are_too_many_are_refused(served):
    heard, hung_up = _talk(served, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 100_000)
    assert b" 400 " in heard.splitlines()[0]
    assert hung_up


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:4621", "", "testserver@evil"])
def test_another_host_is_not_answered(client, host):
    _error(client.get("/healthz", headers={"Host": host}), 400, "host.unknown")


def test_no_path_and_no_host_opens_what_needs_a_key(client_of):
    for path in (
        "/api/v1/imports/",
        "//api/v1/imports",
        "/api/v1/../v1/imports",
        "/api/v1/%69mports",
        "/api/v1/imports?x=/healthz",
    ):
        assert client_of().get(path).status_code in (401, 404, 307), path


def test_pages_of_other_origins_may_call_only_when_configured(app_with, key_of):
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    closed = TestClient(app_with()).options("/api/v1/imports/members", headers=ask)
    assert "access-control-allow-origin" not in closed.headers
    opened = TestClient(app_with(origins=("https://app.example",)))
    allowed = opened.options("/api/v1/imports/members", headers=ask)
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    other = opened.options("/api/v1/imports/members", headers=ask | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_every_answer_has_the_headers(client, client_of):
    for answer in (
        client.get("/healthz"),
        client.get("/nowhere"),
        client_of().get("/api/v1/imports"),
        client.get("/docs"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers["x-request-id"]) == 32
        assert "server" not in answer.headers


def test_a_fault_says_nothing_of_the_inside_but_its_id(client, monkeypatch, caplog):
    whom = "siti@example.org"

    def fail(*_args, **_kwargs):
        raise RuntimeError(f"SELECT secret FROM members WHERE email = '{whom}'")

    monkeypatch.setattr(import_routes, "list_imports", fail)
    with caplog.at_level(logging.INFO):
        answer = client.get("/api/v1/imports")
    _error(answer, 500, "internal")
    assert "siti" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text


def test_without_a_database_it_is_alive_and_not_ready(installation, options):
    nowhere = "postgresql://kelompok_runtime:x@127.0.0.1:1/none"
    database = Database(Addresses(runtime=nowhere, dagster=None))
    client = TestClient(make_app(Installation(database=database, settings=installation.settings), options))
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/api/v1/imports"):
        answer = client.get(path, headers={"Authorization": "Bearer klp_x"})
        _error(answer, 503, "database.unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "127.0.0.1" not in answer.text


def test_the_log_has_the_route_and_the_key_and_nobody(client, send, work, caplog):
    with caplog.at_level(logging.INFO, logger="kelompok.access"):
        sent = send("name,email\nSiti Rahayu,siti@example.org\n", source="daftar rahasia", file_name="rahasia.csv")
        client.get(sent["links"]["self"])
        client.get("/api/v1/members/siti@example.org", params={"search": "Siti"})
    assert not [word for word in ("Siti", "siti", "rahasia", "klp_", "testclient", sent["id"]) if word in caplog.text]
    lines = [json.loads(record.message) for record in caplog.records if record.name == "kelompok.access"]
    assert [one["route"] for one in lines] == [
        "/api/v1/imports/{entity}", "/api/v1/imports/{import_id}", "/api/v1/{entity}/{ref}",
    ]  # fmt: skip
    assert {one["status"] for one in lines} == {202, 200, 404}
    assert all(one["key"] for one in lines)


def test_options_come_from_the_environment():
    given = {
        "KELOMPOK_API_HOSTS": "api.example.org, localhost", "KELOMPOK_API_RATE_PER_KEY": "5/second",
        "KELOMPOK_API_BODY_MEGABYTES": "2", "KELOMPOK_API_BODY_SECONDS": "7", "KELOMPOK_API_UPLOADS": "3",
        "KELOMPOK_API_CORS_ORIGINS": "https://app.example.org", "KELOMPOK_API_PROXIES": "10.0.0.1",
    }  # fmt: skip
    assert read_options(given) == ApiOptions(
        hosts=("api.example.org", "localhost"), rate_per_key=parse("5/second"), largest_body=2_000_000,
        slowest_body=7.0, most_uploads=3, origins=("https://app.example.org",), proxies=("10.0.0.1",),
    )  # fmt: skip
    assert read_options({}) == ApiOptions()
    for name, value in (("RATE_PER_KEY", "often"), ("BODY_MEGABYTES", "0"), ("UPLOADS", "many")):
        with pytest.raises(SettingsError, match=f"KELOMPOK_API_{name}"):
            read_options({f"KELOMPOK_API_{name}": value})


@pytest.mark.parametrize("path", ["/readyz%0A", "/api/v1/imports/x/undo%0A", "/api/v1/imports/x/errors.csv%0a", "/%00"])
def test_paths_that_some_read_differently_are_refused(app_with, path):
    client = TestClient(app_with())
    for method in ("GET", "POST"):
        _error(client.request(method, path), 400, "request.improper")


def test_a_body_of_two_lengths_is_refused_and_what_is_behind_it_not_read(served):
    """Whoever goes by the one length takes for a request what is a part of the body by the other."""
    inside = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    host, port = served.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(inside), inside)
        )
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.startswith(b"HTTP/1.1 400")
    assert answers.count(b"HTTP/1.1") == 1
