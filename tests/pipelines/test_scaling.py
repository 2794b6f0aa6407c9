"""The job of parts: what kelompok.toml says of it, and that it ends as the usual job does."""

import dagster as dg
import pytest

from kelompok_core.errors import SettingsError
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core
from kelompok_pipelines.scaling import read_scaling

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB = "csv_import__import_organizations__in_parts"
_OPEN = "csv_import__import_organizations__in_parts__open"


@pytest.fixture
def scaled(settings):
    def write(table):
        with settings.config_file.open("a", encoding="utf-8") as file:
            file.write(f"\n{table}\n")

    return write


def test_without_the_table_there_is_no_such_job(definitions):
    assert not any(job.name.endswith("__in_parts") for job in definitions.resolve_all_job_defs())


def test_it_ends_as_the_usual_job(scaled, execute, file, ask):
    scaled("[scaling]\nparts = 3")
    result = execute(_JOB, _OPEN, file=str(file))
    assert result.success
    names = [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]
    assert names == [
        "csv_import/organizations_source_records", "csv_import/organizations_candidates",
        "csv_import/organizations_decisions", "core/organizations",
    ]  # fmt: skip
    row = ask("SELECT state, rows_read, accepted, rejected FROM imports")[0]
    assert tuple(row) == ("applied", 2, 1, 1)
    assert execute(
        "csv_import__import_organizations", "csv_import__import_organizations__stage", file=str(file)
    ).success
    assert [row.unchanged for row in ask("SELECT unchanged FROM imports ORDER BY created_at")] == [0, 1]


def test_its_assets_have_the_metadata_of_the_usual_job(scaled, execute, file):
    scaled("[scaling]\nparts = 3")
    in_parts = execute(_JOB, _OPEN, file=str(file), source="parts")
    usual = execute("csv_import__import_organizations", "csv_import__import_organizations__stage", file=str(file))
    told = [
        {one.asset_key: set(one.materialization.metadata) for one in result.get_asset_materialization_events()}
        for result in (in_parts, usual)
    ]
    assert told[0] == told[1]
    assert all("dagster/column_schema" in names for names in told[0].values())


def test_a_dry_run_in_parts_stops_at_the_plan(scaled, execute, file, ask):
    scaled("[scaling]\nparts = 2")
    result = execute(_JOB, _OPEN, file=str(file), dry_run=True)
    assert result.success
    assert ask("SELECT state FROM imports")[0].state == "planned"
    assert "core/organizations" not in str(result.get_asset_materialization_events())


def test_parts_are_processes_where_no_executor_is_named(scaled, settings, installation):
    scaled("[scaling]\nparts = 2")
    job = build_definitions(settings, Core(installation=installation)).resolve_job_def(_JOB)
    assert job.executor_def is dg.multiprocess_executor


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("scaling = 2", "scaling"),
        ("[scaling]\nparts = 1", "scaling.parts"),
        ("[scaling]\nparts = '2'", "scaling.parts"),
        ("[scaling]\nparts = 2\nmachines = 2", "scaling.machines"),
        ("[scaling]\nparts = 2\nexecutor = 'nowhere.executor'", "scaling.executor"),
        ("[scaling]\nparts = 2\nexecutor = 'executor'", "scaling.executor"),
        ("[scaling]\nparts = 2\nexecutor = 'dagster.op'", "scaling.executor"),
    ],
)
def test_invalid_settings_are_reported(settings, table, key):
    settings.config_file.write_text(table)
    with pytest.raises(SettingsError, match=rf"^{key}: "):
        scaling = read_scaling(settings)
        scaling.load_executor()
