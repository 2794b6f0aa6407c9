"""Beside peers: the same list of members by Kelompok and by what else is used for it, each with what it offers.

``python benchmarks/peers.py [ROWS]``, 100,000 by default. Each peer has an environment of its own, made here from the
package registry; all write to databases of one server, one after the other: the list for the first time, the same
again, and with a tenth of the rows changed. Seconds are those of the work, without starting Python; memory is the
peak of the process that does it.
"""

import csv
import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from benchmarks.lists import write_list  # noqa: E402  (runs as a script)
from benchmarks.peer_programs.measuring import peak_memory  # noqa: E402
from benchmarks.run import Place, Server, make_home, run_import  # noqa: E402
from kelompok_core.database import embedded  # noqa: E402
from kelompok_core.imports.shared.options import ImportOptions  # noqa: E402

PASSES = ("first", "unchanged", "10 % changed")
_PROGRAMS = Path(__file__).parent / "peer_programs"
_PHONE = 4

Measure = Callable[[Place, Path], tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One way to get the list into PostgreSQL.

    Attributes:
        packages: What its environment is made of; none for what needs no environment of its own.
        program: The script in ``peer_programs``.
        leaves: What is there afterwards, beside the rows.
    """

    name: str
    packages: tuple[str, ...] = ()
    program: str | None = None
    leaves: str


PEERS = (
    Peer(
        name="kelompok",
        leaves="every cell checked and normalized; a decision a row; evidence of each row; audit of each change by "
        "trigger; unchanged rows told; undo; resumes when killed",
    ),
    Peer(
        name="django-import-export, django-simple-history",
        packages=("django-import-export==4.4.3", "django-simple-history==3.13.0", "django==5.2.19", "psycopg[binary]"),
        program="with_django.py",
        leaves="model validation; a history row a save, nobody named; unchanged rows skipped; no evidence, no undo of "
        "an import",
    ),
    Peer(
        name="dlt, merge",
        packages=("dlt[postgres]==1.31.0", "pyarrow"),
        program="with_dlt.py",
        leaves="types; a load id a row; all rows merged again, changed or not; no audit, evidence or undo",
    ),
    Peer(
        name="pandas to_sql",
        packages=("pandas==3.0.0", "sqlalchemy", "psycopg[binary]"),
        program="with_pandas.py",
        leaves="text in a table, replaced each time; nothing else",
    ),
    Peer(name="psql \\copy", leaves="text in a table, emptied before each time; nothing else"),
)


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="kelompok-peers-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder)
        try:
            first, changed = _write_lists(folder, rows)
            print(f"{rows:,} members                            rows/s, and peak MB of the process")
            print(f"{'':<45}{PASSES[0]:>16}{PASSES[1]:>16}{PASSES[2]:>16}")
            for peer in PEERS:
                measure = _measure(peer, server)
                with server.place() as place:
                    make_home(place, "members")
                    figures = [measure(place, file) for file in (first, first, changed)]
                cells = "".join(f"{rows / seconds:>10,.0f} {mb:>5.0f}" for seconds, mb in figures)
                print(f"{peer.name:<45}{cells}\n    leaves: {peer.leaves}", flush=True)
        finally:
            embedded.remove(server.settings)


def _write_lists(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write the list, and the same with another telephone number in every tenth row."""
    first, changed = folder / "members.csv", folder / "changed" / "members.csv"
    write_list("members", first, rows)
    changed.parent.mkdir()
    with first.open(encoding="utf-8", newline="") as before, changed.open("w", encoding="utf-8", newline="") as after:
        writer = csv.writer(after)
        for number, row in enumerate(csv.reader(before)):
            if number % 10 == 1:
                row[_PHONE] = f"0899-{number % 10_000:04}-{number // 10_000:04}"
            writer.writerow(row)
    return first, changed


def _measure(peer: Peer, server: Server) -> Measure:
    if peer.name == "kelompok":
        return _kelompok
    if peer.program is None:
        return lambda place, file: _psql(server, place, file)
    environment = server.folder / f"environment-{peer.program}"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.packages],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def measure(place: Place, file: Path) -> tuple[float, float]:
        command = [python, _PROGRAMS / str(peer.program), place.settings.owner_database_url, file]
        if peer.program == "with_dlt.py":
            command.append(place.settings.home / "dlt")
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{peer.name}: {done.stderr[-2000:]}")
        figures = json.loads(done.stdout.splitlines()[-1])
        return figures["seconds"], figures["mb"]

    return measure


def _kelompok(place: Place, file: Path) -> tuple[float, float]:
    options = ImportOptions(mapping={"nomor": "external_id"})
    steps = run_import(place, file, "members", options, together=True)
    return sum(one["seconds"] for one in steps.values()), max(one["mb"] for one in steps.values())


def _psql(server: Server, place: Place, file: Path) -> tuple[float, float]:
    columns = ", ".join(f"{name} text" for name in file.open(encoding="utf-8").readline().strip().split(","))
    script = (
        "SET client_min_messages = warning;\n"
        f"CREATE TABLE IF NOT EXISTS peer_members ({columns});\nTRUNCATE peer_members;\n"
        f"\\copy peer_members FROM '{file}' (FORMAT csv, HEADER true)\n"
    )
    started = perf_counter()
    with subprocess.Popen(
        [embedded.psql_path(server.settings), "-qX", "-v", "ON_ERROR_STOP=1", str(place.settings.owner_database_url)],
        stdin=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(script)
        process.stdin.close()
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_memory(process.pid))
            sleep(0.002)
    if process.returncode:
        raise RuntimeError("psql failed")
    return perf_counter() - started, peak


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
