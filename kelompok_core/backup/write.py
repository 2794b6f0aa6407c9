"""Writes a backup: the rows of one snapshot, then the received files that they name, then the settings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psycopg
import sqlalchemy as sa
from psycopg.rows import TupleRow

from kelompok_core.backup.archive import ArchiveWriter, OnProgress, new_private_file
from kelompok_core.backup.configuration import mask_passwords
from kelompok_core.backup.manifest import CONFIGURATION, DATABASE, FILES, FORMAT, Manifest, Origin, TableContent
from kelompok_core.backup.tables import Table, copy_out, driver_of, list_tables, lock_for_reading, use_portable_formats
from kelompok_core.database.engine import connect_as_owner, find_owner_url
from kelompok_core.errors import Conflict, DatabaseUnavailable, StorageUnavailable
from kelompok_core.settings import Settings
from kelompok_core.sources.kept import KeptFile, list_kept
from kelompok_core.sources.storage import find_kept


def default_name(now: datetime) -> str:
    """Return the default file name of a backup made at this time."""
    return f"kelompok-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"


def back_up(settings: Settings, target: Path, on_progress: OnProgress) -> Manifest:
    """Write a backup of this installation; imports continue meanwhile.

    Args:
        settings: The installation.
        target: The file to write. It appears only when it is complete, and only its owner can read it.
        on_progress: Receives the progress.

    Raises:
        UsageError: When the target exists.
        Conflict: When a migration changes the schema.
        DatabaseUnavailable: When there is no database or it is empty.
    """
    with new_private_file(target) as file, connect_as_owner(find_owner_url(settings)) as connection:
        tables = _open_snapshot(connection)
        origin = _origin(connection)
        archive = ArchiveWriter(file, origin)
        contents = [_write_table(archive, driver_of(connection), table, on_progress) for table in tables]
        received = _write_files(archive, list_kept(connection), settings.storage_url, on_progress)
        masked = _write_configuration(archive, settings.config_file)
        manifest = Manifest(
            origin=origin,
            tables=contents,
            files=received.kept,
            missing=received.missing,
            masked=masked,
            members=dict(archive.members),
        )
        archive.seal(manifest)
        return manifest


def _open_snapshot(connection: sa.Connection) -> Sequence[Table]:
    """Begin a snapshot transaction with the tables locked against migrations; return the tables."""
    driver = driver_of(connection)
    use_portable_formats(driver)
    before = list_tables(driver)
    driver.commit()
    if not before:
        raise DatabaseUnavailable("the database is empty", hint="Create an installation: kelompok init")
    driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    lock_for_reading(driver, before)  # needs no snapshot yet: the next statement takes it
    tables = list_tables(driver)
    if tables != before:
        raise Conflict("a migration is changing the schema", hint="Try again when the migration is done.")
    return tables


def _origin(connection: sa.Connection) -> Origin:
    server: int = connection.scalar(sa.text("SELECT current_setting('server_version_num')::int / 10000")) or 0
    return Origin(
        format=FORMAT,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        program=version("kelompok-pipelines"),
        schema_revision=str(connection.scalar(sa.text("SELECT version_num FROM alembic_version"))),
        postgresql=server,
        server_identifier=_server_identifier(connection),
    )


def _server_identifier(connection: sa.Connection) -> str | None:
    try:
        with connection.begin_nested():
            return str(connection.scalar(sa.text("SELECT system_identifier FROM pg_control_system()")))
    except sa.exc.ProgrammingError:  # managed servers may not allow it; the backup just lacks this value
        return None


def _write_table(
    archive: ArchiveWriter, driver: "psycopg.Connection[TupleRow]", table: Table, on_progress: OnProgress
) -> TableContent:
    rows, written = 0, 0
    for number, (piece, counted) in enumerate(copy_out(driver, table), start=1):
        archive.add(f"{DATABASE}{table.name}/{number:06}.copy.gz", piece)
        rows, written = rows + counted, written + len(piece)
        on_progress(table.name, written)
    return TableContent(name=table.name, columns=table.columns, rows=rows)


class _Received(NamedTuple):
    kept: int
    missing: Sequence[str]


def _write_files(
    archive: ArchiveWriter, files: Sequence[KeptFile], storage_url: str, on_progress: OnProgress
) -> _Received:
    """Write the intact received files; return their number and the missing or damaged ones."""
    written, missing = 0, []
    for file in files:
        try:
            filesystem, path = find_kept(storage_url, file.sha256, file.size)
        except StorageUnavailable:
            missing.append(file.sha256)
            continue
        with filesystem.open(path, "rb") as source:
            member = archive.add_stream(f"{FILES}{file.sha256}", file.size, source)
        if member.sha256 != file.sha256:
            missing.append(file.sha256)
        written += member.size
        on_progress("files", written)
    return _Received(kept=len(files) - len(missing), missing=missing)


def _write_configuration(archive: ArchiveWriter, path: Path) -> Sequence[int]:
    if not path.exists():
        return ()
    content, masked = mask_passwords(path.read_bytes())
    archive.add(CONFIGURATION, content)
    return masked
