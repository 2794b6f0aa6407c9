"""What every run is tagged with, whoever started it, so that the UI finds it by its import and shows it at its job."""

from collections.abc import Mapping
from typing import cast

import dagster as dg
import sqlalchemy as sa
from dagster._core.remote_origin import (  # not exported
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import PARTITION_NAME_TAG, REPOSITORY_LABEL_TAG

from kelompok_core.imports.records import ImportRecord
from kelompok_core.organizations.queries import get_slug

CODE_LOCATION = "kelompok"
"""As workspace.yaml names it."""

IMPORT_TAG = "kelompok/import"
PARTITION_TAG = PARTITION_NAME_TAG
_REPOSITORY = "__repository__"
"""What Dagster calls the definitions of a module."""

_NOT_IN_PARTITIONS = str.maketrans(dict.fromkeys("|,[]", "_"))
"""Characters with a meaning where the UI takes partitions as text."""


def job_origin(job: str) -> RemoteJobOrigin:
    """Return what makes a run of this process belong to the code location that the UI has loaded."""
    location = RegisteredCodeLocationOrigin(location_name=CODE_LOCATION)
    return RemoteRepositoryOrigin(code_location_origin=location, repository_name=_REPOSITORY).get_job_origin(job)


def show_at_its_job(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Make a run that Dagster's command line executes belong to the code location: it says only the job's name."""
    if run.remote_job_origin is None:
        tag_run(instance, run, {REPOSITORY_LABEL_TAG: job_origin(run.job_name).repository_origin.get_label()})


def partition_of(source: str, organization: str | None = None) -> str:
    """Return the partition of a source; an import that is confined to an organization has its own list of this name."""
    key = source.replace("...", "…").translate(_NOT_IN_PARTITIONS)
    return f"{organization}/{key}" if organization else key


def tags_of(connection: sa.Connection, record: ImportRecord) -> dict[str, str]:
    """Return the tags of a run that works on an import."""
    organization = get_slug(connection, record.organization_id) if record.organization_id else None
    return {
        IMPORT_TAG: str(record.id),
        "kelompok/plugin": record.plugin,
        "kelompok/source": record.source_name,
        "kelompok/entity": record.entity,
        "kelompok/actor": str(record.actor_id),
        "kelompok/dry_run": str(record.dry_run).lower(),
        PARTITION_TAG: partition_of(record.source_name, organization),
    }


def tag_run(instance: dg.DagsterInstance, run: dg.DagsterRun, tags: Mapping[str, str]) -> None:
    """Add tags to a run that is going on, in Dagster's storage and for the steps to come.

    Steps read a run's partition from the tags of this object; in storage alone they would come too late.
    """
    new = {name: told for name, told in tags.items() if run.tags.get(name) != told}
    if new:
        instance.add_run_tags(run.run_id, new)
        cast("dict[str, str]", run.tags).update(new)
