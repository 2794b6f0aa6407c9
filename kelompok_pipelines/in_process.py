"""Runs in this process: what the command line starts is a Dagster run like any other."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import dagster as dg

from kelompok_core.enrichment.records import get_enrichment
from kelompok_core.errors import KelompokError
from kelompok_core.imports.records import ImportRecord, get_import
from kelompok_core.imports.workbench import Progress, Workbench
from kelompok_pipelines import names
from kelompok_pipelines.definitions import build_definitions
from kelompok_pipelines.instance import dagster_environment
from kelompok_pipelines.resources import Core


def run_import(bench: Workbench, import_id: UUID, tell: Callable[[Progress], None]) -> None:
    """Take a received import as far as it goes.

    Raises:
        KelompokError: What stopped it.
    """
    record = _get(bench, import_id)
    config = {names.stage_op(record.plugin, record.entity): {"config": {"import_id": str(import_id)}}}
    told = replace(bench, tell=tell)
    _run(told, names.plugin_job(record.plugin, record.job), config, record)


def run_apply(bench: Workbench, import_id: UUID) -> None:
    """Apply an approved plan.

    Raises:
        KelompokError: What stopped it.
    """
    record = _get(bench, import_id)
    config = {names.apply_op(record.entity): {"config": {"import_id": str(import_id)}}}
    _run(bench, names.apply_job(record.entity), config, record)


def run_enrichment(bench: Workbench, enrichment_id: UUID, tell: Callable[[Progress], None]) -> None:
    """Do a requested run of an enricher.

    Raises:
        KelompokError: What stopped it.
    """
    with bench.database.connect() as connection:
        enrichment = get_enrichment(connection, enrichment_id)
    op = names.enrich_op(enrichment.plugin, enrichment.job)
    config = {op: {"config": {"enrichment_id": str(enrichment_id)}}}
    tags = {"kelompok/enrichment": str(enrichment_id)}
    _execute(replace(bench, tell=tell), names.plugin_job(enrichment.plugin, enrichment.job), config, tags)


def _get(bench: Workbench, import_id: UUID) -> ImportRecord:
    with bench.database.connect() as connection:
        return get_import(connection, import_id)


def _run(bench: Workbench, job_name: str, config: Mapping[str, Any], record: ImportRecord) -> None:
    tags = {"kelompok/import": str(record.id), "kelompok/source": record.source_name}
    _execute(bench, job_name, config, tags)


def _execute(bench: Workbench, job_name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
    os.environ.update(dagster_environment(bench.settings))
    definitions = build_definitions(bench.settings, Core(bench=bench))
    run_config = {"ops": dict(config), "loggers": _QUIET}
    with dg.DagsterInstance.get() as instance:
        job = definitions.resolve_job_def(job_name)
        try:
            job.execute_in_process(run_config=run_config, instance=instance, tags=dict(tags))
        except KelompokError:
            raise
        except dg.DagsterError as error:
            raise KelompokError(f"the Dagster run failed: {error}") from error


# Dagster's event lines stay off the terminal: the report says it all, and the UI has the rest.
_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}
