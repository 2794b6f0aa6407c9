"""The stage step: the plugin reads the source, the core interprets and stores every row. Resumes after any batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kelompok_core.access.rules import Action
from kelompok_core.database.locks import refresh_statistics, working_on
from kelompok_core.errors import DatabaseUnavailable, KelompokError, MemoryExceeded, StorageUnavailable, TakenOver
from kelompok_core.fail_points import FailPoint, reach
from kelompok_core.failures import lacks_memory
from kelompok_core.garbage import seldom_collecting
from kelompok_core.imports.running.watchdog import watched
from kelompok_core.imports.shared.imports import (
    IMPORTS,
    Import,
    ImportState,
    failure_columns,
    get_import,
    update_held,
)
from kelompok_core.imports.shared.rights import StagingRights, actor_of, authorize_import, staging_rights
from kelompok_core.imports.staging.columns_without_values import require_values
from kelompok_core.imports.staging.normalizing import normalizers
from kelompok_core.imports.staging.owner_countries import digest_owners
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.reused_files import digest_pass, reuse_rows
from kelompok_core.imports.staging.staging_pass import Stager
from kelompok_core.installation import Installation
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.plugin_host.processes import prepare_processes
from kelompok_core.records.registry import get_descriptor


def stage(installation: Installation, import_id: UUID) -> Import:
    """Store the source's rows in ``import_rows``; do nothing if that is done already.

    A file that was read before in the same way is not read again.

    Raises:
        ImportFailed: When the source cannot be read or a required column is missing.
        NotPermitted: When the actor may no longer submit the import.
    """
    prepare_processes()
    with working_on(installation.database.engine, import_id):
        started = monotonic()
        import_, rights = _begin(installation, import_id)
        if rights is None:
            return import_
        with (
            watched(installation, import_, read_limits(installation.settings)),
            remembering_failure(installation, import_),
        ):
            owners = digest_owners(installation.database, import_, rights.sees)
            digest = digest_pass(installation.settings, import_, rights, owners)
            staged = reuse_rows(installation, import_, digest, rights)
            if staged is None:
                stager = _read(installation, import_, rights, Part())
                staged = stager.staged
                _require_values(installation, import_id, stager)
        reach(FailPoint.STAGE_READ)
        refresh_statistics(installation.database.engine, staged, "stage")
        with installation.database.connect() as connection, connection.begin():
            update_held(
                connection,
                import_,
                state=ImportState.STAGED,
                pass_sha256=digest,
                durations=dict(import_.durations) | {"stage": round(monotonic() - started, 3)},
            )
            import_ = get_import(connection, import_id)
        reach(FailPoint.STAGE_DONE)
        return import_


def _require_values(installation: Installation, import_id: UUID, stager: Stager) -> None:
    if stager.columns_without_values:
        with installation.database.connect() as connection:
            require_values(connection, import_id, stager.columns_without_values)


def read_source(installation: Installation, import_id: UUID, part: Part) -> tuple[Import, Stager | None]:
    """Read an import's source and stage the rows of a part; return the import, and the pass if one was needed.

    Raises:
        ImportFailed: When the source cannot be read; the import then has the state «failed».
        NotPermitted: When the actor may no longer submit the import.
    """
    import_, rights = _begin(installation, import_id)
    if rights is None:
        return import_, None
    with watched(installation, import_, read_limits(installation.settings)), remembering_failure(installation, import_):
        return import_, _read(installation, import_, rights, part)


def _begin(installation: Installation, import_id: UUID) -> tuple[Import, StagingRights | None]:
    """Return the import and the rights for reading its rows; None for these when it is already staged."""
    with installation.database.connect() as connection:
        import_ = get_import(connection, import_id)
        if import_.state not in (ImportState.RECEIVED, ImportState.STAGING):
            return import_, None
        actor = actor_of(connection, import_)
        authorize_import(connection, actor, Action.IMPORT_SUBMIT, import_.entity, import_.organization_id)
        rights = staging_rights(connection, actor, import_, get_descriptor(import_.entity))
    reach(FailPoint.STAGE_BEGUN)
    return import_, rights


def _read(installation: Installation, import_: Import, rights: StagingRights, part: Part) -> Stager:
    with normalizers(installation.settings, import_) as normalizing, seldom_collecting():
        stager = Stager(installation, import_, rights, normalizing, part)
        stager.run()
    return stager


@contextmanager
def remembering_failure(installation: Installation, import_: Import) -> Iterator[None]:
    """Store a KelompokError as the import's failure and re-raise it; a MemoryError becomes one.

    The import does not fail when the database or the storage is unavailable: it can resume later.
    """
    try:
        with _memory_explained():
            yield
    except (TakenOver, DatabaseUnavailable, StorageUnavailable):
        raise
    except KelompokError as error:
        with installation.database.connect() as connection, connection.begin():
            issues = IMPORTS.c.issues.op("||")(sa.literal(list(error.findings), JSONB))
            update_held(connection, import_, state=ImportState.FAILED, issues=issues, **failure_columns(error))
        raise


@contextmanager
def _memory_explained() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if lacks_memory(error):  # in our code or a plugin's
            raise MemoryExceeded from error
        raise
