"""The documentation: generated pages are up to date, links work, and the commands of the README run."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.enabling import set_enabled

PROJECT = Path(__file__).parents[2]
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CONTRIBUTING.md",
    *sorted((PROJECT / "docs").glob("*.md")),
    *sorted(PROJECT.glob("plugins/*/README.md")),
]


def _commands(page):
    """Yield the lines of the page's ``sh`` blocks."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        yield from (line for line in block.splitlines() if line.strip())


def test_what_is_made_from_the_code_is_up_to_date():
    spec = importlib.util.spec_from_file_location("docs_make", PROJECT / "docs/make.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    stale = [path.name for path, text in made.pages().items() if path.read_text("utf-8") != text]
    assert not stale, "run «make docs»"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


@pytest.fixture
def newcomer():
    """A copy of what the README's commands touch, with this environment in the place of a new one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in (
            "Makefile",
            "requirements.lock",
            "requirements-dev.lock",
            "pyproject.toml",
            *(str(one.relative_to(PROJECT)) for one in PROJECT.glob("plugins/*/pyproject.toml")),
        ):
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / part, folder / part)
        shutil.copytree(PROJECT / "examples", folder / "examples")
        (folder / ".venv").mkdir()
        (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
        (folder / ".venv/ready").touch()
        (folder / ".venv/ready-for-tests").touch()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KELOMPOK_", "DAGSTER_"))}
        environment = kept | {"PATH": f"{folder}/.venv/bin:{os.environ['PATH']}"}

        def run(command):
            return subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )

        yield run
        run("kelompok db remove --yes")


# These run the whole suite, or until they are stopped; other tests do what they do.
_ONLY_PLANNED = ("make test", "make test-fast", "make proof", "make check", "make up", "make bench")


@pytest.mark.proof
@pytest.mark.xdist_group("readme")
def test_every_command_of_the_readme(newcomer):
    commands = list(_commands(PROJECT / "README.md"))
    assert len(commands) > 10
    for command in commands:
        ready = command
        if command in _ONLY_PLANNED:
            ready = f"make -n {command.removeprefix('make ')}"
        done = newcomer(ready)
        assert done.returncode in (0, 3), (command, done.stdout[-2000:], done.stderr[-2000:])
    again = newcomer("make demo")
    assert again.returncode == 0, again.stderr
    assert "10 unchanged" in again.stdout


def test_every_target_of_the_makefile_says_what_it_does():
    text = (PROJECT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    for target in phony.split():
        assert re.search(rf"^{target}:.*## \w+", text, re.MULTILINE), target


def test_the_examples_are_what_they_say(settings, installation):
    from kelompok_core.imports.shared.profiles import read_profile
    from kelompok_pipelines.definitions import build_definitions
    from kelompok_pipelines.resources import Core

    shutil.copy(PROJECT / "examples/kelompok.toml", settings.config_file)
    set_enabled(settings, "csv-import", enabled=True)
    assert read_profile(settings, "partners").options.mapping["Nama Lembaga"] == "name"
    definitions = build_definitions(settings, Core(installation=installation))
    assert definitions.resolve_schedule_def("partners_nightly").cron_schedule == "0 2 * * *"
