"""Finds problems that prevent imports: no worker, a full disk, a different schema, a stuck queue."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import sqlalchemy as sa
from fsspec.implementations.local import LocalFileSystem

from kelompok_core.database.engine import schema_status
from kelompok_core.imports.running.queue import count_stuck
from kelompok_core.imports.running.workers import count_workers
from kelompok_core.installation import Installation

_LEAST_FREE = 256 << 20
"""Bytes: space for a few uploads of maximum size, and for the database's writes for them."""


def find_problems(installation: Installation) -> list[str]:
    """Return short problem descriptions for the operator; empty when imports can run.

    Raises:
        DatabaseUnavailable: When the database does not answer.
    """
    status = schema_status(installation.database)
    if not status.is_current:
        found = f"the schema is at {status.current or 'none'}, this version needs {status.needed}"
        return [found, *_full_disks(installation)]
    with installation.database.connect() as connection:
        return [*_of_workers(connection), *_full_disks(installation)]


def _of_workers(connection: sa.Connection) -> Iterator[str]:
    if count_workers(connection) == 0:
        yield "no worker is alive: imports wait"
    elif stuck := count_stuck(connection):
        yield f"the queue is stuck: {stuck} waiting for more than five minutes while a worker is free"


def _full_disks(installation: Installation) -> Iterator[str]:
    """Yield a problem for each local folder whose disk is almost full; other storage reports that itself."""
    folders = {"the installation's home": installation.settings.home}
    filesystem, path = fsspec.core.url_to_fs(installation.settings.storage_url)
    if isinstance(filesystem, LocalFileSystem):
        folders["the folder of received files"] = Path(path)
    for name, folder in folders.items():
        free = shutil.disk_usage(_existing(folder)).free
        if free < _LEAST_FREE:
            yield f"the disk of {name} has {free >> 20} MB left"


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())
