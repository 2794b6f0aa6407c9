"""Scheduled and watched sources of kelompok.toml: their options, and invalid tables, which stop only themselves."""

import inspect
import json
import shutil
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import typer

from kelompok_core.cli import operating, plugins, surroundings
from kelompok_core.imports.shared.options import OPTIONS
from kelompok_core.plugin_host import configuration
from kelompok_pipelines import services
from kelompok_pipelines.assets.importing import ImportConfig
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.inboxes import list_inbox_folders
from kelompok_pipelines.launcher import DagsterLauncher
from kelompok_pipelines.resources import Core
from kelompok_pipelines.run_tags import PARTITION_TAG
from kelompok_pipelines.source_checks import RESERVED, read_sources
from kelompok_pipelines.sources import ScheduledSource, SourceOptions, WatchedSource
from tests.distributions import install_plugin
from tests.enabling import set_enabled

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB = "csv_import__import_organizations"
_STAGE = f"{_JOB}__stage"
_OPTIONS = """
source = "mitra, pusat"
actor = "ani@contoh.id"
dry_run = true
on_duplicate = "last"
profile = "partners"
date_order = "dmy"
phone_country = "MY"
timezone = "Asia/Makassar"
mapping = { "Nama Lembaga" = "name", "Catatan" = "-" }
policies = { phone = "fill_empty" }
settings = { max_columns = 40, delimiter = ";" }
"""
_PROFILE = """
[profiles.partners]
mapping = { "Surel" = "official_email" }
"""
_FILE = "Nama Lembaga;Catatan;Surel\nSatu;x;satu@contoh.id\n"


@pytest.fixture
def configure(settings):
    def write(text):
        with settings.config_file.open("a", encoding="utf-8") as file:
            file.write("\n" + text)

    return write


@pytest.fixture
def build(settings, installation):
    return lambda: build_definitions(settings, Core(installation=installation))


@pytest.fixture
def launch(build, instance):
    """Start a requested run as Dagster does."""

    def run(request):
        job = build().resolve_job_def(_JOB)
        return job.execute_in_process(
            run_config=request.run_config, tags=dict(request.tags), instance=instance, raise_on_error=False
        )

    return run


@pytest.fixture
def tick(build, installation, instance):
    def run(sensor):
        with dg.build_sensor_context(instance=instance, resources={"core": Core(installation=installation)}) as context:
            return build().resolve_sensor_def(sensor).evaluate_tick(context)

    return run


@pytest.fixture
def doctor(settings, monkeypatch, capsys):
    monkeypatch.setattr(surroundings.SURROUNDINGS, "settings", settings)
    monkeypatch.setattr(surroundings.SURROUNDINGS, "launcher", DagsterLauncher())

    def run():
        with pytest.raises(typer.Exit) as ended:
            operating.doctor(as_json=True)
        return ended.value.exit_code, {one["what"]: one["problem"] for one in json.loads(capsys.readouterr().out)}

    return run


def _schedule(name="partners", *, file="/srv/partners.csv", more="", job="import-organizations", cron="0 2 * * *"):
    lines = ("[[schedules]]", f'name = "{name}"', f'cron = "{cron}"', 'plugin = "csv-import"', f'job = "{job}"',
             f'file = "{file}"', more)  # fmt: skip
    return "\n".join(lines) + "\n"


def _inbox(name="partners", *, more="", job="import-organizations"):
    return f'[[inboxes]]\nname = "{name}"\nplugin = "csv-import"\njob = "{job}"\n{more}\n'


def _tick_of(build, name):
    return build().resolve_schedule_def(name).evaluate_tick(dg.build_schedule_context())


def _check_import(ask, person_id):
    (row,) = ask("SELECT source_name, actor_id, mode, options FROM imports")
    assert (row.source_name, row.actor_id, row.mode) == ("mitra, pusat", person_id, "dry_run")
    assert row.options == {
        "mapping": {"Surel": "official_email", "Nama Lembaga": "name", "Catatan": "-"},
        "policies": {"phone": "fill_empty"},
        "duplicates": "last",
        "config": {"max_columns": 40, "delimiter": ";"},
        "date_order": "dmy",
        "phone_country": "MY",
        "timezone": "Asia/Makassar",
        "profile": "partners",
    }


def test_all_options_of_a_schedule_reach_the_import(configure, build, launch, person, tmp_path_factory, ask, instance):
    file = tmp_path_factory.mktemp("exports") / "partners.csv"
    file.write_text(_FILE)
    actor = person("ani@contoh.id", platform_role="admin")
    configure(_PROFILE + _schedule(file=file, more=f'{_OPTIONS}cron_timezone = "Asia/Jakarta"\n'))
    (request,) = _tick_of(build, "partners").run_requests
    assert request.tags[PARTITION_TAG] == "mitra_ pusat"
    assert "max_columns" not in str(request.run_config), "Dagster stores this"
    result = launch(request)
    assert result.success
    _check_import(ask, actor.id)
    partitions = {one.partition for one in result.get_asset_materialization_events()}
    assert partitions == {"mitra_ pusat"}
    assert instance.get_dynamic_partitions(f"{_JOB}__sources") == ["mitra_ pusat"]


def test_all_options_of_an_inbox_reach_the_import(configure, settings, launch, tick, person, ask):
    actor = person("ani@contoh.id", platform_role="admin")
    configure(_PROFILE + _inbox(more=f'folder = "mitra/pusat"\n{_OPTIONS}'))
    assert tick("partners__inbox").skip_message
    (settings.inbox_folder / "mitra/pusat/list.csv").write_text(_FILE)
    tick("partners__inbox")
    (request,) = tick("partners__inbox").run_requests
    assert request.tags["kelompok/file"] == "list.csv"
    assert launch(request).success
    _check_import(ask, actor.id)
    assert not tick("partners__inbox").run_requests


def test_plugin_settings_of_a_table_apply_only_to_its_own_file(configure, launch, build, tmp_path, ask):
    (tmp_path / "partners.csv").write_text(_FILE)
    (tmp_path / "others.csv").write_text(_FILE)
    configure(_PROFILE + _schedule(file=tmp_path / "partners.csv", more="settings = { max_columns = 40 }"))
    (request,) = _tick_of(build, "partners").run_requests
    config = request.run_config["ops"][_STAGE]["config"]
    other = dg.RunRequest(run_config={"ops": {_STAGE: {"config": {**config, "file": str(tmp_path / "others.csv")}}}})
    assert not launch(other).success
    assert not ask("SELECT FROM imports")


def test_a_schedule_for_an_organization_has_the_partition_of_its_import(
    configure, build, launch, import_file, tmp_path, instance
):
    import_file("id,name,slug\n1,Satu,satu\n")
    (tmp_path / "anggota.csv").write_text("id,nama\n1,Ani\n")
    configure(_schedule(file=tmp_path / "anggota.csv", job="import-members", more='organization = "satu"'))
    (request,) = _tick_of(build, "partners").run_requests
    assert request.tags[PARTITION_TAG] == "satu/anggota"
    job = build().resolve_job_def("csv_import__import_members")
    assert job.execute_in_process(run_config=request.run_config, tags=request.tags, instance=instance).success
    assert instance.get_dynamic_partitions("csv_import__import_members__sources") == ["satu/anggota"]


def test_a_source_named_after_its_file_keeps_that_name(configure, build, launch, tmp_path, ask):
    (tmp_path / "mitra, pusat.csv").write_text("id,name\n1,Satu\n")
    configure(_schedule(file=tmp_path / "mitra, pusat.csv"))
    (request,) = _tick_of(build, "partners").run_requests
    assert request.tags[PARTITION_TAG] == "mitra_ pusat"
    assert launch(request).success
    assert [row.source_name for row in ask("SELECT source_name FROM imports")] == ["mitra, pusat"]


def test_two_inboxes_of_one_job_keep_their_files_apart(configure, settings, tick, launch, ask):
    configure(_inbox("a", more='source = "dari a"') + _inbox("b", more='source = "dari b"'))
    sensors = ("a__inbox", "b__inbox", f"{_JOB}__inbox")
    for sensor in sensors:
        tick(sensor)
    for folder in ("a", "b", "csv-import/import-organizations"):
        (settings.inbox_folder / folder / "list.csv").write_text(f"name\n{folder}\n")
    for sensor in sensors:
        assert not tick(sensor).run_requests
    found = {sensor: tick(sensor).run_requests for sensor in sensors}
    assert [len(one) for one in found.values()] == [1, 1, 1]
    again = {sensor: tick(sensor).run_requests for sensor in sensors}
    assert [one[0].run_key for one in again.values()] == [one[0].run_key for one in found.values()]
    for (request,) in found.values():
        assert launch(request).success
    rows = ask("SELECT source_name, (SELECT name FROM organizations o JOIN source_records s ON s.record_id = o.id"
               " WHERE s.source_name = i.source_name) AS name FROM imports i ORDER BY 1")  # fmt: skip
    assert [(row.source_name, row.name) for row in rows] == [
        ("dari a", "a"), ("dari b", "b"), ("list", "csv-import/import-organizations"),
    ]  # fmt: skip


def test_an_inbox_for_one_organization_refuses_files_for_another(configure, settings, tick, import_file, launch, ask):
    import_file("id,name,slug\n1,Satu,satu\n2,Dua,dua\n")
    configure(_inbox(job="import-members", more='organization = "satu"'))
    tick("partners__inbox")
    for name in ("list.csv", "dua/list.csv"):
        (settings.inbox_folder / "partners" / name).parent.mkdir(exist_ok=True)
        (settings.inbox_folder / "partners" / name).write_text("id,nama\n1,Ani\n")
    tick("partners__inbox")
    (request,) = tick("partners__inbox").run_requests
    (stage,) = request.run_config["ops"].values()
    assert stage["config"]["organization"] == "satu"
    (message,) = (settings.inbox_folder / "partners/failed").rglob("*.message.txt")
    assert "this inbox imports only for satu" in message.read_text()


def test_an_inbox_with_the_folder_of_a_job_replaces_it(configure, settings, build):
    configure(_inbox(more='folder = "csv-import/import-organizations"'))
    names = {one.name for one in build().sensors}
    assert "partners__inbox" in names
    assert f"{_JOB}__inbox" not in names
    folder = settings.inbox_folder.resolve() / "csv-import/import-organizations"
    assert list_inbox_folders(settings).count(folder) == 1


_WRONG_OPTIONS = [
    ('sourse = "x"', "{key}.sourse: there is no such setting. Did you mean source?"),
    ("source = 3", "{key}.source: must be text, not 3. Meaning: Name of the source"),
    ('source = ""', "{key}.source: must not be empty."),
    (f'source = "{"x" * 300}"', "{key}.source: source: 'xxx"),
    ('dry_run = "yes"', "{key}.dry_run: must be true or false, not 'yes'. Meaning: Stop at the plan."),
    ('mapping = { Nama = "nme" }', "{key}.mapping.Nama: organizations have no field 'nme'. Did you mean name?"),
    ('mapping = { A = "name", B = "name" }', "{key}.mapping.B: another column is already mapped to 'name'"),
    ('policies = { phone = "sometimes" }', "{key}.policies.phone: must be 'own'"),
    ('policies = { telefon = "own" }', "{key}.policies.telefon: organizations have no field 'telefon'."),
    ('on_duplicate = "first"', "{key}.on_duplicate: must be 'reject' or 'last', not 'first'."),
    ('profile = "partner"', "{key}.profile: no profile 'partner'. Did you mean partners?"),
    ('profile = "csv-import/nothing"', "{key}.profile: no profile 'csv-import/nothing'"),
    ('date_order = "ymd"', "{key}.date_order: must be 'dmy' or 'mdy', not 'ymd'."),
    ('phone_country = "Indonesia"', "{key}.phone_country: there is no country 'Indonesia'. Give its two letters"),
    ('timezone = "Asia/Jkt"\n', "{key}.timezone: there is no time zone 'Asia/Jkt'. Name one such as"),
    ('settings = "rahasia-qq1"', "{key}.settings: must be a table."),
    ('settings = { max_columns = "rahasia-qq1" }', "{key}.settings.max_columns: is not a setting of the plugin, or"),
    ('settings = { delimitr = "rahasia-qq1" }', "{key}.settings.delimitr: is not a setting of the plugin, or its"),
]
_WRONG_SCHEDULES = [
    (_schedule("a", cron="0 25 * * *"), "schedules.2.cron: '0 25 * * *' is not a cron expression. Write minute, hour"),
    (_schedule("a", cron="0 0 31 4 *"), "schedules.2.cron: '0 0 31 4 *' never matches a date."),
    (_schedule("a", more='cron_timezone = "WIB"'), "schedules.2.cron_timezone: there is no time zone 'WIB'."),
    (_schedule("a", more='timezone = "Asia/Jayapura"'), "schedules.2.timezone: is the time zone of times in the file"),
    (_schedule("Nightly"), "schedules.2.name: 'Nightly' is not a valid name. Meaning: Name"),
    (_schedule("a__b"), "schedules.2.name: 'a__b' is not a valid name"),
    (_schedule("good"), "schedules.2.name: 'good' is already the name of schedules.1. Choose another name."),
    (_schedule("good", more="sourse = 1"), "schedules.2.name: 'good' is already the name of schedules.1."),
    (_schedule("prune_runs_weekly"), "schedules.2.name: the name 'prune_runs_weekly' is reserved."),
    (_schedule("check_freshness_daily"), "schedules.2.name: the name 'check_freshness_daily' is reserved."),
    (_schedule("a").replace('file = "/srv/partners.csv"', ""), "schedules.2.file: is missing. Meaning: Path or URL"),
    (_schedule("a").replace('name = "a"', ""), "schedules.2.name: is missing."),
    *((_schedule("a", more=f'cron_timezone = "Asia/Jakarta"\n{more}'), said.format(key="schedules.2"))
      for more, said in _WRONG_OPTIONS),
]  # fmt: skip
_WRONG_INBOXES = [
    (
        _inbox("a", more='folder = "../files"'),
        "inboxes.2.folder: '../files' is not a folder in the inbox. Meaning: Folder in",
    ),
    (_inbox("a", more='folder = "/tmp"'), "inboxes.2.folder: '/tmp' is not a folder in the inbox."),
    (_inbox("a", more='folder = "a/failed"'), "inboxes.2.folder: 'a/failed' is not a folder in the inbox."),
    (_inbox("a", more='folder = "a/b/c"'), "inboxes.2.folder: 'a/b/c' is not a folder in the inbox."),
    (_inbox("a", more='folder = "good"'), "good, the folder of inboxes.1. Choose another folder."),
    (_inbox("a", more='folder = "good/a"'), "/good, the folder of inboxes.1."),
    (_inbox("a", more='folder = "csv-import"'), "the inbox of csv-import import-"),
    (_inbox("a", more='folder = "csv-import/import-posts"'), "the inbox of csv-import import-posts."),
    (_inbox("good"), "inboxes.2.name: 'good' is already the name of inboxes.1."),
    *((_inbox("a", more=more), said.format(key="inboxes.2")) for more, said in _WRONG_OPTIONS),
]


def _good_ones():
    return _PROFILE + _schedule("good", more='source = "baik"') + _inbox("good")


def _check_all_else(definitions):
    (request,) = definitions.resolve_schedule_def("good").evaluate_tick(dg.build_schedule_context()).run_requests
    assert request.tags[PARTITION_TAG] == "baik"
    sensor = definitions.resolve_sensor_def("good__inbox")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    definitions.resolve_job_def(_JOB)
    assert definitions.get_repository_def().schedule_defs


def _problems(definitions):
    table = definitions.metadata["wrong_tables"]
    return {one.data["table"].partition(" ")[0]: one.data["problem"] for one in table.records}


def _check_says(wrong, definitions, key, said, evaluate):
    """See that what a table made says what is wrong with it wherever that is looked for, and no setting."""
    assert said in wrong.description
    assert wrong.description.startswith(f"{key}.")
    with pytest.raises(Exception) as failed:  # noqa: PT011 -- Dagster wraps it
        evaluate()
    assert said in str(failed.value) + str(failed.value.__cause__)
    assert said in _problems(definitions)[key]
    assert "rahasia" not in wrong.description


@pytest.mark.parametrize(("table", "said"), _WRONG_SCHEDULES)
def test_an_invalid_schedule_stops_only_itself(configure, build, table, said):
    configure(_good_ones() + table)
    definitions = build()
    _check_all_else(definitions)
    (wrong,) = [one for one in definitions.schedules if one.name in ("a", "schedules__2")]
    assert wrong.default_status is dg.DefaultScheduleStatus.STOPPED
    _check_says(wrong, definitions, "schedules.2", said, lambda: wrong.evaluate_tick(dg.build_schedule_context()))
    assert _problems(definitions)["schedules.2"] in wrong.description


@pytest.mark.parametrize(("table", "said"), _WRONG_INBOXES)
def test_an_invalid_inbox_stops_only_itself(configure, build, tick, table, said):
    configure(_good_ones() + table)
    definitions = build()
    _check_all_else(definitions)
    (wrong,) = [one for one in definitions.sensors if one.name in ("a__inbox", "inboxes__2__inbox")]
    assert wrong.default_status is dg.DefaultSensorStatus.STOPPED
    _check_says(wrong, definitions, "inboxes.2", said, lambda: tick(wrong.name))
    assert f"{_JOB}__inbox" in {one.name for one in definitions.sensors}


@pytest.mark.parametrize(("change", "said"), [
    (('plugin = "csv-import"', 'plugin = "csv-imprt"'), "schedules.2.plugin: there is no plugin 'csv-imprt'. Did you"),
    (('job = "import-organizations"', 'job = "import-orgs"'), "schedules.2.job: csv-import has no job 'import-orgs'"),
    (('plugin = "csv-import"', 'plugin = "social-links"'), "schedules.2.plugin: the plugin social-links is disabled."),
    (('plugin = "csv-import"', "plugin = 3"), "schedules.2.plugin: must be text, not 3."),
])  # fmt: skip
def test_a_table_without_an_enabled_job_is_reported(configure, build, doctor, change, said):
    configure(_good_ones() + _schedule("a").replace(*change))
    definitions = build()
    _check_all_else(definitions)
    assert _problems(definitions)["schedules.2"].startswith(said)
    code, found = doctor()
    assert code == 1
    assert found["schedules.2 (a)"].startswith(said)


@pytest.mark.parametrize("text", ["schedules = 3", "schedules = [3]", "inboxes = 'x'"])
def test_values_that_are_not_tables_are_reported(settings, build, doctor, text):
    settings.config_file.write_text(f"{text}\n{settings.config_file.read_text()}")
    (told,) = _problems(build()).values()
    assert "must be a" in told
    code, found = doctor()
    assert code == 1
    assert any("must be a" in str(problem) for problem in found.values())


def test_the_doctor_reports_every_invalid_key_of_every_table(configure, doctor):
    configure(_good_ones() + _schedule("a", more='sourse = "x"\ndry_run = 3') + _inbox("b", more='profile = "gone"'))
    code, found = doctor()
    assert code == 1
    assert found["schedules.1 (good)"] is None
    assert found["inboxes.1 (good)"] is None
    assert "schedules.2.sourse: there is no such setting" in found["schedules.2 (a)"]
    assert "schedules.2.dry_run: must be true or false, not 3" in found["schedules.2 (a)"]
    assert found["inboxes.2 (b)"].startswith("inboxes.2.profile: no profile 'gone'")


def test_the_doctor_accepts_valid_tables(configure, doctor):
    configure(_good_ones())
    code, found = doctor()
    assert (code, found["schedules.1 (good)"], found["inbox"]) == (0, None, None)


def test_the_doctor_checks_named_inboxes(configure, settings, doctor):
    configure(_good_ones())
    failed = settings.inbox_folder / "good/failed/x"
    failed.mkdir(parents=True)
    (failed / "list.csv").write_text("name\n")
    code, found = doctor()
    assert code == 1
    assert "1 could not be imported" in found["inbox good"]


def test_services_report_invalid_tables_when_they_start(configure, settings, monkeypatch):
    configure(_schedule("a", cron="daily"))
    told = []

    def stop(_):
        raise InterruptedError

    monkeypatch.setattr(services, "_answers", lambda _port: False)
    monkeypatch.setattr(services, "open_database", stop)
    with pytest.raises(InterruptedError):
        services.run_services(settings, services.ServiceOptions(port=1, api_port=2, workers=1), told.append)
    assert "schedules.1 (a) in kelompok.toml" in told[0]
    assert "'daily' is not a cron expression" in told[0]


def test_a_schedule_uses_the_time_zone_of_the_installation(configure, build):
    configure('[imports]\ntimezone = "Asia/Makassar"\n' + _schedule("a") + _schedule("b", more='cron_timezone = "UTC"')
              + _schedule("c", more='timezone = "Asia/Makassar"'))  # fmt: skip
    zones = {one.name: one.execution_timezone for one in build().schedules}
    assert (zones["a"], zones["b"], zones["c"]) == ("Asia/Makassar", "UTC", "Asia/Makassar")


def test_tables_cannot_use_reserved_names(configure, build):
    configure('[freshness]\n"csv-import/import-organizations/list" = "daily"\n')
    ours = {one.name for one in (*build().schedules, *build().sensors)}
    assert {one for one in ours if "__" not in one} <= RESERVED


def test_sources_and_runs_have_every_option_of_the_command_line():
    others = {"name", "job", "file", "save", "key", "only_import", "since", "again", "as_json"}
    keys = {one.name: one.key for one in OPTIONS}
    options = {keys.get(one, one) for one in inspect.signature(plugins.run).parameters if one not in others}
    assert set(SourceOptions.model_fields) == options
    assert options <= set(ImportConfig.model_fields)
    for model in (ScheduledSource, WatchedSource):
        assert all(one.description for one in model.model_fields.values())


def test_the_documented_example_is_valid(configure, settings, build):
    page = (Path(__file__).parents[2] / "docs/operating.md").read_text("utf-8")
    example = page.partition("### Schedules and inboxes")[2].partition("```toml\n")[2].partition("```")[0]
    configure(_PROFILE + example)
    sources = read_sources(settings)
    assert not sources.wrong
    assert set(sources.scheduled[0].given) <= set(ScheduledSource.model_fields)
    assert set(sources.watched[0].given) == {"name", "plugin", "job", "folder"}
    assert build().resolve_schedule_def("partners_nightly").execution_timezone == "Asia/Makassar"


def test_the_example_settings_file_is_valid(settings):
    shutil.copy(Path(__file__).parents[2] / "examples/kelompok.toml", settings.config_file)
    for plugin in ("csv-import", "sdgs-keyword"):
        set_enabled(settings, plugin, enabled=True)
    found = read_sources(settings)
    assert [one.name_in_dagster for one in found.tables] == ["partners_nightly", "anggota"]
    assert not found.wrong


def test_many_tables_do_not_read_the_settings_file_more_often(configure, settings, monkeypatch):
    reads = []
    monkeypatch.setattr(configuration.tomllib, "loads", lambda text, load=tomllib.loads: reads.append(1) or load(text))
    configure(_good_ones() + _schedule("a", more='profile = "partners"'))
    read_sources(settings)
    few = len(reads)
    configure("".join(_schedule(f"b{number}", more='profile = "partners"') for number in range(20)))
    assert not read_sources(settings).wrong
    assert len(reads) == 2 * few


def test_reading_tables_does_not_run_plugin_code(configure, settings, build, tmp_path, monkeypatch):
    manifest = {
        "name": "odd", "version": "1.0", "api": "1",
        "implements": {"organization_importer": "odd_source.reader:Reader"},
        "permissions": {"propose": ["organizations"]},
        "jobs": [{"name": "read", "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}],
    }  # fmt: skip
    monkeypatch.syspath_prepend(str(tmp_path))
    install_plugin(tmp_path, "odd_source", manifest, init="raise SystemExit('loaded')")
    set_enabled(settings, "odd", enabled=True)
    configure(
        _schedule("a", job="read").replace("csv-import", "odd") + _inbox("b", job="read").replace("csv-import", "odd")
    )
    assert not read_sources(settings).wrong
    definitions = build()
    assert {"a", "b__inbox"} <= {one.name for one in (*definitions.schedules, *definitions.sensors)}
    assert "odd_source" not in sys.modules
