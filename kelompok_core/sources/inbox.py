"""Watched folders: takes each complete file once, and moves files that cannot be imported to ``failed/``."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from kelompok_core.errors import KelompokError
from kelompok_core.private_files import make_private_folder
from kelompok_core.sources.inbox_places import (
    atomic_file_beside,
    failed_path,
    is_in_place,
    make_subfolders,
    message_of,
    move,
    watched_folder_of,
)
from kelompok_core.sources.watched import TAKEN_FOLDER, PassedOver, PresentFile, look, reason_of

KEY = "inbox:"
"""Prefix of the idempotency key of an import from a watched folder; the id in ``inbox_files`` follows."""

_REJECTED = ("22", "54")
"""SQLSTATE classes for values that the database rejects, by content or size."""

_AGAIN = "Then put the file back where it was to import it again."


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A folder whose files are imported by one job of one plugin."""

    plugin: str
    job: str
    folder: Path


@dataclass(frozen=True, kw_only=True)
class TakenFile:
    """A file that was moved to ``taken/``.

    Attributes:
        id: The id of its row in ``inbox_files``; a file that is put back gets a new one.
        path: Its path in ``taken/``.
        file_name: Its name.
        organization: The subfolder of the inbox it was in, which is the slug of an organization; or None.
    """

    id: UUID
    path: Path
    file_name: str
    organization: str | None


def take_files(
    connection: sa.Connection,
    inbox: Inbox,
    on_passed_over: Callable[[PassedOver], object] = lambda _: None,
    on_waiting: Callable[[PresentFile], object] = lambda _: None,
) -> list[TakenFile]:
    """Move complete files to ``taken/`` and return them; the caller commits.

    Files may be in the folder itself or in its subfolders. A file is complete if its size and modification time have
    not changed since the previous scan. Links and anything but regular files are ignored. Taken files without an
    import are returned again with the same id, because the process that took them may have died.
    Files that cannot be taken are passed to ``on_passed_over`` and do not affect the others. Files that are not
    complete are passed to ``on_waiting``.
    """
    make_private_folder(inbox.folder)
    connection.execute(_LOCK, {"folder": str(inbox.folder)})
    taken = [_taken(row) for row in connection.execute(_NOT_IMPORTED, _names(inbox)) if _is_there(row.claimed_path)]
    waiting = {row.path: row for row in connection.execute(_WAITING, _names(inbox))}
    present: dict[str, PresentFile] = {}
    for found in look(inbox.folder):
        if isinstance(found, PassedOver):
            on_passed_over(found)
        else:
            present[str(found.path)] = found
    for path in (*(waiting.keys() - present.keys()), *present):
        try:
            with connection.begin_nested():
                one = _take(connection, inbox, waiting.get(path), present.get(path))
        except (OSError, sa.exc.DBAPIError) as error:
            on_passed_over(PassedOver(path=Path(path), reason=_problem_of(error)))
        else:
            taken += [] if one is None else [one]
            if one is None and path in present:
                on_waiting(present[path])
    return taken


def _take(
    connection: sa.Connection, inbox: Inbox, known: sa.Row[tuple[UUID, ...]] | None, present: PresentFile | None
) -> TakenFile | None:
    """Take one file if it is complete; else record its current size and time."""
    if present is None:
        return None if known is None else _find_moved(connection, inbox, known)
    if known is None:
        connection.execute(_RECORD, _names(inbox) | _values(present))
    elif (known.size, known.modified_at) != (present.size, present.modified_at):
        connection.execute(_UPDATE, {"id": known.id, **_values(present)})
    else:
        target = _target(inbox, known.id, present.path)
        make_subfolders(inbox.folder, *target.parent.relative_to(inbox.folder).parts)
        move(present.path, target)
        return _claim(connection, known.id, target)
    return None


def _find_moved(connection: sa.Connection, inbox: Inbox, known: sa.Row[tuple[UUID, ...]]) -> TakenFile | None:
    """Return a file that an earlier scan moved before it died; forget one that was moved back."""
    if Path(known.path).is_relative_to(inbox.folder):
        target = _target(inbox, known.id, Path(known.path))
        if target.exists():
            return _claim(connection, known.id, target)
    connection.execute(_FORGET, {"id": known.id})
    return None


def _problem_of(error: OSError | sa.exc.DBAPIError) -> str:
    """Return the problem with one file; re-raise problems with the database."""
    if isinstance(error, OSError):
        return f"the operating system reports «{reason_of(error)}»"
    if not str(getattr(error.orig, "sqlstate", None) or "").startswith(_REJECTED):
        raise error
    return "the database cannot hold its path. Give it a shorter name"


def _is_there(path: str) -> bool:
    return os.access(path, os.F_OK)


def put_aside(
    connection: sa.Connection,
    file_id: UUID,
    why: KelompokError,
    *more: str,
    beside: Callable[[Path], object] | None = None,
) -> Path | None:
    """Move a taken file that cannot be imported to ``failed/`` with a message; the caller commits.

    Idempotent: if the process dies, the next call continues. No file is overwritten.

    Args:
        connection: To the database.
        file_id: The id of the taken file.
        why: What stopped the import, and what to do.
        more: Further lines of the message.
        beside: Writes further files next to it; called with the file's new path, before the file is moved there.

    Returns:
        The file's new path, or None if it was not taken, was already put aside, or no longer exists.
    """
    claimed = connection.scalar(_CLAIMED, {"id": file_id})
    if claimed is None:
        return None
    target = _move_to_failed(Path(claimed), [f"{why.message.rstrip('.')}.", why.hint or "", *more], beside)
    connection.execute(_PUT_ASIDE, {"id": file_id, "claimed": str(target or claimed)})
    return target


def _move_to_failed(taken: Path, sentences: list[str], beside: Callable[[Path], object] | None) -> Path | None:
    home, target = watched_folder_of(taken), failed_path(taken)
    if not is_in_place(taken, home):
        return target if is_in_place(target, home) else None  # moved by an earlier call that died
    make_subfolders(home, *target.parent.relative_to(home).parts)
    # Write the message first, so that the file is never there without it.
    with atomic_file_beside(message_of(target)) as message:
        message.write("\n".join(filter(None, [*sentences, _AGAIN])) + "\n")
    if beside is not None:
        beside(target)
    move(taken, target)
    return target


def mark_done(connection: sa.Connection, file_id: UUID, import_id: UUID) -> None:
    """Mark a taken file, which stays in ``taken/``, as done; the caller commits."""
    connection.execute(_DONE, {"id": file_id, "import": import_id})


def list_left(connection: sa.Connection) -> list[Path]:
    """Return the files taken more than an hour ago for which no import was opened."""
    return [Path(path) for path in connection.scalars(_LEFT) if _is_there(path)]


def list_stuck(connection: sa.Connection) -> list[Path]:
    """Return the files that have been complete for more than an hour and are still in a watched folder."""
    return [Path(path) for path in connection.scalars(_STUCK) if _is_there(path)]


def fail_missing_files(connection: sa.Connection) -> None:
    """Mark taken files that have no import and no longer exist as failed; the caller commits."""
    gone = [row.id for row in connection.execute(_ALL_NOT_IMPORTED).all() if not _is_there(row.claimed_path)]
    connection.execute(_GIVE_UP, {"gone": gone})


def _target(inbox: Inbox, file_id: UUID, path: Path) -> Path:
    return inbox.folder / TAKEN_FOLDER / str(file_id) / path.relative_to(inbox.folder)


def _claim(connection: sa.Connection, file_id: UUID, target: Path) -> TakenFile:
    connection.execute(_CLAIM, {"id": file_id, "claimed": str(target)})
    return file_of(file_id, target)


def _taken(row: sa.Row[tuple[UUID, str]]) -> TakenFile:
    return file_of(row.id, Path(row.claimed_path))


def file_of(file_id: UUID, path: Path) -> TakenFile:
    """Return a taken file by its id and its path in ``taken/``."""
    organization = None if path.parent.name == str(file_id) else path.parent.name
    return TakenFile(id=file_id, path=path, file_name=path.name, organization=organization)


def _names(inbox: Inbox) -> dict[str, str]:
    return {"plugin": inbox.plugin, "job": inbox.job, "folder": f"{inbox.folder}/", "taken": taken_prefix(inbox)}


def taken_prefix(inbox: Inbox) -> str:
    """Return the path prefix of the folder's taken files: a job may have several watched folders."""
    return f"{inbox.folder / TAKEN_FOLDER}/"


def _values(present: PresentFile) -> dict[str, object]:
    return {"path": str(present.path), "size": present.size, "modified": present.modified_at}


_KEY_OF_FILE = f"'{KEY}' || f.id"
_WITHOUT_IMPORT = f"""f.state = 'claimed'
    AND NOT EXISTS (SELECT FROM imports i WHERE i.idempotency_key = {_KEY_OF_FILE})"""
_WAITING = sa.text(
    "SELECT id, path, size, modified_at FROM inbox_files"
    " WHERE plugin = :plugin AND job = :job AND state = 'seen' AND starts_with(path, :folder)"
)
# Scans of the same folder run one at a time: two at once would both move a file.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('inbox:' || :folder, 0))")
_NOT_IMPORTED = sa.text(f"""
    SELECT f.id, f.claimed_path FROM inbox_files f
    WHERE f.plugin = :plugin AND f.job = :job AND starts_with(f.claimed_path, :taken) AND {_WITHOUT_IMPORT}
    ORDER BY f.updated_at
""")  # noqa: S608 -- ours
_STUCK = sa.text("""
    SELECT path FROM inbox_files WHERE state = 'seen' AND updated_at < now() - interval '1 hour' ORDER BY updated_at
""")
_LEFT = sa.text(f"""
    SELECT f.claimed_path FROM inbox_files f
    WHERE {_WITHOUT_IMPORT} AND f.updated_at < now() - interval '1 hour'
    ORDER BY f.updated_at
""")  # noqa: S608 -- ours
_ALL_NOT_IMPORTED = sa.text(
    f"SELECT f.id, f.claimed_path FROM inbox_files f WHERE {_WITHOUT_IMPORT}"  # noqa: S608 -- ours
)
_GIVE_UP = sa.text("UPDATE inbox_files SET state = 'failed', updated_at = now() WHERE id = ANY (CAST(:gone AS uuid[]))")
_CLAIMED = sa.text("SELECT claimed_path FROM inbox_files WHERE id = :id AND state = 'claimed' FOR UPDATE")
_PUT_ASIDE = sa.text(
    "UPDATE inbox_files SET state = 'failed', claimed_path = :claimed, updated_at = now() WHERE id = :id"
)
_DONE = sa.text("UPDATE inbox_files SET state = 'done', import_id = :import, updated_at = now() WHERE id = :id")
_RECORD = sa.text("""
    INSERT INTO inbox_files (plugin, job, path, size, modified_at) VALUES (:plugin, :job, :path, :size, :modified)
    ON CONFLICT DO NOTHING
""")
_UPDATE = sa.text("UPDATE inbox_files SET size = :size, modified_at = :modified, updated_at = now() WHERE id = :id")
_CLAIM = sa.text("UPDATE inbox_files SET state = 'claimed', claimed_path = :claimed, updated_at = now() WHERE id = :id")
# The file was removed before it was complete.
_FORGET = sa.text("UPDATE inbox_files SET state = 'failed', updated_at = now() WHERE id = :id")
