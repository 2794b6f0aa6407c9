"""Fail points: the places where tests let a process die, or stand still while something else does."""

import os
import signal
from enum import StrEnum
from threading import Lock

VARIABLE = "KELOMPOK_FAIL_POINT"
"""``POINT``, ``POINT:PASSING`` or ``POINT:PASSING:ACTION``; unset outside of tests."""

_SIGNALS = {"die": signal.SIGKILL, "stop": signal.SIGSTOP}


class FailPoint(StrEnum):
    """Between any two things of an import that do not happen at once, in the order they are reached."""

    RECEIVE_COPIED = "receive.copied"
    RECEIVE_KEPT = "receive.kept"
    RECEIVE_OPENED = "receive.opened"
    QUEUE_CLAIMED = "queue.claimed"
    STAGE_BEGUN = "stage.begun"
    STAGE_COPIED = "stage.copied"
    STAGE_UPDATED = "stage.updated"
    STAGE_COMMITTED = "stage.committed"
    STAGE_READ = "stage.read"
    STAGE_DONE = "stage.done"
    DECIDE_BEGUN = "decide.begun"
    DECIDE_DECIDED = "decide.decided"
    DECIDE_UPDATED = "decide.updated"
    DECIDE_DONE = "decide.done"
    APPLY_BEGUN = "apply.begun"
    APPLY_INSERTED = "apply.inserted"
    APPLY_MERGED = "apply.merged"
    APPLY_RECORDED = "apply.recorded"
    APPLY_UPDATED = "apply.updated"
    APPLY_DONE = "apply.done"
    QUEUE_FINISHING = "queue.finishing"
    UNDO_WORKED_OUT = "undo.worked_out"
    UNDO_STATEMENT = "undo.statement"
    UNDO_UPDATED = "undo.updated"
    REVIEW_WRITTEN = "review.written"


_passings: dict[FailPoint, int] = {}
_counting = Lock()


def reach(point: FailPoint) -> None:
    """Do nothing, but where the environment names this point: die there as by ``kill -9``, or stop."""
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return
    name, _, more = asked.partition(":")
    if name != point:
        return
    passing, _, action = more.partition(":")
    with _counting:
        _passings[point] = _passings.get(point, 0) + 1
        is_asked = _passings[point] == int(passing or 1)
    if is_asked:
        os.kill(os.getpid(), _SIGNALS[action or "die"])
