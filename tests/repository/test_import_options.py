"""An option of an import is declared once: options added to one file of a copy appear everywhere."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
_OPTIONS = "kelompok_core/imports/shared/options.py"
_LAST = "    profile: Annotated[\n"
_TRIAL = """\
    trial: Annotated[str | None, Declaration(form="WORD", in_installation=True, in_digest=True, help="A trial.")] = None
    trial_flag: Annotated[bool | None, Declaration(help="A flag on trial.")] = None
"""
_FIND = """
import importlib.util, json, sys
from fastapi.openapi.utils import get_openapi
from typer.main import get_command
from kelompok_core.api.import_routes import router
from kelompok_core.cli.app import app
from kelompok_core.imports.shared import profiles
from kelompok_core.imports.shared.option_fields import options_of
from kelompok_core.imports.shared.options import ImportOptions, get_option
from kelompok_pipelines.assets.importing import ImportConfig
from kelompok_pipelines.sources import ScheduledSource, WatchedSource

run = get_command(app).commands["plugin"].commands["run"]
submit = get_openapi(title="", version="", routes=router.routes)["paths"]["/api/v1/imports/{entity}"]["post"]
dagster = ImportConfig.to_config_schema().as_field().config_type.fields
given = ImportOptions(trial="x", trial_flag=False)
spec = importlib.util.spec_from_file_location("docs_make", "docs/make.py")
docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs)
print(json.dumps({
    "cli": {flag: one.help for one in run.params for flag in (*one.opts, *one.secondary_opts)},
    "api": {one["name"]: one["description"] for one in submit["parameters"] if "description" in one},
    "dagster": {name: one.description for name, one in dagster.items()},
    **{
        model.__name__: {name: one.description for name, one in model.model_fields.items()}
        for model in (ScheduledSource, WatchedSource, profiles._Table, profiles._Installation)
    },
    "config": options_of(ImportConfig(trial="x", trial_flag=True)).to_json(),
    "stored": given.to_json(),
    "again": ImportOptions.from_json(given.to_json()).to_json(),
    "effects": given.effects,
    "digests": [given.digest_parts(), ImportOptions().digest_parts()],
    "words": [*get_option("trial").write("x", None), *get_option("trial_flag").write(False, None)],
    "docs": "\\n".join(docs.pages().values()),
}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a copy with two options more says of them."""
    copy = tmp_path_factory.mktemp("copy")
    for part in ("kelompok_core", "kelompok_pipelines", "docs"):
        shutil.copytree(PROJECT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "images"))
    code = (copy / _OPTIONS).read_text("utf-8")
    assert code.count(_LAST) == 1
    (copy / _OPTIONS).write_text(code.replace(_LAST, _TRIAL + _LAST), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _FIND], cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("cli", "--trial"),
        ("api", "trial"),
        ("dagster", "trial"),
        ("ScheduledSource", "trial"),
        ("WatchedSource", "trial"),
        ("_Table", "trial"),
        ("_Installation", "trial"),
    ],
)
def test_a_new_option_is_everywhere_with_its_description(found, place, name):
    assert found[place][name] == "A trial."


def test_a_new_flag_can_be_turned_on_and_off(found):
    assert found["cli"]["--trial-flag"] == found["cli"]["--no-trial-flag"] == found["api"]["trial_flag"]
    assert "trial_flag" not in found["_Installation"]
    assert found["words"] == ["--trial", "x", "--no-trial-flag"]


def test_a_new_option_is_stored_and_read_back(found):
    assert (found["stored"]["trial"], found["stored"]["trial_flag"]) == ("x", False)
    assert found["again"] == found["stored"]
    assert (found["config"]["trial"], found["config"]["trial_flag"]) == ("x", True)
    assert {"trial", "trial_flag"} <= set(found["effects"])


def test_a_new_option_changes_the_digest_only_where_it_is_given(found):
    assert found["digests"] == [[None, None, {"trial": "x"}], [None, None]]


def test_a_new_option_is_in_the_docs(found):
    assert "| `--trial WORD` | `trial` | `trial` | A trial. |" in found["docs"]
    assert "| `--trial-flag`, `--no-trial-flag` | `trial_flag` | `trial_flag` | A flag on trial. |" in found["docs"]
