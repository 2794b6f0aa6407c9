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

from playwright.sync_api import Page, ViewportSize, sync_playwright
from rich.console import Console
from rich.text import Text

PROJECT = Path(__file__).resolve().parents[1]
IMAGES = PROJECT / "docs/images"
PROGRAMS = Path(sys.executable).parent
BROWSER = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)

_IMPORT = ("plugin", "run", "csv-import", "--job", "import-organizations", "--file", "examples/organizations.csv")
_PLAN = (*_IMPORT[:-1], "examples/partners.csv", "--dry-run")
_MEMBERS = ("plugin", "run", "csv-import", "--job", "import-members", "--file", "examples/members.csv")
_EVENTS = ("plugin", "run", "csv-import", "--job", "import-events", "--file", "examples/events.csv")
_HOME = "yayasan-rumah-baca-bahari"
_JSON = ("plugin", "run", "json-import", "--job", "import-organizations", "--file", "examples/groups.json")
_SETTINGS = """
[[schedules]]
name = "partners_each_minute"
cron = "* * * * *"
plugin = "csv-import"
job = "import-organizations"
file = "examples/partners.csv"
source = "partners"
"""
_COLUMNS, _WINDOW = 100, ViewportSize(width=1600, height=1000)
_PORT, _API_PORT = 13_971, 13_972
_UP_SECONDS = 120
_SETTLE_MILLISECONDS = 6_000
"""Wait after a page has the expected text, because graphs and thumbnails are drawn last."""
_ZOOM_STEPS = 6
"""Zoom out this often, so that all groups are in the window."""
_TICK_MILLISECONDS = 60_000
"""Time for two ticks of a sensor, the run that follows, and a tick of the schedule."""


def main() -> None:
    """Make an installation that nobody needs, use it, and picture that."""
    with tempfile.TemporaryDirectory(prefix="kelompok-pictures-") as folder:
        environment = os.environ | {"KELOMPOK_HOME": f"{folder}/home", "KELOMPOK_CONFIG": f"{folder}/kelompok.toml"}
        environment |= {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "TZ": "Asia/Jakarta", "LANG": "C.UTF-8"}
        try:
            for words in (
                ("init",),
                ("plugin", "enable", "csv-import", "--grant"),
                ("plugin", "enable", "json-import", "--grant"),
            ):
                subprocess.run(["kelompok", *words], env=environment, check=True, capture_output=True)
            picture_terminal(_IMPORT, IMAGES / "report.svg", environment)
            picture_terminal(_PLAN, IMAGES / "plan.svg", environment)
            if BROWSER is None:
                sys.exit("There is no chromium: the pictures of Dagster stay as they are.")
            import_examples(environment)
            settings = Path(environment["KELOMPOK_CONFIG"])
            settings.write_text(settings.read_text("utf-8") + _SETTINGS, "utf-8")
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


def import_examples(environment: dict[str, str]) -> None:
    """Import the examples, and a file that is refused, so that there is something to show."""
    folder = Path(environment["KELOMPOK_HOME"]).parent
    (folder / "alamat.csv").write_text("Alamat,Kota\nJl. Satu,Garut\n")
    for words in (
        _IMPORT, (*_IMPORT[:-1], "examples/partners.csv"), _MEMBERS, (*_EVENTS, "--organization", _HOME), _JSON,
        (*_IMPORT[:-1], "examples/partners.csv"),
    ):  # fmt: skip
        subprocess.run(["kelompok", *words], cwd=PROJECT, env=environment, check=False, capture_output=True)


def picture_dagster(environment: dict[str, str]) -> None:
    """Take screenshots of the main pages of Dagster's UI."""
    folder = Path(environment["KELOMPOK_HOME"]).parent
    inbox = folder / "home/inbox/csv-import/import-organizations"
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport=_WINDOW, base_url=f"http://127.0.0.1:{_PORT}/")
        page.goto("overview")
        page.get_by_text("Hide navigation").click()
        picture(page, "home", "overview", "csv_import__import_events")
        picture(page, "lineage", "asset-groups", "core")
        page.keyboard.press("Alt+E")  # expands all groups
        page.wait_for_timeout(_SETTLE_MILLISECONDS)
        for _ in range(_ZOOM_STEPS):
            page.locator('[aria-label="zoom_out"]').click()
        picture(page, "lineage-all", None, "members_decisions")
        picture(page, "partitions", "assets/csv_import/organizations_decisions?view=partitions&partition=partners", "█")
        picture(page, "decisions", "assets/csv_import/organizations_decisions?view=events", "█")
        picture(page, "columns", "assets/core/organizations?view=overview", "Read from")
        picture(page, "run", f"runs/{newest_run()}", "RUN_SUCCESS")
        subprocess.run(
            ["kelompok", *_IMPORT[:-1], folder / "alamat.csv"], cwd=PROJECT, env=environment, check=False,
            capture_output=True,
        )  # fmt: skip
        picture(page, "refused", f"runs/{newest_run()}", "No column was recognised")
        shutil.copy(PROJECT / "examples/partners.csv", inbox)
        page.wait_for_timeout(_TICK_MILLISECONDS)
        sensors, schedules = "locations/kelompok/sensors", "locations/kelompok/schedules"
        picture(page, "sensor", f"{sensors}/csv_import__import_organizations__inbox", "partners.csv")
        picture(page, "schedule", f"{schedules}/partners_each_minute", "requested")
        browser.close()


def picture(page: Page, name: str, address: str | None, expected: str) -> None:
    """Open a page, or stay on the current one, wait for the expected text, and take a screenshot."""
    if address is not None:
        page.goto(address)
    page.get_by_text(expected).first.wait_for(timeout=60_000)
    page.wait_for_timeout(_SETTLE_MILLISECONDS)
    target = IMAGES / f"{name}.png"
    page.screenshot(path=target)
    print(f"{target.relative_to(PROJECT)}: {target.stat().st_size:,} bytes")


def newest_run() -> str:
    (run,) = ask("{ runsOrError(limit: 1) { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
    return run["runId"]


if __name__ == "__main__":
    main()
