"""The core as a Dagster resource: opened once per run, for assets and checks."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from kelompok_core.database.engine import Database, open_database
from kelompok_core.imports.shared.imports import Import, bind_run, get_import, list_by_run
from kelompok_core.installation import Installation, Progress
from kelompok_core.installation_home import secure_home
from kelompok_core.private_files import UMASK
from kelompok_core.service_log import log_without_values, nothing_printed
from kelompok_core.settings import Settings
from kelompok_core.working_folders import sweep
from kelompok_pipelines.failures import StepFailed
from kelompok_pipelines.plugin_jobs import PluginJob
from kelompok_pipelines.run_tags import PARTITION_TAG, assign_to_code_location, tag_run, tags_of
from kelompok_pipelines.step_failures import in_words


@dataclass(frozen=True, kw_only=True)
class Core:
    """The core's installation, and the imports that Dagster runs work on.

    Attributes:
        retries: Whether Dagster started this process and retries steps after temporary errors.
    """

    installation: Installation
    retries: bool = False

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with self.installation.database.connect() as connection:
            yield connection

    def take_up(
        self, import_id: UUID, context: dg.OpExecutionContext | dg.AssetExecutionContext, job: PluginJob | None = None
    ) -> Import:
        """Assign the import to this run, so that later steps and the UI find it.

        Args:
            import_id: The import.
            context: The step's context.
            job: The job with the partition of the import's source; without it, the run gets no partition.
        """
        with self.connect() as connection, connection.begin():
            bind_run(connection, import_id, context.run.run_id)
            import_ = get_import(connection, import_id)
            tags = tags_of(connection, import_)
        if job is not None:
            context.instance.add_dynamic_partitions(job.sources, [tags[PARTITION_TAG]])
        else:
            del tags[PARTITION_TAG]
        tag_run(context.instance, context.run, tags)
        return import_

    def partition_of(self, import_id: UUID) -> str:
        """Return the partition key of an import; steps in other processes do not see it in their run's tags."""
        with self.connect() as connection:
            return tags_of(connection, get_import(connection, import_id))[PARTITION_TAG]

    def imports_of(self, run: dg.DagsterRun, entity: str | None = None) -> list[UUID]:
        """Return the imports, those into one entity if it is given, that this run or the run it retries works on."""
        with self.connect() as connection:
            for run_id in (run.run_id, run.parent_run_id, run.root_run_id):
                if run_id and (found := list_by_run(connection, run_id, entity)):
                    return found
        return []

    def find_import_of(self, run: dg.DagsterRun) -> UUID | None:
        """Return the import that this run, or the run it retries, works on; None if there is none."""
        return next(iter(self.imports_of(run)), None)

    def import_of(self, run: dg.DagsterRun) -> UUID:
        """Return the import that this run, or the run it retries, works on.

        Raises:
            StepFailed: When there is none.
        """
        found = self.find_import_of(run)
        if found is None:
            raise StepFailed("This run has no import. Launch the whole job with a file or an import_id.")
        return found


def make_core(
    settings: Settings, on_progress: Callable[[Progress], None] | None = None, database: Database | None = None
) -> Core:
    """Return the core of this installation, with an open database."""
    opened = database or open_database(settings)
    if on_progress is None:
        return Core(installation=Installation(database=opened, settings=settings))
    return Core(installation=Installation(database=opened, settings=settings, on_progress=on_progress))


def core_resource(settings: Settings) -> dg.ResourceDefinition:
    """Return the resource that opens the core when a run starts, not when definitions are loaded."""

    @dg.resource(description="The Kelompok core of this installation.")
    def core(context: dg.InitResourceContext) -> Iterator[Core]:
        os.umask(UMASK)  # Dagster starts this process, with an unknown umask
        if context.run is not None and context.instance is not None:
            assign_to_code_location(context.instance, context.run)
        with in_words():
            secure_home(settings)
            sweep(settings)
            opened = replace(make_core(settings), retries=True)
        log_without_values()
        try:
            with nothing_printed():
                yield opened
        finally:
            opened.installation.database.dispose()

    return core
