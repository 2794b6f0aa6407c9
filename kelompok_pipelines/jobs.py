"""Jobs: one for each job of a plugin, one a core table that applies an approved plan, one that tidies up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)  # not exported
from pydantic import Field

from kelompok_pipelines import names


def import_job(plugin: str, job: str, entity: str, signals: Sequence[dg.AssetKey] = ()) -> UnresolvedAssetJobDefinition:
    """Return the job that takes one file from source records to the core table, and on to signals of what it wrote."""
    selection = dg.AssetSelection.assets(
        names.source_records_key(plugin, entity),
        names.candidates_key(plugin, entity),
        names.decisions_key(plugin, entity),
        names.core_key(entity),
        *signals,
    )
    return dg.define_asset_job(
        names.plugin_job(plugin, job),
        selection=selection,
        executor_def=dg.in_process_executor,
        description=f"{plugin}: {job}. Give the first op a file, or the id of an import received before.",
    )


def apply_job(entity: str) -> UnresolvedAssetJobDefinition:
    """Return the job that applies a plan somebody approved."""
    return dg.define_asset_job(
        names.apply_job(entity),
        selection=dg.AssetSelection.assets(names.core_key(entity)),
        executor_def=dg.in_process_executor,
        description=f"Applies the approved plan of a dry run to {entity}. Give the op an import_id.",
    )


def enrichment_job(plugin: str, job: str, entities: Sequence[str]) -> UnresolvedAssetJobDefinition:
    """Return the job that enriches what is stored."""
    return dg.define_asset_job(
        names.plugin_job(plugin, job),
        selection=dg.AssetSelection.assets(*(names.signals_key(plugin, entity) for entity in entities)),
        executor_def=dg.in_process_executor,
        description=f"{plugin}: {job}, over all records or those the op's settings confine it to.",
    )


class PruneConfig(dg.Config):
    """How long finished runs are kept in Dagster; imports, evidence and audit are not touched."""

    days: int = Field(default=90, ge=1, description="Runs older than this are deleted.")
    most: int = Field(default=500, ge=1, description="At most so many at a time.")


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


@dg.job(executor_def=dg.in_process_executor, description="Keeps Dagster's database small.")
def prune_runs() -> None:
    prune_old_runs()
