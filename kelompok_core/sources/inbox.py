"""Watched folders: a file is taken once it is complete, and taken once, whatever else is forgotten."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
TAKEN_FOLDER = "taken"


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A folder whose files are imported by one job of one plugin."""

    plugin: str
    job: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class TakenFile:
    """A file moved out of the inbox; ``id`` is the same for the same taking."""

    id: UUID
    path: Path
    file_name: str


@dataclass(frozen=True, kw_only=True)
class _Seen:
    path: Path
    size: int
    modified_at: datetime


def take_files(connection: sa.Connection, inbox: Inbox) -> list[TakenFile]:
    """Return the files that are complete now, moved to ``taken/``; the caller commits.

    A file is complete when size and time are those of the look before: what is still being written waits.
    Links and anything but regular files are left alone.
    """
    inbox.folder.mkdir(parents=True, exist_ok=True)
    waiting = {row.path: row for row in connection.execute(_WAITING, _names(inbox))}
    present = {str(seen.path): seen for seen in _look(inbox.folder)}
    for path in waiting.keys() - present.keys():
        connection.execute(_FORGET, {"id": waiting[path].id})
    taken = []
    for path, seen in present.items():
        known = waiting.get(path)
        if known is None:
            connection.execute(_NOTE, _names(inbox) | _values(seen))
        elif (known.size, known.modified_at) != (seen.size, seen.modified_at):
            connection.execute(_NOTE_AGAIN, {"id": known.id, **_values(seen)})
        else:
            taken.append(_take(connection, inbox, known.id, seen))
    return taken


def _look(folder: Path) -> Iterator[_Seen]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        name = entry.name
        if name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED):
            continue
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield _Seen(path=Path(entry.path), size=status.st_size, modified_at=modified)


def _take(connection: sa.Connection, inbox: Inbox, seen_id: UUID, seen: _Seen) -> TakenFile:
    folder = inbox.folder / TAKEN_FOLDER / str(seen_id)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / seen.path.name
    seen.path.rename(target)
    connection.execute(_CLAIM, {"id": seen_id, "claimed": str(target)})
    return TakenFile(id=seen_id, path=target, file_name=seen.path.name)


def _names(inbox: Inbox) -> dict[str, str]:
    return {"plugin": inbox.plugin, "job": inbox.job}


def _values(seen: _Seen) -> dict[str, object]:
    return {"path": str(seen.path), "size": seen.size, "modified": seen.modified_at}


_WAITING = sa.text(
    "SELECT id, path, size, modified_at FROM inbox_files WHERE plugin = :plugin AND job = :job AND state = 'seen'"
)
_NOTE = sa.text("""
    INSERT INTO inbox_files (plugin, job, path, size, modified_at) VALUES (:plugin, :job, :path, :size, :modified)
    ON CONFLICT DO NOTHING
""")
_NOTE_AGAIN = sa.text("UPDATE inbox_files SET size = :size, modified_at = :modified, updated_at = now() WHERE id = :id")
_CLAIM = sa.text("UPDATE inbox_files SET state = 'claimed', claimed_path = :claimed, updated_at = now() WHERE id = :id")
# Gone before it was complete: whoever put it there took it back.
_FORGET = sa.text("UPDATE inbox_files SET state = 'failed', updated_at = now() WHERE id = :id")
