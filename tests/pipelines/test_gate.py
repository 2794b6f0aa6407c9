"""The gate before Dagster's interface: what a foreign page, a form or a link sends does not reach it."""

import asyncio
import base64
import json
import stat
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from kelompok_core.access import ui_login
from kelompok_core.access.ui_login import accounts_file, is_password, remove_password, set_password
from kelompok_core.errors import SettingsError, UsageError
from kelompok_pipelines import login as logins
from kelompok_pipelines.gate import Gate, read_hosts
from kelompok_pipelines.login import Busy, Login

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::starlette.exceptions.StarletteDeprecationWarning"
)

_PASSWORD = "kata sandi panjang"
_MUTATION = "mutation { launchPipelineExecution }"


class _Recorder:
    """Stands where Dagster's application does: notes what reaches it."""

    def __init__(self):
        self.reached = []

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            self.reached.append(("websocket", scope["path"]))
            await receive()
            await send({"type": "websocket.accept", "subprotocol": "graphql-ws"})
            await send({"type": "websocket.send", "text": "hello"})
            await send({"type": "websocket.close"})
            return
        self.reached.append((scope["method"], scope["path"]))
        await send({"type": "http.response.start", "status": 200, "headers": [
            (b"content-security-policy", b"default-src 'self'"), (b"x-frame-options", b"SAMEORIGIN")]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
def dagster():
    return _Recorder()


@pytest.fixture
def client(settings, dagster):
    return TestClient(Gate(dagster, frozenset(), Login(settings)), base_url="http://127.0.0.1:3000")


def _post(client, **changed):
    headers = {"Content-Type": "application/json", "Origin": "http://127.0.0.1:3000"} | changed
    sent = {name: value for name, value in headers.items() if value is not None}
    return client.post("/graphql", content=json.dumps({"query": _MUTATION}), headers=sent)


def _socket(client, **headers):
    """Begin a websocket; the test client itself would name another host."""
    return client.websocket_connect("/graphql", ["graphql-ws"], headers={"Host": "127.0.0.1:3000"} | headers)


def _is_refused(client, **headers):
    with pytest.raises(WebSocketDisconnect) as refused, _socket(client, **headers):
        pass
    return refused.value.code == 1008


@pytest.mark.parametrize("query", [
    _MUTATION, "query a { x } mutation b { y }", "subscription { z }", "fragment f on X { a } mutation { b }",
    "\ufeffmutation{a}", "#x\nmutation{a}",
])  # fmt: skip
def test_a_link_changes_nothing(client, dagster, query):
    for path in ("/graphql", "/graphql/", "/%67raphql"):
        answer = client.get(f"{path}?query={quote(query)}&operationName=b", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 405, path
        assert client.get(f"{path}?query=%7Bx%7D&query={quote(query)}").status_code == 405
    assert dagster.reached == []


def test_a_query_passes_also_by_get(client, dagster):
    assert client.get("/graphql?query=%7B+version+%7D").status_code == 200
    assert client.get("/graphql").status_code == 200
    assert client.get("/runs/a?query=mutation").status_code == 200, "a page of the interface, no GraphQL"
    assert client.get("/graphql?query=nonsense%7B").status_code == 400
    assert client.get("/graphql?query=" + "%7Ba" * 3000).status_code == 400
    assert len(dagster.reached) == 3


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example", "", "127.0.0.1:3000:1",
    "127.0.0.1@evil.example", "10.0.0.1:3000", "[::2]:3000", "127.1", "0.0.0.0:3000", "ui.example.org",
])  # fmt: skip
def test_another_host_is_refused(client, dagster, host):
    for answer in (client.get("/", headers={"Host": host}), _post(client, Host=host)):
        assert answer.status_code == 403
    assert _is_refused(client, Host=host)
    assert dagster.reached == []


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "localhost:8080"])
def test_this_machine_has_three_names(client, host):
    assert _post(client, Host=host, Origin=f"http://{host}").status_code == 200
    assert _post(client, Host=host, Origin=None).status_code == 200, "no browser sent it"


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "", "http://127.0.0.1:8000", "http://localhost:3000", "http://127.0.0.1",
    "http://127.0.0.1:3000.evil.example", "file://127.0.0.1:3000", "http://127.0.0.1:3000/", "127.0.0.1:3000",
    "http://127.0.0.1:3000, https://evil.example",
])  # fmt: skip
def test_another_origin_is_refused(client, dagster, origin):
    assert _post(client, Origin=origin).status_code == 403
    assert _is_refused(client, Origin=origin)
    assert dagster.reached == []


def test_headers_that_come_twice_are_refused(client, dagster):
    twice = [
        ("Content-Type", "application/json"),
        ("Origin", "http://127.0.0.1:3000"),
        ("Origin", "https://evil.example"),
    ]
    assert client.post("/graphql", content="{}", headers=twice).status_code == 403
    types = [("Content-Type", "text/plain"), ("Content-Type", "application/json")]
    assert client.post("/graphql", content="{}", headers=types).status_code == 415
    assert dagster.reached == []


@pytest.mark.parametrize("media_type", [
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/graphql", None,
    "text/plain; application/json", "application/jsonx", "text/plain;charset=application/json",
])  # fmt: skip
def test_what_a_form_can_send_is_refused(client, dagster, media_type):
    assert _post(client, **{"Content-Type": media_type}).status_code == 415
    headers = {} if media_type is None else {"Content-Type": media_type}
    assert client.post(f"/graphql?query={quote(_MUTATION)}", content=b"a=b", headers=headers).status_code == 415
    assert client.post("/report_asset_materialization/core/members", content=b"", headers=headers).status_code == 415
    assert dagster.reached == []


@pytest.mark.parametrize("path", [
    "/graphql%0A", "/graphql%0a", "/graphql/%0A", "/%67raphql%0A", "/graphql%0D", "/graphql%00", "/graphql%20",
    "/graphql%7F", "/%0Agraphql", "/graphql", "/graphql/", "//graphql", "/graphql/../graphql", "/GraphQL", "/runs",
])  # fmt: skip
def test_a_link_changes_nothing_by_whichever_path(client, dagster, path):
    """Starlette's routes end with «$», which matches before a last line break as well."""
    for method in ("GET", "HEAD"):
        assert client.request(method, f"{path}?query={quote(_MUTATION)}").status_code in (400, 405)
    assert dagster.reached == []


@pytest.mark.parametrize("path", ["/graphql%0A", "/logs%0A", "/dagit%00"])
def test_paths_with_control_characters_are_refused(client, dagster, path):
    assert client.get(path).status_code == 400
    assert client.post(path, json={}).status_code == 400
    assert dagster.reached == []


def test_a_body_of_two_lengths_is_refused(client, dagster):
    headers = {"Content-Type": "application/json", "Content-Length": "2", "Transfer-Encoding": "chunked"}
    answer = client.post("/graphql", content=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
    assert dagster.reached == []


@pytest.mark.parametrize(("site", "mode", "dest", "passes"), [
    ("cross-site", "no-cors", "image", False), ("cross-site", "cors", "empty", False),
    ("same-site", "no-cors", "script", False), ("cross-site", "navigate", "iframe", False),
    ("cross-site", "navigate", "document", True), ("same-origin", "cors", "empty", True),
    ("none", "navigate", "document", True),
])  # fmt: skip
def test_what_a_browser_says_of_another_page_is_believed(client, dagster, site, mode, dest, passes):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert client.get("/runs", headers=headers).status_code == (200 if passes else 403)
    assert len(dagster.reached) == passes


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(client, dagster, method):
    assert client.request(method, "/graphql", headers={"Content-Type": "application/json"}).status_code == 405
    assert dagster.reached == []


def test_json_of_a_page_of_ours_passes_and_subscriptions_do(client, dagster):
    assert _post(client).status_code == 200
    assert _post(client, **{"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 200
    with _socket(client, Origin="http://127.0.0.1:3000") as socket:
        assert socket.receive_text() == "hello"
    assert dagster.reached == [("POST", "/graphql")] * 2 + [("websocket", "/graphql")]


def test_no_page_shows_it_in_a_frame(client):
    for answer in (client.get("/"), client.get("/", headers={"Host": "evil.example"})):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers.get_list("Content-Security-Policy", split_commas=True)


def _basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_with_a_password_nobody_passes_without(settings, client, dagster):
    assert client.get("/").status_code == 200
    set_password(settings, "ibu", _PASSWORD)
    assert stat.S_IMODE(accounts_file(settings).stat().st_mode) == 0o600
    assert _PASSWORD not in accounts_file(settings).read_text()
    dagster.reached.clear()
    refused = client.get("/")
    assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic"), "at once"
    wrong = [
        _basic("ibu", "kata sandi lain"), _basic("bapak", _PASSWORD), _basic("ibu", ""), {"Authorization": "Basic !"},
        {"Authorization": "Bearer x"}, {"Authorization": "Basic aWJ1"}, {"Authorization": "Basic " + "a" * 9000},
    ]  # fmt: skip
    for headers in wrong:
        assert client.get("/", headers=headers).status_code == 401
        assert _post(client, **headers).status_code == 401
        assert _is_refused(client, **headers)
    assert dagster.reached == []
    assert client.get("/", headers=_basic("ibu", _PASSWORD)).status_code == 200
    with _socket(client, **_basic("ibu", _PASSWORD)) as socket:
        assert socket.receive_text() == "hello"
    assert _post(client, Origin="https://evil.example", **_basic("ibu", _PASSWORD)).status_code == 403


def test_a_password_that_was_changed_or_removed_opens_nothing(settings, client):
    set_password(settings, "ibu", _PASSWORD)
    assert client.get("/", headers=_basic("ibu", _PASSWORD)).status_code == 200
    set_password(settings, "ibu", "kata sandi yang lain")
    assert client.get("/", headers=_basic("ibu", _PASSWORD)).status_code == 401
    assert client.get("/", headers=_basic("ibu", "kata sandi yang lain")).status_code == 200
    assert remove_password(settings, "ibu")
    assert not remove_password(settings, "ibu")
    assert client.get("/", headers=_basic("ibu", "kata sandi yang lain")).status_code == 401
    accounts_file(settings).unlink()
    assert client.get("/").status_code == 401, "a file that is gone opens nothing"
    accounts_file(settings).write_text("nonsense")
    assert client.get("/").status_code == 401
    with pytest.raises(SettingsError, match="cannot be read"):
        Login(settings)


def test_a_password_is_tried_once_and_few_at_a_time(settings, monkeypatch):
    set_password(settings, "ibu", _PASSWORD)
    tried = []
    monkeypatch.setattr(logins, "is_password", lambda _, password: tried.append(password) or password == _PASSWORD)
    login, right = Login(settings), _basic("ibu", _PASSWORD)["Authorization"]

    async def ask():
        assert await login.admits(right)
        assert await login.admits(right)
        wrong = [login.admits(_basic("ibu", f"salah {number}")["Authorization"]) for number in range(100)]
        return await asyncio.gather(*wrong, return_exceptions=True)

    answers = asyncio.run(ask())
    assert tried.count(_PASSWORD) == 1
    assert len(tried) <= 1 + 10
    assert {type(one) for one in answers} == {bool, Busy}
    assert True not in answers


def test_an_unknown_name_takes_as_long_as_a_known_one(monkeypatch):
    costs, hashed = [], ui_login.hash_password(_PASSWORD)
    scrypt = ui_login._scrypt
    monkeypatch.setattr(ui_login, "_scrypt", lambda *sent: costs.append(sent[2]) or scrypt(*sent))
    assert not is_password(None, _PASSWORD)
    assert is_password(hashed, _PASSWORD)
    assert not is_password(hashed, _PASSWORD + "x")
    assert len(set(costs)) == 1
    assert not is_password(None, ""), "the hash of nobody is no door"


@pytest.mark.parametrize(("name", "password"), [
    ("ibu", "pendek"), ("ibu", "x" * 257), ("a:b", _PASSWORD), ("", _PASSWORD), ("a\nb", _PASSWORD),
    ("a" * 65, _PASSWORD),
])  # fmt: skip
def test_invalid_names_and_passwords_are_refused(settings, name, password):
    with pytest.raises(UsageError):
        set_password(settings, name, password)
    assert not accounts_file(settings).exists()


def test_other_hosts_need_a_password(settings, dagster):
    with settings.config_file.open("a") as file:
        file.write('\n[ui]\nhosts = ["UI.example.org"]\n')
    with pytest.raises(SettingsError, match="require a password"):
        read_hosts(settings)
    set_password(settings, "ibu", _PASSWORD)
    client = TestClient(Gate(dagster, read_hosts(settings), Login(settings)), base_url="http://127.0.0.1:3000")
    known = _basic("ibu", _PASSWORD)
    assert _post(client, Host="ui.example.org", Origin="https://ui.example.org", **known).status_code == 200
    assert _post(client, Origin="https://ui.example.org", **known).status_code == 200, "a proxy that names this machine"
    assert _post(client, Host="ui.example.org", Origin="https://evil.example", **known).status_code == 403
    assert _post(client, Host="ui.example.org", Origin="https://ui.example.org").status_code == 401


@pytest.mark.parametrize(("table", "key"), [
    ("ui = 1", "ui"), ("[ui]\nhost = ['x']", "ui.host"), ("[ui]\nhosts = 'x'", "ui.hosts"),
    ("[ui]\nhosts = ['https://x']", "ui.hosts"), ("[ui]\nhosts = ['*']", "ui.hosts"),
])  # fmt: skip
def test_invalid_settings_are_reported(settings, table, key):
    settings.config_file.write_text(table)
    with pytest.raises(SettingsError, match=rf"^{key}"):
        read_hosts(settings)
