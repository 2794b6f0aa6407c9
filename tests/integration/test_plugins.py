"""Disabled, broken and failing plugins affect only themselves."""

import json
import re
import shutil
import sys

import pytest

from kelompok_core.entities import list_words
from kelompok_core.errors import GivenSettingWrong, ImportFailed, PluginUnavailable, SettingsError, UsageError
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import Profile, chosen_profile, save_profile
from kelompok_core.plugin_host.configuration import check_config, plugin_settings, resolve_secret, write_disabled
from kelompok_core.plugin_host.contract_names import contract_named, list_contract_names
from kelompok_core.plugin_host.loading import plugin_context
from kelompok_core.plugin_host.registry import (
    PluginState,
    get_plugin,
    list_plugins,
    require_enabled,
    require_per_request,
)
from kelompok_core.plugin_host.running import try_loading
from tests.enabling import set_enabled

pytestmark = pytest.mark.own_processes

_MANIFEST = {
    "name": "odd",
    "version": "1.0",
    "api": "1",
    "implements": {"organization_importer": "odd_plugin.reader:Reader"},
    "permissions": {"propose": ["organizations"]},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
}


def test_code_of_a_disabled_plugin_is_never_imported(install, settings, installation, operator, import_file):
    install(_MANIFEST, init="raise RuntimeError('imported')")
    assert get_plugin(settings, "odd").state is PluginState.DISABLED
    import_file("name\nSatu\n")
    with pytest.raises(PluginUnavailable, match="disabled"):
        require_enabled(settings, "odd")
    assert "odd_plugin" not in sys.modules


def test_plugin_installed_or_removed_meanwhile_is_noticed(install, settings, tmp_path):
    def names():
        return {plugin.name for plugin in list_plugins(settings)}

    assert "odd" not in names()
    install(_MANIFEST)
    assert "odd" in names()
    shutil.rmtree(tmp_path / "odd_plugin-1.0.dist-info")
    assert "odd" not in names()


@pytest.mark.parametrize(("manifest", "reason"), [
    (None, "has no kelompok-plugin.json"),
    ("{", "JSON"),
    ("[]", "object"),
    ({"name": "odd"}, "version"),
    (_MANIFEST | {"name": "other"}, "other"),
    (_MANIFEST | {"name": "Not A Name"}, "name"),
    (_MANIFEST | {"implements": {"everything": "a:B"}}, "everything"),
    (_MANIFEST | {"implements": {"organization_importer": "no colon"}}, "organization_importer"),
    (_MANIFEST | {"jobs": [{"name": "a", "uses": "job_runner"}]}, "job_runner"),
        (_MANIFEST | {"jobs": [{"name": "a", "uses": "profile_enricher"}]}, "enriches"),
    (_MANIFEST | {"jobs": [{"name": "a", "uses": "organization_importer"}]}, "inputs"),
    (_MANIFEST | {"surprise": 1}, "surprise"),
    (_MANIFEST | {"description": "a\x1b]0;b"}, "control character U+001B"),
    (_MANIFEST | {"config_schema": {"type": "object", "properties": {"a\u202e": {}}}}, "control character U+202E"),
])  # fmt: skip
def test_broken_manifest_is_shown_with_its_reason_and_does_not_affect_others(install, settings, manifest, reason):
    install(manifest)
    plugins = {one.name: one for one in list_plugins(settings)}
    assert plugins["odd"].state is PluginState.BROKEN
    assert reason in plugins["odd"].reason
    assert plugins["csv-import"].state is PluginState.ENABLED


def test_manifest_for_another_host_is_incompatible(install, settings):
    install(_MANIFEST | {"api": "99"})
    found = get_plugin(settings, "odd")
    assert found.state is PluginState.INCOMPATIBLE
    assert "99" in found.reason


def test_manifest_with_only_five_fields_is_valid(install, settings):
    install({"name": "odd", "version": "1", "description": "", "capabilities": [], "commands": ["hello"]})
    assert get_plugin(settings, "odd").state is PluginState.DISABLED


@pytest.mark.parametrize(("code", "reason"), [
    ("raise RuntimeError('boom')", "boom"),
    ("import sys; sys.exit(3)", "SystemExit"),
    ("import nothing_like_this", "nothing_like_this"),
    ("x = 1", "Reader"),
    ("class Reader:\n    pass", "no read()"),
    ("class Reader:\n    def read(self): ...", "read()"),
    ("class Reader:\n    def __init__(self): raise ValueError('no')", "no"),
    ("def broken(:", "SyntaxError"),
])  # fmt: skip
def test_module_that_raises_is_its_plugins_failure(install, settings, code, reason):
    install(_MANIFEST, reader=code)
    set_enabled(settings, "odd", enabled=True)
    assert {one.name: one.state for one in list_plugins(settings)}["csv-import"] is PluginState.ENABLED
    with pytest.raises(PluginUnavailable) as caught:
        try_loading(settings, get_plugin(settings, "odd"), "organization_importer")
    assert reason in str(caught.value)


def test_exception_of_a_reader_fails_only_its_import(install, settings, installation, operator, ask, tmp_path):
    from kelompok_core.imports.receiving.receive import ImportRequest, receive
    from kelompok_core.imports.staging.stage import stage

    install(
        _MANIFEST,
        reader="class Reader:\n    def read(self, source, context):\n        raise KeyError('kolom')\n        yield",
    )
    set_enabled(settings, "odd", enabled=True)
    file = tmp_path / "list.csv"
    file.write_text("x")
    found = receive(installation, ImportRequest(plugin="odd", job="read", file=file), operator)
    with pytest.raises(ImportFailed, match=r"odd@1\.0 failed while reading: KeyError: 'kolom'"):
        stage(installation, found.import_id)
    assert [(row.state, bool(row.failure)) for row in ask("SELECT state, failure FROM imports")] == [("failed", True)]
    assert not ask("SELECT FROM organizations")


def test_configured_plugin_that_is_not_installed_is_shown(settings):
    settings.config_file.write_text("[plugins.lost]\nenabled = true\n")
    lost = get_plugin(settings, "lost")
    assert lost.state is PluginState.BROKEN
    assert "not installed" in lost.reason


def test_settings_are_validated_against_the_plugins_schema(settings):
    settings.config_file.write_text('[plugins.csv-import]\nenabled = true\ndelimeter = ";"\n')
    found = get_plugin(settings, "csv-import")
    assert found.state is PluginState.MISCONFIGURED
    with pytest.raises(SettingsError) as caught:
        check_config(found.manifest, {"delimeter": ";"})
    assert "delimeter" in caught.value.message
    assert "delimiter" in caught.value.hint
    assert check_config(get_plugin(settings, "json-import").manifest, {})["lists"] == "join"


@pytest.mark.parametrize(
    "text", ["plugins = 1", "[plugins]\ncsv-import = 1", "[plugins.csv-import]\nenabled = 'yes'", "x ="]
)
def test_invalid_settings_file_is_reported_with_its_position(settings, text):
    settings.config_file.write_text(text)
    with pytest.raises(SettingsError):
        plugin_settings(settings)


def test_enabling_keeps_comments_and_order(settings):
    text = '# ours\n[imports]\n\n[plugins.csv-import] # the list\ndelimiter = ";"\nenabled = false\n'
    settings.config_file.write_text(text)
    set_enabled(settings, "csv-import", enabled=True)
    written = settings.config_file.read_text()
    assert re.sub(r"grant = .*\n", "", written) == text.replace("false", "true")
    assert not write_disabled(settings, "json-import")
    assert write_disabled(settings, "csv-import")
    assert settings.config_file.read_text() == written.replace("enabled = true", "enabled = false")


def test_secrets_are_references_and_reach_only_the_context(install, settings, monkeypatch, tmp_path):
    manifest = _MANIFEST | {
        "permissions": {"propose": ["organizations"], "secrets": ["token"]},
        "config_schema": {"type": "object", "properties": {"token": {"type": "string"}, "page": {"default": 5}}},
    }
    install(manifest, reader="")
    set_enabled(settings, "odd", enabled=True)
    plugin = get_plugin(settings, "odd")
    with pytest.raises(SettingsError, match="reference"):
        check_config(plugin.manifest, {"token": "hunter2"})
    monkeypatch.setenv("ODD_TOKEN", "hunter2")
    context = plugin_context(plugin, config={"token": "env:ODD_TOKEN"}, dry_run=True)
    assert dict(context.secrets) == {"token": "hunter2"}
    assert dict(context.config) == {"page": 5}
    (tmp_path / "secret").write_text("hunter3\n")
    assert resolve_secret("token", f"file:{tmp_path}/secret") == "hunter3"
    for reference in ("env:NOT_THERE", f"file:{tmp_path}/nothing"):
        with pytest.raises(SettingsError):
            resolve_secret("token", reference)


def test_numbers_given_as_text_are_converted(settings):
    manifest = get_plugin(settings, "csv-import").manifest
    assert check_config(manifest, {"header_line": "3", "delimiter": "3"}) == {
        "header_line": 3, "delimiter": "3",
    }  # fmt: skip
    for wrong in ("three", "-1", "0", "1.5"):
        with pytest.raises(SettingsError, match="header_line"):
            check_config(manifest, {"header_line": wrong})


def test_context_has_no_access_to_the_database(settings):
    context = plugin_context(get_plugin(settings, "csv-import"), config={}, dry_run=False)
    names = {name for name in dir(context) if not name.startswith("_")}
    assert names == {
        "config", "secrets", "log", "clock", "workdir", "dry_run", "batch_size", "entity", "columns", "map_headers",
        "judge_columns", "header_words", "find_entity", "max_columns", "rows_that_fit",
    }  # fmt: skip


def test_each_entity_has_a_name_for_its_importers():
    from kelompok_core.contracts import CONTRACTS, Importer

    of_entities = {f"{words.singular}_importer" for words in list_words()}
    assert {"organization_importer", "member_importer"} <= of_entities
    assert set(list_contract_names()) == {*CONTRACTS, *of_entities}
    assert {contract_named(name) for name in (*of_entities, "importer")} == {Importer}
    assert contract_named("job_runner") is not Importer


_READER = """
import pandas as pd
from kelompok_core.contracts import Issue, Severity, SourceBatch, issue_table

def locations(*records):
    size = len(records)
    return pd.DataFrame({"row_number": list(records), "line": pd.array([None] * size, dtype="Int64"),
                         "selector": pd.array([None] * size, dtype="str")})

def batch(names=("A",), records=(1,), issues=(), column="name"):
    cells = pd.DataFrame({column: pd.Series(list(names), dtype="object")})
    return SourceBatch(cells=cells, locations=locations(*records), issues=issue_table(issues))

class Reader:
    def read(self, source, context):
        yield {YIELDED}
"""


@pytest.fixture
def read_odd(install, settings, installation, operator, tmp_path):
    """Stage an import with a reader that yields these batches."""
    from kelompok_core.imports.receiving.receive import ImportRequest, receive
    from kelompok_core.imports.staging.stage import stage

    def run(yielded):
        install(_MANIFEST, reader=_READER.replace("{YIELDED}", yielded))
        set_enabled(settings, "odd", enabled=True)
        file = tmp_path / "list.csv"
        file.write_text("x")
        return stage(
            installation, receive(installation, ImportRequest(plugin="odd", job="read", file=file), operator).import_id
        )

    return run


@pytest.mark.parametrize(("yielded", "message"), [
    ("None", "NoneType"),
    ("batch(names=[1])", "'name' is not text"),
    ("batch(names=['\\ud800'])", "'name' is not text"),
    ("batch(column=' ')", "needs a name"),
    ("batch(records=(2,))", "go on from 1"),
    ("batch(names='AB', records=(1, 1))", "one by one"),
    ("batch(names='AB')", "2 rows of cells and 1 of locations"),
    ("batch(issues=[Issue(code='x', severity=Severity.ERROR, row_number=7)])", "not in its batch"),
    ("batch(), batch()", "tuple"),
])  # fmt: skip
def test_batch_that_violates_the_contract_is_the_plugins_error(read_odd, ask, yielded, message):
    with pytest.raises(ImportFailed, match=r"odd@1\.0 broke its contract") as caught:
        read_odd(yielded)
    assert message in caught.value.message
    assert ask("SELECT state FROM imports")[0].state == "failed"
    assert not ask("SELECT FROM import_rows")


def test_nul_in_cells_and_findings_of_any_plugin_is_replaced_by_a_symbol(read_odd, ask):
    read_odd(
        "batch(names=['A\\0B'], issues=[Issue(code='mine.odd', severity=Severity.WARNING, row_number=1, value='\\0')])"
    )
    (row,) = ask("SELECT raw, candidate, issues FROM import_rows")
    assert row.raw == {"name": "A␀B"}
    assert row.candidate["name"] == "AB"
    assert row.issues[0]["value"] == "␀"


_CONNECTED = _MANIFEST | {
    "permissions": {"propose": ["organizations"], "secrets": ["token"]},
    "config_schema": {
        "type": "object",
        "additionalProperties": True,
        "properties": {
            "token": {"type": "string"},
            "url": {"type": "string", "format": "uri"},
            "page": {"type": "integer", "per_request": True},
        },
    },
}


@pytest.mark.parametrize(
    "given", [{"token": "file:/etc/hostname"}, {"token": "env:HOME"}, {"url": "http://x"}, {"new": "1"}]
)
def test_request_cannot_set_secrets_or_addresses(install, settings, given):
    install(_CONNECTED, reader="")
    set_enabled(settings, "odd", enabled=True)
    require_per_request(settings, "odd", {"page": "2"})
    with pytest.raises(UsageError, match=f"a request may not set '{next(iter(given))}'") as refused:
        require_per_request(settings, "odd", {"page": "2"} | given)
    assert refused.value.hint == "A request may set: page."
    with pytest.raises(GivenSettingWrong, match="page"):
        require_per_request(settings, "odd", {"page": "two"})


def test_manifest_that_exposes_a_secret_is_refused(install, settings):
    given_away = json.loads(json.dumps(_CONNECTED))
    given_away["config_schema"]["properties"]["token"]["per_request"] = True
    install(given_away, reader="")
    plugin = get_plugin(settings, "odd")
    assert (plugin.state, "'token' cannot be per_request" in plugin.reason) == (PluginState.BROKEN, True)


def test_profile_of_the_operator_has_all_settings(settings, import_file):
    options = ImportOptions(config={"max_columns": 2})
    save_profile(settings, "narrow", Profile(options=options))
    assert chosen_profile(settings, ImportOptions(profile="narrow")).options.config == {"max_columns": 2}
    with pytest.raises(ImportFailed):
        import_file("a,b,name\n1,2,Satu\n", options=chosen_profile(settings, ImportOptions(profile="narrow")).options)
