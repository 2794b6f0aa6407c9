"""Explains failures of the database or a disk, and finds causes in chains of exceptions."""

import errno
import sys
import traceback

from kelompok_core.errors import DatabaseUnavailable, KelompokError, StorageUnavailable

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_OF_DISKS = (*_NO_SPACE, errno.EROFS, errno.EIO)
_DISK_FULL = "53100"
_LOST = ("08", "57P")
"""SQLSTATE classes for lost connections and for operator intervention, such as a shutdown."""

_REPEAT = "Nothing was written partially. Run the same command again: an interrupted import resumes."


def explain(error: BaseException) -> KelompokError | None:
    """Return an error that explains a failure caused by the database or a disk; None for other causes."""
    for one in reversed(chain(error)):  # the first exception caused the others
        if isinstance(one, OSError) and one.errno in _OF_DISKS:
            return StorageUnavailable(f"{one.filename or 'a file'} cannot be written: {one.strerror}", hint=_REPEAT)
        if _is_of_database(one):
            lines = str(getattr(one, "orig", one)).strip().splitlines()
            reason = lines[0] if lines else type(one).__name__
            return DatabaseUnavailable(f"the database failed: {reason}", hint=_REPEAT)
    return None


def lacks_room(error: BaseException) -> bool:
    """Return whether a full disk caused it, on this machine or the database server."""
    return any(
        (isinstance(one, OSError) and one.errno in _NO_SPACE) or getattr(one, "sqlstate", None) == _DISK_FULL
        for one in chain(error)
    )


def lacks_memory(error: BaseException) -> bool:
    """Return whether a MemoryError caused it."""
    return any(isinstance(one, MemoryError) for one in chain(error))


def lost_database(error: BaseException) -> bool:
    """Return whether the error, or one of its causes, is a lost database connection; a full disk is not."""
    return any(_is_lost_connection(one) for one in chain(error))


def trace_of(error: BaseException) -> str | None:
    """Return the classes and stack frames of the causes that are no KelompokErrors; None if there are none.

    Messages are left out, because they may quote a row.
    """
    causes = [one for one in reversed(chain(error)) if not isinstance(one, KelompokError)]
    frames = [f"{type(one).__name__}\n{_frames_of(one)}" for one in causes]
    return "\n".join(frames).rstrip() or None


def _frames_of(error: BaseException) -> str:
    frames = getattr(error, "frames", None)  # of an exception in a plugin's process
    return frames if isinstance(frames, str) else "".join(traceback.format_tb(error.__traceback__))


def chain(error: BaseException) -> list[BaseException]:
    """Return the error and its causes; handles cycles."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


def _is_of_database(error: BaseException) -> bool:
    # Uses only modules that are loaded already, because importing them is slow.
    alchemy, driver = sys.modules.get("sqlalchemy"), sys.modules.get("psycopg")
    return (alchemy is not None and isinstance(error, alchemy.exc.DBAPIError)) or (
        driver is not None and isinstance(error, driver.Error)
    )


def _is_lost_connection(error: BaseException) -> bool:
    driver = getattr(error, "orig", None) if _is_of_database(error) else error
    driver = error if driver is None else driver
    code = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    if code is None:
        return type(driver).__name__ in ("OperationalError", "InterfaceError")
    return str(code).startswith(_LOST)
