"""The asset graph: names, groups, partitions, columns and column lineage."""

from collections import defaultdict
from graphlib import TopologicalSorter

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from kelompok_core.errors import DatabaseUnavailable
from kelompok_core.imports.applying.apply import approve
from kelompok_core.plugin_host.manifest import Manifest
from kelompok_core.plugin_host.registry import PluginInfo, PluginState
from kelompok_pipelines import retries
from kelompok_pipelines.assets import core_tables
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import jobs_of
from kelompok_pipelines.resources import Core
from tests.enabling import set_enabled

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

_JOB, _STAGE = "csv_import__import_organizations", "csv_import__import_organizations__stage"


@pytest.fixture
def graph(settings, installation):
    for plugin in ("csv-import", "json-import", "sdgs-keyword", "social-links", "locations"):
        set_enabled(settings, plugin, enabled=True)
    return build_definitions(settings, Core(installation=installation)).resolve_asset_graph()


def _materializations(result):
    return {event.asset_key.path[-1]: event.materialization for event in result.get_asset_materialization_events()}


def test_asset_names_are_unique_in_their_group_and_contain_the_entity(graph):
    shown = defaultdict(list)
    for node in graph.asset_nodes:
        shown[node.group_name].append(node.key.path[-1])
        assert node.key.path[-1].startswith(node.tags["kelompok/entity"])
    assert all(len(set(names)) == len(names) for names in shown.values())


def test_groups_do_not_form_a_cycle(graph):
    groups = defaultdict(set)
    for node in graph.asset_nodes:
        parents = {graph.get(parent).group_name for parent in node.parent_keys}
        groups[node.group_name] |= parents - {node.group_name}
    order = list(TopologicalSorter(groups).static_order())
    assert order.index("csv_import") < order.index("core") < order.index("sdgs_keyword_signals")


def test_each_asset_has_an_owner_a_code_version_and_a_docs_link(graph):
    for node in graph.asset_nodes:
        assert node.description
        assert node.owners
        assert node.kinds
        assert node.tags["kelompok/layer"]
        assert node.metadata["docs"].path.endswith(".md")
        if node.group_name != "core":
            assert node.code_version
    columns = {key: _columns(graph.get(dg.AssetKey(key)).metadata) for key in (("core", "members"), ("core", "events"))}
    assert {"name", "email", "phone"} <= columns["core", "members"]
    assert {"title", "starts_at"} <= columns["core", "events"]


def _columns(metadata):
    return {column.name for column in metadata["dagster/column_schema"].columns}


def test_column_lineage_leads_from_the_file_to_the_core(execute, tmp_path):
    file = tmp_path / "mitra.csv"
    file.write_text("No,Nama Lembaga,Surel,Rahasia Kami\n1,Satu,satu@a.or.id,x\n")
    made = _materializations(execute(_JOB, _STAGE, file=str(file)))
    source = made["organizations_source_records"].metadata
    assert {"Nama Lembaga", "Surel"} <= {one.name for one in source["dagster/column_schema"].value.columns}
    told = {one.name: one.description for one in made["organizations"].metadata["dagster/column_schema"].value.columns}
    assert told["name"] == "Read from «Nama Lembaga» of mitra."
    found = "name", dg.AssetKey(["core", "organizations"])
    for layer, expected in (
        ("organizations", ("name", "organizations_decisions")),
        ("organizations_decisions", ("name", "organizations_candidates")),
        ("organizations_candidates", ("Nama Lembaga", "organizations_source_records")),
    ):
        lineage = made[layer].metadata["dagster/column_lineage"].value.deps_by_column
        deps = [(dep.column_name, dep.asset_key.path[-1]) for dep in lineage[found[0]]]
        assert expected in deps
        found = expected


def test_each_source_has_its_own_history(execute, tmp_path, instance):
    for name, content in (("mitra", "name,email\nSatu,a@a.or.id\n"), ("donatur", "name,email\nDua,b@a.or.id\n")):
        file = tmp_path / f"{name}.csv"
        file.write_text(content)
        result = execute(_JOB, _STAGE, file=str(file))
        made = _materializations(result)
        assert {made[f"organizations_{one}"].partition for one in ("source_records", "candidates", "decisions")} == {
            name
        }
        assert made["organizations"].partition is None
    assert set(instance.get_dynamic_partitions("csv_import__import_organizations__sources")) == {"mitra", "donatur"}
    key = dg.AssetKey(["csv_import", "organizations_decisions"])
    assert instance.get_materialized_partitions(key) == {"mitra", "donatur"}


def test_a_partition_alone_imports_the_last_file_of_its_source_again(definitions, execute, tmp_path, instance, ask):
    file = tmp_path / "mitra.csv"
    file.write_text("nama,surel\nSatu,a@a.or.id\n")
    assert execute(_JOB, _STAGE, file=str(file), phone_country="MY").success
    file.unlink()
    job = definitions.resolve_job_def(_JOB)
    result = job.execute_in_process(instance=instance, partition_key="mitra", raise_on_error=False)
    assert result.success
    first, second = ask("SELECT state, accepted, unchanged, source_name, file_name, options FROM imports ORDER BY id")
    assert (first.accepted, second.accepted, second.unchanged) == (1, 0, 1)
    assert first[3:] == second[3:]


def test_a_run_of_a_failed_import_fails_and_its_re_execution_imports_the_file_again(
    settings, installation, execute, tmp_path, instance, ask
):
    file = tmp_path / "mitra.csv"
    file.write_text("Alamat\nJl. Satu\n")
    assert not execute(_JOB, _STAGE, file=str(file)).success
    (failed,) = ask("SELECT id FROM imports")
    definitions = build_definitions(settings, Core(installation=installation, retries=True))
    job, config = definitions.resolve_job_def(_JOB), {"ops": {_STAGE: {"config": {"import_id": str(failed.id)}}}}
    again = job.execute_in_process(config, instance=instance, raise_on_error=False)
    assert not again.success
    assert f"Import {failed.id} is failed" in again.failure_data_for_node(_STAGE).user_failure_data.description
    assert len(ask("SELECT FROM imports")) == 1
    run = instance.create_run_for_job(job, run_config=config, parent_run_id=again.run_id, root_run_id=again.run_id)
    execute_run(InMemoryJob(job), run, instance)
    first, second = ask("SELECT state, file_sha256, source_name FROM imports ORDER BY id")
    assert first == second, "the file is the same, so it fails the same way"


def test_a_partition_and_a_file_of_another_source_are_refused(definitions, file, instance, ask):
    instance.add_dynamic_partitions("csv_import__import_organizations__sources", ["mitra"])
    config = {"ops": {_STAGE: {"config": {"file": str(file), "source": "lain"}}}}
    job = definitions.resolve_job_def(_JOB)
    assert not job.execute_in_process(config, instance=instance, partition_key="mitra", raise_on_error=False).success
    assert not ask("SELECT FROM imports")
    del config["ops"][_STAGE]["config"]["source"]
    assert job.execute_in_process(config, instance=instance, partition_key="mitra").success
    assert ask("SELECT source_name FROM imports")[0][0] == "mitra"


def test_a_core_table_materialized_alone_applies_approved_plans_and_succeeds_without_any(
    execute, file, installation, operator, ask
):
    apply = ("core__apply_organizations", "core__organizations__apply")
    nothing = execute(*apply)
    assert nothing.success
    assert not nothing.get_asset_materialization_events()
    for dry in ("a", "b"):
        copy = file.with_name(f"{dry}.csv")
        copy.write_text(f"name\nOrganisasi {dry}\n")
        assert execute(_JOB, _STAGE, file=str(copy), dry_run=True).success
    waiting = [row.id for row in ask("SELECT id FROM imports ORDER BY id")]
    for one in waiting:
        approve(installation, one, operator)
    assert execute(*apply).success
    assert [row.state for row in ask("SELECT state FROM imports")] == ["applied", "applied"]


@pytest.fixture
def approved(execute, file, installation, operator, ask):
    """Leave three approved plans: of two lists of organizations, and one of members."""
    file.write_text("id,name,slug\n1,Satu,satu\n")
    assert execute(_JOB, _STAGE, file=str(file)).success
    lists = {"a": "name\nOrganisasi a\n", "b": "name\nOrganisasi b\n", "c": "id,nama,organisasi\n1,Ani,satu\n"}
    for name, content in lists.items():
        copy = file.with_name(f"{name}.csv")
        copy.write_text(content)
        job = "csv_import__import_members" if name == "c" else _JOB
        assert execute(job, f"{job}__stage", file=str(copy), dry_run=True).success
    for one in ask("SELECT id FROM imports WHERE state = 'planned'"):
        approve(installation, one.id, operator)
    return lambda: [row.source_name for row in ask("SELECT source_name FROM imports WHERE state = 'planned'")]


def test_a_retry_of_a_core_table_applies_all_plans_that_the_step_took_up(
    settings, installation, instance, approved, monkeypatch
):
    monkeypatch.setattr(retries, "_PAUSE_SECONDS", 0)
    left, real = [DatabaseUnavailable("it went away")], core_tables.apply

    def lose(*arguments):
        if left:
            raise left.pop()
        return real(*arguments)

    monkeypatch.setattr(core_tables, "apply", lose)
    definitions = build_definitions(settings, Core(installation=installation, retries=True))
    result = definitions.resolve_job_def("core__apply_organizations").execute_in_process(instance=instance)
    assert result.success
    assert not left
    assert approved() == ["c"]
    assert len(result.get_asset_materialization_events()) == 2


def test_core_tables_materialized_together_each_apply_their_own_plans(settings, installation, instance, approved):
    definitions = build_definitions(settings, Core(installation=installation))
    keys = [dg.AssetKey(["core", name]) for name in ("organizations", "members")]
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=keys
    )
    assert result.success
    assert approved() == []
    sources = {(event.asset_key.path[-1], event.materialization.metadata["source"].value)
               for event in result.get_asset_materialization_events()}  # fmt: skip
    assert sources == {("organizations", "a"), ("organizations", "b"), ("members", "c")}


def test_a_plugin_with_two_jobs_for_one_entity_gets_assets_for_each():
    jobs = [{"name": name, "uses": "organization_importer", "entity": "organizations", "inputs": ["text/csv"]}
            for name in ("members-list", "partners-list")]  # fmt: skip
    manifest = Manifest.model_validate(
        {
            "name": "odd",
            "version": "1",
            "implements": {"organization_importer": "odd:Reader"},
            "jobs": jobs,
            "permissions": {"propose": ["organizations"]},
        }
    )
    plugin = PluginInfo(
        name="odd", version="1", state=PluginState.ENABLED, reason=None, package="odd", manifest=manifest
    )
    keys = {one.key(Layer.DECISIONS).path[-1] for one in jobs_of(plugin)}
    assert keys == {"members_list_decisions", "partners_list_decisions"}


def test_every_run_has_the_tags_of_its_import_however_it_was_started(execute, file, instance, ask):
    result = execute(_JOB, _STAGE, file=str(file), dry_run=True)
    tags = instance.get_run_by_id(result.run_id).tags
    row = ask("SELECT id, actor_id FROM imports")[0]
    assert tags["kelompok/import"] == str(row.id)
    assert tags["kelompok/actor"] == str(row.actor_id)
    expected = {"plugin": "csv-import", "source": "list", "entity": "organizations", "dry_run": "true"}
    assert {name: tags[f"kelompok/{name}"] for name in expected} == expected
    assert tags["dagster/partition"] == "list"
