"""Dagster's side, in process: assets, checks, jobs, sensors and schedules of the enabled plugins."""

import os
from datetime import datetime, timedelta
from itertools import pairwise

import dagster as dg
import pytest

from kelompok_core.entities import list_entities
from kelompok_core.imports.receiving.receive import ImportRequest, admit, receive
from kelompok_core.imports.shared.options import ImportOptions
from kelompok_core.imports.shared.profiles import Profile, save_profile
from kelompok_pipelines import jobs, sensors
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core
from tests.enabling import set_enabled

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB = "csv_import__import_organizations"
_STAGE = "csv_import__import_organizations__stage"


def _materialized(result):
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


def _checks(result):
    return {
        (one.asset_key.to_user_string(), one.check_name): one.passed for one in result.get_asset_check_evaluations()
    }


def test_lineage_goes_from_source_records_to_the_core(definitions):
    graph = definitions.resolve_asset_graph()
    chain = [
        "csv_import/organizations_source_records", "csv_import/organizations_candidates",
        "csv_import/organizations_decisions", "core/organizations",
    ]  # fmt: skip
    keys = [dg.AssetKey(name.split("/")) for name in chain]
    for parent, child in pairwise(keys):
        assert parent in graph.get(child).parent_keys
    assert {graph.get(key).group_name for key in keys} == {"csv_import", "core"}


def test_a_disabled_plugin_has_no_assets(settings, installation):
    for plugin in ("csv-import", "json-import"):
        set_enabled(settings, plugin, enabled=False)
    graph = build_definitions(settings, Core(installation=installation)).resolve_asset_graph()
    core = {f"core/{entity}" for entity in list_entities()}
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == core


def test_a_run_of_json_reads_a_url_with_a_ready_profile(execute, ask):
    import fsspec

    with fsspec.open("memory://runs/ror.json", "w") as file:
        file.write('[{"id": "https://ror.org/1", "names": [{"types": ["ror_display"], "value": "Pusat Studi Air"}]}]')
    run = {"file": "memory://runs/ror.json", "profile": "json-import/ror"}
    result = execute("json_import__import_organizations", "json_import__import_organizations__stage", **run)
    assert result.success
    assert _materialized(result)[-1] == "core/organizations"
    assert ask("SELECT name FROM organizations")[0][0] == "Pusat Studi Air"


def test_a_run_materializes_the_chain_with_metadata_and_checks(execute, file):
    result = execute(_JOB, _STAGE, file=str(file))
    assert result.success
    assert _materialized(result) == [
        "csv_import/organizations_source_records", "csv_import/organizations_candidates",
        "csv_import/organizations_decisions", "core/organizations",
    ]  # fmt: skip
    assert _checks(result) == {
        ("csv_import/organizations_candidates", "schema"): False,
        ("csv_import/organizations_decisions", "counts_close"): True,
        ("core/organizations", "every_write_audited"): True,
        ("core/organizations", "every_write_has_evidence"): True,
    }
    events = {event.asset_key.to_user_string(): event for event in result.get_asset_materialization_events()}
    staged = events["csv_import/organizations_source_records"].materialization.metadata
    assert staged["rows"].value == 2
    assert staged["blank_lines"].value == 1
    decided = events["csv_import/organizations_decisions"].materialization.metadata
    assert [decided[name].value for name in ("rows_read", "accepted", "rejected")] == [2, 1, 1]
    assert [record.data["code"] for record in decided["issues"].records] == ["value.email"]
    assert "█" in decided["decisions"].value
    assert events["core/organizations"].materialization.metadata["rows_per_second"].value > 0


def test_members_of_an_organization_are_imported_by_a_profile_and_appear_in_the_lineage(
    execute, file, settings, definitions, tmp_path, ask
):
    assert execute(_JOB, _STAGE, file=str(file)).success
    save_profile(settings, "anggota", Profile(options=ImportOptions(mapping={"nomor": "external_id"})))
    members = tmp_path / "anggota.csv"
    members.write_text("nomor,nama,tanggal bergabung\n7,Ani,1/2/2020\n")
    result = execute(
        "csv_import__import_members", "csv_import__import_members__stage",
        file=str(members), organization="satu", profile="anggota", date_order="DAY_FIRST",
    )  # fmt: skip
    assert result.success
    assert _materialized(result)[-1] == "core/members"
    assert all(_checks(result).values())
    (row,) = ask("SELECT m.started_on::text AS day, s.external_id FROM members m JOIN source_records s"
                 " ON s.record_id = m.id")  # fmt: skip
    assert (row.day, row.external_id) == ("2020-02-01", "7")
    graph = definitions.resolve_asset_graph()
    decisions = dg.AssetKey(["csv_import", "members_decisions"])
    assert decisions in graph.get(dg.AssetKey(["core", "members"])).parent_keys


def test_a_dry_run_leaves_the_core_asset_alone_and_its_plan_is_applied_by_its_own_job(
    execute, file, installation, operator, ask
):
    from kelompok_core.imports.applying.apply import approve

    result = execute(_JOB, _STAGE, file=str(file), dry_run=True)
    assert result.success
    assert "core/organizations" not in _materialized(result)
    (row,) = ask("SELECT id, state, run_id FROM imports")
    assert (row.state, row.run_id) == ("planned", result.run_id)
    assert not ask("SELECT FROM organizations")
    waiting = execute("core__apply_organizations", "core__organizations__apply", import_id=str(row.id))
    assert _materialized(waiting) == [], "nobody approved it"
    approve(installation, row.id, operator)
    applied = execute("core__apply_organizations", "core__organizations__apply", import_id=str(row.id))
    assert _materialized(applied) == ["core/organizations"]
    assert all(_checks(applied).values())
    assert len(ask("SELECT FROM organizations")) == 1


def test_a_run_that_fails_leaves_the_import_failed_with_its_reason(execute, tmp_path, ask):
    broken = tmp_path / "broken.csv"
    broken.write_text("Alamat\nJl. Satu\n")
    result = execute(_JOB, _STAGE, file=str(broken))
    assert not result.success
    (row,) = ask("SELECT state, failure FROM imports")
    assert row.state == "failed"
    assert "Alamat" in row.failure


def test_run_config_gives_only_settings_that_the_plugin_lets_a_request_give(execute, file, ask):
    assert not execute(_JOB, _STAGE, file=str(file), settings={"max_columns": "99999"}).success
    assert not ask("SELECT FROM imports")
    assert execute(_JOB, _STAGE, file=str(file), settings={"delimiter": ","}).success


def test_a_run_with_nothing_to_import_says_so(execute):
    result = execute(_JOB, _STAGE)
    assert not result.success


def test_the_inbox_sensor_asks_for_one_run_a_file(definitions, settings, instance, installation, execute, ask):
    sensor = definitions.resolve_sensor_def("csv_import__import_organizations__inbox")
    inbox = settings.home / "inbox" / "csv-import" / "import-organizations"

    def tick():
        with dg.build_sensor_context(instance=instance, resources={"core": Core(installation=installation)}) as context:
            return sensor.evaluate_tick(context)

    assert tick().skip_message
    (inbox / "list.csv").write_text("name\nSatu\n")
    assert not tick().run_requests
    (request,) = tick().run_requests
    (repeated,) = tick().run_requests
    assert repeated.run_key == request.run_key, "Dagster starts one run a key"
    config = request.run_config["ops"][_STAGE]["config"]
    assert execute(_JOB, _STAGE, **config).success
    assert execute(_JOB, _STAGE, **config).success
    assert len(ask("SELECT FROM imports")) == 1
    assert not tick().run_requests


@pytest.mark.parametrize(("name", "content", "said", "in_the_run"), [
    ("tidak-ada/list.csv", b"name\nSatu\n", "no organization 'tidak-ada'", False),
    ("list.csv", b"%PDF-1.7 ...", "pdf", True),
])  # fmt: skip
def test_a_file_no_import_can_be_opened_for_goes_to_failed_with_why(
    definitions, settings, instance, installation, execute, ask, name, content, said, in_the_run
):
    sensor = definitions.resolve_sensor_def("csv_import__import_organizations__inbox")
    inbox = settings.home / "inbox" / "csv-import" / "import-organizations"

    def tick():
        with dg.build_sensor_context(instance=instance, resources={"core": Core(installation=installation)}) as context:
            return sensor.evaluate_tick(context)

    (inbox / name).parent.mkdir(parents=True)
    (inbox / name).write_bytes(content)
    tick()
    told = tick()
    if in_the_run:
        (request,) = told.run_requests
        assert not execute(_JOB, _STAGE, **request.run_config["ops"][_STAGE]["config"]).success
    else:
        assert not told.run_requests
        assert said in told.skip_message
    (lying,) = [one for one in (inbox / "failed").rglob("*.csv") if one.is_file()]
    assert lying.read_bytes() == content
    assert said in lying.with_name("list.csv.message.txt").read_text().lower()
    assert not ask("SELECT FROM imports")
    later = tick()
    assert not later.run_requests
    assert "1 could not be imported" in later.skip_message


def test_files_that_cannot_be_imported_do_not_block_others(definitions, settings, instance, installation, monkeypatch):
    sensor = definitions.resolve_sensor_def("csv_import__import_organizations__inbox")
    inbox = settings.home / "inbox" / "csv-import" / "import-organizations"
    inbox.mkdir(parents=True)
    for name in (os.fsdecode(b"\xff.csv"), "a" * 250 + ".csv", "broken.csv", "good.csv"):
        (inbox / name).write_text("name\nSatu\n")

    def admitted(installation, request, actor):
        if request.file.name == "broken.csv":
            raise OSError(5, "Input/output error")
        return admit(installation, request, actor)

    monkeypatch.setattr(sensors, "admit", admitted)

    def tick():
        with dg.build_sensor_context(instance=instance, resources={"core": Core(installation=installation)}) as context:
            return sensor.evaluate_tick(context)

    assert "xff.csv was not taken: its name is not UTF-8. Rename it" in tick().skip_message
    (request,) = tick().run_requests
    assert request.tags["kelompok/file"] == "good.csv"
    (lying,) = (inbox / "failed").rglob("a*.csv")
    (message,) = lying.parent.glob("*.message.txt")
    assert "200" in message.read_text()
    (request,) = tick().run_requests
    monkeypatch.undo()
    assert {one.tags["kelompok/file"] for one in tick().run_requests} == {"broken.csv", "good.csv"}


def test_schedules_come_from_the_settings_file(settings, installation):
    with settings.config_file.open("a") as file:
        file.write(
            '\n[[schedules]]\nname = "partners_nightly"\ncron = "0 2 * * *"\nplugin = "csv-import"\n'
            'job = "import-organizations"\nfile = "/data/partners.csv"\n'
        )
    definitions = build_definitions(settings, Core(installation=installation))
    schedule = definitions.resolve_schedule_def("partners_nightly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Jakarta")
    tick = schedule.evaluate_tick(dg.build_schedule_context())
    assert tick.run_requests[0].run_config == {
        "ops": {_STAGE: {"config": {"file": "/data/partners.csv", "source": "partners"}}}
    }


def test_old_runs_are_deleted_and_young_ones_kept(definitions, instance, execute, file):
    execute(_JOB, _STAGE, file=str(file))
    assert instance.get_runs_count() == 1
    result = definitions.resolve_job_def("prune_runs").execute_in_process(instance=instance)
    assert result.success
    assert instance.get_runs_count() == 2


def test_the_partition_of_a_source_without_runs_is_deleted(definitions, instance, execute, file, monkeypatch):
    sources = "csv_import__import_organizations__sources"
    execute(_JOB, _STAGE, file=str(file))
    execute(_JOB, _STAGE, file=str(file), source="mitra")
    kept = next(run.run_id for run in instance.get_runs() if run.tags["dagster/partition"] == "mitra")
    monkeypatch.setattr(jobs, "datetime", Tomorrow)
    old = instance.get_run_records

    def without_one(*arguments, **named):
        return [one for one in old(*arguments, **named) if one.dagster_run.run_id != kept]

    monkeypatch.setattr(instance, "get_run_records", without_one)
    definitions.resolve_job_def("prune_runs").execute_in_process(
        {"ops": {"prune_old_runs": {"config": {"days": 1}}}}, instance=instance
    )
    assert instance.get_dynamic_partitions(sources) == ["mitra"]


class Tomorrow(datetime):
    """A clock that is two days fast."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=2)


def test_a_run_reads_nothing_of_the_installation_nor_outside_its_roots(execute, settings, tmp_path, ask):
    """Somebody who reaches the UI asks for passwords: as columns of a list, through links, by addresses."""
    settings.home.mkdir(exist_ok=True)
    secret = settings.home / "credentials.json"
    secret.write_text('{"kelompok_admin": "rahasia", "name": "x"}')
    (tmp_path / "link.json").symlink_to(secret)
    taken = settings.home / "inbox/../credentials.json"
    for location in (secret, tmp_path / "link.json", taken, f"file://{secret}", tmp_path, "/etc/passwd",
                     "http://169.254.169.254/latest/meta-data/", "zip://x::http://127.0.0.1/x"):  # fmt: skip
        run = {"file": str(location), "mapping": {"kelompok_admin": "official_email"}}
        result = execute("json_import__import_organizations", "json_import__import_organizations__stage", **run)
        assert not result.success, location
        failure = result.failure_data_for_node("json_import__import_organizations__stage")
        assert "rahasia" not in str(failure)
        assert "[files]" in failure.error.to_string() or "chains" in failure.error.to_string(), "what to do"
    assert not ask("SELECT FROM imports")
    assert not ask("SELECT FROM source_records")


def test_an_import_received_before_is_run_wherever_its_file_lay(execute, installation, operator, tmp_path_factory, ask):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "list.csv"
    elsewhere.write_text("id,name\n1,Satu\n")
    request = ImportRequest(plugin="csv-import", job="import-organizations", file=elsewhere)
    import_id = receive(installation, request, operator).import_id
    assert execute(_JOB, _STAGE, import_id=str(import_id)).success
    assert not execute(_JOB, _STAGE, file=str(elsewhere)).success
    assert [row.name for row in ask("SELECT name FROM organizations")] == ["Satu"]


def test_a_schedule_runs_the_file_it_names(execute, settings, tmp_path_factory, ask):
    exports = tmp_path_factory.mktemp("exports")
    for name in ("partners", "others"):
        (exports / f"{name}.csv").write_text(f"id,name\n1,{name}\n")
    with settings.config_file.open("a") as file:
        file.write(
            '\n[[schedules]]\nname = "nightly"\ncron = "0 2 * * *"\nplugin = "csv-import"\n'
            f'job = "import-organizations"\nfile = "{exports}/partners.csv"\n'
        )
    assert execute(_JOB, _STAGE, file=f"{exports}/partners.csv").success
    assert not execute(_JOB, _STAGE, file=f"{exports}/others.csv").success
    assert [row.name for row in ask("SELECT name FROM organizations")] == ["partners"]
