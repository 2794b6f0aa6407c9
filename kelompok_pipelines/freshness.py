"""Freshness: an asset check for each source in ``[freshness]`` of kelompok.toml."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)  # not exported

from kelompok_core.errors import SettingsError
from kelompok_core.imports.last_imports import LastApplied, list_last_applied
from kelompok_core.plugin_host.configuration import read_document, require_table
from kelompok_core.settings import Settings
from kelompok_core.values.conventions import DEFAULT_ZONE
from kelompok_pipelines.names import Layer
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.resources import Core
from kelompok_pipelines.run_tags import partition_of
from kelompok_pipelines.sources import Source, SourceTable
from kelompok_pipelines.step_failures import without_values

_TABLE = "freshness"
_JOB = "check_freshness"
_NAMED = {"daily": 1.0, "weekly": 7.0, "monthly": 31.0, "yearly": 366.0}
_UNITS = {"hour": 1 / 24, "day": 1.0, "week": 7.0}
_PERIOD = re.compile(r"([1-9]\d{0,3}) (hour|day|week)s?")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class FreshSource:
    """A source that should be imported regularly.

    Attributes:
        plugin: The plugin that imports the source.
        job: The plugin's job.
        partition: The partition of the source: its name, or ``<organization>/<source>``.
        limit_days: The age at which the check warns about the last import.
        check: The name of the asset check.
    """

    plugin: str
    job: str
    partition: str
    limit_days: float
    check: str


def read_fresh_sources(
    settings: Settings, jobs: Sequence[PluginJob], tables: Sequence[SourceTable[Source]]
) -> list[FreshSource]:
    """Return the sources of ``[freshness]``, for the given jobs.

    Raises:
        SettingsError: When a key or a period is invalid.
    """
    found: list[FreshSource] = []
    for key, period in require_table(_TABLE, read_document(settings).get(_TABLE, {})).items():
        plugin, job, partition = _place_of(key, jobs, tables)
        limit, number = _days(key, period), 1 + sum(_name(one.partition) == _name(partition) for one in found)
        check = f"fresh__{_name(partition)}" + (f"_{number}" if number > 1 else "")
        found.append(FreshSource(plugin=plugin, job=job, partition=partition, limit_days=limit, check=check))
    return found


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
        said = "It was never imported."
    else:
        said = f"Its last import is {last.age_days:.1f} days old; the limit is {source.limit_days:g} days."
        metadata |= {
            "last_import": str(last.import_id),
            "imported_at": dg.MetadataValue.timestamp(last.applied_at),
            "age_days": round(last.age_days, 2),
        }
    return dg.AssetCheckResult(
        asset_key=check.asset_key, check_name=check.name, severity=dg.AssetCheckSeverity.WARN, metadata=metadata,
        passed=last is not None and last.age_days <= source.limit_days, description=said,
    )  # fmt: skip


def _place_of(key: str, jobs: Sequence[PluginJob], tables: Sequence[SourceTable[Source]]) -> tuple[str, str, str]:
    """Return plugin, job and partition of a key, which may be the partition alone if only one job's tables name it."""
    known = {(one.plugin, one.job.name) for one in jobs}
    plugin, _, rest = key.partition("/")
    job, _, partition = rest.partition("/")
    if partition and (plugin, job) in known:
        return plugin, job, partition
    named = {
        (one.plugin, one.job, key)
        for one in (table.source for table in tables)
        if one is not None and one.source is not None and partition_of(one.source, one.organization) == key
        and (one.plugin, one.job) in known
    }  # fmt: skip
    if len(named) == 1:
        return named.pop()
    raise SettingsError(
        f"{_TABLE}.{key}", "it is unclear which job imports this source",
        hint='Put the plugin and the job before it: "csv-import/import-organizations/partners" = "monthly".',
    )  # fmt: skip


def _days(key: str, period: object) -> float:
    written = period if isinstance(period, str) else ""
    if written in _NAMED:
        return _NAMED[written]
    if (found := _PERIOD.fullmatch(written)) is not None:
        return int(found[1]) * _UNITS[found[2]]
    raise SettingsError(
        f"{_TABLE}.{key}",
        f"{period!r} is not a period",
        hint=f"Write {', '.join(_NAMED)}, or a period such as «31 days».",
    )


def _name(partition: str) -> str:
    return _NOT_IN_NAMES.sub("_", partition).strip("_").lower() or "source"
