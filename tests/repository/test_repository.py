"""What holds for the repository as a whole."""

import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from kelompok_core.entities import list_entities

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files():
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git repository")
    return [PROJECT / name for name in listed.stdout.splitlines() if (PROJECT / name).is_file()]


def test_every_dependency_has_a_floor_or_an_exact_pin():
    for file in (PROJECT / "pyproject.toml", *PROJECT.glob("plugins/*/pyproject.toml")):
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        wanted = [*project.get("dependencies", ()), *chain(*project.get("optional-dependencies", {}).values())]
        for requirement in wanted:
            assert ">=" in requirement or "==" in requirement, requirement


def test_modules_open_with_what_belongs_in_them(files):
    for file in files:
        if file.suffix == ".py" and file.name != "__init__.py":
            assert file.read_text("utf-8").lstrip().startswith(('"""', "#!")), file


def test_plugins_import_only_the_contracts_and_what_readers_share(files):
    for file in files:
        inside = file.relative_to(PROJECT).parts
        if file.suffix == ".py" and inside[0] == "plugins" and "tests" not in inside:
            for module in re.findall(
                r"^\s*(?:from|import) (kelompok_(?:core|pipelines)[\w.]*)", file.read_text("utf-8"), re.MULTILINE
            ):
                shared = module.startswith("kelompok_core.plugin_kit.reading.")
                assert shared or module == "kelompok_core.contracts", (file, module)


def test_the_core_knows_no_entity_but_by_its_descriptor(files):
    """The engine names no entity: the next one is a folder. That records belong to organizations, it knows once."""
    for file in [
        one for folder in ("imports", "records") for one in (PROJECT / "kelompok_core" / folder).rglob("*.py")
    ]:
        text = re.sub(r"FROM organizations WHERE slug|list_organizations_where", "", file.read_text("utf-8"))
        assert not re.search(r"['\". ](members|posts|events)['\". ]", text), file
        if file.name != "owners_sql.py":
            assert not re.search(r"['\"]organizations['\"]|(FROM|JOIN|INTO|UPDATE) organizations ", text), file


def test_the_models_of_every_entity_are_protected():
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (protected,) = [one["protected_modules"] for one in contracts if one["type"] == "protected"]
    assert sorted(protected) == sorted(f"kelompok_core.{entity}.models" for entity in list_entities())


def test_files_for_spreadsheets_are_written_in_one_place():
    for file in (PROJECT / "kelompok_core").rglob("*.py"):
        written = re.search(r"csv\.(?:writer|DictWriter)\(|\.to_csv\(", file.read_text("utf-8"))
        assert not written or file.name == "formulas.py", f"{file}: write it by records.formulas.SafeWriter"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("app", ["dagster", "pandas", "psycopg", "pyarrow", "sqlalchemy", "fastapi"]),
        # An import that is handed over is read by somebody else.
        ("run_import", ["dagster", "pandas", "pandera", "pyarrow", "numpy", "sqlalchemy.orm", "fastapi"]),
    ],
)
def test_the_command_line_starts_without_what_only_some_commands_need(module, heavy):
    code = f"import sys, kelompok_core.cli.{module}; print(*(set(sys.argv[1:]) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.split() == []
