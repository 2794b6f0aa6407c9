"""The checks of every plugin: its manifest, its settings, and what happens when it is imported."""

import ast
import os
import subprocess
import sys
from pathlib import Path

from kelompok_core.contract_rules.methods import find_method_problem
from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.capabilities import find_capability_problems
from kelompok_core.plugin_host.configuration import check_config
from kelompok_core.plugin_host.contract_names import contract_named
from kelompok_core.plugin_kit.testing.subject import Subject

_WRONG = {"string": 5, "integer": "x", "number": "x", "boolean": "x", "array": 5, "object": 5}
"""For each type of JSON Schema a value of another one."""

_MOST_SECONDS = 5


def manifest_and_code_agree(subject: Subject) -> None:
    """Each class that the manifest names exists, has the contract's methods, and can be made without arguments."""
    assert subject.manifest.implements, "kelompok-plugin.json: implements names no contract, so there is nothing to run"
    for contract, target in subject.manifest.implements.items():
        try:
            implementation = subject.implementation(contract)
        except Exception as error:
            raise AssertionError(
                f"kelompok-plugin.json: implements.{contract}: expected a class that can be made as {target}(); found "
                f"{type(error).__name__}: {error}"
            ) from error
        problem = find_method_problem(implementation, contract_named(contract))
        assert problem is None, f"{target}: expected the methods of {contract}; {problem}"
    problems = find_capability_problems(subject.manifest.capabilities)
    assert not problems, "kelompok-plugin.json: " + "; ".join(problems)


def invalid_settings_are_refused(subject: Subject) -> None:
    """Each setting of a wrong type, and each unknown one, is refused by its name."""
    properties = subject.manifest.config_schema.get("properties", {})
    for name, described in properties.items():
        wrong = _WRONG.get(str(described.get("type")))
        if wrong is None:
            assert "enum" in described, f"config_schema.properties.{name}: expected a type or an enum; found neither"
            wrong = "no such choice"
        _require_refused(subject, name, wrong)
    _require_refused(subject, "no_such_setting", "x")


def _require_refused(subject: Subject, name: str, wrong: object) -> None:
    try:
        check_config(subject.manifest, {name: wrong})  # type: ignore[dict-item]
    except SettingsError as error:
        assert name in error.message, f"the error for {name} = {wrong!r} does not name the setting: {error.message}"
        return
    raise AssertionError(
        f"config_schema: expected {name} = {wrong!r} to be refused; it was accepted. For unknown settings write "
        '"additionalProperties": false'
    )


def import_has_no_side_effects(subject: Subject) -> None:
    """Importing the package opens no connection, writes no file, starts no process or thread, and is quick."""
    modules = sorted({target.partition(":")[0] for target in subject.manifest.implements.values()})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT, *modules], capture_output=True, text=True, check=False, env=environment,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, f"importing {', '.join(modules)}: {(done.stderr or done.stdout).strip()[-1_000:]}"
    *printed, seconds = done.stdout.strip().splitlines()
    assert not printed, f"importing {', '.join(modules)} prints: {printed[0]}"
    assert float(seconds) < _MOST_SECONDS, f"importing takes {seconds} seconds; expected less than {_MOST_SECONDS}"


_IMPORT = """
import importlib, sys, threading, time
import pandas, pyarrow, kelompok_core.contracts

def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes and "__pycache__" not in str(arguments[0]) and str(arguments[0]) != "/dev/null":
        raise SystemExit(f"it opens {arguments[0]} for writing")
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.fork", "os.system", "os.exec"):
        raise SystemExit(f"it does {event} {arguments!r:.200}")

before = threading.active_count()
sys.addaudithook(watch)
begun = time.monotonic()
for name in sys.argv[1:]:
    importlib.import_module(name)
if threading.active_count() > before:
    raise SystemExit("it starts a thread")
print(time.monotonic() - begun)
"""


def only_the_contracts_are_imported(subject: Subject) -> None:
    """The package imports nothing of the core but its contracts and the plugin kit, no database and no orchestrator."""
    for file in sorted(subject.folder.rglob("*.py")):
        for line, name in imported_names(file):
            problem = find_import_problem(name)
            assert problem is None, f"{file.relative_to(subject.folder.parent)}:{line}: {problem}"


_ALLOWED = ("kelompok_core.contracts", "kelompok_core.plugin_kit")
_FORBIDDEN = ("kelompok_core", "kelompok_pipelines", "dagster", "sqlalchemy", "psycopg", "psycopg2")


def imported_names(file: Path) -> list[tuple[int, str]]:
    """Return the modules that a file imports, with the lines.

    Raises:
        SyntaxError: When the file is no Python.
    """
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            found.append((node.lineno, node.module))
    return found


def find_import_problem(name: str) -> str | None:
    """Return why a plugin may not import a module, or None."""
    if name.split(".", maxsplit=1)[0] not in _FORBIDDEN or any(
        name == one or name.startswith(f"{one}.") for one in _ALLOWED
    ):
        return None
    return f"it imports {name}; a plugin may use {' and '.join(_ALLOWED)}, and no database or orchestrator"
