"""Speed and memory of imports, compared with the floor: ``make bench``, or ``BENCH=full make bench``.

``BENCH=full`` also measures a million rows, and the peers of ``peers.py``.

To compare with the floor, an import runs in one process, as it does for users; to measure how it scales, each step runs
in its own process, so that peak memory is per step. Each import gets a fresh database on a server started for the run.
Compare times only within a run.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from uuid import UUID

import pandas as pd
import psycopg

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from benchmarks.databases import copied, make_template, run_sql, settings_in  # noqa: E402  (runs as a script)
from benchmarks.floor import measure_floor  # noqa: E402
from benchmarks.lists import HOME, LISTS, write_list  # noqa: E402
from benchmarks.organizations import write_organizations  # noqa: E402
from benchmarks.peer_programs.measuring import peak_memory  # noqa: E402
from kelompok_core.access.actors import get_actor  # noqa: E402
from kelompok_core.database import embedded  # noqa: E402
from kelompok_core.database.engine import Addresses, Database  # noqa: E402
from kelompok_core.imports.applying.apply import apply  # noqa: E402
from kelompok_core.imports.deciding.decide import decide  # noqa: E402
from kelompok_core.imports.receiving.receive import ImportRequest, receive  # noqa: E402
from kelompok_core.imports.shared.options import ImportOptions  # noqa: E402
from kelompok_core.imports.staging.stage import stage  # noqa: E402
from kelompok_core.installation import Installation  # noqa: E402
from kelompok_core.plugin_host.processes import prepare_processes  # noqa: E402
from kelompok_core.plugin_host.registry import require_enabled  # noqa: E402
from kelompok_core.plugin_host.running import try_loading  # noqa: E402
from kelompok_core.records.registry import get_descriptor  # noqa: E402
from kelompok_core.settings import Settings, read_settings  # noqa: E402
from tests.enabling import set_enabled  # noqa: E402

STEPS = {"stage": stage, "decide": decide, "apply": apply}
ENTITIES = ("organizations", *LISTS)
_TEMPLATE = "template_bench"
_ANOTHER = 10_000
LARGEST_OF_ALL = 100_000  # only organizations are measured with a million rows: others would show nothing new
QUICK, FULL = (10_000, 100_000), (10_000, 100_000, 1_000_000)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A fresh database, and the settings to connect to it."""

    settings: Settings
    runtime_url: str


class Server:
    """The run's own server; creates databases as copies of a migrated template."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = read_settings({"KELOMPOK_HOME": str(folder / "server")})
        self._numbers = count()
        make_template(self.settings, _TEMPLATE)

    @contextmanager
    def place(self) -> Iterator[Place]:
        number = next(self._numbers)
        name = f"bench_{number}"
        with copied(self.settings, _TEMPLATE, name):
            settings = settings_in(
                self.settings, name, home=self.folder / name, config_file=self.folder / f"{name}.toml"
            )  # fmt: skip
            set_enabled(settings, "csv-import", enabled=True)
            yield Place(settings=settings, runtime_url=str(settings.database_url))
        # Otherwise, this work would count in the next measurement.
        run_sql(self.settings, "CHECKPOINT")


def _installation(settings: Settings) -> Installation:
    url = str(settings.database_url)
    database = Database(Addresses(runtime=url, dagster=None))
    return Installation(database=database, settings=settings)


def run_import(
    place: Place,
    file: Path,
    entity: str = "organizations",
    options: ImportOptions | None = None,
    *,
    together: bool = False,
) -> dict[str, dict[str, float]]:
    """Import a file; return seconds and peak memory in MB of each step, each in its own process unless ``together``.

    With ``together``, as on the command line, in workers and in Dagster, memory is the process's peak so far.
    """
    installation = _installation(place.settings)
    with installation.database.connect() as connection, connection.begin():
        actor = get_actor(connection, email=None)
    started = perf_counter()
    home = None if entity == "organizations" else HOME
    request = ImportRequest(
        plugin="csv-import", job=f"import-{entity}", file=file, organization=home, options=options or ImportOptions()
    )  # fmt: skip
    import_id = receive(installation, request, actor).import_id
    figures = {"receive": {"seconds": perf_counter() - started, "mb": 0.0}}
    installation.database.dispose()
    settings = place.settings
    for steps in [",".join(STEPS)] if together else STEPS:
        arguments = [steps, str(import_id), str(settings.home), str(settings.config_file), str(settings.database_url)]
        child = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
        figures |= json.loads(child.stdout)
    return figures


def run_steps(steps: str, import_id: str, home: str, config: str, url: str) -> None:
    """Run steps of one import in a child process, measured without the time to import libraries."""
    installation = _installation(Settings(home=Path(home), config_file=Path(config), database_url=url))
    plugin = require_enabled(installation.settings, "csv-import")
    prepare_processes()
    try_loading(installation.settings, plugin, plugin.jobs()[0].uses)
    for entity in ENTITIES:
        # Pandera loads its checks on first use, and with them hypothesis, if installed.
        get_descriptor(entity).schema().validate(_nothing(entity))
    figures = {}
    for step in steps.split(","):
        started = perf_counter()
        STEPS[step](installation, UUID(import_id))
        figures[step] = {"seconds": perf_counter() - started, "mb": peak_memory()}
    print(json.dumps(figures))


def _nothing(entity: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in get_descriptor(entity).schema().columns})


def _total(figures: dict[str, dict[str, float]]) -> float:
    return sum(one["seconds"] for one in figures.values())


def compare_with_floor(server: Server, entity: str, rows: int, repeats: int) -> None:
    """Print the times of import and floor for a file without bad rows, run alternately."""
    # The file name is the source name, which each field stores: it is as long as the floor's.
    file = server.folder / f"clean-{entity}-{rows}" / "floor.csv"
    file.parent.mkdir()
    if entity == "organizations":
        write_organizations(file, rows, bad=0, repeated=0)
    else:
        write_list(entity, file, rows)
    floors, cores, imports = [], [], []
    for _ in range(repeats):
        for seconds, bookkeeping in ((floors, True), (cores, False)):
            with server.place() as place:
                make_home(place, entity)
                seconds.append(
                    measure_floor(str(place.settings.owner_database_url), file, entity, bookkeeping=bookkeeping)
                )
                if bookkeeping:
                    by_floor = _written(place, entity)
        with server.place() as place:
            make_home(place, entity)
            imports.append(run_import(place, file, entity, together=True))
            by_import = _written(place, entity)
    floor, core = statistics.median(floors), statistics.median(cores)
    total = statistics.median(map(_total, imports))
    steps = "  ".join(
        f"{step} {statistics.median(one[step]['seconds'] for one in imports):.1f}"
        f" ({max(one[step]['mb'] for one in imports):.0f})"
        for step in STEPS
    )
    print(f"\n{rows:,} {entity}, none bad, median of {repeats}")
    print(f"  floor, all tables an import writes   {floor:7.1f} s  {rows / floor:9,.0f} rows/s")
    print(f"  floor, core and evidence alone       {core:7.1f} s  {rows / core:9,.0f} rows/s")
    print(f"  import                               {total:7.1f} s  {rows / total:9,.0f} rows/s   {steps}")
    fastest = min(map(_total, imports)) / min(floors)
    print(
        f"  import / floor                       {total / floor:7.2f}      / core alone {total / core:.2f}"
        f"      fastest / fastest floor {fastest:.2f}"
    )
    print(f"  written by the floor, by the import  {by_floor:7.0f} MB {by_import:8.0f} MB")
    dry = statistics.median(_total(one) - one["apply"]["seconds"] for one in imports)
    print(f"  import / dry run                     {total / dry:7.2f}")


def _written(place: Place, entity: str) -> float:
    """Return the size in MB of the tables an import writes, with their indexes."""
    tables = ["imports", "import_rows", "import_decisions", "source_records", "audit_logs", entity]
    with psycopg.connect(place.runtime_url) as connection:
        sizes = connection.execute("SELECT pg_total_relation_size(name) FROM unnest(%s::text[]) name", [tables])
        return sum(size for (size,) in sizes) / 1e6


def make_home(place: Place, entity: str) -> None:
    """Create the organization and the category that the rows of other lists belong to."""
    if entity == "organizations":
        return
    with psycopg.connect(place.runtime_url) as connection:
        connection.execute(
            "SELECT set_config('kelompok.actor', 'system:bench', true), set_config('kelompok.origin', 'setup', true)"
        )
        connection.execute(
            "INSERT INTO organizations (name, slug, name_key) VALUES ('Forum Ukur', %s, 'forum ukur')", [HOME]
        )
        connection.execute("INSERT INTO post_categories (name, slug) VALUES ('Berita', 'berita')")


def import_and_again(server: Server, rows: int) -> None:
    """Print the times of a first import, the same file again, the same rows in other bytes, and a tenth changed."""
    folder = server.folder / f"list-{rows}"
    first, other_bytes, changed = (folder / part / "list.csv" for part in ("first", "other", "changed"))
    for file, share in ((first, 0.0), (other_bytes, 0.0), (changed, 0.1)):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_organizations(file, rows, changed=share)
    with other_bytes.open("a", encoding="utf-8") as text:
        text.write("\n")
    lists = {"first": first, "the same file": first, "the same rows": other_bytes, "10 % changed": changed}
    print(f"\n{rows:,} rows, 3 % bad, 2 % repeated      seconds (peak MB of the process)")
    with server.place() as place:
        for name, file in lists.items():
            figures = run_import(place, file)
            steps = "  ".join(f"{step} {one['seconds']:.1f} ({one['mb']:.0f})" for step, one in figures.items())
            total = _total(figures)
            print(f"  {name:<20} {total:6.1f} s {rows / total:9,.0f} rows/s   {steps}", flush=True)
            _analyze(place)
        beside = _import_another(server, place)
    with server.place() as place:
        alone = _import_another(server, place)
    print(
        f"  another list of {_ANOTHER:,}: beside them {beside:.1f} s, alone {alone:.1f} s, ratio {beside / alone:.2f}"
    )


def _analyze(place: Place) -> None:
    """Analyze the tables now, so that query plans do not depend on when autovacuum runs."""
    with psycopg.connect(str(place.settings.owner_database_url), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _import_another(server: Server, place: Place) -> float:
    """Return the seconds to import another source's list, in which some names are known."""
    file = server.folder / "another.csv"
    write_organizations(file, _ANOTHER, seed=7)
    return _total(run_import(place, file))


def latency(server: Server) -> None:
    """Print how long a person waits for an import of ten rows, and for the list of plugins."""
    file = server.folder / "ten.csv"
    write_organizations(file, 10, bad=0, repeated=0)
    environment = os.environ | {
        "KELOMPOK_HOME": str(server.folder / "server"), "KELOMPOK_CONFIG": str(server.folder / "cli.toml"),
    }  # fmt: skip
    program = str(Path(sys.executable).with_name("kelompok"))

    def timed(*arguments: str) -> float:
        started = perf_counter()
        done = subprocess.run([program, *arguments], cwd=PROJECT, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return perf_counter() - started

    timed("plugin", "enable", "csv-import", "--grant")
    timed("db", "migrate")
    imported = [
        timed("plugin", "run", "csv-import", "--job", "import-organizations", "--file", str(file)) for _ in range(4)
    ]
    listed = [timed("plugin", "list") for _ in range(6)]
    print("\nFrom the command line, median, the first left out")
    print(f"  import of ten rows     {statistics.median(imported[1:]):6.2f} s")
    print(f"  kelompok plugin list   {statistics.median(listed[1:]):6.2f} s")


def main() -> None:
    sizes = FULL if os.environ.get("BENCH") == "full" else QUICK
    with tempfile.TemporaryDirectory(prefix="kelompok-installation-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder)
        try:
            latency(server)
            for rows in sizes:
                for entity in ENTITIES if rows <= LARGEST_OF_ALL else ("organizations",):
                    compare_with_floor(server, entity, rows, repeats=1 if rows >= 1_000_000 else 5)
                import_and_again(server, rows)
        finally:
            embedded.remove(server.settings)
    if sizes is FULL:
        subprocess.run([sys.executable, str(PROJECT / "benchmarks" / "peers.py")], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_steps(*sys.argv[1:])
    else:
        main()
