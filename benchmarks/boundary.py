"""What the process of a plugin costs: imports by the command line, with the plugin in its process or in the core.

Both run in one go, in alternating order. ``python -m benchmarks.boundary [ROWS …]``, by default 10 and 100,000 rows.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

PROJECT = Path(__file__).parents[1]
_PAIRS = {10: 7, 100_000: 5}
_FEWEST_PAIRS = 3
_SOME_REVIEWED = 3
"""Exit code of an import with rows to review: lists of invented names resemble each other."""

_MAIN = "import sys; from kelompok_pipelines.launcher import main; sys.argv[0] = 'kelompok'; sys.exit(main())"
_INSIDE = """
from kelompok_core.plugin_host import processes, running
from tests.in_process import open_run_in_process
running.open_run, processes.prepare_processes = open_run_in_process, lambda: None
import kelompok_core.imports.staging.stage as stage, kelompok_core.cli.plugins as plugins
stage.prepare_processes = plugins.prepare_processes = processes.prepare_processes
"""
WAYS = {"in its process": _MAIN, "inside the core": _INSIDE + _MAIN}


def _kelompok(folder: Path, code: str, *arguments: str) -> float:
    """Run a command and return the seconds that it took."""
    path = os.pathsep.join(map(str, (PROJECT, *sorted((PROJECT / "plugins").iterdir()))))
    begun = monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, _SOME_REVIEWED):
        raise SystemExit(done.stderr)
    return monotonic() - begun


def measure(rows: int, folder: Path) -> None:
    """Import lists of new rows both ways, and print the medians, their difference and their ratio."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for pair in range(_PAIRS.get(rows, _FEWEST_PAIRS) + 1):
        for way in list(WAYS) if pair % 2 else reversed(WAYS):
            name = f"{rows}-{pair}-{way[:2]}"
            file = folder / f"{name}.csv"
            lines = (f"{name}-{at},Lembaga {name} {at},Jakarta,L{at}@contoh.org\n" for at in range(rows))
            file.write_text("id,name,city,email\n" + "".join(lines))
            job = ("--job", "import-organizations", "--file", str(file))
            took = _kelompok(folder, WAYS[way], "plugin", "run", "csv-import", *job)
            if pair:  # the first warms up
                seconds[way].append(took)
    outside, inside = (statistics.median(seconds[way]) for way in WAYS)
    print(f"{rows:>7} rows: in its process {outside:.3f} s, inside the core {inside:.3f} s, "
          f"difference {outside - inside:+.3f} s, ratio {outside / inside:.3f}", flush=True)  # fmt: skip


def main() -> None:
    sizes = [int(one) for one in sys.argv[1:]] or list(_PAIRS)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _kelompok(folder, _MAIN, "init")
        _kelompok(folder, _MAIN, "plugin", "enable", "csv-import", "--grant")
        try:
            for rows in sizes:
                measure(rows, folder)
        finally:
            _kelompok(folder, _MAIN, "db", "stop")


if __name__ == "__main__":
    main()
