"""Supervised processes: started, restarted when they exit by themselves, stopped together."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from kelompok_core.private_files import make_private_file

_STOP_SECONDS = 20.0
_CHILD_SECONDS, _LOOK_SECONDS = 3.0, 0.05
"""How long child processes, such as code servers, may take to exit, and how often that is checked."""

_QUICK_SECONDS = 10.0
"""A process that exits sooner after its start most likely cannot run; restarts follow with growing pauses."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


class Service:
    """One program with its own log."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        self._environment = dict(environment)
        self._pause = _FIRST_PAUSE
        self._start_at: float | None = None
        self.start()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def seconds_running(self) -> float:
        return monotonic() - self._started_at

    def start(self) -> None:
        self._started_at = monotonic()
        make_private_file(self.log)
        with self.log.open("ab") as log:
            # In a new session, so that Ctrl-C reaches only this process, which stops the services in order.
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def look_after(self, notify: Callable[[str], None]) -> None:
        """Restart the program if it has exited, after a pause if it exited quickly."""
        if self.is_running:
            return
        now = monotonic()
        if self._start_at is None:
            is_quick = now - self._started_at < _QUICK_SECONDS
            self._pause = min(self._pause * 2, _LONGEST_PAUSE) if is_quick else _FIRST_PAUSE
            self._start_at = now + (self._pause if is_quick else 0.0)
            notify(f"{self.name} exited with code {self._process.returncode} and is being restarted; see {self.log}")
        if now >= self._start_at:
            self._start_at = None
            self.start()

    def use(self, environment: Mapping[str, str]) -> None:
        """Restart the program if its environment changes: the database may have moved to another port."""
        if environment != self._environment:
            self._environment = dict(environment)
            self.ask_to_stop()

    def ask_to_stop(self) -> None:
        if self.is_running:
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill the program and its child processes at once."""
        self._signal_all(signal.SIGKILL)

    def end(self, deadline: float) -> None:
        """Wait until the deadline, then kill the program; end the child processes it left, which may outlive it."""
        try:
            self._process.wait(max(0.1, deadline - monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._signal_all(number):
                self._wait_for_children()

    def _signal_all(self, number: int) -> bool:
        """Send a signal to the program's session; return whether there was a process left."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
            return True
        return False

    def _wait_for_children(self) -> None:
        until = monotonic() + _CHILD_SECONDS
        while monotonic() < until and self._signal_all(0):
            sleep(_LOOK_SECONDS)


def stop(services: Sequence[Service]) -> None:
    """Ask each service to stop, wait, and kill those still running, with their child processes."""
    for service in services:
        service.ask_to_stop()
    deadline = monotonic() + _STOP_SECONDS
    for service in services:
        service.end(deadline)
