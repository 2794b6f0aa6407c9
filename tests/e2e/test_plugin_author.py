"""The author's road: a new plugin, its lint and its tests, installed by pip and run behind the walls."""

import json
import subprocess
import sys
from time import monotonic

import pytest

_SECONDS = 60
"""From nothing to a plugin whose tests pass."""


@pytest.mark.parametrize("contracts", [
    "member_importer,source_normalizer,source_matcher,profile_enricher,cli_command_provider",
    *(pytest.param(one, marks=pytest.mark.proof) for one in (
        "importer", "organization_importer", "source_normalizer", "source_matcher", "profile_enricher",
        "cli_command_provider",
    )),
])  # fmt: skip
def test_new_plugin_is_green_within_a_minute(installation, tmp_path, contracts):
    begun, folder = monotonic(), str(tmp_path / "mine")
    made = installation.kelompok("plugin", "new", "my-list", "--contract", contracts, "--to", folder)
    assert made.returncode == 0, made.stderr
    assert "kelompok plugin test" in made.stdout
    linted = installation.kelompok("plugin", "lint", folder)
    assert (linted.returncode, linted.stdout.strip()) == (0, "No problems found.")
    tested = installation.kelompok("plugin", "test", folder)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "passed" in tested.stdout
    assert monotonic() - begun < _SECONDS


@pytest.fixture(scope="module")
def folder(installation):
    """A new importer of members."""
    made = installation.folder / "authored"
    done = installation.kelompok(
        "plugin", "new", "authored-list", "--contract", "organization_importer", "--to", str(made)
    )
    assert done.returncode == 0, done.stderr
    return made


def test_problems_are_listed_with_their_places(installation, folder):
    manifest = folder / "kelompok_authored_list" / "kelompok-plugin.json"
    good = manifest.read_text()
    manifest.write_text(good.replace('"jobs"', '"job"'))
    try:
        done = installation.kelompok("plugin", "lint", str(folder))
        found = json.loads(installation.kelompok("plugin", "lint", str(folder), "--json").stdout)
    finally:
        manifest.write_text(good)
    assert done.returncode == 1
    assert done.stdout.startswith(
        "kelompok_authored_list/kelompok-plugin.json: job: there is no such key. Did you mean jobs?"
    )
    assert [(one["place"], one["warning"]) for one in found] == [("kelompok_authored_list/kelompok-plugin.json", False)]


def test_plugin_without_a_suite_gets_one_and_none_at_all_fails(installation, folder, tmp_path):
    test_file = folder / "tests" / "test_conformance.py"
    kept = test_file.read_text()
    test_file.unlink()
    try:
        done = installation.kelompok("plugin", "test", str(folder))
    finally:
        test_file.write_text(kept)
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout
    nothing = installation.kelompok("plugin", "test", str(tmp_path))
    assert (nothing.returncode, "is no plugin" in nothing.stderr) == (2, True)


def test_failing_test_fails_the_command(installation, folder):
    code = folder / "kelompok_authored_list" / "plugin.py"
    good = code.read_text()
    code.write_text(good.replace("lines = [number for", "lines = [number + 9 for"))
    try:
        done = installation.kelompok("plugin", "test", str(folder))
    finally:
        code.write_text(good)
    assert done.returncode == 1
    assert "is said to be on line 10 of 3" in done.stdout


def test_plugin_installed_by_pip_runs_behind_the_walls(installation, folder, tmp_path):
    place = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", place, folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0 and ("setuptools" in done.stderr or "No module named pip" in done.stderr):
        pytest.skip("this environment cannot build distributions")
    assert done.returncode == 0, done.stderr
    site = {"PYTHONPATH": str(place)}
    refused = installation.kelompok("plugin", "enable", "authored-list", **site)
    assert (refused.returncode, "propose rows for organizations" in refused.stdout) == (2, True)
    assert installation.kelompok("plugin", "enable", "authored-list", "--grant", **site).returncode == 0
    info = json.loads(installation.kelompok("plugin", "info", "authored-list", "--json", **site).stdout)
    assert info["state"] == "enabled"
    assert info["granted"]["asks"] == ["propose organizations", "see its sources"]
    if sys.platform == "linux":
        assert info["isolation"]["level"] in {"sandbox", "full"}
        assert set(info["isolation"]["attempts"].values()) == {"stopped", "nothing to find"}
    imported = installation.kelompok(
        "plugin", "run", "authored-list", "--job", "import-organizations", "--file",
        str(folder / "tests" / "inputs" / "list.txt"), "--json", **site,
    )  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["counts"]["accepted"] == 3


def test_doctor_says_how_plugins_are_walled_off(installation):
    found = json.loads(installation.kelompok("doctor", "--json").stdout)
    assert any("plugins run at the isolation level" in one["what"] for one in found)
