"""Jobs: one for each job of a plugin, one per core table that applies approved plans, and one that deletes old runs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)  # not exported
from pydantic import Field

from kelompok_pipelines import names
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.run_tags import PARTITION_TAG

_IMPORT_LAYERS = (Layer.SOURCE_RECORDS, Layer.CANDIDATES, Layer.DECISIONS, Layer.CORE)


def import_job(one: PluginJob, signals: Sequence[dg.AssetKey] = ()) -> UnresolvedAssetJobDefinition:
    """Return the job that imports one file, from source records to the core table, and enriches what it wrote."""
    return dg.define_asset_job(
        one.name,
        selection=dg.AssetSelection.assets(*map(one.key, _IMPORT_LAYERS), *signals),
        executor_def=dg.in_process_executor,
        description=f"{one.job.summary or one.job.name} Set file or import_id in the run "
        "config. With only a partition, the last file of that source is imported again.",
        tags=tags(one),
    )


def apply_job(entity: str) -> UnresolvedAssetJobDefinition:
    """Return the job that applies an approved plan."""
    return dg.define_asset_job(
        names.apply_job(entity),
        selection=dg.AssetSelection.assets(names.core_key(entity)),
        executor_def=dg.in_process_executor,
        description=f"Applies approved plans to {entity}: one, if the run config has an import_id, otherwise all.",
    )


def enrichment_job(one: PluginJob) -> UnresolvedAssetJobDefinition:
    """Return the job that enriches stored records."""
    return dg.define_asset_job(
        one.name,
        selection=dg.AssetSelection.assets(*(names.signals_key(one.plugin, entity) for entity in one.entities)),
        executor_def=dg.in_process_executor,
        description=f"{one.job.summary or one.job.name} Enriches all records, or those the op's config selects.",
        tags=tags(one),
    )


def tags(one: PluginJob) -> dict[str, str]:
    """Return the tags of a plugin's jobs, for filters in the UI."""
    return {"kelompok/plugin": one.plugin}


class PruneConfig(dg.Config):
    """How long finished runs are kept in Dagster; imports, evidence and audit are not touched."""

    days: int = Field(default=90, ge=1, description="Runs older than this are deleted.")
    most: int = Field(default=500, ge=1, description="The number of runs to delete at a time.")


@dg.op(description="Deletes old finished runs and their events from Dagster's own database.")
def prune_old_runs(context: dg.OpExecutionContext, config: PruneConfig) -> None:
    oldest = datetime.now(UTC) - timedelta(days=config.days)
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    old = context.instance.get_run_records(
        dg.RunsFilter(statuses=finished, created_before=oldest), limit=config.most, ascending=True
    )
    for record in old:
        context.instance.delete_run(record.dagster_run.run_id)
    context.log.info("%d runs from before %s deleted", len(old), oldest.date())
    for source in {source for record in old if (source := _source_of(record.dagster_run)) is not None}:
        _forget_if_without_runs(context.instance, *source)


def _source_of(run: dg.DagsterRun) -> tuple[str, str] | None:
    """Return the job and the partition of an import's run; None for other runs."""
    partition = run.tags.get(PARTITION_TAG)
    return None if partition is None else (names.usual_job(run.job_name), partition)


def _forget_if_without_runs(instance: dg.DagsterInstance, job: str, partition: str) -> None:
    """Delete the partition of a source that has no runs; the source's next import adds it again."""
    for name in (job, names.in_parts(job)):
        if instance.get_runs_count(dg.RunsFilter(job_name=name, tags={PARTITION_TAG: partition})):
            return
    instance.delete_dynamic_partition(names.sources_of(job), partition)


@dg.job(executor_def=dg.in_process_executor, description="Keeps Dagster's database small.")
def prune_runs() -> None:
    prune_old_runs()
