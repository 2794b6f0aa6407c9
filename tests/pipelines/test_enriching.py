"""Dagster's side of enrichment: assets after the core tables, after imports, by themselves, and their checks."""

import dagster as dg
import pytest
import sqlalchemy as sa

from kelompok_core.imports.applying.apply import approve
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.resources import Core
from tests.enabling import set_enabled

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_DETECT = "sdgs_keyword__detect_sdgs"
_ENRICH = f"{_DETECT}__enrich"
_KEYS = [dg.AssetKey(["sdgs_keyword", f"{entity}_signals"]) for entity in ("organizations", "posts", "events")]
_LIST = "id,name,description\n1,Rumah Air,Sumur bor dan air bersih untuk desa\n2,Klub Catur,Setiap Sabtu\n"


@pytest.fixture(autouse=True)
def _enabled(settings):
    set_enabled(settings, "sdgs-keyword", enabled=True)


@pytest.fixture
def imported(execute, tmp_path):
    def run(content=_LIST, **config):
        file = tmp_path / "list.csv"
        file.write_text(content)
        return execute(
            "csv_import__import_organizations", "csv_import__import_organizations__stage", file=str(file), **config
        )

    return run


def _materialized(result):
    return {event.asset_key: event for event in result.get_asset_materialization_events()}


def _metadata(result, key):
    return {name: one.value for name, one in _materialized(result)[key].materialization.metadata.items()}


def _checks(result):
    return {(one.asset_key.path[1].removesuffix("_signals"), one.check_name): one.passed
            for one in result.get_asset_check_evaluations() if one.asset_key in _KEYS}  # fmt: skip


def test_signals_are_downstream_of_the_core_tables(settings, installation):
    graph = build_definitions(settings, Core(installation=installation)).resolve_asset_graph()
    for key in _KEYS:
        assert graph.get(key).parent_keys == {dg.AssetKey(["core", key.path[1].removesuffix("_signals")])}
        assert graph.get(key).group_name == "sdgs_keyword_signals"


def test_an_import_enriches_what_it_wrote(imported, ask):
    result = imported()
    assert result.success
    assert _KEYS[0] in _materialized(result)
    assert _KEYS[1] not in _materialized(result)
    assert _metadata(result, _KEYS[0])["enriched"] == 2
    assert [row.goal for row in ask("SELECT goal FROM sdgs_signals")] == [6]
    assert _checks(result)["organizations", "evidence_quotes_text"]


def test_a_dry_run_enriches_nothing(imported, ask):
    result = imported(dry_run=True)
    assert result.success
    assert _KEYS[0] not in _materialized(result)
    assert ask("SELECT count(*) AS n FROM enrichments")[0].n == 0


def test_the_job_counts_goals_and_draws_them(imported, execute, settings):
    document = settings.config_file.read_text("utf-8")
    settings.config_file.write_text(
        document.replace("[plugins.sdgs-keyword]", "[plugins.sdgs-keyword]\nautomatic = false")
    )
    assert _KEYS[0] not in _materialized(imported())
    result = execute(_DETECT, _ENRICH)
    assert result.success
    metadata = _metadata(result, _KEYS[0])
    assert (metadata["enriched"], metadata["with_signals"], metadata["sdg 6"]) == (2, 1, 1)
    assert "sdg 6" in metadata["signals"]
    assert "█" in metadata["signals"]
    assert set(_materialized(result)) == set(_KEYS)
    assert set(_checks(result).values()) == {True}
    again = _metadata(execute(_DETECT, _ENRICH), _KEYS[0])
    assert (again["unchanged"], again["enriched"], again["share_last_time"]) == (2, 0, 0.5)


def test_a_dry_run_of_the_job_and_an_organization(imported, execute, ask):
    imported()
    before = ask("SELECT count(*) AS n FROM audit_logs")[0].n
    result = execute(_DETECT, _ENRICH, organization="rumah-air", again=True, dry_run=True)
    assert _materialized(result) == {}
    observed = {event.asset_key: event.event_specific_data.asset_observation.metadata
                for event in result.get_asset_observation_events()}  # fmt: skip
    assert observed[_KEYS[0]]["records"].value == 1
    assert ask("SELECT count(*) AS n FROM audit_logs")[0].n == before


def test_evidence_that_is_not_in_the_text_fails_its_check(imported, execute, database):
    imported()
    with database.connect() as connection, connection.begin():
        connection.execute(sa.text("SELECT set_config('kelompok.actor', 'system:test', true), "
                                   "set_config('kelompok.origin', 'test', true)"))  # fmt: skip
        connection.execute(sa.text("UPDATE sdgs_signals SET evidence = jsonb_set(evidence, '{0,quote}', '\"else\"')"))
    assert not _checks(execute(_DETECT, _ENRICH))["organizations", "evidence_quotes_text"]


def test_a_surprising_share_is_a_warning(imported, execute):
    rows = "".join(f"{n},Klub {n},Setiap Sabtu\n" for n in range(300))
    first = imported(f"id,name,description\n{rows}")
    assert _checks(first)["organizations", "share_with_signals"]
    wet = "".join(f"{n},Klub {n},Air bersih untuk desa\n" for n in range(300))
    second = imported(f"id,name,description\n{wet}")
    assert second.success
    assert not _checks(second)["organizations", "share_with_signals"]


def test_an_enricher_that_fails_leaves_the_import_alone(in_process, imported, ask, monkeypatch):
    monkeypatch.setattr("kelompok_sdgs_keyword.plugin.SdgsKeywordEnricher.enrich", lambda *_: 1 / 0)
    result = imported()
    assert result.success
    assert _KEYS[0] not in _materialized(result)
    assert ask("SELECT state FROM imports")[0].state == "applied"
    failed = ask("SELECT state, failure FROM enrichments")[0]
    assert (failed.state, "sdgs-keyword failed" in failed.failure) == ("failed", True)


def test_a_disabled_enricher_has_no_assets_and_runs_after_no_import(imported, settings, ask):
    set_enabled(settings, "sdgs-keyword", enabled=False)
    assert imported().success
    assert ask("SELECT count(*) AS n FROM sdgs_signals")[0].n == 0


def test_it_runs_at_night(settings, installation):
    definitions = build_definitions(settings, Core(installation=installation))
    schedule = definitions.resolve_schedule_def(f"{_DETECT}_nightly")
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.job_name == _DETECT


def test_run_config_gives_only_settings_that_the_plugin_lets_a_request_give(execute, ask, monkeypatch):
    assert execute(_DETECT, _ENRICH, settings={"minimum_confidence": "0.5"}, dry_run=True).success
    before = len(ask("SELECT FROM enrichments"))
    monkeypatch.setattr("kelompok_core.plugin_host.registry.list_per_request", lambda _: [])
    assert not execute(_DETECT, _ENRICH, settings={"minimum_confidence": "0.5"}, dry_run=True).success
    assert len(ask("SELECT FROM enrichments")) == before


def test_signals_materialized_with_a_core_table_are_of_all_that_the_run_applied(
    settings, installation, instance, imported, operator, ask
):
    for name in ("Satu", "Dua"):
        content = f"name,description\n{name},Sumur bor dan air bersih untuk desa\n"
        assert imported(content, source=name, dry_run=True).success
    for row in ask("SELECT id FROM imports"):
        approve(installation, row.id, operator)
    definitions = build_definitions(settings, Core(installation=installation))
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey(["core", "organizations"]), *_KEYS[:2]]
    )  # fmt: skip
    assert result.success
    assert [row.goal for row in ask("SELECT goal FROM sdgs_signals")] == [6, 6]
    assert _KEYS[1] not in _materialized(result)
