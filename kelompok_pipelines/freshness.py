"""Freshness: an asset check for each source in ``[freshness]`` of kelompok.toml."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)  # not exported

from kelompok_core.imports.receiving.last_imports import LastApplied, list_last_applied
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_pipelines.fresh_sources import FreshSource
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core
from kelompok_pipelines.run_tags import partition_of
from kelompok_pipelines.step_failures import without_values

_JOB = "check_freshness"


def freshness_checks(one: PluginJob, sources: Sequence[FreshSource]) -> dg.AssetChecksDefinition | None:
    """Return the asset checks of a job's sources; None if none of them has a limit."""
    mine = {source.check: source for source in sources if (source.plugin, source.job) == (one.plugin, one.job.name)}
    if not mine:
        return None
    key = one.key(Layer.DECISIONS)
    specs = [
        # The extra dependency runs the check after the import was applied.
        dg.AssetCheckSpec(
            source.check, asset=key, additional_deps=[one.key(Layer.CORE)],
            description=f"{source.partition} was imported successfully in the last {source.limit_days:g} days.",
        )
        for source in mine.values()
    ]  # fmt: skip

    @dg.multi_asset_check(name=f"{one.name}__freshness", specs=specs, can_subset=True)
    def are_fresh(
        context: dg.AssetCheckExecutionContext, core: dg.ResourceParam[Core]
    ) -> Iterator[dg.AssetCheckResult]:
        with without_values(core, context.run), core.connect() as connection:
            last = {
                partition_of(known.source, known.organization): known
                for known in list_last_applied(connection, one.plugin, one.job.name)
            }
        for check in sorted(context.selected_asset_check_keys, key=str):
            yield _result(check, mine[check.name], last.get(mine[check.name].partition))

    return are_fresh


def freshness_job(checks: Sequence[dg.AssetChecksDefinition]) -> UnresolvedAssetJobDefinition:
    """Return the job that runs the checks without importing anything."""
    return dg.define_asset_job(
        _JOB,
        selection=dg.AssetSelection.checks(*(key for one in checks for key in one.check_keys)),
        executor_def=dg.in_process_executor,
        description="Checks that the sources in [freshness] were imported recently. Does not import anything.",
    )


def freshness_schedule() -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=f"{_JOB}_daily",
        job_name=_JOB,
        cron_schedule="0 6 * * *",
        execution_timezone=DEFAULT_ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def _result(check: dg.AssetCheckKey, source: FreshSource, last: LastApplied | None) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"source": source.partition, "limit_days": source.limit_days}
    if last is None:
        description = "It was never imported."
    else:
        description = f"Its last import is {last.age_days:.1f} days old; the limit is {source.limit_days:g} days."
        metadata |= {
            "last_import": str(last.import_id),
            "imported_at": dg.MetadataValue.timestamp(last.applied_at),
            "age_days": round(last.age_days, 2),
        }
    return dg.AssetCheckResult(
        asset_key=check.asset_key, check_name=check.name, severity=dg.AssetCheckSeverity.WARN, metadata=metadata,
        passed=last is not None and last.age_days <= source.limit_days, description=description,
    )  # fmt: skip
