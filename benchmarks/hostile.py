"""Healthy requests during an attack with a valid key: many error files, slow uploads, idle connections. Loopback only.

Run it with ``python benchmarks/load.py --hostile``. The attack runs in its own process, and ends by itself.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic, perf_counter, sleep

import httpx2 as httpx

READERS, UPLOADS, IDLE = 45, 40, 520
ALONE_SECONDS, BESIDE_SECONDS = 8.0, 30.0
HEALTHY_THREADS, HEALTHY_PAUSE = 4, 0.5
PATIENCE = 20.0
"""Seconds after which a client gives up."""

TARGET_MS = 250.0


def healthy(address: str, key: str, paths: list[str], seconds: float) -> tuple[list[float], Counter[str]]:
    """Send requests at a slow rate from a few threads; return each response's milliseconds, and outcomes by number."""
    until = monotonic() + seconds

    def one_thread(number: int) -> tuple[list[float], Counter[str]]:
        times, ends = [], Counter[str]()
        sleep(number * HEALTHY_PAUSE / HEALTHY_THREADS)
        with httpx.Client(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE, trust_env=False
        ) as client:
            while monotonic() < until:
                path = paths[sum(ends.values()) % len(paths)]
                began = perf_counter()
                try:
                    ends[str(client.get(path).status_code)] += 1
                except httpx.TransportError as error:
                    ends[type(error).__name__] += 1
                times.append((perf_counter() - began) * 1000)
                sleep(HEALTHY_PAUSE)
        return times, ends

    with ThreadPoolExecutor(HEALTHY_THREADS) as pool:
        results = list(pool.map(one_thread, range(HEALTHY_THREADS)))
    return [time for times, _ in results for time in times], sum((each for _, each in results), Counter[str]())


def measure(address: str, healthy_key: str, own: str, hostile_key: str, location: str) -> None:
    """Measure healthy requests alone and during the attack, and print whether the target is met.

    Args:
        address: The API's base URL.
        healthy_key: The key of the healthy requests.
        own: Path of the import that the healthy requests are about.
        hostile_key: The key of the attack.
        location: Path of the import whose error file the attack requests.
    """
    paths = [own, "/api/v1/imports?limit=20", "/api/v1/organizations?limit=20", f"{own}/rows?limit=20"]
    print("| healthy requests | responses | median ms | p95 ms | max ms | outcomes |\n|---|---|---|---|---|---|")
    say("alone", *healthy(address, healthy_key, paths, ALONE_SECONDS))
    attack = subprocess.Popen(
        [sys.executable, __file__, address, hostile_key, location, str(BESIDE_SECONDS + 5)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        sleep(3)
        times, ends = healthy(address, healthy_key, paths, BESIDE_SECONDS)
    finally:
        told, _ = attack.communicate(timeout=BESIDE_SECONDS + 60)
    p95 = say("during the attack", times, ends)
    print(f"the attack: {told.strip()}")
    failed = sum(number for how, number in ends.items() if how not in ("200", "503", "429"))
    print(f"target p95 <= {TARGET_MS:.0f} ms and only 200, 429 and 503: "
          f"{'met' if p95 <= TARGET_MS and not failed else 'missed'}", flush=True)  # fmt: skip


def say(what: str, times: list[float], ends: Counter[str]) -> float:
    p95 = statistics.quantiles(times, n=20)[18]
    print(f"| {what} | {len(times)} | {statistics.median(times):.1f} | {p95:.1f} | {max(times):.1f} | {dict(ends)} |",
          flush=True)  # fmt: skip
    return p95


class Attack:
    """One process with many connections to one port of this machine."""

    def __init__(self, address: str, key: str, location: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        assert host == "127.0.0.1", "attacks this machine only"
        self._place = (host, int(port))
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        self._location = location
        self.ends: dict[str, Counter[str]] = {name: Counter() for name in ("errors", "uploads", "idle")}

    async def run(self, seconds: float) -> None:
        """Attack for this long, then cancel all connections."""
        tasks = [asyncio.create_task(self._again(kind)) for kind, number in (
            ("idle", IDLE), ("uploads", UPLOADS), ("errors", READERS)) for _ in range(number)]  # fmt: skip
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _again(self, kind: str) -> None:
        acts = {"errors": self._read_errors, "uploads": self._upload_slowly, "idle": self._idle}
        while True:
            writer = None
            try:
                async with asyncio.timeout(PATIENCE):
                    reader, writer = await asyncio.open_connection(*self._place)
                    self.ends[kind][await acts[kind](reader, writer)] += 1
            except TimeoutError:
                self.ends[kind]["timed out"] += 1
            except OSError as error:
                self.ends[kind][type(error).__name__] += 1
            finally:
                if writer is not None:
                    writer.close()
            await asyncio.sleep(0.5)

    async def _read_errors(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        writer.write(f"GET {self._location}/errors.csv HTTP/1.1\r\n{self._head}Connection: close\r\n\r\n".encode())
        status = _status(await reader.readline())
        while await reader.read(1 << 20):
            pass
        return status

    async def _upload_slowly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        kind = "Content-Type: text/csv\r\nContent-Length: 10000000\r\n\r\n"
        place = "/api/v1/imports/members?source=slow&organization=lembaga-rumah"
        writer.write(f"POST {place} HTTP/1.1\r\n{self._head}{kind}".encode())
        answer = asyncio.ensure_future(reader.readline())
        try:
            while not answer.done():
                writer.write(b"x")
                await asyncio.wait([answer], timeout=1)
            return _status(answer.result())
        finally:
            answer.cancel()
            with suppress(OSError):
                await writer.drain()

    async def _idle(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> str:
        return _status(await reader.readline())


def _status(line: bytes) -> str:
    words = line.split()
    return words[1].decode("ascii", "replace") if len(words) > 1 else "closed"


def attack(address: str, key: str, location: str, seconds: str) -> None:
    """Attack for this long and print the outcomes of the connections as JSON."""
    hostile = Attack(address, key, location)
    asyncio.run(hostile.run(float(seconds)))
    print(json.dumps({kind: dict(ends) for kind, ends in hostile.ends.items()}))


if __name__ == "__main__":
    attack(*sys.argv[1:])
