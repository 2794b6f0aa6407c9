"""Received files that imports refer to, and which of them are in storage."""

from collections.abc import Sequence
from dataclasses import dataclass

import fsspec
import sqlalchemy as sa


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A received file as the database identifies it: by its content, not by its location."""

    sha256: str
    size: int


def list_kept(connection: sa.Connection) -> Sequence[KeptFile]:
    """Return the received files of all imports, each once."""
    return [KeptFile(sha256=row.sha256, size=row.size) for row in connection.execute(_KEPT)]


def list_missing(connection: sa.Connection, storage_url: str) -> Sequence[str]:
    """Return the SHA-256 of received files that are missing from storage. Lists the storage and reads no file."""
    filesystem, root = fsspec.core.url_to_fs(storage_url)
    there = {path.rpartition("/")[2] for path in filesystem.find(f"{root}/sha256")}
    return [one.sha256 for one in list_kept(connection) if one.sha256 not in there]


_KEPT = sa.text("""
    SELECT encode(file_sha256, 'hex') AS sha256, max(file_bytes) AS size FROM imports
    GROUP BY file_sha256 ORDER BY min(created_at), file_sha256""")
