"""Watched folders: a file is taken when it is complete, and once; one that cannot be imported is put aside with why."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import KelompokError
from kelompok_core.private_files import make_private_folder

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".download")
TAKEN_FOLDER, FAILED_FOLDER = "taken", "failed"
_OURS = (TAKEN_FOLDER, FAILED_FOLDER)
MESSAGE = ".message.txt"
"""What the name of a file in ``failed/`` has behind it where it says why the file is there."""

KEY = "inbox:"
"""How the idempotency key of an import begins whose file was taken from a watched folder; the taking's id follows."""


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A folder whose files are imported by one job of one plugin."""

    plugin: str
    job: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class TakenFile:
    """A file moved out of the inbox; ``id`` is the same for the same taking.

    ``organization`` is the folder inside the inbox it lay in: the slug of whom it is for.
    """

    id: UUID
    path: Path
    file_name: str
    organization: str | None


@dataclass(frozen=True, kw_only=True)
class _Seen:
    path: Path
    size: int
    modified_at: datetime


def take_files(connection: sa.Connection, inbox: Inbox) -> list[TakenFile]:
    """Return the files that are complete now, moved to ``taken/``; the caller commits.

    Files may lie in the folder itself or in folders of it. A file is complete when size and time are those of the
    look before: what is still being written waits.
    Links and anything but regular files are left alone. A file taken lately that nobody imported yet is given
    again, with the same id: whoever took it may have died before it could start anything.
    """
    make_private_folder(inbox.folder)
    connection.execute(_LOCK, {"folder": str(inbox.folder)})
    unclaimed = [_taken(row) for row in connection.execute(_NOT_IMPORTED, _names(inbox))]
    waiting = {row.path: row for row in connection.execute(_WAITING, _names(inbox))}
    present = {str(seen.path): seen for seen in _look(inbox.folder)}
    taken = []
    for path in waiting.keys() - present.keys():
        target = _target(inbox, waiting[path].id, Path(path))
        if target.exists():  # moved by a look that died before it could say so
            taken.append(_claim(connection, waiting[path].id, target))
        else:
            connection.execute(_FORGET, {"id": waiting[path].id})
    for path, seen in present.items():
        known = waiting.get(path)
        if known is None:
            connection.execute(_NOTE, _names(inbox) | _values(seen))
        elif (known.size, known.modified_at) != (seen.size, seen.modified_at):
            connection.execute(_NOTE_AGAIN, {"id": known.id, **_values(seen)})
        else:
            target = _target(inbox, known.id, seen.path)
            make_private_folder(target.parent)
            seen.path.rename(target)
            taken.append(_claim(connection, known.id, target))
    return unclaimed + taken


def put_aside(connection: sa.Connection, file_id: UUID, why: KelompokError) -> Path | None:
    """Move a taken file that cannot be imported to ``failed/``, with why beside it; the caller commits.

    Return where it lies now, or None when there is no such taking. Doing it again changes nothing.
    """
    claimed = connection.scalar(_CLAIMED, {"id": file_id})
    if claimed is None:
        return None
    taken = Path(claimed)
    home = next((one for one in taken.parents if one.name == TAKEN_FOLDER), taken.parent)
    target = home.with_name(FAILED_FOLDER) / taken.relative_to(home)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The message first: who finds the file finds why.
    said = [f"{why.message}.", why.hint, "Then put the file where it was: it is taken again."]
    target.with_name(target.name + MESSAGE).write_text("\n".join(filter(None, said)) + "\n", "utf-8", "replace")
    if taken.exists():
        taken.rename(target)
    connection.execute(_PUT_ASIDE, {"id": file_id, "claimed": str(target)})
    return target


def list_failed(folder: Path) -> list[Path]:
    """Return the files in ``failed/`` of a watched folder, without the messages beside them."""
    found = (folder / FAILED_FOLDER).rglob("*")
    return sorted(one for one in found if one.is_file() and not one.name.endswith(MESSAGE))


def list_left(connection: sa.Connection) -> list[Path]:
    """Return the files that were taken more than an hour ago, and that no import was opened for."""
    return [path for path in map(Path, connection.scalars(_LEFT)) if path.exists()]


def _look(folder: Path, *, inside: bool = False) -> Iterator[_Seen]:
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        name = entry.name
        if entry.is_dir(follow_symlinks=False) and not inside and name not in _OURS:
            yield from _look(Path(entry.path), inside=True)
        if name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED):
            continue
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield _Seen(path=Path(entry.path), size=status.st_size, modified_at=modified)


def _target(inbox: Inbox, seen_id: UUID, path: Path) -> Path:
    return inbox.folder / TAKEN_FOLDER / str(seen_id) / path.relative_to(inbox.folder)


def _claim(connection: sa.Connection, seen_id: UUID, target: Path) -> TakenFile:
    connection.execute(_CLAIM, {"id": seen_id, "claimed": str(target)})
    return _file(seen_id, target)


def _taken(row: sa.Row[tuple[UUID, str]]) -> TakenFile:
    return _file(row.id, Path(row.claimed_path))


def _file(seen_id: UUID, path: Path) -> TakenFile:
    organization = None if path.parent.name == str(seen_id) else path.parent.name
    return TakenFile(id=seen_id, path=path, file_name=path.name, organization=organization)


def _names(inbox: Inbox) -> dict[str, str]:
    return {"plugin": inbox.plugin, "job": inbox.job}


def _values(seen: _Seen) -> dict[str, object]:
    return {"path": str(seen.path), "size": seen.size, "modified": seen.modified_at}


_WAITING = sa.text(
    "SELECT id, path, size, modified_at FROM inbox_files WHERE plugin = :plugin AND job = :job AND state = 'seen'"
)
# Looks at one folder queue here: two at once would both move a file.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('inbox:' || :folder, 0))")
_NOT_IMPORTED = sa.text("""
    SELECT f.id, f.claimed_path FROM inbox_files f
    WHERE f.plugin = :plugin AND f.job = :job AND f.state = 'claimed' AND f.updated_at > now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM imports i WHERE i.idempotency_key = 'inbox:' || f.id)
    ORDER BY f.updated_at
""")
_LEFT = sa.text("""
    SELECT f.claimed_path FROM inbox_files f
    WHERE f.state = 'claimed' AND f.updated_at < now() - interval '1 hour'
      AND NOT EXISTS (SELECT FROM imports i WHERE i.idempotency_key = 'inbox:' || f.id)
    ORDER BY f.updated_at
""")
_CLAIMED = sa.text("SELECT claimed_path FROM inbox_files WHERE id = :id AND state = 'claimed' FOR UPDATE")
_PUT_ASIDE = sa.text(
    "UPDATE inbox_files SET state = 'failed', claimed_path = :claimed, updated_at = now() WHERE id = :id"
)
_NOTE = sa.text("""
    INSERT INTO inbox_files (plugin, job, path, size, modified_at) VALUES (:plugin, :job, :path, :size, :modified)
    ON CONFLICT DO NOTHING
""")
_NOTE_AGAIN = sa.text("UPDATE inbox_files SET size = :size, modified_at = :modified, updated_at = now() WHERE id = :id")
_CLAIM = sa.text("UPDATE inbox_files SET state = 'claimed', claimed_path = :claimed, updated_at = now() WHERE id = :id")
# Gone before it was complete: whoever put it there took it back.
_FORGET = sa.text("UPDATE inbox_files SET state = 'failed', updated_at = now() WHERE id = :id")
