"""The HTTP API under load, and the command line, in one run of ``kelompok up``: ``python benchmarks/load.py``.

Ratios compare with the same server's health check, and with the same command without workers. ``--hostile`` instead
measures healthy requests during an attack, with the default limits.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, perf_counter, sleep

import hostile
import httpx2 as httpx

PROGRAMS = Path(sys.executable).parent
SCOPES = ("import.submit", "import.apply", "import.read", "record.read")
OFTEN = {"KELOMPOK_API_RATE_PER_ADDRESS": "1000000/minute", "KELOMPOK_API_RATE_PER_KEY": "1000000/minute"}
THREADS, SECONDS = 8, 10.0
KIND = {"Content-Type": "text/csv"}
WRITTEN_SECONDS = 30.0
"""Enough time for a worker to write the error file of 100,000 rows."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """An installation in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KELOMPOK_", "DAGSTER_"))}
        self.environment = kept | OFTEN
        self.environment |= {"KELOMPOK_HOME": f"{folder}/home", "KELOMPOK_CONFIG": f"{folder}/kelompok.toml"}

    def kelompok(self, *arguments: str) -> str:
        done = subprocess.run(
            [PROGRAMS / "kelompok", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 3), done.stderr
        return done.stdout

    @contextmanager
    def running(self, *command: str, address: str, **environment: str) -> Iterator[None]:
        """Run a service during the block, which starts once the service responds."""
        log = (self.folder / f"{command[0]}.log").open("w")
        with log, subprocess.Popen(
            [PROGRAMS / "kelompok", *command], cwd=self.folder, env=self.environment | environment,
            stdout=log, stderr=log,
        ) as process:  # fmt: skip
            try:
                until = monotonic() + 90
                while not answers(address):
                    assert process.poll() is None, "it exited"
                    assert monotonic() < until, "it did not start in time"
                    sleep(0.2)
                yield
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(60)


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def rows(number: int, seed: object = "") -> str:
    return "id,name,city\n" + "".join(f"{seed}-{one},Lembaga {seed} {one},Kota {one % 97}\n" for one in range(number))


def hammer(address: str, key: str, ask: Callable[[httpx.Client], httpx.Response]) -> tuple[list[float], Counter[int]]:
    """Send requests from several threads for a while; return each response's milliseconds, and statuses by number."""
    until = monotonic() + SECONDS

    def one_thread(_: int) -> tuple[list[float], Counter[int]]:
        times, statuses = [], Counter[int]()
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            while monotonic() < until:
                began = perf_counter()
                answer = ask(client)
                times.append((perf_counter() - began) * 1000)
                statuses[answer.status_code] += 1
                assert answer.status_code != 429 or "retry-after" in answer.headers
        return times, statuses

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(one_thread, range(THREADS)))
    return [time for times, _ in results for time in times], sum((each for _, each in results), Counter[int]())


def say(what: str, times: list[float], statuses: Counter[int]) -> float:
    rate = len(times) / SECONDS
    p95 = statistics.quantiles(times, n=20)[18]
    print(f"| {what} | {rate:.0f} | {statistics.median(times):.1f} | {p95:.1f} | {dict(statuses)} |", flush=True)
    return rate


def wait_until_ended(client: httpx.Client, location: str) -> dict[str, object]:
    while (view := client.get(location).json()["data"])["work"] != "ended":
        sleep(0.02)
    return dict(view)


def measure_start(client: httpx.Client) -> None:
    """Measure the time from the POST until a worker starts the import, and until its end, on an idle machine."""
    started, ended = [], []
    for number in range(20):
        began = perf_counter()
        location = client.post(
            f"/api/v1/imports/organizations?source=s{number}", content=rows(10, f"s{number}"), headers=KIND
        ).headers["location"]
        while client.get(location).json()["data"]["work"] == "waiting":
            sleep(0.005)
        started.append(perf_counter() - began)
        wait_until_ended(client, location)
        ended.append(perf_counter() - began)
    print(f"start of work {statistics.median(started):.3f} s (most {max(started):.3f}), end of a ten-row dry run "
          f"{statistics.median(ended):.2f} s (most {max(ended):.2f})", flush=True)  # fmt: skip


def measure_load(address: str, key: str, client: httpx.Client) -> None:
    numbers = count()
    known = client.post("/api/v1/imports/organizations?source=known", content=rows(10, "k"), headers=KIND)
    location = known.headers["location"]
    wait_until_ended(client, location)

    def send(one: httpx.Client) -> httpx.Response:
        number = next(numbers)
        return one.post(f"/api/v1/imports/organizations?source=p{number}", content=rows(10, number), headers=KIND)

    print("| | requests/s | median ms | p95 ms | answers |\n|---|---|---|---|---|")
    floor = say("GET /healthz", *hammer(address, key, lambda one: one.get("/healthz")))
    alone = say("GET status", *hammer(address, key, lambda one: one.get(location)))
    large = client.post(
        "/api/v1/imports/organizations?source=large&mode=apply", content=rows(100_000, "L"), headers=KIND
    )
    beside = say("GET status, 100,000 rows imported beside", *hammer(address, key, lambda one: one.get(location)))
    say("POST ten rows, 100,000 rows imported beside", *hammer(address, key, send))
    view = wait_until_ended(client, large.headers["location"])
    assert view["state"] == "applied", view
    say("POST ten rows, what is sent imported beside", *hammer(address, key, send))
    print(f"status/healthz {alone / floor:.2f}, beside an import {beside / floor:.2f}", flush=True)


def measure_limits(installation: Installation, key: str) -> None:
    """Check the default rate limits: excess requests get Retry-After, and no other request fails."""
    port = free_port()
    address, usual = f"http://127.0.0.1:{port}", dict.fromkeys(OFTEN, "")
    with installation.running("serve", "--port", str(port), address=address, **usual):
        say("GET plugins, usual limits", *hammer(address, key, lambda one: one.get("/api/v1/plugins")))


def measure_command_line(installation: Installation, *, handed: bool) -> float:
    times = []
    for number in range(7):
        file = installation.folder / f"{handed}{number}.csv"
        file.write_text(rows(10, f"{handed}{number}"))
        began = perf_counter()
        installation.kelompok("plugin", "run", "csv-import", "--job", "import-organizations", "--file", str(file))
        times.append(perf_counter() - began)
    print(f"kelompok plugin run, ten rows, {'handed over' if handed else 'in process'}: median "
          f"{statistics.median(times):.2f} s (least {min(times):.2f}, most {max(times):.2f})", flush=True)  # fmt: skip
    return statistics.median(times)


def spoilt_rows(number: int) -> str:
    return "name,email\n" + "".join(f"Orang {one},salah {one}\n" for one in range(number))


def make_key(installation: Installation, email: str, *scopes: str) -> str:
    asked = [f"--scope={scope}" for scope in scopes]
    return installation.kelompok("admin", "key", "create", email, "--name", "load", *asked).split()[0]


def measure_hostile(installation: Installation) -> None:
    """Measure during an attack by an editor of one organization, using its import of 100,000 rejected rows."""
    port, usual = free_port(), dict.fromkeys(OFTEN, "")
    address = f"http://127.0.0.1:{port}"
    key = make_key(installation, "load@example.org", *SCOPES)
    with (
        installation.running("up", "--port", str(free_port()), "--api-port", str(port), address=address, **usual),
        httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client,
    ):
        home = client.post(
            "/api/v1/imports/organizations?source=home&mode=apply", content="id,name\n1,Lembaga Rumah\n", headers=KIND
        )
        assert wait_until_ended(client, home.headers["location"])["state"] == "applied"
        installation.kelompok("admin", "user", "create", "hostile@example.org")
        installation.kelompok(
            "admin", "role", "grant", "hostile@example.org", "editor", "--organization", "lembaga-rumah"
        )
        hostile_key = make_key(installation, "hostile@example.org", "import.read", "import.submit")
        sent = client.post(
            "/api/v1/imports/members?source=bad&organization=lembaga-rumah", content=spoilt_rows(100_000), headers=KIND
        )
        location = sent.headers["location"]
        counts = wait_until_ended(client, location)["counts"]
        print(counts, flush=True)
        sleep(WRITTEN_SECONDS)
        hostile.measure(address, key, home.headers["location"], hostile_key, location)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        installation = Installation(Path(folder))
        installation.kelompok("plugin", "enable", "csv-import", "--grant")
        installation.kelompok("admin", "user", "create", "load@example.org", "--role", "admin")
        if "--hostile" in sys.argv[1:]:
            try:
                measure_hostile(installation)
            finally:
                installation.kelompok("db", "remove", "--yes")
            return
        key, port = make_key(installation, "load@example.org", *SCOPES), free_port()
        address = f"http://127.0.0.1:{port}"
        try:
            alone = measure_command_line(installation, handed=False)
            with installation.running("up", "--port", str(free_port()), "--api-port", str(port), address=address):
                with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
                    while client.get("/readyz").json().get("workers") != 2:
                        sleep(0.2)
                    handed = measure_command_line(installation, handed=True)
                    print(f"in process/handed over {alone / handed:.1f}")
                    measure_start(client)
                    measure_load(address, key, client)
                measure_limits(installation, key)
        finally:
            installation.kelompok("db", "remove", "--yes")


if __name__ == "__main__":
    main()
