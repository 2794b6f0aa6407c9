"""Any manifest, settings file or mapping is read, or causes an error that names the position."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import tomlkit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kelompok_core.entities import list_entities
from kelompok_core.errors import SettingsError, UsageError
from kelompok_core.headers.mapping import ERROR_FILE_COLUMNS
from kelompok_core.imports.shared.columns import map_columns
from kelompok_core.imports.shared.profiles import read_profile
from kelompok_core.plugin_host.configuration import check_config, plugin_settings
from kelompok_core.plugin_host.manifest import BrokenManifest, Manifest, parse_manifest
from kelompok_core.plugin_host.registry import PluginState, list_plugins
from kelompok_core.records.registry import get_descriptor
from kelompok_core.settings import read_settings
from kelompok_pipelines.source_checks import read_sources
from kelompok_pipelines.sources import SourceOptions

pytestmark = pytest.mark.slow

_PROJECT = Path(__file__).parents[2]
_MANIFESTS = [json.loads(path.read_text("utf-8")) for path in sorted(_PROJECT.glob("plugins/*/*/kelompok-plugin.json"))]

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
_TOML = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefgh-_", min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def test_bundled_manifests_exist():
    assert len(_MANIFESTS) >= 5


@given(text=st.text(max_size=200) | _JSON.map(json.dumps))
@example(text="")
@example(text="[" * 100_000)
@example(text='{"manifest": "1", "name": "\\ud800"}')
def test_any_text_is_a_valid_or_broken_manifest(text):
    with suppress(BrokenManifest):
        assert isinstance(parse_manifest(text), Manifest)


@given(data=st.data())
@settings(max_examples=300)
def test_changed_manifest_is_valid_or_broken(data):
    manifest = json.loads(json.dumps(data.draw(st.sampled_from(_MANIFESTS))))
    place, steps = manifest, data.draw(st.integers(1, 4))
    for _ in range(steps):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(_JSON)
            break
        place = place[key]
    with suppress(BrokenManifest):
        parse_manifest(json.dumps(manifest))


@pytest.fixture
def configured(tmp_path):
    found = read_settings({}, folder=tmp_path)

    def write(content):
        found.config_file.write_bytes(content)
        return found

    return write


_READERS = (plugin_settings, list_plugins, read_sources, lambda found: read_profile(found, "monthly"))
_FUZZED = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def _read(found):
    for reader in _READERS:
        with suppress(UsageError):  # settings that are wrong, and what is not found, are such
            reader(found)


@_FUZZED
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@example(content=b"\xff\xfe")
@example(content=b"[plugins]\ncsv-import = 1\n")
@example(content=b"plugins = []\nprofiles = 3\nschedules = 'x'\n")
def test_any_configuration_is_valid_or_raises_a_kelompok_error(configured, content):
    _read(configured(content))


@_FUZZED
@given(
    plugin=_TOML, profile=_TOML, schedules=_TOML, inboxes=_TOML,
    name=st.sampled_from(["csv-import", "json-import", "sdgs-keyword", "nobody", "social-links"]),
)  # fmt: skip
def test_any_tables_are_valid_or_raise_an_expected_error(configured, plugin, profile, schedules, inboxes, name):
    document = {
        "plugins": {name: plugin}, "profiles": {"monthly": profile}, "schedules": schedules, "inboxes": inboxes,
    }  # fmt: skip
    _read(configured(tomlkit.dumps(document).encode()))


@_FUZZED
@given(
    changed=st.dictionaries(st.sampled_from(["name", *SourceOptions.model_fields, "cron", "folder", "odd"]), _TOML),
    word=st.sampled_from(["schedules", "inboxes"]),
)
@example(changed={"folder": "../other"}, word="inboxes")
@example(changed={"cron": "* * * * * *"}, word="schedules")
def test_any_options_of_a_source_are_valid_or_reported(configured, changed, word):
    own = {"cron": "0 2 * * *", "file": "/data/list.csv"} if word == "schedules" else {}
    table = {"name": "a", "plugin": "csv-import", "job": "import-members", **own, **changed}
    document = {"plugins": {"csv-import": {"enabled": True}}, word: [table]}
    found = read_sources(configured(tomlkit.dumps(document).encode()))
    for one in found.tables:
        assert all(problem.message for problem in one.problems)
        assert one.message or one.source


@settings(deadline=None)
@given(entity=st.sampled_from(list_entities()), data=st.data())
def test_any_header_is_mapped_and_no_column_is_lost(entity, data):
    descriptor = get_descriptor(entity)
    known = [alias for field in descriptor.fields for alias in field.aliases]
    headers = data.draw(
        st.lists(st.text(max_size=20) | st.sampled_from([*known, *ERROR_FILE_COLUMNS]), max_size=8, unique=True)
    )
    targets = [field.name for field in descriptor.fields] + ["-", "extra", "", "nonsense"]
    keys = st.sampled_from([*headers, "Nobody"])
    given_for = data.draw(st.dictionaries(keys, st.sampled_from(targets), max_size=3))
    try:
        mapping = map_columns(descriptor, headers, given_for, scoped=True)
    except UsageError:
        return
    mapped = [*mapping.targets, *mapping.extra, *mapping.dropped, *mapping.ignored]
    assert sorted(mapped) == sorted(headers)


@given(schema=_JSON, config=st.dictionaries(st.text(max_size=5), _JSON, max_size=3))
@settings(max_examples=50)
def test_any_plugin_settings_are_valid_or_refused(schema, config):
    manifest = json.loads(json.dumps(_MANIFESTS[0])) | {"config_schema": schema}
    try:
        parsed = parse_manifest(json.dumps(manifest))
    except BrokenManifest:
        return
    with suppress(SettingsError):
        check_config(parsed, config)


def test_every_installed_plugin_has_a_state(configured):
    states = {one.name: one.state for one in list_plugins(configured(b"[plugins.csv-import]\nenabled = true\n"))}
    assert states["csv-import"] is PluginState.UNGRANTED
