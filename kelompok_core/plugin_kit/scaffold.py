"""Writes the folder of a new plugin: it reads a small list and passes the conformance suite."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from kelompok_core.entities import EntityWords, list_words
from kelompok_core.errors import UsageError
from kelompok_core.plugin_host.contract_names import is_importer, list_contract_names
from kelompok_core.plugin_kit import templates

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_CAPABILITIES = {
    "source_normalizer": "source_normalization",
    "source_matcher": "source_matching",
    "profile_enricher": "profile_enrichment",
    "cli_command_provider": "commands",
}
_CLASSES = {
    "source_normalizer": "Normalizer",
    "source_matcher": "Matcher",
    "profile_enricher": "Enricher",
    "cli_command_provider": "Commands",
}
_CODES = {"importer": ("bad_line",), "source_normalizer": ("city_renamed",)}
"""The issue codes that the templates use, without the plugin's beginning."""


def write_plugin(folder: Path, name: str, contracts: Sequence[str]) -> list[Path]:
    """Write a new plugin and return its files.

    Args:
        folder: Where to write it; must not exist, or be empty.
        name: Its name, such as ``federation-register``.
        contracts: The contracts that it implements, such as ``organization_importer``.

    Raises:
        UsageError: When the name or a contract is not possible, or the folder is not empty.
    """
    _require_possible(folder, name, contracts)
    package = f"kelompok_{name.replace('-', '_')}"
    files = _files(name, package, contracts)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, "utf-8")
    return [folder / path for path in files]


def _require_possible(folder: Path, name: str, contracts: Sequence[str]) -> None:
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r} is no name for a plugin", hint="Write small letters, digits and hyphens: my-list.")
    possible = [one for one in list_contract_names() if one != "job_runner"]
    for contract in contracts:
        if contract not in possible:
            raise UsageError(f"there is no contract {contract!r}", hint=f"Contracts: {', '.join(possible)}.")
    if sum(map(is_importer, contracts)) > 1:
        raise UsageError("a new plugin implements one importer", hint="Use importer, which reads every entity.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="Name another folder with --to.")


def _files(name: str, package: str, contracts: Sequence[str]) -> Mapping[str, str]:
    manifest = _manifest(name, package, contracts)
    values = {"NAME": name, "PACKAGE": package, "PREFIX": package.removeprefix("kelompok_")}
    imports = any(map(is_importer, contracts))
    parts = [templates.OF_CONTRACTS["importer" if is_importer(one) else one] for one in contracts]
    names = sorted({word for one in parts for word in one.imports})
    others = sorted({line for one in parts for line in one.further_imports})
    code = "\n\n".join([templates.head(others, names), *(one.code for one in parts)])
    tests = templates.TEST_WITH_INPUTS if imports else templates.TEST
    files = {
        "pyproject.toml": templates.PYPROJECT,
        "README.md": _readme(manifest),
        f"{package}/__init__.py": "",
        f"{package}/kelompok-plugin.json": json.dumps(manifest, indent=2) + "\n",
        f"{package}/issues.json": json.dumps(_issues(values["PREFIX"], contracts), indent=1, ensure_ascii=False) + "\n",
        f"{package}/plugin.py": code,
        "tests/test_conformance.py": tests,
    } | ({"tests/inputs/list.txt": templates.SAMPLE} if imports else {})
    return {path: templates.fill(content, values) for path, content in files.items()}


def _manifest(name: str, package: str, contracts: Sequence[str]) -> dict[str, object]:
    importer = next(filter(is_importer, contracts), None)
    words = next((one for one in list_words() if f"{one.singular}_importer" == importer), None)
    jobs, propose = _jobs(importer, words, contracts)
    return {
        "name": name,
        "version": "0.1.0",
        "description": "Say in one sentence what the plugin does.",
        "api": "1",
        "capabilities": [_capability(one, words) for one in contracts],
        "commands": [templates.COMMAND] if "cli_command_provider" in contracts else [],
        "implements": {one: f"{package}.plugin:{_class_of(one)}" for one in contracts},
        "jobs": jobs,
        "permissions": {"propose": propose},
        "config_schema": {"type": "object", "additionalProperties": False, "properties": {}},
    }


def _capability(contract: str, words: EntityWords | None) -> str:
    if is_importer(contract):
        return "{singular}_import" if words is None else f"{words.singular}_import"
    return _CAPABILITIES[contract]


def _class_of(contract: str) -> str:
    return "Importer" if is_importer(contract) else _CLASSES[contract]


def _jobs(
    importer: str | None, words: EntityWords | None, contracts: Sequence[str]
) -> tuple[list[dict[str, object]], list[str]]:
    """Return the jobs of a new plugin, and the entities that it proposes rows for."""
    jobs: list[dict[str, object]] = []
    propose: list[str] = []
    if importer is not None:
        entity = "*" if words is None else words.entity
        shown = "{entity}" if words is None else words.entity
        propose = [entity]
        jobs.append(
            {"name": f"import-{shown}", "uses": importer, "entity": entity, "inputs": ["text/plain"],
             "summary": f"Import {shown}, one a line."}
        )  # fmt: skip
    if "profile_enricher" in contracts:
        jobs.append(
            {"name": "find-years", "uses": "profile_enricher", "enriches": {"organizations": ["name", "description"]},
             "summary": "Find years in the public text of organizations."}
        )  # fmt: skip
    return jobs, propose


def _issues(prefix: str, contracts: Sequence[str]) -> dict[str, object]:
    kinds = ["importer" if is_importer(one) else one for one in contracts]
    codes = [code for kind in kinds for code in _CODES.get(kind, ())]
    return {f"{prefix}.{code}": templates.ISSUES[code] for code in codes}


def _readme(manifest: Mapping[str, object]) -> str:
    """Return a README made from the manifest."""
    jobs = manifest["jobs"]
    rows = [f"| `{job['name']}` | {job['summary']} |" for job in jobs] if isinstance(jobs, list) else []
    table = ["| job | what it does |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"# {manifest['name']}", "", str(manifest["description"]), "", *table, templates.README_END])
