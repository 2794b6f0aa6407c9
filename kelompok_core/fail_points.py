"""Fail points: places in the code where tests can kill or stop the process."""

import os
import signal
from enum import StrEnum
from threading import Lock

VARIABLE = "KELOMPOK_FAIL_POINT"
"""Environment variable: ``POINT``, ``POINT:PASSING`` or ``POINT:PASSING:ACTION``. Set only in tests."""

_SIGNALS = {"die": signal.SIGKILL, "stop": signal.SIGSTOP}


class FailPoint(StrEnum):
    """The fail points between the steps of an import that are not atomic together, in order."""

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
    """Kill (as by ``kill -9``) or stop this process if the environment variable names this point."""
    chosen = os.environ.get(VARIABLE)
    if chosen is None:
        return
    name, _, more = chosen.partition(":")
    if name != point:
        return
    passing, _, action = more.partition(":")
    with _counting:
        _passings[point] = _passings.get(point, 0) + 1
        is_due = _passings[point] == int(passing or 1)
    if is_due:
        os.kill(os.getpid(), _SIGNALS[action or "die"])
