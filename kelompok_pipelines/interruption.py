"""Ctrl-C and SIGTERM: noted when they arrive, so that the process can stop at a suitable point."""

import signal
from types import FrameType
from typing import Self


class WorkerStops(Exception):
    """The worker was asked to stop during an import; the import goes back into the queue and resumes later."""

    code = "worker.stopped"


class Interruption:
    """While entered, ``happened`` is set when this process is asked to stop."""

    happened = False

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._note) for one in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.happened = True
