"""The stage step: the plugin reads, the core understands, every row is kept. Restartable after any batch."""

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
    ImportRecord,
    ImportState,
    failure_columns,
    get_import,
    update_held,
)
from kelompok_core.imports.shared.rights import StagingRights, actor_of, authorize_import, staging_rights
from kelompok_core.imports.staging.columns_without_values import require_values
from kelompok_core.imports.staging.normalizing import normalizers
from kelompok_core.imports.staging.owner_countries import digest_homes
from kelompok_core.imports.staging.part import Part
from kelompok_core.imports.staging.reused_files import digest_pass, take_rows
from kelompok_core.imports.staging.staging_pass import Stager
from kelompok_core.installation import Workbench
from kelompok_core.plugin_host.limits import read_limits
from kelompok_core.records.registry import get_descriptor


def stage(bench: Workbench, import_id: UUID) -> ImportRecord:
    """Bring the source's rows into ``import_rows``; does nothing when that is done already.

    A file that was read before in the same way is not read again.

    Raises:
        ImportFailed: When the source cannot be read or its header lacks what the entity needs.
        NotPermitted: When the actor may no longer import there.
    """
    with working_on(bench.database.engine, import_id):
        started = monotonic()
        record, rights = _begin(bench, import_id)
        if rights is None:
            return record
        with watched(bench, record, read_limits(bench.settings)), remembering_failure(bench, record):
            homes = digest_homes(bench.database, record, rights.sees)
            digest = digest_pass(bench.settings, record, rights, homes)
            staged = take_rows(bench, record, digest, rights)
            if staged is None:
                stager = _read(bench, record, rights, Part())
                staged = stager.staged
                _require_values(bench, import_id, stager)
        reach(FailPoint.STAGE_READ)
        refresh_statistics(bench.database.engine, staged, "stage")
        with bench.database.connect() as connection, connection.begin():
            update_held(
                connection,
                record,
                state=ImportState.STAGED,
                pass_sha256=digest,
                durations=dict(record.durations) | {"stage": round(monotonic() - started, 3)},
            )
            record = get_import(connection, import_id)
        reach(FailPoint.STAGE_DONE)
        return record


def _require_values(bench: Workbench, import_id: UUID, stager: Stager) -> None:
    if stager.silent_columns:
        with bench.database.connect() as connection:
            require_values(connection, import_id, stager.silent_columns)


def read_source(bench: Workbench, import_id: UUID, part: Part) -> tuple[ImportRecord, Stager | None]:
    """Read an import's source and stage what is the part's; return the import, and the pass if there was one to make.

    Raises:
        ImportFailed: When the source cannot be read; the import has failed then.
        NotPermitted: When the actor may no longer import there.
    """
    record, rights = _begin(bench, import_id)
    if rights is None:
        return record, None
    with watched(bench, record, read_limits(bench.settings)), remembering_failure(bench, record):
        return record, _read(bench, record, rights, part)


def _begin(bench: Workbench, import_id: UUID) -> tuple[ImportRecord, StagingRights | None]:
    """Return the import and the rights for reading its rows; None for these when it is already staged."""
    with bench.database.connect() as connection:
        record = get_import(connection, import_id)
        if record.state not in (ImportState.RECEIVED, ImportState.STAGING):
            return record, None
        actor = actor_of(connection, record)
        authorize_import(connection, actor, Action.IMPORT_SUBMIT, record.entity, record.organization_id)
        rights = staging_rights(connection, actor, record, get_descriptor(record.entity))
    reach(FailPoint.STAGE_BEGUN)
    return record, rights


def _read(bench: Workbench, record: ImportRecord, rights: StagingRights, part: Part) -> Stager:
    with normalizers(bench.settings, record) as normalizing, seldom_collecting():
        stager = Stager(bench, record, rights, normalizing, part)
        stager.run()
    return stager


@contextmanager
def remembering_failure(bench: Workbench, record: ImportRecord) -> Iterator[None]:
    """Record an error of ours as the import's failure and re-raise it; convert MemoryError to one.

    An import stays open when the database or the storage was away: it can go on when they are back.
    """
    try:
        with _memory_explained():
            yield
    except (TakenOver, DatabaseUnavailable, StorageUnavailable):
        raise
    except KelompokError as error:
        with bench.database.connect() as connection, connection.begin():
            issues = IMPORTS.c.issues.op("||")(sa.literal(list(error.findings), JSONB))
            update_held(connection, record, state=ImportState.FAILED, issues=issues, **failure_columns(error))
        raise


@contextmanager
def _memory_explained() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if lacks_memory(error):  # in our code or a plugin's
            raise MemoryExceeded from error
        raise
