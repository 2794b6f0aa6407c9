"""``kelompok plugin new``, ``lint`` and ``test``: for people who write plugins."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kelompok_core.cli import output, terminal
from kelompok_core.cli.language import translate, translate_message
from kelompok_core.cli.terminal import JsonOption
from kelompok_core.errors import UsageError

FolderArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="The plugin's folder, with pyproject.toml.", exists=True, file_okay=False)
]


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The plugin's name, such as federation-register.")],
    contract: Annotated[
        str, typer.Option(metavar="CONTRACT[,…]", help="What it implements, such as organization_importer.")
    ] = "importer",
    to: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where to write it. Default: ./NAME.")] = None,
) -> None:
    """Write the folder of a new plugin that already works: code, manifest, sentences, sample, tests, README."""
    from kelompok_core.plugin_kit.scaffold import write_plugin

    folder = to or Path(name)
    for path in write_plugin(folder, name, [one.strip() for one in contract.split(",") if one.strip()]):
        output.print_line(str(path))
    output.print_next(translate("Next:"), output.command("plugin", "test", str(folder)))


def lint(path: FolderArgument, as_json: JsonOption = False) -> None:
    """Check a plugin's folder without running its code: packaging, manifest, classes, imports, issue codes."""
    from kelompok_core.plugin_kit.lint import lint as find_problems

    problems = find_problems(path)
    rows = [{"place": one.place, "message": one.message, "warning": one.is_warning} for one in problems]
    if as_json:
        output.print_json(rows)
    else:
        for one in problems:
            kind = f"{translate('warning')}: " if one.is_warning else ""
            output.print_line(f"{one.place}: {kind}{translate_message(one.message)}")
        if not problems:
            output.print_line(translate("No problems found."))
    raise typer.Exit(terminal.FAILED if any(not one.is_warning for one in problems) else terminal.DONE)


def test(path: FolderArgument) -> None:
    """Run a plugin's tests, with the conformance suite. A run without tests fails."""
    from kelompok_core.plugin_kit.lint import find_package

    if find_spec("pytest") is None:
        raise UsageError("pytest is not installed, and tests need it", hint="Install it: pip install pytest")
    package = find_package(path)
    if package is None:
        raise UsageError(f"{path} is no plugin", hint=f"Run: kelompok plugin lint {path}")
    raise typer.Exit(_run_tests(path.resolve(), package))


def _run_tests(folder: Path, package: str) -> int:
    """Run pytest in a process of its own; return 0 if tests ran and all passed."""
    has_suite = any("conformance_suite" in file.read_text("utf-8") for file in folder.rglob("test_*.py"))
    places = [str(folder), str(folder / "src"), *(one for one in sys.path if one)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    options = ["-q", "-p", "no:cacheprovider", f"--rootdir={folder}", "--import-mode=importlib"]
    with tempfile.TemporaryDirectory(prefix="kelompok-suite-") as made:
        where = [folder] if has_suite else [folder, _write_suite(Path(made), folder, package)]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *where], env=environment, check=False, cwd=folder
        )
    if done.returncode == _NO_TESTS:
        output.print_line(translate("No tests were found, so nothing was shown to work."), errors=True)
    return terminal.DONE if done.returncode == 0 else terminal.FAILED


_NO_TESTS = 5
"""pytest's exit code."""


def _write_suite(where: Path, folder: Path, package: str) -> Path:
    """Write the test file of a plugin that has no conformance test."""
    places = (folder / "tests" / "inputs", folder / "samples")
    inputs = [str(one) for place in places if place.is_dir() for one in sorted(place.iterdir()) if one.is_file()]
    file = where / "test_conformance.py"
    file.write_text(
        "from kelompok_core.plugin_kit.testing import conformance_suite\n\n"
        f"TestConformance = conformance_suite({package!r}, inputs={inputs!r})\n",
        "utf-8",
    )
    return file
