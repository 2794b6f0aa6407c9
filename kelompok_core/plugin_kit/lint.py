"""Checks a plugin's folder without running any of its code: packaging, manifest, classes, imports, issue codes."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

from kelompok_core.installed_plugins import GROUP
from kelompok_core.issues.catalog import ISSUES_FILE, core_entries, read_catalog
from kelompok_core.plugin_host.capabilities import find_capability_problems, find_old_capabilities
from kelompok_core.plugin_host.contract_names import contract_named
from kelompok_core.plugin_host.discovery import MANIFEST_FILE
from kelompok_core.plugin_host.manifest import BrokenManifest, Manifest, parse_manifest
from kelompok_core.plugin_kit.testing.checks import find_import_problem, imported_names

_LANGUAGES = ("en", "id")
_CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_.]+")
_AVOIDED = {"socket": "network connection", "subprocess": "other process", "multiprocessing": "other process"}
"""Modules that the walls around plugins make useless, and what these allow none of."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong in a plugin's folder.

    Attributes:
        place: The file, relative to the folder, and the line if it is known.
        message: What is wrong, what was expected, and what to do.
        is_warning: Whether the plugin works nevertheless.
    """

    place: str
    message: str
    is_warning: bool = False


def lint(folder: Path) -> list[Problem]:
    """Return the problems of a plugin's folder, in the order of its files."""
    return list(_problems(folder))


def find_package(folder: Path) -> str | None:
    """Return the package that the folder's entry point names, or None if there is none."""
    entries = _entry_points(folder)
    return next(iter(entries.values())).partition(":")[0].partition(".")[0] if entries else None


def _entry_points(folder: Path) -> Mapping[str, str]:
    project = _read_project(folder)
    entries = project.get("entry-points", {}).get(GROUP, {})
    return entries if isinstance(entries, dict) else {}


def _read_project(folder: Path) -> Mapping[str, Any]:
    try:
        document = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    project = document.get("project", {})
    return project if isinstance(project, dict) else {}


def _problems(folder: Path) -> Iterator[Problem]:
    if not (folder / "pyproject.toml").is_file():
        yield Problem(place="pyproject.toml", message="there is none: a plugin is a Python distribution")
        return
    entries, package = _entry_points(folder), find_package(folder)
    if package is None:
        yield Problem(
            place="pyproject.toml",
            message=f'no entry point: expected [project.entry-points."{GROUP}"] with NAME = "PACKAGE"',
        )
        return
    source = next((one for one in (folder / package, folder / "src" / package) if one.is_dir()), None)
    if source is None:
        yield Problem(place="pyproject.toml", message=f"the entry point names {package!r}, and there is no such folder")
        return
    if not any(folder.glob("README*")):
        yield Problem(place="README.md", message="there is none: say what the plugin reads and how to use it")
    yield from _manifest_problems(folder, source, next(iter(entries)))
    yield from _source_problems(folder, source)


def _manifest_problems(folder: Path, source: Path, name: str) -> Iterator[Problem]:
    place = str((source / MANIFEST_FILE).relative_to(folder))
    try:
        manifest = parse_manifest((source / MANIFEST_FILE).read_text("utf-8"), source.name)
    except FileNotFoundError:
        yield Problem(place=place, message="there is none: it says what the plugin offers and asks for")
        return
    except (BrokenManifest, UnicodeDecodeError) as error:
        yield Problem(place=place, message=str(error))
        return
    if manifest.name != name:
        yield Problem(place=place, message=f"name: expected {name!r}, as in the entry point; found {manifest.name!r}")
    version = _read_project(folder).get("version")
    if version is not None and manifest.version != version:
        yield Problem(
            place=place, message=f"version: expected {version!r}, as in pyproject.toml; found {manifest.version!r}"
        )
    yield from (Problem(place=place, message=one) for one in find_capability_problems(manifest.capabilities))
    yield from (
        Problem(place=place, message=one, is_warning=True) for one in find_old_capabilities(manifest.capabilities)
    )
    if manifest.commands and "cli_command_provider" not in manifest.implements:
        message = f"command {manifest.commands[0].name!r} is no job, and implements has no cli_command_provider for it"
        yield Problem(place=place, message=message)
    if not manifest.implements:
        yield Problem(place=place, message="implements: names no contract, so the plugin has nothing to run")
    yield from _target_problems(folder, source, manifest)


def _target_problems(folder: Path, source: Path, manifest: Manifest) -> Iterator[Problem]:
    """Yield what is wrong with the classes that the manifest names, as far as their text shows it."""
    for contract, target in manifest.implements.items():
        module, _, name = target.partition(":")
        file = _module_file(source, module)
        place = str((source / MANIFEST_FILE).relative_to(folder))
        if file is None:
            yield Problem(place=place, message=f"implements.{contract}: there is no module {module}")
            continue
        found = _find_class(file, name)
        if found is None:
            message = f"expected the class {name}, which implements.{contract} names; it is not defined here"
            yield Problem(place=str(file.relative_to(folder)), message=message)
        elif isinstance(found, ast.ClassDef) and not found.bases:
            yield from _method_problems(str(file.relative_to(folder)), found, contract)


def _module_file(source: Path, module: str) -> Path | None:
    first, *rest = module.split(".")
    if first != source.name:
        return None
    path = source.joinpath(*rest)
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)


def _find_class(file: Path, name: str) -> ast.AST | None:
    """Return what a module binds to a name: a class, or an import of one."""
    try:
        module = ast.parse(file.read_text("utf-8"))
    except SyntaxError:
        return ast.Pass()  # reported with the sources
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
            return node
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            return node
    return None


def _method_problems(place: str, found: ast.ClassDef, contract: str) -> Iterator[Problem]:
    methods = {node.name: node for node in found.body if isinstance(node, ast.FunctionDef)}
    for name, asked in vars(contract_named(contract)).items():
        if name.startswith("_") or not callable(asked):
            continue
        wanted = list(signature(asked).parameters)
        if name not in methods:
            message = (
                f"{found.name}: expected the method {name}({', '.join(wanted)}), which {contract} needs; there is none"
            )
            yield Problem(place=f"{place}:{found.lineno}", message=message)
        elif not _takes(methods[name], len(wanted)):
            given = [argument.arg for argument in methods[name].args.args]
            message = f"{found.name}.{name}: expected ({', '.join(wanted)}); found ({', '.join(given)})"
            yield Problem(place=f"{place}:{methods[name].lineno}", message=message)


def _takes(method: ast.FunctionDef, count: int) -> bool:
    """Return whether a method can be called with this many arguments by position, itself included."""
    arguments = method.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    has_required_keyword = any(default is None for default in arguments.kw_defaults)
    return required <= count and (arguments.vararg is not None or count <= positional) and not has_required_keyword


def _source_problems(folder: Path, source: Path) -> Iterator[Problem]:
    catalog = read_catalog(source)
    if catalog.problem is not None:
        yield Problem(place=str((source / ISSUES_FILE).relative_to(folder)), message=catalog.problem)
    for code, entry in catalog.entries.items():
        if missing := [language for language in _LANGUAGES if language not in entry.texts]:
            message = f"{code}: expected texts in en and id; {missing[0]} is missing"
            yield Problem(place=str((source / ISSUES_FILE).relative_to(folder)), message=message)
    known = {*catalog.entries, *core_entries()}
    for file in sorted(source.rglob("*.py")):
        place = str(file.relative_to(folder))
        try:
            imports = imported_names(file)
        except SyntaxError as error:
            yield Problem(place=f"{place}:{error.lineno}", message=f"no Python: {error.msg}")
            continue
        yield from _import_problems(place, imports)
        for line, code in _issue_codes(file):
            if code not in known:
                message = f"the code {code!r} has no sentences: add it to {ISSUES_FILE}, in en and id"
                yield Problem(place=f"{place}:{line}", message=message)


def _import_problems(place: str, imports: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    for line, name in imports:
        if (problem := find_import_problem(name)) is not None:
            yield Problem(place=f"{place}:{line}", message=problem)
        elif (what := _AVOIDED.get(name.partition(".")[0])) is not None:
            message = f"it imports {name}: the walls around plugins allow no {what}"
            yield Problem(place=f"{place}:{line}", message=message, is_warning=True)


def _issue_codes(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the literal codes of the issues that a file makes, with their lines."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg == "code" and isinstance(value, str) and _CODE.fullmatch(value):
                yield node.lineno, value
