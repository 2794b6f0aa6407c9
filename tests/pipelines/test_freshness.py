"""Sources that should be imported regularly: an asset check warns if the last import is too old."""

import dagster as dg
import pytest

from kelompok_core.imports.undoing.undo import undo
from kelompok_pipelines import fresh_sources
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB = "csv_import__import_organizations"
_STAGE = f"{_JOB}__stage"


def _configure(settings, *lines):
    with settings.config_file.open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[freshness]", *lines, ""]))


@pytest.fixture
def check(settings, installation, instance):
    def run():
        definitions = build_definitions(settings, Core(installation=installation))
        result = definitions.resolve_job_def("check_freshness").execute_in_process(instance=instance)
        assert not result.get_asset_materialization_events(), "nothing is imported"
        return {one.check_name: one for one in result.get_asset_check_evaluations()}

    return run


def test_a_source_is_fresh_until_its_last_import_is_older_than_the_limit(
    settings, execute, file, check, ask, monkeypatch
):
    _configure(settings, '"csv-import/import-organizations/list" = "monthly"')
    (never,) = check().values()
    assert not never.passed
    assert never.severity is dg.AssetCheckSeverity.WARN
    result = execute(_JOB, _STAGE, file=str(file))
    (evaluated,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "fresh__list"]
    assert evaluated.passed, "in the run of the import, after it was applied"
    (fresh,) = check().values()
    assert fresh.passed
    assert fresh.asset_key.to_user_string() == "csv_import/organizations_decisions"
    assert fresh.metadata["last_import"].value == str(ask("SELECT id FROM imports")[0].id)
    assert fresh.metadata["limit_days"].value == 31
    with monkeypatch.context() as patch:
        patch.setitem(fresh_sources._NAMED, "monthly", 0.0)
        (old,) = check().values()
    assert not old.passed
    assert old.metadata["age_days"].value >= 0
    assert "the limit is 0 days" in old.description
    execute(_JOB, _STAGE, file=str(file))
    (again,) = check().values()
    assert again.passed, "an import that changes nothing is one"


def test_failed_and_undone_imports_do_not_count(settings, execute, file, check, installation, operator, ask):
    _configure(settings, '"csv-import/import-organizations/list" = "2 weeks"')
    execute(_JOB, _STAGE, file=str(file))
    undo(installation, ask("SELECT id FROM imports")[0].id, operator)
    file.write_text("Alamat\nJl. Satu\n")
    assert not execute(_JOB, _STAGE, file=str(file)).success
    (one,) = check().values()
    assert not one.passed


def test_a_key_may_leave_out_the_job_of_a_scheduled_source_and_check_names_are_unique(settings, installation):
    _configure(settings, 'partners = "weekly"', '"csv-import/import-members/a-b" = "36 hours"',
               '"csv-import/import-members/a_b_2" = "1 day"', '"csv-import/import-members/a_b" = "1 day"')  # fmt: skip
    with settings.config_file.open("a", encoding="utf-8") as file:
        file.write('[[schedules]]\nname = "x"\ncron = "0 2 * * *"\nplugin = "csv-import"\njob = "import-events"\n'
                   'file = "/data/x.csv"\nsource = "partners"\n')  # fmt: skip
    definitions = build_definitions(settings, Core(installation=installation))
    keys = definitions.resolve_job_def("check_freshness").asset_layer.asset_graph.asset_check_keys
    found = {(key.asset_key.path[-1], key.name) for key in keys if key.name.startswith("fresh__")}
    assert found == {
        ("events_decisions", "fresh__partners"), ("members_decisions", "fresh__a_b"),
        ("members_decisions", "fresh__a_b_2"), ("members_decisions", "fresh__a_b_3"),
    }  # fmt: skip
    schedule = definitions.resolve_schedule_def("check_freshness_daily")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_there_is_no_freshness_job_without_limits(definitions):
    assert "check_freshness" not in {one.name for one in definitions.resolve_all_job_defs()}


@pytest.mark.parametrize(("line", "said"), [
    ('partners = "monthly"', "which job of an enabled plugin"),
    ('"csv-import/import-members/x" = "often"', "'often' is not a period"),
    ('"csv-import/import-members/x" = "0 days"', "'0 days' is not a period"),
    ('"csv-import/import-members/x" = 3', "3 is not a period"),
    ('"csv-import/import-nothing/x" = "daily"', "which job of an enabled plugin"),
])  # fmt: skip
def test_an_invalid_limit_stops_only_itself(settings, installation, line, said):
    _configure(settings, line, '"csv-import/import-members/good" = "daily"')
    definitions = build_definitions(settings, Core(installation=installation))
    keys = definitions.resolve_job_def("check_freshness").asset_layer.asset_graph.asset_check_keys
    assert [one.name for one in keys if one.name.startswith("fresh__")] == ["fresh__good"]
    (wrong,) = definitions.metadata["wrong_tables"].records
    key = f"freshness.{line.partition(' = ')[0].strip(chr(34))}"
    assert wrong.data["table"] == key
    assert said in wrong.data["problem"]


def test_a_freshness_that_is_no_table_is_reported(settings, installation):
    with settings.config_file.open("a", encoding="utf-8") as file:
        file.write('\n[[freshness]]\npartners = "monthly"\n')
    (wrong,) = build_definitions(settings, Core(installation=installation)).metadata["wrong_tables"].records
    assert (wrong.data["table"], wrong.data["problem"]) == (
        "freshness",
        "freshness: must be a table. Write [freshness].",
    )
