"""Makes the pictures of the README anew, from what the command line and Dagster show today.

Needs Debian's chromium for the pictures of Dagster, and ends by itself: ``make pictures``.
"""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

PROJECT = Path(__file__).resolve().parents[1]
IMAGES = PROJECT / "docs/images"
PROGRAMS = Path(sys.executable).parent
BROWSER = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)

_IMPORT = ("plugin", "run", "csv-import", "--job", "import-organizations", "--file", "examples/organizations.csv")
_PLAN = (*_IMPORT[:-1], "examples/partners.csv", "--dry-run")
_COLUMNS, _SIZE = 100, (1500, 620)
_PORT, _API_PORT = 13_971, 13_972
_UP_SECONDS = 120
_DRAW_MILLISECONDS = 25_000
"""Of a page's own time: it is through in less of ours."""


def main() -> None:
    """Make an installation that nobody needs, use it, and picture that."""
    with tempfile.TemporaryDirectory(prefix="kelompok-pictures-") as folder:
        environment = os.environ | {"KELOMPOK_HOME": f"{folder}/home", "KELOMPOK_CONFIG": f"{folder}/kelompok.toml"}
        environment |= {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "TZ": "Asia/Jakarta", "LANG": "C.UTF-8"}
        try:
            for words in (("init",), ("plugin", "enable", "csv-import")):
                subprocess.run(["kelompok", *words], env=environment, check=True, capture_output=True)
            picture_terminal(_IMPORT, IMAGES / "report.svg", environment)
            picture_terminal(_PLAN, IMAGES / "plan.svg", environment)
            if BROWSER is None:
                sys.exit("There is no chromium: the pictures of Dagster stay as they are.")
            with services(environment):
                picture_dagster(environment)
        finally:
            subprocess.run(["kelompok", "db", "remove", "--yes"], env=environment, check=False, capture_output=True)


def picture_terminal(words: Sequence[str], target: Path, environment: dict[str, str]) -> None:
    """Run a command on a terminal, and draw what it printed."""
    text = run_on_terminal(words, environment).replace("\r\n", "\n").strip("\n")
    console = Console(record=True, width=_COLUMNS, file=StringIO(), soft_wrap=True)
    console.print(Text(f"$ kelompok {' '.join(words)}", style="bold"))
    console.print(Text.from_ansi(text))
    target.write_text(console.export_svg(title="kelompok", unique_id="kelompok"), "utf-8")
    print(f"{target.relative_to(PROJECT)}: {len(text.splitlines())} lines")


def run_on_terminal(words: Sequence[str], environment: dict[str, str]) -> str:
    """Return what a command prints on a terminal, but for the line that moves while it runs."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(PROJECT)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        wide = environment | {"TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
        os.execvpe("kelompok", ["kelompok", *words], wide)  # noqa: S606  (the child becomes the command)
    printed = b""
    with suppress(OSError):  # the terminal is gone when the command has ended
        while piece := os.read(terminal, 1 << 16):
            printed += piece
    os.waitpid(pid, 0)
    return printed.decode()


@contextmanager
def services(environment: dict[str, str]) -> Iterator[None]:
    """Run ``kelompok up`` until the block ends."""
    words = ["kelompok", "up", "--port", str(_PORT), "--api-port", str(_API_PORT), "--workers", "1"]
    with subprocess.Popen(words, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_code()
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def wait_for_code() -> None:
    """Wait until Dagster has loaded the project's code."""
    until = time.monotonic() + _UP_SECONDS
    while time.monotonic() < until:
        with suppress(OSError):
            found = ask("{ repositoriesOrError { __typename ... on RepositoryConnection { nodes { name } } } }")
            if found["repositoriesOrError"].get("nodes"):
                return
        time.sleep(1)
    sys.exit("Dagster did not come up.")


def ask(query: str) -> dict[str, dict[str, list[dict[str, str]]]]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{_PORT}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        data: dict[str, dict[str, list[dict[str, str]]]] = json.load(answer)["data"]
    return data


def picture_dagster(environment: dict[str, str]) -> None:
    subprocess.run(["kelompok", *_IMPORT], cwd=PROJECT, env=environment, check=False, capture_output=True)
    (run,) = ask("{ runsOrError(limit: 1) { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
    for name, page in (
        ("lineage", "assets/core/organizations?view=lineage&lineageScope=upstream&lineageDepth=3"),
        ("run", f"runs/{run['runId']}"),
        ("decisions", "assets/csv_import/organizations_decisions?view=events"),
    ):
        target = IMAGES / f"{name}.png"
        subprocess.run(
            [
                str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--window-size={_SIZE[0]},{_SIZE[1]}", f"--virtual-time-budget={_DRAW_MILLISECONDS}",
                f"--screenshot={target}", f"http://127.0.0.1:{_PORT}/{page}",
            ],
            check=True, capture_output=True, timeout=180, env=environment,
        )  # fmt: skip
        print(f"{target.relative_to(PROJECT)}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
