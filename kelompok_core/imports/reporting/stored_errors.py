"""Error files in storage: requested by readers, written once by a worker, served while they are current."""

from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa

from kelompok_core.errors import ErrorFileAwaited, ErrorFileFailed, ImportFailed, KelompokError, NotFound
from kelompok_core.imports.reporting.error_file import encoding_of, name_error_file
from kelompok_core.imports.reporting.error_file_writer import write_errors
from kelompok_core.imports.running.queue import CHANNEL
from kelompok_core.imports.shared.imports import Import, ImportState, get_import
from kelompok_core.installation import Installation
from kelompok_core.issues.entries import LANGUAGES
from kelompok_core.settings import Settings
from kelompok_core.sources.storage import atomic_text_file, remove_files

MOST_ATTEMPTS = 3
"""An error file fails after its worker has died this many times."""

_AGAIN_SECONDS = 60
"""Delay before a failed error file is retried on request."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A request for an error file. ``attempts`` above 1 means that the previous worker died."""

    import_id: UUID
    attempts: int


def want(connection: sa.Connection, import_id: UUID) -> None:
    """Request an import's error file once the transaction commits; a pending request keeps its place."""
    if connection.execute(_WANT, {"import": import_id}).rowcount:
        connection.execute(sa.text(f"NOTIFY {CHANNEL}"))


def find_current(connection: sa.Connection, import_: Import, language: str) -> str | None:
    """Return the storage name of an import's error file; None when it is missing or outdated.

    Raises:
        ErrorFileAwaited: When the rows are not decided yet.
        ErrorFileFailed: When it could not be written.
        NotFound: When the import ended before its rows were decided.
    """
    if import_.plan_revision == 0:
        raise _undecided(import_)
    row = connection.execute(_FIND, {"import": import_.id, "seconds": _AGAIN_SECONDS}).one_or_none()
    if row is None or not row.is_current:
        return None
    if row.failure is None:
        return _name(import_, row.file_id, language)
    if row.is_wanted or row.is_old:
        return None
    raise ErrorFileFailed(f"the error file could not be written: {row.failure}", hint=row.failure_hint)


def awaited() -> ErrorFileAwaited:
    """Return the error that says that a worker still has to write the file."""
    return ErrorFileAwaited(
        "the error file is not written yet: a worker will write it", hint="Try again after Retry-After."
    )


def _undecided(import_: Import) -> KelompokError:
    if import_.is_unfinished:
        return ErrorFileAwaited("the rows of the import are not decided yet", hint="Try again once work is «ended».")
    return NotFound("error file of import", import_.id, hint="The import ended before its rows were decided.")


def claim_wanted(connection: sa.Connection, worker_id: UUID) -> Wanted | None:
    """Assign the oldest request without a living worker to this worker; the caller commits."""
    row = connection.execute(_CLAIM, {"worker": worker_id}).one_or_none()
    return None if row is None else Wanted(import_id=row.import_id, attempts=row.attempts)


def write_wanted(installation: Installation, wanted: Wanted, worker_id: UUID) -> None:
    """Write an error file in all languages and replace the previous one.

    Raises:
        KelompokError: When the plugin does not return the rows. Exceptions of plugins propagate unchanged.
    """
    if wanted.attempts > MOST_ATTEMPTS:
        raise ImportFailed(
            f"{MOST_ATTEMPTS} workers died while writing it", hint="See the workers' logs for the reason."
        )
    file_id = uuid4()
    with installation.database.connect() as session:
        connection = session.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():  # content key and rows come from one snapshot
            import_ = get_import(connection, wanted.import_id)
            content = connection.scalar(_CONTENT, {"import": import_.id})
            _write(installation.settings, connection, import_, file_id)
    with installation.database.connect() as connection, connection.begin():
        written = {"import": import_.id, "worker": worker_id, "content": content, "file": file_id}
        still_assigned = connection.execute(_KEEP, written).rowcount == 1
    _clean_up(installation.settings, import_.id, file_id, keep=still_assigned)


def keep_failure(connection: sa.Connection, wanted: Wanted, worker_id: UUID, failure: KelompokError) -> None:
    """Store why an error file could not be written, for those who request it."""
    content = connection.scalar(_CONTENT, {"import": wanted.import_id})
    params = {"import": wanted.import_id, "worker": worker_id, "content": content}
    connection.execute(_FAIL, params | {"failure": failure.message, "hint": failure.hint})


def _write(settings: Settings, connection: sa.Connection, import_: Import, file_id: UUID) -> None:
    with ExitStack() as stack:
        targets = {}
        for language in LANGUAGES:
            name, encoding = _name(import_, file_id, language), encoding_of(import_)
            targets[language] = stack.enter_context(atomic_text_file(settings.storage_url, name, encoding=encoding))
        write_errors(settings, connection, import_, targets)


def _clean_up(settings: Settings, import_id: UUID, file_id: UUID, *, keep: bool) -> None:
    """Remove the previous files if the new ones are kept, or else the new ones: another worker has the request now."""

    def is_removed(name: str) -> bool:
        return name.startswith(str(file_id)) != keep

    remove_files(settings.storage_url, _folder(import_id), is_removed)


def _folder(import_id: UUID) -> str:
    return f"errors/{import_id}"


def _name(import_: Import, file_id: UUID, language: str) -> str:
    return f"{_folder(import_.id)}/{file_id}.{language}.{name_error_file(import_)}"


# Everything an error file depends on that can change: the plan, the rows people decided, and the rows superseded by
# another import that was not undone. The rows as read never change.
_CONTENT_OF = f"""
    (SELECT concat_ws(':', m.plan_revision, p.number, p.digest, s.number, s.digest)
     FROM (SELECT count(*) AS number, coalesce(bit_xor(hashint8extended(row_number, 0)), 0) AS digest
           FROM review_decisions WHERE import_id = m.id) p,
          (SELECT count(*) AS number, coalesce(bit_xor(hashint8extended(row_number, 0)), 0) AS digest
           FROM (SELECT DISTINCT c.row_number FROM import_superseded c
                 JOIN imports b ON b.id = c.by_import AND b.state = '{ImportState.APPLIED.value}'
                 WHERE c.import_id = m.id) one) s)"""
_CONTENT = sa.text(f"SELECT {_CONTENT_OF} FROM imports m WHERE m.id = :import")
_FIND = sa.text(f"""
    SELECT e.file_id, e.failure, e.failure_hint, e.content IS NOT DISTINCT FROM {_CONTENT_OF} AS is_current,
           e.wanted_at IS NOT NULL AS is_wanted, e.tried_at < now() - make_interval(secs => :seconds) AS is_old
    FROM error_files e JOIN imports m ON m.id = e.import_id WHERE e.import_id = :import""")
_WANT = sa.text("""
    INSERT INTO error_files (import_id, wanted_at) VALUES (:import, now())
    ON CONFLICT (import_id) DO UPDATE SET wanted_at = now(), attempts = 0 WHERE error_files.wanted_at IS NULL""")
_CLAIM = sa.text("""
    UPDATE error_files SET leased_by = :worker, attempts = attempts + 1
    WHERE import_id = (
      SELECT import_id FROM error_files
      WHERE wanted_at IS NOT NULL AND (leased_by IS NULL OR NOT worker_lives(leased_by))
      ORDER BY wanted_at, import_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING import_id, attempts""")
_KEEP = sa.text("""
    UPDATE error_files SET wanted_at = NULL, leased_by = NULL, tried_at = now(), content = :content, file_id = :file,
           failure = NULL, failure_hint = NULL
    WHERE import_id = :import AND leased_by = :worker""")
_FAIL = sa.text("""
    UPDATE error_files SET wanted_at = NULL, leased_by = NULL, tried_at = now(), content = :content,
           failure = :failure, failure_hint = :hint
    WHERE import_id = :import AND leased_by = :worker""")
