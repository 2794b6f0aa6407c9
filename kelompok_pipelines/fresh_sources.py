"""Reads ``[freshness]`` of kelompok.toml: sources that should be imported regularly."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.configuration import read_document, require_table
from kelompok_core.settings import Settings
from kelompok_pipelines.run_tags import partition_of
from kelompok_pipelines.sources import Source, SourceTable

TABLE = "freshness"
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


@dataclass(frozen=True, kw_only=True)
class FreshSources:
    """The sources of ``[freshness]``.

    Attributes:
        sources: The sources with a valid key and period.
        wrong: The other keys, each as a table with its error.
    """

    sources: Sequence[FreshSource] = ()
    wrong: Sequence[SourceTable[Source]] = ()


def is_configured(settings: Settings) -> bool:
    """Return whether kelompok.toml has anything in ``[freshness]``."""
    return bool(read_document(settings).get(TABLE))


def read_fresh_sources(
    settings: Settings, jobs: Collection[tuple[str, str]], tables: Sequence[SourceTable[Source]]
) -> FreshSources:
    """Return the sources of ``[freshness]``, for the given importing jobs (plugin and job)."""
    try:
        limits = require_table(TABLE, read_document(settings).get(TABLE, {}))
    except SettingsError as error:
        return FreshSources(wrong=[_wrong(TABLE, error)])
    valid, wrong = [], []
    for key, period in limits.items():
        try:
            valid.append((_place_of(key, jobs, tables), _days(key, period)))
        except SettingsError as error:
            wrong.append(_wrong(f"{TABLE}.{key}", error))
    return FreshSources(sources=list(_with_checks(valid)), wrong=wrong)


def _wrong(key: str, error: SettingsError) -> SourceTable[Source]:
    return SourceTable(key=key, problems=(error,))


def _with_checks(valid: Sequence[tuple[tuple[str, str, str], float]]) -> Iterator[FreshSource]:
    """Yield the sources, each with a check name of its own."""
    taken: set[str] = set()
    for (plugin, job, partition), limit in valid:
        check, number = f"fresh__{_name(partition)}", 1
        while check in taken:
            number += 1
            check = f"fresh__{_name(partition)}_{number}"
        taken.add(check)
        yield FreshSource(plugin=plugin, job=job, partition=partition, limit_days=limit, check=check)


def _place_of(
    key: str, jobs: Collection[tuple[str, str]], tables: Sequence[SourceTable[Source]]
) -> tuple[str, str, str]:
    """Return plugin, job and partition of a key, which may be the partition alone if only one job's tables name it."""
    plugin, _, rest = key.partition("/")
    job, _, partition = rest.partition("/")
    if partition and (plugin, job) in jobs:
        return plugin, job, partition
    named = {
        (one.plugin, one.job, key)
        for one in (table.source for table in tables)
        if one is not None and one.source is not None and partition_of(one.source, one.organization) == key
        and (one.plugin, one.job) in jobs
    }  # fmt: skip
    if len(named) == 1:
        return named.pop()
    raise SettingsError(
        f"{TABLE}.{key}", "it is unclear which job of an enabled plugin imports this source",
        hint='Put the plugin and the job before it: "csv-import/import-organizations/partners" = "monthly".',
    )  # fmt: skip


def _days(key: str, period: object) -> float:
    written = period if isinstance(period, str) else ""
    if written in _NAMED:
        return _NAMED[written]
    if (found := _PERIOD.fullmatch(written)) is not None:
        return int(found[1]) * _UNITS[found[2]]
    raise SettingsError(
        f"{TABLE}.{key}",
        f"{period!r} is not a period",
        hint=f"Write {', '.join(_NAMED)}, or a period such as «31 days».",
    )


def _name(partition: str) -> str:
    return _NOT_IN_NAMES.sub("_", partition).strip("_").lower() or "source"
