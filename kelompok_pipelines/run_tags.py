"""The tags of every run, however it was started; with them the UI finds it by its import and shows it at its job."""

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

from kelompok_core.imports.shared.imports import Import
from kelompok_core.organizations.queries import get_slug

CODE_LOCATION = "kelompok"
"""Its name in workspace.yaml."""

IMPORT_TAG = "kelompok/import"
PARTITION_TAG = PARTITION_NAME_TAG
_REPOSITORY = "__repository__"
"""Dagster's name for the definitions of a module."""

_NOT_IN_PARTITIONS = str.maketrans(dict.fromkeys("|,[]", "_"))
"""Characters with a special meaning where the UI reads partition keys from text."""


def job_origin(job: str) -> RemoteJobOrigin:
    """Return the origin that makes a run of this process belong to the code location that the UI has loaded."""
    location = RegisteredCodeLocationOrigin(location_name=CODE_LOCATION)
    return RemoteRepositoryOrigin(code_location_origin=location, repository_name=_REPOSITORY).get_job_origin(job)


def assign_to_code_location(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Assign a run of Dagster's command line, which stores only the job's name, to the code location."""
    if run.remote_job_origin is None:
        tag_run(instance, run, {REPOSITORY_LABEL_TAG: job_origin(run.job_name).repository_origin.get_label()})


def partition_of(source: str, organization: str | None = None) -> str:
    """Return the partition key of a source; imports limited to an organization have their own partition."""
    key = source.replace("...", "…").translate(_NOT_IN_PARTITIONS)
    return f"{organization}/{key}" if organization else key


def tags_of(connection: sa.Connection, import_: Import) -> dict[str, str]:
    """Return the tags of a run that works on an import."""
    organization = get_slug(connection, import_.organization_id) if import_.organization_id else None
    return {
        IMPORT_TAG: str(import_.id),
        "kelompok/plugin": import_.plugin,
        "kelompok/source": import_.source_name,
        "kelompok/entity": import_.entity,
        "kelompok/actor": str(import_.actor_id),
        "kelompok/dry_run": str(import_.dry_run).lower(),
        PARTITION_TAG: partition_of(import_.source_name, organization),
    }


def tag_run(instance: dg.DagsterInstance, run: dg.DagsterRun, tags: Mapping[str, str]) -> None:
    """Add tags to a running run, in Dagster's storage and in this object.

    Later steps read the partition from this object's tags, not from storage.
    """
    new = {name: value for name, value in tags.items() if run.tags.get(name) != value}
    if new:
        instance.add_run_tags(run.run_id, new)
        cast("dict[str, str]", run.tags).update(new)
