"""Dagster runs in this process, started by the command line or a worker."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob  # not exported
from dagster._core.execution.api import execute_run  # not exported

from kelompok_core.enrichment.records import get_enrichment
from kelompok_core.errors import KelompokError
from kelompok_core.imports.shared.imports import ImportState, get_import
from kelompok_core.installation import Installation
from kelompok_core.plugin_host.registry import require_enabled
from kelompok_pipelines import names
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.failures import original_of
from kelompok_pipelines.instance import dagster_environment
from kelompok_pipelines.resources import Core
from kelompok_pipelines.run_tags import PARTITION_TAG, job_origin, tags_of


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Runs jobs as defined when it was created; only the first run waits for Dagster to load."""

    installation: Installation
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def run_import(self, import_id: UUID) -> None:
        """Run a received import to its end, or apply the approved plan of a dry run.

        Raises:
            PluginUnavailable: When its plugin is no longer enabled.
            KelompokError: When the run fails.
        """
        with self.installation.database.connect() as connection:
            import_ = get_import(connection, import_id)
            tags = tags_of(connection, import_)
        config = {"config": {"import_id": str(import_id)}}
        if import_.state is ImportState.PLANNED and import_.approved_by is not None:
            tags.pop(PARTITION_TAG)  # the core's tables have none
            self._execute(names.apply_job(import_.entity), {names.apply_op(import_.entity): config}, tags)
        else:
            require_enabled(self.installation.settings, import_.plugin)
            self.instance.add_dynamic_partitions(names.sources(import_.plugin, import_.job), [tags[PARTITION_TAG]])
            job, op = names.plugin_job(import_.plugin, import_.job), names.stage_op(import_.plugin, import_.job)
            self._execute(job, {op: config}, tags)

    def run_enrichment(self, enrichment_id: UUID) -> None:
        """Run a requested enrichment.

        Raises:
            KelompokError: When the run fails.
        """
        with self.installation.database.connect() as connection:
            enrichment = get_enrichment(connection, enrichment_id)
        op = names.enrich_op(enrichment.plugin, enrichment.job)
        config = {op: {"config": {"enrichment_id": str(enrichment_id)}}}
        tags = {"kelompok/enrichment": str(enrichment_id)}
        self._execute(names.plugin_job(enrichment.plugin, enrichment.job), config, tags)

    def end_run(self, run_id: str) -> None:
        """Mark the run of a dead process as failed; Dagster would show it as running forever."""
        run = self.instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            self.instance.report_run_failed(run, "Its process died. Another run continues the import.")

    def _execute(self, job_name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        job = self.definitions.resolve_job_def(job_name)
        run_config = {"ops": dict(config), "loggers": _QUIET}
        original: Exception | None = None
        try:
            # Not job.execute_in_process(): the UI would not show its runs under their job, without a code location.
            run = self.instance.create_run_for_job(
                job, run_config=run_config, tags={**job.run_tags, **tags}, remote_job_origin=job_origin(job_name)
            )
            execute_run(InMemoryJob(job), run, self.instance, raise_on_error=True)
        except dg.DagsterError as error:
            if (original := original_of(error)) is None:
                raise KelompokError(f"the Dagster run failed: {error}") from error
        if original is not None:
            raise original  # outside the except block, so that StepFailed is not its context


@contextmanager
def open_runner(installation: Installation) -> Iterator[Runner]:
    """Provide a runner for the plugins enabled now."""
    os.environ.update(dagster_environment(installation.settings, installation.database.addresses))
    definitions = build_definitions(installation.settings, Core(installation=installation))
    with dg.DagsterInstance.get() as instance:
        yield Runner(installation=installation, definitions=definitions, instance=instance)


# Keep Dagster's event log off the terminal: the report has the results, and the UI the details.
_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
