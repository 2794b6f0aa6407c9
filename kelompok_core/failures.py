"""Failures from beneath: what the database or a disk raised in the midst of things, said in a sentence."""

import errno
import sys
import traceback

from kelompok_core.errors import DatabaseUnavailable, KelompokError, StorageUnavailable

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_OF_DISKS = (*_NO_ROOM, errno.EROFS, errno.EIO)
_DISK_FULL = "53100"
_LOST = ("08", "57P")
"""SQLSTATE classes for lost connections and for operator intervention, such as a shutdown."""

_GO_ON = "Nothing is half-written. Give the same command again: an interrupted import goes on where it was."


def explain(error: BaseException) -> KelompokError | None:
    """Return what to say of an error that a failing database or disk is behind, whoever wrapped it; else None."""
    for one in reversed(chain(error)):  # what came first is to blame for the rest
        if isinstance(one, OSError) and one.errno in _OF_DISKS:
            return StorageUnavailable(f"{one.filename or 'a file'} cannot be written: {one.strerror}", hint=_GO_ON)
        if _is_of_database(one):
            said = str(getattr(one, "orig", one)).strip().splitlines()
            return DatabaseUnavailable(f"the database failed: {said[0] if said else type(one).__name__}", hint=_GO_ON)
    return None


def lacks_room(error: BaseException) -> bool:
    """Return whether a full disk is behind it, this machine's or the database's."""
    return any(
        (isinstance(one, OSError) and one.errno in _NO_ROOM) or getattr(one, "sqlstate", None) == _DISK_FULL
        for one in chain(error)
    )


def lacks_memory(error: BaseException) -> bool:
    """Return whether a MemoryError caused it."""
    return any(isinstance(one, MemoryError) for one in chain(error))


def lost_database(error: BaseException) -> bool:
    """Return whether the error, or one of its causes, is a lost database connection; a full disk is not."""
    return any(_is_lost_connection(one) for one in chain(error))


def trace_of(error: BaseException) -> str | None:
    """Return where in the code the errors behind this one were raised; None where none is of somebody else's code.

    What they say is left out: that may quote a row.
    """
    causes = [one for one in reversed(chain(error)) if not isinstance(one, KelompokError)]
    frames = [f"{type(one).__name__}\n{''.join(traceback.format_tb(one.__traceback__))}" for one in causes]
    return "\n".join(frames).rstrip() or None


def chain(error: BaseException) -> list[BaseException]:
    """Return the error and those it came from; a chain may lead back into itself."""
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


def _is_of_database(error: BaseException) -> bool:
    # Asked of modules that are there: nothing is imported for the sake of this question.
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
