"""Restores a backup into an empty installation: all or nothing, in one transaction."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg.rows import TupleRow

from kelompok_core.backup.archive import PIECE, HashingReader, OnProgress, check_archive, iter_members
from kelompok_core.backup.configuration import Placed, placed
from kelompok_core.backup.manifest import CONFIGURATION, DATABASE, FILES, Manifest
from kelompok_core.backup.tables import (
    Table,
    advance_sequences,
    copy_in,
    driver_of,
    drop_schema,
    find_row,
    list_tables,
    lock_for_replacing,
    use_portable_formats,
    without_triggers,
)
from kelompok_core.database.engine import (
    SCHEMA_REVISION,
    connect_as_owner,
    find_owner_url,
    list_revisions,
    require_owner,
    upgrade,
)
from kelompok_core.database.in_use import require_idle
from kelompok_core.database.rights import grant_rights
from kelompok_core.errors import BackupDamaged, Conflict, UsageError
from kelompok_core.installation_home import make_home
from kelompok_core.settings import Settings
from kelompok_core.sources.inbox import fail_missing_files
from kelompok_core.sources.storage import Incoming, remove_kept


@dataclass(frozen=True, kw_only=True)
class Restored:
    """The result of a restore; ``configuration`` is None if the backup has no kelompok.toml."""

    manifest: Manifest
    configuration: Placed | None


@dataclass(kw_only=True)
class _RestoreProgress:
    """What a restore has written so far outside its transaction."""

    settings: Settings
    path: Path
    manifest: Manifest
    on_progress: OnProgress
    added: list[str] = field(default_factory=list)
    configuration: bytes | None = None


def check_backup(path: Path, on_progress: OnProgress) -> Manifest:
    """Read the whole file and check that this version can restore it; write nothing.

    Raises:
        UsageError: When the file is damaged or truncated, or of a newer format or schema.
    """
    manifest = check_archive(path, on_progress)
    _require_known_tables(path, manifest)
    revision = manifest.origin.schema_revision
    if revision not in list_revisions():
        raise UsageError(
            f"{path} has schema revision {revision}, this version knows revisions up to {SCHEMA_REVISION}",
            hint=f"Restore it with version {manifest.origin.program} of Kelompok, or a newer one.",
        )
    return manifest


def _require_known_tables(path: Path, manifest: Manifest) -> None:
    known = {table.name for table in manifest.tables}
    for member in manifest.members:
        if (name := _table_of(member.rpartition("/")[0])) is not None and name not in known:
            raise BackupDamaged(path, f"{member} belongs to a table that is not in the manifest")


def _table_of(group: str) -> str | None:
    return group.removeprefix(DATABASE) if group.startswith(DATABASE) else None


def restore(settings: Settings, path: Path, on_progress: OnProgress) -> Restored:
    """Restore a backup; on any failure, roll back the database and remove added files.

    Raises:
        UsageError: When the file is damaged or truncated, or of a newer format or schema.
        Conflict: When the installation has data or is in use.
    """
    manifest = check_backup(path, on_progress)
    require_idle(settings)
    make_home(settings)
    work = _RestoreProgress(settings=settings, path=path, manifest=manifest, on_progress=on_progress)
    with connect_as_owner(find_owner_url(settings)) as connection:
        with _all_or_nothing(connection, work):
            _restore_database(connection, work)
            with placed(settings, work.configuration) as configuration:
                connection.commit()
        connection.execute(sa.text("ANALYZE"))  # otherwise the planner assumes empty tables
        connection.commit()
    return Restored(manifest=manifest, configuration=configuration)


@contextmanager
def _all_or_nothing(connection: sa.Connection, work: _RestoreProgress) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.rollback()
        for sha256 in work.added:
            remove_kept(work.settings.storage_url, sha256)
        raise


@contextmanager
def _reporting_damage(work: _RestoreProgress) -> Iterator[None]:
    """Report rows that the database rejects as damage to the backup, without quoting their values."""
    try:
        yield
    except _REJECTED as error:
        raise BackupDamaged(work.path, f"its rows do not fit the tables ({type(error).__name__})") from error


def _restore_database(connection: sa.Connection, work: _RestoreProgress) -> None:
    """Create the schema of the backup's revision, copy the rows in, and migrate; the caller commits."""
    driver = driver_of(connection)
    use_portable_formats(driver)
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('kelompok.migrate'))"))
    require_owner(connection)
    _require_empty(driver)
    drop_schema(driver)
    origin = work.manifest.origin
    upgrade(connection, origin.schema_revision)
    tables = _tables_of(driver, work)
    with _reporting_damage(work), without_triggers(driver, list(tables.values())):
        _read_members(driver, tables, work)
    with _reporting_damage(work):
        advance_sequences(driver)
    upgrade(connection, "head")
    grant_rights(connection)
    fail_missing_files(connection)  # files taken from an inbox are on another machine
    made = f"{work.path.name}, made {origin.made_at}".encode("utf-8", "backslashreplace").decode()
    connection.execute(sa.text("SELECT begin_epoch(:made)"), {"made": made})


def _require_empty(driver: "psycopg.Connection[TupleRow]") -> None:
    existing = driver.execute(_EXISTING_TABLES).fetchall()
    if not existing:
        return
    if ("alembic_version",) not in existing:
        raise Conflict(
            f"the database has tables of another application, such as {existing[0][0]}",
            hint="Use a separate database for Kelompok. Nothing was changed.",
        )
    tables = list_tables(driver)
    try:
        lock_for_replacing(driver, tables)
    except psycopg.errors.LockNotAvailable as error:
        raise Conflict(
            "the database is in use",
            hint="Stop all services and commands. Nothing was changed.",
        ) from error
    if (table := find_row(driver, tables)) is not None:
        raise Conflict(
            f"this installation already has data: {table} has rows",
            hint="Restore into a separate installation (KELOMPOK_HOME), or delete this one's data first: "
            "kelompok db remove. Nothing was changed.",
        )


def _tables_of(driver: "psycopg.Connection[TupleRow]", work: _RestoreProgress) -> Mapping[str, Table]:
    """Return the backup's tables; check that they match its schema revision."""
    there = {table.name: sorted(table.columns) for table in list_tables(driver)}
    backed_up = {table.name: sorted(table.columns) for table in work.manifest.tables}
    if there != backed_up:
        names = sorted(name for name in {**there, **backed_up} if there.get(name) != backed_up.get(name))
        raise BackupDamaged(work.path, f"its tables do not match its schema revision: {', '.join(names)}")
    return {one.name: Table(name=one.name, columns=tuple(one.columns)) for one in work.manifest.tables}


def _read_members(driver: "psycopg.Connection[TupleRow]", tables: Mapping[str, Table], work: _RestoreProgress) -> None:
    copied: dict[str, int] = {}
    for group, members in groupby(_verified(work), key=lambda member: member[0].rpartition("/")[0]):
        if (name := _table_of(group)) is not None:
            copied[name] = copy_in(driver, tables[name], (_pieces(content) for _, content in members))
        elif group == FILES.rstrip("/"):
            for member, content in members:
                _keep(member.removeprefix(FILES), content, work)
        else:
            for member, content in members:
                if member == CONFIGURATION:
                    work.configuration = b"".join(_pieces(content))
    if copied != {table.name: table.rows for table in work.manifest.tables}:
        raise BackupDamaged(work.path, "its row counts do not match its manifest")


def _verified(work: _RestoreProgress) -> Iterator[tuple[str, HashingReader]]:
    """Yield the members in the manifest; verify each after it was read."""
    size = 0
    for name, content in iter_members(work.path):
        if (expected := work.manifest.members.get(name)) is None:
            continue
        yield name, content
        for _ in _pieces(content):
            pass
        if content.member != expected:
            raise BackupDamaged(work.path, f"{name} changed while it was restored")
        size += expected.size
        work.on_progress("restore", size)


def _pieces(content: HashingReader) -> Iterator[bytes]:
    while piece := content.read(PIECE):
        yield piece


def _keep(sha256: str, content: HashingReader, work: _RestoreProgress) -> None:
    if sha256 in work.manifest.missing:  # it was damaged when the backup was made
        return
    with Incoming(work.settings.storage_url) as incoming:
        for piece in _pieces(content):
            incoming.write(piece)
        if incoming.sha256 != sha256:
            raise BackupDamaged(work.path, f"{FILES}{sha256} has content that does not match its name")
        if incoming.keep():
            work.added.append(sha256)


_REJECTED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded, zlib.error)
_EXISTING_TABLES = """
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1"""
