"""``kelompok plugin lint`` and ``new``: each problem is found, with its file, without running the plugin."""
# ruff: noqa: E501 -- each problem is one line

import pytest

from kelompok_core.errors import UsageError
from kelompok_core.plugin_kit.lint import find_package, lint
from kelompok_core.plugin_kit.scaffold import write_plugin

_EVERYTHING = (
    "member_importer", "source_normalizer", "source_matcher", "profile_enricher", "cli_command_provider",
)  # fmt: skip
_CODE, _MANIFEST, _ISSUES = (
    f"kelompok_register/{name}" for name in ("plugin.py", "kelompok-plugin.json", "issues.json")
)


@pytest.fixture
def plugin(tmp_path):
    write_plugin(tmp_path, "register", _EVERYTHING)
    return tmp_path


def _change(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_new_plugin_has_no_problems(plugin):
    assert lint(plugin) == []
    assert find_package(plugin) == "kelompok_register"


_PROBLEMS = [
    ("pyproject.toml", "kelompok.plugins", "kelompok.plugin", "pyproject.toml", "no entry point"),
    ("pyproject.toml", 'register = "kelompok_register"', 'register = "kelompok_reg"', "pyproject.toml", "no such folder"),
    ("pyproject.toml", 'register = "kelompok_register"', 'list = "kelompok_register"', _MANIFEST, "name: expected 'list'"),
    ("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"', _MANIFEST, "version: expected '0.2.0'"),
    (_MANIFEST, '"jobs"', '"job"', _MANIFEST, "job: there is no such key. Did you mean jobs?"),
    (_MANIFEST, '"entity": "members"', '"entity": "member"', _MANIFEST, "which permissions.propose does not name"),
    (_MANIFEST, '"propose": [\n      "members"', '"propose": [\n      "member"', _MANIFEST, "permissions.propose does not name"),
    (_MANIFEST, 'member_import"', 'members_import"', _MANIFEST, "'members_import' is not known; did you mean"),
    (_MANIFEST, "plugin:Matcher", "plugin:Matching", _CODE, "expected the class Matching"),
    (_MANIFEST, "kelompok_register.plugin:Matcher", "kelompok_register.match:Matcher", _MANIFEST, "no module kelompok_register.match"),
    (_MANIFEST, '"api": "1",', '"api": 1,', _MANIFEST, "api: must be text, not 1"),
    (_MANIFEST, '"api": "1",', '"api": "1"', _MANIFEST, "line 6, column"),
    (_CODE, "def read(self, source: Source, context: PluginContext)", "def read(self, source: Source)", f"{_CODE}:", "expected (self, source, context); found (self, source)"),
    (_CODE, "def normalize(", "def normalise(", f"{_CODE}:", "expected the method normalize(self, batch, context)"),
    (_CODE, "import pandas as pd", "import pandas as pd\nimport sqlalchemy", f"{_CODE}:", "it imports sqlalchemy"),
    (_CODE, "import pandas as pd", "import pandas as pd\nimport socket", f"{_CODE}:", "allow no network connection"),
    (_CODE, "register.bad_line", "register.odd_line", f"{_CODE}:", "'register.odd_line' has no sentences"),
    (_CODE, "COLUMNS = ", "COLUMNS == = ", f"{_CODE}:", "no Python"),
    (_ISSUES, '"id": [\n   "Baris', '"in": [\n   "Baris', _ISSUES, "register.bad_line"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "place", "message"), _PROBLEMS)
def test_each_problem_is_found_with_its_place(plugin, file, old, new, place, message):
    _change(plugin, file, old, new)
    found = lint(plugin)
    assert any(one.place.startswith(place) and message in one.message for one in found), found


def test_missing_files_are_named(plugin, tmp_path):
    (plugin / "README.md").unlink()
    (plugin / _MANIFEST).unlink()
    assert [one.place for one in lint(plugin)] == ["README.md", _MANIFEST]
    (plugin / "pyproject.toml").unlink()
    assert [one.place for one in lint(plugin)] == ["pyproject.toml"]
    assert find_package(plugin) is None


def test_old_name_of_a_capability_is_a_warning(plugin):
    _change(plugin, _MANIFEST, '"member_import"', '"import:members"')
    (found,) = lint(plugin)
    assert found.is_warning
    assert "'import:members' is now 'member_import'" in found.message


def test_lint_runs_no_code(plugin):
    _change(plugin, _CODE, "COLUMNS = ", "raise SystemExit\nCOLUMNS = ")
    assert lint(plugin) == []


def test_command_without_a_provider_is_a_problem(tmp_path):
    write_plugin(tmp_path, "register", ["importer"])
    _change(tmp_path, _MANIFEST, '"commands": []', '"commands": ["show"]')
    assert ["command 'show' is no job" in one.message for one in lint(tmp_path)] == [True]


@pytest.mark.parametrize(("name", "contracts", "message"), [
    ("My Plugin", ["importer"], "no name for a plugin"), ("register", ["reader"], "no contract 'reader'"),
    ("register", ["job_runner"], "no contract"), ("register", ["importer", "member_importer"], "one importer"),
])  # fmt: skip
def test_new_plugin_that_is_not_possible_is_refused(tmp_path, name, contracts, message):
    with pytest.raises(UsageError, match=message):
        write_plugin(tmp_path, name, contracts)
    assert list(tmp_path.iterdir()) == []


def test_new_plugin_overwrites_nothing(tmp_path):
    (tmp_path / "mine").write_text("")
    with pytest.raises(UsageError, match="is not empty"):
        write_plugin(tmp_path, "register", ["importer"])
