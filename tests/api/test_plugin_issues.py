"""A plugin's own issue codes: their sentences in both languages wherever a finding is shown, and what a slip harms."""

import csv
import io
import json
import shutil
import sys

import pytest
import typer
from typer.testing import CliRunner

from kelompok_core.cli import operating, surroundings
from kelompok_core.cli.app import app as command_line
from kelompok_core.errors import PluginUnavailable, SourceUnreadable
from kelompok_core.imports.applying.apply import apply
from kelompok_core.imports.deciding.decide import decide
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.imports.reporting.disclosure import Disclosure
from kelompok_core.imports.reporting.error_file_writer import write_errors
from kelompok_core.imports.reporting.report import get_report
from kelompok_core.imports.reporting.stored_errors import want
from kelompok_core.imports.shared.imports import get_import
from kelompok_core.imports.staging.stage import stage
from kelompok_core.issues.catalog import find_entry, plugin_entries
from kelompok_core.plugin_host.registry import PluginState, list_plugins
from tests.distributions import install_plugin
from tests.enabling import set_enabled

_MANIFEST = {
    "name": "odd", "version": "1.0", "api": "1", "implements": {"organization_importer": "odd_moons.reader:Reader"},
    "permissions": {"propose": ["organizations"]},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
}  # fmt: skip
_READER = """
from kelompok_core.contracts import Issue, Severity, SourceBatch, UnreadableSource
from kelompok_core.contracts import issue_table, location_table, text_table

class Reader:
    def read(self, source, context):
        text = source.path.read_text()
        if "eclipse" in text:
            raise UnreadableSource(Issue(code="odd.eclipse", severity=Severity.FATAL, line=3))
        moon = Issue(code="odd.moon", severity=Severity.ERROR, row_number=1, line=1, column="name", params={"moons": 2})
        yield SourceBatch(
            cells=text_table({"name": [text.strip()]}), locations=location_table([1], lines=[1], selectors=["#line=1"]),
            issues=issue_table([moon]),
        )
"""
_ISSUES = {
    "odd.moon": {
        "severity": "error",
        "en": ["{column} was written under {moons} {moons:moon|moons}.", "Write it by day."],
        "id": ["{column} ditulis di bawah {moons} bulan.", "Tulis pada siang hari."],
    },
    "odd.eclipse": {
        "severity": "fatal",
        "en": ["Line {line} cannot be read in the dark.", "Wait."],
        "id": ["Baris {line} tidak terbaca dalam gelap.", "Tunggu."],
    },
}
_ENGLISH = "name was written under 2 moons. Write it by day."
_INDONESIAN = "name ditulis di bawah 2 bulan. Tulis pada siang hari."


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path for packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("odd_moons")]:
        del sys.modules[name]


@pytest.fixture
def restart():
    """Forget what this process read, as a new one has to read it."""

    def run():
        plugin_entries.cache_clear()
        find_entry.cache_clear()

    run()
    yield run
    run()


@pytest.fixture
def odd(site, restart, settings):
    install_plugin(site, "odd_moons", _MANIFEST, reader=_READER, issues=_ISSUES)
    set_enabled(settings, "odd", enabled=True)
    return site


@pytest.fixture
def send_odd(installation, operator, tmp_path, work):
    """Import a text with the plugin, all steps; give the import's id."""

    def run(text="Sanggar\n"):
        file = tmp_path / "list.csv"
        file.write_text(text)
        import_id = receive(installation, ImportRequest(plugin="odd", job="read", file=file), operator).import_id
        for step in (stage, decide, apply):
            step(installation, import_id)
        with installation.database.connect() as connection, connection.begin():
            want(connection, import_id)
        work()
        return import_id

    return run


@pytest.fixture
def shown(installation, client):
    """Give the finding's sentences in the report, over HTTP, and in the error file."""

    def run(import_id):
        with installation.database.connect() as connection:
            (group,) = get_report(connection, import_id).to_json()["issues"]
            files = {"en": io.StringIO(newline=""), "id": io.StringIO(newline="")}
            write_errors(installation.settings, connection, get_import(connection, import_id), files)
        answer = client.get(f"/api/v1/imports/{import_id}").json()["data"]
        messages = {language: _message(file.getvalue()) for language, file in files.items()}
        return [group["examples"][0]["message"], answer["issues"][0]["examples"][0]["message"], messages]

    return run


def _message(error_file):
    (row,) = csv.DictReader(io.StringIO(error_file))
    return row["_message"]


def test_a_plugins_sentence_is_shown_in_both_languages_everywhere(odd, send_odd, shown, client, installation):
    import_id = send_odd()
    assert shown(import_id) == [{"en": _ENGLISH, "id": _INDONESIAN}] * 3
    for language, said in (("en", _ENGLISH), ("id", _INDONESIAN)):
        stored = client.get(f"/api/v1/imports/{import_id}/errors.csv", params={"language": language})
        assert said in stored.content.decode("utf-8-sig")
    with installation.database.connect() as connection:
        import_ = get_import(connection, import_id)
    finding = {"code": "odd.moon", "column": "name", "params": {"moons": 2}}
    told = Disclosure(import_=import_).sentence(finding)
    assert told == "the column «name» was written under 2 moons. Write it by day. [odd.moon, name]"


def test_a_source_it_refuses_is_refused_with_its_sentence(odd, installation, operator, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("eclipse")
    found = receive(installation, ImportRequest(plugin="odd", job="read", file=file), operator)
    with pytest.raises(SourceUnreadable, match=r"list.csv: Line 3 cannot be read in the dark\. Wait\."):
        stage(installation, found.import_id)


def test_a_finding_stays_readable_when_its_plugin_is_disabled_or_gone(odd, send_odd, shown, settings, restart):
    import_id = send_odd()
    set_enabled(settings, "odd", enabled=False)
    restart()
    assert shown(import_id) == [{"en": _ENGLISH, "id": _INDONESIAN}] * 3
    shutil.rmtree(odd / "odd_moons")
    shutil.rmtree(odd / "odd_moons-1.0.dist-info")
    restart()
    assert shown(import_id) == [{"en": "odd.moon: moons 2", "id": "odd.moon: moons 2"}] * 3


@pytest.fixture
def doctor(settings, monkeypatch, capsys):
    monkeypatch.setattr(surroundings.SURROUNDINGS, "settings", settings)

    def run():
        with pytest.raises(typer.Exit):
            operating.doctor(as_json=True)
        return {one["what"]: one["problem"] for one in json.loads(capsys.readouterr().out)}

    return run


@pytest.mark.parametrize(("issues", "reason"), [
    ("{", "issues.json: it is not valid JSON"),
    (_ISSUES | {"odd.moon": {"severity": "error", "en": ["A.", "B."]}}, "issues.json: odd.moon: id: must be there"),
    (_ISSUES | {"value.email": _ISSUES["odd.moon"]}, "issues.json: value.email: the core has this code"),
    ({"file.path_missing": _ISSUES["odd.eclipse"]},
     "issues.json: file.path_missing: the plugin json-import has this code, with another entry"),
])  # fmt: skip
def test_a_wrong_file_is_reported_and_breaks_only_its_plugin(odd, settings, client, doctor, restart, issues, reason):
    install_plugin(odd, "odd_moons", _MANIFEST, reader=_READER, issues=issues)
    restart()
    plugins = {one.name: one for one in list_plugins(settings)}
    assert plugins["odd"].state is PluginState.BROKEN
    assert plugins["odd"].reason.startswith(reason)
    assert plugins["csv-import"].state is PluginState.ENABLED
    listed = {one["name"]: one for one in client.get("/api/v1/plugins").json()["data"]}
    assert listed["odd"]["reason"].startswith(reason)
    assert listed["csv-import"]["state"] == "enabled"
    said = doctor()
    assert said["plugin odd"].startswith(f"broken: {reason}")
    assert said["plugin csv-import"] is None
    assert {one["name"]: one["state"] for one in json.loads(_plugin_list())}["odd"] == "broken"
    with pytest.raises(PluginUnavailable, match="broken"):
        _enable("odd")


def _plugin_list():
    return CliRunner().invoke(command_line, ["plugin", "list", "--json"]).output


def _enable(name):
    from kelompok_core.cli.plugins import enable

    enable(name)


def test_plugins_that_disagree_about_a_code_lose_its_sentence_and_no_other(odd, site, restart, send_odd, shown):
    import_id = send_odd()
    other = {"odd.moon": _ISSUES["odd.eclipse"]}
    install_plugin(site, "odd_moons_too", _MANIFEST | {"name": "aneh"}, entry="aneh", issues=other)
    restart()
    assert "odd.moon: moons 2" in shown(import_id)[0]["en"]
    assert find_entry("odd.eclipse") is not None


def test_an_installed_plugin_never_breaks_one_in_use(odd, site, settings, restart):
    other = {"odd.moon": _ISSUES["odd.eclipse"]}
    install_plugin(site, "odd_moons_too", _MANIFEST | {"name": "aneh"}, entry="aneh", issues=other)
    states = {one.name: (one.state, one.reason) for one in list_plugins(settings)}
    assert states["odd"] == (PluginState.ENABLED, None)
    assert states["aneh"] == (
        PluginState.BROKEN, "issues.json: odd.moon: the plugin odd has this code, with another entry",
    )  # fmt: skip


def test_reading_them_runs_no_plugin_code(site, restart):
    install_plugin(site, "odd_moons", _MANIFEST, init="raise RuntimeError('imported')", issues=_ISSUES)
    assert find_entry("odd.moon") is not None
    assert "odd_moons" not in sys.modules
