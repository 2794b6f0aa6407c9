"""Components of ``dg``: a component defines the same source as a table of kelompok.toml."""

import dagster as dg
import pytest
import yaml
from dagster.components.scaffold.scaffold import ScaffoldRequest

from kelompok_core.errors import SettingsError
from kelompok_pipelines import components, sources
from kelompok_pipelines.components import ScheduledSourceComponent, WatchedSourceComponent
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core
from kelompok_pipelines.source_checks import read_sources

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB = {"plugin": "csv-import", "job": "import-organizations"}


@pytest.fixture
def stanza(settings, tmp_path, monkeypatch):
    """Write the YAML of a component; return the component as dg loads it."""
    folder = tmp_path / "kelompok_pipelines/defs"
    monkeypatch.setattr(sources, "STANZAS", folder)
    monkeypatch.setattr(components, "read_settings", lambda: settings)

    def write(kind, **attributes):
        path = folder / attributes["name"] / "defs.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(
            yaml.safe_dump({"type": f"kelompok_pipelines.components.{kind.__name__}", "attributes": attributes})
        )
        return kind.load(kind.get_model_cls().model_validate(attributes), context=None)

    return write


def test_a_scheduled_source_is_a_schedule_that_imports_its_file(stanza, settings, installation, execute, tmp_path, ask):
    file = tmp_path.parent / f"{tmp_path.name}-elsewhere.csv"
    file.write_text("name\nSatu\n")
    made = stanza(ScheduledSourceComponent, name="mitra", **_JOB, file=str(file), cron="0 2 * * *", source="mitra")
    (schedule,) = made.build_defs(None).schedules
    tick = schedule.evaluate_tick(dg.build_schedule_context())
    (request,) = tick.run_requests
    assert request.tags["dagster/partition"] == "mitra"
    (config,) = [one["config"] for one in request.run_config["ops"].values()]
    assert execute("csv_import__import_organizations", "csv_import__import_organizations__stage", **config).success
    assert ask("SELECT source_name FROM imports")[0][0] == "mitra", "a run may read the file a stanza names"
    installed = build_definitions(settings, Core(installation=installation))
    assert "mitra" not in {one.name for one in installed.schedules}, "dg adds it, and only once"


def test_a_watched_source_is_a_sensor(stanza, settings):
    made = stanza(WatchedSourceComponent, name="anggota", plugin="csv-import", job="import-members", folder="anggota")
    (sensor,) = made.build_defs(None).sensors
    assert sensor.name == "anggota__inbox"
    assert str(settings.inbox_folder / "anggota") in sensor.description


def test_an_invalid_component_stops_only_itself_and_is_reported_with_its_file(stanza, settings):
    made = stanza(ScheduledSourceComponent, name="mitra", **_JOB, file="a.csv", cron="bukan cron")
    (wrong,) = read_sources(settings).wrong
    assert wrong.key == "kelompok_pipelines/defs/mitra/defs.yaml"
    assert wrong.problems[0].key.endswith("defs.yaml.cron")
    (schedule,) = made.build_defs(None).schedules
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_templates_are_refused_because_runs_read_the_yaml_file(stanza):
    made = stanza(ScheduledSourceComponent, name="mitra", **_JOB, file="{{ env.FILE }}", cron="0 2 * * *")
    made.source = made.source.model_copy(update={"file": "/etc/passwd"})
    with pytest.raises(SettingsError, match="mitra: does not match its YAML file"):
        made.build_defs(None)


@pytest.mark.parametrize("kind", [ScheduledSourceComponent, WatchedSourceComponent])
def test_dg_scaffolds_a_source_that_only_makes_dry_runs(kind, tmp_path):
    folder = tmp_path / "mitra-kami"
    folder.mkdir()
    request = ScaffoldRequest(
        type_name=f"kelompok_pipelines.components.{kind.__name__}",
        target_path=folder, scaffold_format="yaml", project_root=None, params={},
    )  # fmt: skip
    components._Scaffolder().scaffold(request)
    written = yaml.safe_load((folder / "defs.yaml").read_text())
    source = kind.get_model_cls().model_validate(written["attributes"])
    assert (source.name, source.dry_run) == ("mitra_kami", True)
