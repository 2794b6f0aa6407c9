"""What a plugin asks for is shown, granted and stored; one that asks for more is off, and gets nothing."""

import json
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kelompok_core.cli.app import run as run_command_line
from kelompok_core.contracts import PluginContext
from kelompok_core.entities import list_entities
from kelompok_core.errors import PluginUnavailable
from kelompok_core.imports.receiving.receive import ImportRequest, receive
from kelompok_core.plugin_host.capabilities import (
    find_capability_problems,
    find_old_capabilities,
    list_capabilities,
    rename_capability,
)
from kelompok_core.plugin_host.configuration import plugin_settings
from kelompok_core.plugin_host.grants import Grant, find_change, list_asks, list_missing, make_grant, read_grant
from kelompok_core.plugin_host.loading import plugin_context
from kelompok_core.plugin_host.manifest import manifest_json_schema, parse_manifest
from kelompok_core.plugin_host.registry import PluginState, get_plugin, list_plugins, require_enabled
from kelompok_core.plugin_kit import templates
from kelompok_core.records.registry import get_descriptor
from tests.enabling import set_enabled

pytestmark = pytest.mark.own_processes

_PROJECT = Path(__file__).parents[2]
_BUNDLED = sorted((_PROJECT / "plugins").glob("*/*/kelompok-plugin.json"))
_MANIFEST = {
    "name": "odd",
    "version": "1.0",
    "api": "1",
    "implements": {"organization_importer": "odd_plugin.code:Reader", "source_normalizer": "odd_plugin.code:Reader"},
    "permissions": {"propose": ["organizations"], "secrets": ["token"], "network": ["example.org:443"]},
    "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
    "config_schema": {"type": "object", "properties": {"token": {"type": "string"}}},
}
_ASKS = [
    "propose organizations", "see its sources", "see every import", "network example.org:443", "secret token",
]  # fmt: skip
_CODE = """
class Reader:
    def read(self, source, context):
        yield
    def normalize(self, batch, context):
        return batch
"""
_PRODUCT = {
    "name": "odd",
    "version": "1.0",
    "description": "Import from our federation.",
    "capabilities": ["organization_import", "member_import", "post_import", "event_import"],
    "commands": ["import-organizations", "import-members", "import-posts", "import-events"],
}
_PRODUCT_CODE = """
from kelompok_core.contracts import SourceBatch, location_table, text_table

class OrganizationImporter:
    def read(self, source, context):
        cells = {"name": ["Rumah Air"]} | ({} if context.entity == "organizations" else {"organization": ["Rumah Air"]})
        yield SourceBatch(
            cells=text_table(cells), locations=location_table([1], lines=[1], selectors=["#line=1"]))

class MemberImporter(OrganizationImporter):
    pass

class PostImporter(OrganizationImporter):
    pass

class EventImporter(OrganizationImporter):
    pass
"""


@pytest.fixture
def command_line(settings, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("kelompok_core.cli.app.read_settings", lambda: settings)
        code = run_command_line(arguments, None)
        return code, capsys.readouterr()

    return run


def test_asks_follow_from_the_manifest():
    assert list_asks(parse_manifest(json.dumps(_MANIFEST))) == _ASKS


def test_every_entity_covers_each(settings):
    manifest = get_plugin(settings, "csv-import").manifest
    assert list_asks(manifest) == ["propose *", "see its sources"]
    granted = Grant(version="1", digest="", asks=("propose *", *_ASKS[1:]))
    assert list_missing(parse_manifest(json.dumps(_MANIFEST)), granted) == []
    some = Grant(version="1", digest="", asks=("propose organizations", "see its sources"))
    assert list_missing(manifest, some) == ["propose *"]


def test_plugin_that_was_enabled_without_a_grant_is_off(install, settings, installation, operator, tmp_path):
    install(_MANIFEST, code=_CODE)
    settings.config_file.write_text("[plugins.odd]\nenabled = true\n")
    plugin = get_plugin(settings, "odd")
    assert plugin.state is PluginState.UNGRANTED
    assert "it asks for what was not granted: propose organizations" in plugin.reason
    assert plugin.hint.endswith("kelompok plugin enable odd")
    (tmp_path / "list.csv").write_text("x")
    with pytest.raises(PluginUnavailable, match="not granted"):
        receive(installation, ImportRequest(plugin="odd", job="read", file=tmp_path / "list.csv"), operator)


def test_plugin_that_asks_for_nothing_needs_a_grant_too(install, settings, command_line):
    manifest = {"name": "odd", "version": "1", "implements": {"source_matcher": "odd_plugin.code:Matcher"}}
    code = "class Matcher:\n    def match(self, candidates, existing, context): ..."
    install(manifest, code=code)
    settings.config_file.write_text("[plugins.odd]\nenabled = true\n")
    assert list_asks(get_plugin(settings, "odd").manifest) == []
    with pytest.raises(PluginUnavailable, match="nobody allowed it to run yet"):
        require_enabled(settings, "odd")
    refused = command_line("plugin", "enable", "odd")
    assert refused[0] == 2
    assert "asks for nothing" in refused[1].out
    assert get_plugin(settings, "odd").state is PluginState.UNGRANTED
    assert command_line("plugin", "enable", "odd", "--grant")[0] == 0
    assert require_enabled(settings, "odd").grant.asks == ()


def test_only_granted_secrets_are_read(install, settings, monkeypatch):
    monkeypatch.setenv("ODD_TOKEN", "hunter2")
    install(_MANIFEST | {"permissions": {"propose": ["organizations"]}}, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    install(_MANIFEST, code=_CODE)
    config = {"token": "env:ODD_TOKEN"}
    with pytest.raises(PluginUnavailable, match="the secret token was not granted") as refused:
        plugin_context(get_plugin(settings, "odd"), config=config, dry_run=True)
    assert refused.value.hint.endswith("kelompok plugin enable odd")
    set_enabled(settings, "odd", enabled=True)
    context = plugin_context(get_plugin(settings, "odd"), config=config, dry_run=True)
    assert dict(context.secrets) == {"token": "hunter2"}


def test_invalid_setting_does_not_hide_the_grant(install, settings, command_line):
    manifest = json.loads(json.dumps(_MANIFEST))
    manifest["config_schema"]["properties"]["page"] = {"type": "integer"}
    install(manifest, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    text = settings.config_file.read_text().replace("[plugins.odd]\n", '[plugins.odd]\npage = "x"\n')
    settings.config_file.write_text(text)
    plugin = get_plugin(settings, "odd")
    assert plugin.state is PluginState.MISCONFIGURED
    assert plugin.grant.asks == tuple(_ASKS)
    assert command_line("plugin", "enable", "odd")[0] == 0, "what was granted needs no second answer"


def test_list_says_in_the_readers_language_what_was_not_granted(install, settings, command_line):
    install(_MANIFEST, code=_CODE)
    settings.config_file.write_text("[plugins.odd]\nenabled = true\n")
    assert "meminta yang belum diizinkan: propose" in command_line("plugin", "list", "--language", "id")[1].out


def test_version_that_asks_for_more_is_off_until_it_is_granted(install, settings):
    less = _MANIFEST | {"permissions": {"propose": ["organizations"]}}
    install(less, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    assert require_enabled(settings, "odd").grant.version == "1.0"
    install(_MANIFEST | {"version": "1.1"}, code=_CODE)
    plugin = get_plugin(settings, "odd")
    assert plugin.state is PluginState.UNGRANTED
    assert "network example.org:443, secret token" in plugin.reason
    set_enabled(settings, "odd", enabled=True)
    assert require_enabled(settings, "odd").version == "1.1"


def test_version_that_asks_for_less_runs_on_and_is_shown(install, settings):
    install(_MANIFEST, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    install(_MANIFEST | {"version": "1.1", "permissions": {"propose": ["organizations"]}}, code=_CODE)
    plugin = require_enabled(settings, "odd")
    assert "granted to version 1.0; this is version 1.1" in find_change(plugin.grant, plugin.manifest, plugin.package)


def test_changed_files_of_the_same_version_are_shown(install, settings):
    install(_MANIFEST, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    plugin = require_enabled(settings, "odd")
    assert find_change(plugin.grant, plugin.manifest, plugin.package) is None
    install(_MANIFEST, code=_CODE + "\n# changed\n")
    assert "its files changed" in find_change(plugin.grant, plugin.manifest, plugin.package)


def test_enabling_again_records_the_version_that_runs(install, settings, command_line):
    install(_MANIFEST, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    install(_MANIFEST | {"version": "1.1", "permissions": {"propose": ["organizations"]}}, code=_CODE)
    code, shown = command_line("plugin", "enable", "odd")
    assert code == 0, shown.err
    assert "odd: its present version and files were recorded." in shown.out
    grant = require_enabled(settings, "odd").grant
    assert grant.version == "1.1"
    assert "secret token" not in grant.asks, "it is granted only what it still asks for"
    assert "nothing changed" in command_line("plugin", "enable", "odd")[1].out


@pytest.mark.parametrize("grant", ["1", '"all"', "{}", '{version = "1", digest = "", asks = [1]}'])
def test_invalid_grant_is_named(install, settings, grant):
    install(_MANIFEST, code=_CODE)
    settings.config_file.write_text(f"[plugins.odd]\nenabled = true\ngrant = {grant}\n")
    plugin = get_plugin(settings, "odd")
    assert plugin.state is PluginState.MISCONFIGURED
    assert plugin.reason == "plugins.odd.grant: is no grant"


def test_enabling_without_a_terminal_needs_the_option(install, settings, command_line):
    install(_MANIFEST, code=_CODE)
    code, shown = command_line("plugin", "enable", "odd")
    assert code == 2
    assert "plugin enable odd --grant" in shown.err
    assert "connect to example.org:443" in shown.out
    assert "get the secret token" in shown.out
    assert "read and rewrite every row" in shown.out
    assert "odd" not in plugin_settings(settings)
    assert command_line("plugin", "enable", "odd", "--grant")[0] == 0
    assert get_plugin(settings, "odd").grant.asks == tuple(_ASKS)
    assert "nothing changed" in command_line("plugin", "enable", "odd")[1].out
    assert command_line("plugin", "disable", "odd")[0] == 0
    assert get_plugin(settings, "odd").state is PluginState.DISABLED
    assert command_line("plugin", "enable", "odd")[0] == 0, "what was granted needs no second answer"


def test_personal_data_is_shown_before_it_is_granted(install, command_line):
    job = {"name": "read", "uses": "importer", "entity": "members", "inputs": ["text/csv"]}
    manifest = _MANIFEST | {"jobs": [job], "implements": {"importer": "odd_plugin.code:Reader"},
                            "permissions": {"propose": ["members"]}}  # fmt: skip
    install(manifest, code=_CODE)
    shown = command_line("plugin", "enable", "odd")[1].out
    assert "propose rows for members, with personal data:" in shown
    assert "email" in shown


def test_each_entity_says_which_fields_are_about_a_person(command_line):
    for entity in list_entities():
        descriptor = get_descriptor(entity)
        fields = {field.name for field in descriptor.fields}
        assert set(descriptor.personal_fields) <= fields - set(descriptor.public_fields), entity
    assert {"name", "email", "phone", "birth_date"} <= set(get_descriptor("members").personal_fields)
    shown = command_line("plugin", "info", "csv-import")[1].out
    assert "organizations: official_email, phone" in shown
    assert "posts: author" in shown
    assert "events:" not in shown


def test_info_shows_what_is_asked_granted_and_odd(install, settings, command_line):
    install(_MANIFEST | {"capabilities": ["import:organizations", "mindreading"]}, code=_CODE)
    set_enabled(settings, "odd", enabled=True)
    shown = json.loads(command_line("plugin", "info", "odd", "--json")[1].out)
    assert shown["asks"] == _ASKS
    assert shown["granted"]["asks"] == _ASKS
    assert len(shown["warnings"]) == 2
    assert shown["isolation"]["level"] in {"process", "user", "sandbox", "full"}


def test_list_of_plugins_is_quick_and_runs_nothing(install, settings):
    install(_MANIFEST, code="raise SystemExit\n")
    begun = time.perf_counter()
    assert get_plugin(settings, "odd").state is PluginState.DISABLED
    assert time.perf_counter() - begun < 60, "no process was started"


def test_the_products_manifest_works_as_it_stands(install, settings, import_file, ask):
    install(_PRODUCT, plugin=_PRODUCT_CODE)
    set_enabled(settings, "odd", enabled=True)
    plugin = require_enabled(settings, "odd")
    assert [job.name for job in plugin.jobs()] == _PRODUCT["commands"]
    assert plugin.manifest.commands == ()
    assert list_asks(plugin.manifest)[:4] == [
        "propose organizations", "propose members", "propose posts", "propose events",
    ]  # fmt: skip
    assert import_file("x", plugin="odd").counts["accepted"] == 1
    assert import_file("x", plugin="odd", entity="members").counts["accepted"] == 1
    assert [row.name for row in ask("SELECT name FROM members")] == ["Rumah Air"]


def test_the_published_schema_takes_the_products_manifest():
    schema = Draft202012Validator(json.loads(manifest_json_schema()))
    for manifest in (_PRODUCT, *(json.loads(path.read_text()) for path in _BUNDLED)):
        assert [error.message for error in schema.iter_errors(manifest)] == []
    assert list(schema.iter_errors(_PRODUCT | {"commands": [1]}))


def test_the_bundled_plugins_and_the_guides_use_the_present_names():
    for path in _BUNDLED:
        manifest = parse_manifest(path.read_text(), path.parent.name)
        assert find_old_capabilities(manifest.capabilities) == []
        assert find_capability_problems(manifest.capabilities) == []
    for page in ("docs/plugins.md", "docs/tutorial.md"):
        assert '"import:' not in (_PROJECT / page).read_text(), page


@pytest.mark.parametrize(("change", "message"), [
    ({"permissions": {"propose": ["members"]}}, "job 'read' proposes organizations, which permissions.propose"),
    ({"permissions": {"propose": ["organizations", "donors"]}}, "there is no entity 'donors'"),
    ({"jobs": [{"name": "read", "uses": "organization_importer", "entity": "donors", "inputs": ["text/csv"]}],
      "permissions": {"propose": ["donors"]}}, "there is no entity 'donors'"),
    ({"permisions": {}}, "permisions: there is no such key. Did you mean permissions?"),
    ({"permissions": {"propos": []}}, "permissions.propos: there is no such key. Did you mean propose?"),
    ({"version": None}, "version: must be text, not null"),
    ({"implements": []}, "implements: must be an object, not a list"),
    ({"jobs": {}}, "jobs: must be a list, not an object"),
    ({"implements": {"importer": "no colon"}}, 'found "no colon"'),
    ({"jobs": [{"name": "all-{entity}", "uses": "importer", "entity": "*", "inputs": ["text/csv"]},
               {"name": "last", "uses": "importer", "entity": "members", "inputs": "text/csv"}]},
     'jobs.1.inputs: must be a list, not "text/csv"'),
    ({"commands": ["read", {"name": "show", "sumary": ""}]}, "commands.1.sumary: there is no such key. Did you mean"),
    ({"capabilities": ["{singular}_import", 3]}, "capabilities.1: must be text, not 3"),
    ({"jobs": [{"name": "read"}]}, "jobs.0.uses: this key is missing"),
])  # fmt: skip
def test_manifest_that_cannot_work_is_broken_in_the_list(install, settings, change, message):
    install(_MANIFEST | change, code=_CODE)
    plugin = get_plugin(settings, "odd")
    assert plugin.state is PluginState.BROKEN
    assert message in plugin.reason
    assert plugin.reason.startswith("kelompok-plugin.json: ")


@pytest.mark.parametrize(("text", "message"), [
    (f'{{"name": "odd", "version": "1", "config_schema": {{"a": {"1" * 5000}}}}}', "it has a number that is too long"),
    ("[" * 100_000, "it is nested too deeply"),
    ("[]", "it must be a JSON object, not a list"),
])  # fmt: skip
def test_manifest_that_cannot_be_read_affects_no_other_plugin(install, settings, text, message):
    install(text, code=_CODE)
    plugins = {one.name: one for one in list_plugins(settings)}
    assert plugins["odd"].reason == f"kelompok-plugin.json: {message}"
    assert plugins["csv-import"].state is PluginState.ENABLED


def test_manifest_that_is_no_json_names_line_and_column(install, settings):
    install('{\n "name": "odd",\n "version" "1"\n}', code=_CODE)
    assert "line 3, column 12" in get_plugin(settings, "odd").reason


def test_capabilities_have_the_products_names():
    assert {"organization_import", "member_import", "post_import", "event_import"} <= set(list_capabilities())
    assert rename_capability("import:members") == "member_import"
    assert rename_capability("enrich:sdgs") == "profile_enrichment"
    assert rename_capability("import:nothing") == "import:nothing"
    assert find_old_capabilities(["member_import"]) == []


def test_grant_is_read_as_it_was_written(settings):
    plugin = get_plugin(settings, "csv-import")
    made = make_grant(plugin.manifest, plugin.package)
    assert read_grant("csv-import", made.to_json()) == made
    assert PluginContext().secrets == {}
    assert templates.fill("@NAME@", {"NAME": "x"}) == "x"
