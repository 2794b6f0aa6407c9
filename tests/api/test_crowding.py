"""How far a key or an address can starve others: connections, slots, uploads, work for clients that left."""

import asyncio
import socket
import threading
import time
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager, suppress
from dataclasses import replace

import httpx2 as httpx
import pytest
import sqlalchemy as sa
from limits import parse
from starlette.testclient import TestClient

from kelompok_core.api import error_file_routes, guards, import_routes, server
from kelompok_core.api.app import make_app
from kelompok_core.api.connections import Connections
from kelompok_core.api.options import ApiOptions
from kelompok_core.api.places import Places
from kelompok_core.api.problems import Busy, TooManyRequests
from kelompok_core.audit.context import AuditContext, announce
from tests.api.conftest import CSV

pytestmark = pytest.mark.proof


@pytest.fixture
def limits():
    """What a test changes of the limits."""
    return {}


@pytest.fixture
def options(limits):
    return replace(ApiOptions(hosts=("testserver", "127.0.0.1")), **limits)


# --- places


async def _take(places, holder, number, stack):
    for _ in range(number):
        await stack.enter_async_context(places.taken(holder))


def test_a_holder_of_many_slots_leaves_some_to_others():
    async def run():
        places = Places(8, "things")
        async with AsyncExitStack() as stack:
            for holder, share in (("a", 4), ("b", 2), ("c", 1), ("d", 1)):
                await _take(places, holder, share, stack)
                with pytest.raises(TooManyRequests, match=f"{share} things"):
                    await _take(places, holder, 1, stack)
            with pytest.raises(Busy, match="busy with other things"):
                await _take(places, "e", 1, stack)
        async with AsyncExitStack() as stack:
            await _take(places, "a", 4, stack)  # all came back

    asyncio.run(run())


def test_a_slot_released_in_time_goes_to_a_waiting_request():
    async def run():
        places, got = Places(1, "things"), []

        async def hold(holder, seconds, patience):
            async with places.taken(holder, patience=patience):
                got.append(holder)
                await asyncio.sleep(seconds)

        await asyncio.gather(hold("a", 0.2, 0), hold("b", 0, 5.0))
        assert got == ["a", "b"]
        with pytest.raises(Busy):
            await asyncio.gather(hold("a", 0.5, 0), hold("b", 0, 0.05))

    asyncio.run(run())


def test_one_holder_does_not_fill_the_queue():
    async def run():
        places = Places(1, "things")
        async with places.taken("a"):
            waiting = [asyncio.ensure_future(_wait_for(places, "a")) for _ in range(40)]
            refused, _ = await asyncio.wait(waiting, timeout=0.2)
            assert len(refused) == 40 - 16
        assert [one.cancel() for one in waiting]
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _wait_for(places, holder):
        async with places.taken(holder, patience=5.0):
            await asyncio.sleep(5)

    asyncio.run(run())


# --- connections


class _Line:
    def __init__(self, address, name, *, has_key=False, is_idle=True):
        self.address, self.name, self.has_key, self.is_idle, self.is_cut = address, name, has_key, is_idle, False

    def cut(self):
        self.is_cut = True


def test_the_longest_idle_without_a_key_goes_first_and_one_that_is_worked_for_never():
    connections = Connections(4, 3)
    lines = [
        _Line("a", 1, has_key=True), _Line("b", 2), _Line("c", 3, is_idle=False), _Line("b", 4),
    ]  # fmt: skip
    assert [connections.admit(one) for one in lines] == [True] * 4
    connections.touch(lines[1])
    order = []
    for number in range(4):
        new = _Line("d" if number else "e", 10 + number, is_idle=False)
        admitted = connections.admit(new)
        order.append((admitted, [one.name for one in lines if one.is_cut]))
    assert order == [(True, [4]), (True, [2, 4]), (True, [1, 2, 4]), (False, [1, 2, 4])]


def test_an_address_that_has_its_number_loses_its_own_and_a_proxy_has_none():
    connections = Connections(10, 2, exempt=["proxy"])
    other, own = _Line("other", 0), [_Line("a", number) for number in range(3)]
    assert all(connections.admit(one) for one in (other, *own))
    assert [one.is_cut for one in (other, *own)] == [False, True, False, False]
    proxied = [_Line("proxy", number) for number in range(5)]
    assert all(connections.admit(one) for one in proxied)
    assert not any(one.is_cut for one in proxied)
    connections.leave(own[0])  # cut before: it is counted once


def _address(served):
    host, port = served.removeprefix("http://").split(":")
    return host, int(port)


@contextmanager
def _idle(served, number):
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(_address(served), timeout=5)) for _ in range(number)]


@pytest.mark.parametrize("limits", [{"most_connections": 6, "most_connections_each": 5}])
def test_idle_connections_do_not_block_new_ones(served):
    with _idle(served, 30) as lines:
        for _ in range(3):
            assert httpx.get(f"{served}/healthz", timeout=5).status_code == 200
        assert lines[0].recv(1) == b"", "the oldest was hung up on"


@pytest.mark.parametrize("limits", [{"most_connections": 1}])
def test_if_all_connections_are_busy_a_new_one_gets_retry_after(served, key_of):
    with _uploading(served, key_of()):
        refused = httpx.get(f"{served}/healthz", timeout=5)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0


# --- rates


@pytest.mark.parametrize("limits", [{"rate_per_address": parse("4/minute")}])
def test_requests_without_a_key_do_not_use_the_limits_of_a_key_at_the_same_address(client_of, key_of):
    known = client_of(key_of())
    assert known.get("/api/v1/imports").status_code == 200
    stranger, guess = client_of(), client_of("klp_guess")
    statuses = {one.get("/api/v1/imports").status_code for one in (stranger, guess) for _ in range(4)}
    assert statuses == {401, 429}
    for _ in range(3):
        assert known.get("/api/v1/imports").status_code == 200


def test_a_revoked_key_counts_as_an_unknown_key(app, client_of, key_of, database, operator):
    client = client_of(key_of())
    assert client.get("/api/v1/imports").status_code == 200
    with database.connect() as connection, connection.begin():
        announce(connection, AuditContext(actor=str(operator.id), origin="cli"))
        connection.execute(sa.text("UPDATE api_keys SET revoked_at = now()"))
    assert client.get("/api/v1/imports").status_code == 401
    known = app._app._known
    assert not known._ids


# --- uploads


def _head(key, *, source="slow", length=1_000):
    return (
        f"POST /api/v1/imports/organizations?source={source} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/csv\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@contextmanager
def _uploading(served, key):
    """An upload that has begun and does not end."""
    with socket.create_connection(_address(served), timeout=5) as line:
        line.sendall(_head(key) + b"id,")
        time.sleep(0.3)
        yield line


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(guards, "_PATIENCE_OF_UPLOADS", 0.2)


@pytest.mark.parametrize("limits", [{"most_uploads": 4, "most_uploads_each": 2}])
def test_the_slow_uploads_of_one_key_leave_room_for_another(hasty, served, key_of):
    slow, other = key_of(), key_of()
    with _uploading(served, slow), _uploading(served, slow):
        refused = _send(served, slow)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["connection"] == "close"
        assert _send(served, other).status_code == 202
    _until(lambda: _send(served, slow).status_code == 202)  # who left gives the place back


def _send(served, key):
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
    return httpx.post(f"{served}/api/v1/imports/organizations?source=x", content=CSV, headers=headers, timeout=20)


@pytest.mark.parametrize("limits", [{"least_rate": 1_000}])
def test_a_file_that_comes_in_too_slowly_is_cut_off_long_before_its_time(served, key_of, monkeypatch):
    monkeypatch.setattr(guards, "_GRACE_SECONDS", 0.3)
    began = time.monotonic()
    with socket.create_connection(_address(served), timeout=10) as line:
        line.sendall(_head(key_of()))
        with suppress(OSError):  # hung up on
            while time.monotonic() - began < 10:
                line.sendall(b"x" * 10)
                time.sleep(0.1)
        assert b"body.too_slow" in line.recv(65_536)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("limits", [{}])
def test_a_refused_file_that_goes_on_coming_in_is_hung_up_on(served, monkeypatch):
    monkeypatch.setattr(server, "_HEADER_SECONDS", 0.5)
    began = time.monotonic()
    with socket.create_connection(_address(served), timeout=5) as line:
        line.sendall(_head("klp_nobody"))
        assert b" 401 " in line.recv(65_536).splitlines()[0]
        with pytest.raises(OSError):  # noqa: PT011 -- a reset or a broken pipe
            while time.monotonic() - began < 5:
                line.sendall(b"x")
                time.sleep(0.1)
    assert time.monotonic() - began < 4


# --- costly requests


@pytest.mark.parametrize("limits", [{"most_heavy": 1}])
def test_costly_requests_have_few_places_and_the_others_go_on(app, client, client_of, key_of, send, work, monkeypatch):
    sent, begun, go_on = send(), threading.Event(), threading.Event()
    work()
    usual = error_file_routes.find_current

    def slow(*place):
        begun.set()
        go_on.wait(10)
        return usual(*place)

    monkeypatch.setattr(error_file_routes, "find_current", slow)
    assert client.get(sent["links"]["self"]).status_code == 200
    first = threading.Thread(target=client.get, args=[sent["links"]["errors"]])
    first.start()
    assert begun.wait(10)
    other = client_of(key_of())
    for _ in range(2):
        assert other.get(sent["links"]["self"]).status_code == 200
        refused = other.get(sent["links"]["errors"])
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "server.busy")
        assert int(refused.headers["retry-after"]) > 0
    go_on.set()
    first.join(10)
    assert other.get(sent["links"]["errors"]).status_code == 200


# --- clients that leave


def _asleep(database):
    with database.connect() as connection:
        return connection.scalar(
            sa.text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")
        )


def _until(condition, seconds=5.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def _ask(served, key, request):
    line = socket.create_connection(_address(served), timeout=5)
    line.sendall(f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
    return line


def test_the_database_stops_for_a_client_that_left(served, key_of, database, monkeypatch):
    def sleep(connection, **_):
        connection.execute(sa.text("SELECT pg_sleep(30)"))

    key, usual = key_of(), import_routes.list_imports
    monkeypatch.setattr(import_routes, "list_imports", sleep)
    line = _ask(served, key, "GET /api/v1/imports")
    _until(lambda: _asleep(database) == 1)
    line.close()
    _until(lambda: _asleep(database) == 0)
    monkeypatch.setattr(import_routes, "list_imports", usual)
    answer = httpx.get(f"{served}/api/v1/imports", headers={"Authorization": f"Bearer {key}"}, timeout=5)
    assert answer.status_code == 200


def test_requests_that_write_continue_after_their_client_left(
    served, key_of, installation, database, send, monkeypatch
):
    done, sent = threading.Event(), send()

    def slow(*_):
        with installation.database.connect() as connection:
            connection.execute(sa.text("SELECT pg_sleep(1)"))
        done.set()

    monkeypatch.setattr(import_routes, "cancel", slow)
    line = _ask(served, key_of(), f"POST /api/v1/imports/{sent['id']}/cancel")
    _until(lambda: _asleep(database) == 1)
    line.close()
    assert done.wait(5)


def test_a_client_that_takes_nothing_of_its_answer_is_hung_up_on(served, key_of, send, work, monkeypatch):
    monkeypatch.setattr(server, "_STUCK_SECONDS", 0.5)
    opened, usual = [], error_file_routes.open_kept

    def remember(*place):
        opened.append(usual(*place))
        return opened[-1]

    monkeypatch.setattr(error_file_routes, "open_kept", remember)
    sent = send("id,name\n" + "".join(f"{number},{'x' * 60_000}\n" for number in range(120)))
    work()
    # A server that waits for the client would not stop while the connection is open.
    with closing(_ask(served, key_of(), f"GET {sent['links']['errors']}")):
        _until(lambda: len(opened) == 1)
        _until(lambda: opened[0][0].closed, 10)


def test_a_client_that_takes_its_answer_slowly_holds_no_connection_to_the_database(
    served, key_of, send, work, installation
):
    sent = send("id,name\n" + "".join(f"{number},{'x' * 60_000}\n" for number in range(120)))
    work()
    key = key_of()
    lines = [_ask(served, key, f"GET {sent['links']['errors']}") for _ in range(2)]
    time.sleep(0.5)
    assert installation.database.engine.pool.checkedout() == 0
    for line in lines:
        line.close()


def test_a_key_keeps_its_places_only_as_long_as_it_is_answered(installation, options, key_of):
    client = TestClient(
        make_app(installation, replace(options, most_requests=2, most_requests_each=1)),
        headers={"Authorization": f"Bearer {key_of()}"},
    )
    assert {client.get("/api/v1/imports").status_code for _ in range(5)} == {200}
