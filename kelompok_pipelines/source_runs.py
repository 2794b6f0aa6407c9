"""Run config and run requests for files of scheduled and watched sources."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from kelompok_core.settings import Settings
from kelompok_pipelines import names
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.run_tags import PARTITION_TAG, partition_of
from kelompok_pipelines.sources import Source, SourceOptions, SourceTable, source_name


def config_of(
    settings: Settings, one: PluginJob, options: SourceOptions, file: str | Path, table: str | None
) -> dict[str, Any]:
    """Return the config of the op that imports a file.

    Args:
        settings: The installation's.
        one: The job.
        options: How the file is imported.
        file: Its path or URL.
        table: The table of kelompok.toml with the plugin settings, such as ``schedules.partners``.

    Raises:
        UsageError: When the source's name is not valid, or there is no such profile.
    """
    # Always set the source: the partition key may differ from the source's name.
    source = source_name(settings, options, one.plugin, one.job.name, file)
    config = {**options.run_config(), "file": str(file), "source": source}
    return config | ({"settings_from": table} if options.import_options.config and table is not None else {})


def request_run(
    one: PluginJob, config: Mapping[str, Any], *, run_key: str | None = None, tags: Mapping[str, str] | None = None
) -> dg.RunRequest:
    """Return the request for a run with this config, in the partition of its source if it has one."""
    partition = (
        {PARTITION_TAG: partition_of(config["source"], config.get("organization"))} if "source" in config else {}
    )
    return dg.RunRequest(
        run_key=run_key,
        run_config={"ops": {names.stage_op(one.plugin, one.job.name): {"config": dict(config)}}},
        tags={**(tags or {}), **partition},
    )


def find_job(table: SourceTable[Source], importers: Sequence[PluginJob]) -> PluginJob | None:
    """Return the job of a table, if its plugin is enabled, even if the table has other errors."""
    named = (table.given.get("plugin"), table.given.get("job"))
    return next((one for one in importers if (one.plugin, one.job.name) == named), None)
