"""The template of plugin processes: has loaded what every plugin needs, and forks one process per run.

It starts with a clean environment, knows nothing of the installation, and runs no plugin code. A run's process begins
as its copy, so that no run waits for pandas to load.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

FORK, STATUS, END_GROUP = "fork", "status", "end"
_LONGEST_REQUEST = 1_000
_DESCRIPTORS = 3


def main(control: int) -> NoReturn:
    """Answer requests on a Unix socket until the core closes it; then end all runs.

    Args:
        control: Descriptor of the socket. Each request is one line of JSON; ``fork`` comes with three descriptors: to
            read from, to write to, and for printed output.
    """
    from kelompok_core.plugin_process.system_calls import hide_memory

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the terminal's processes; the core ends this one
    hide_memory()
    _adopt_orphans()
    _load_libraries()
    with socket.socket(fileno=control) as requests:
        template = _Template(requests)
        while template.answer():
            pass
        template.end_all()
    os._exit(0)


def _load_libraries() -> None:
    import kelompok_core.plugin_process.child  # noqa: F401 -- loads pandas and pyarrow


def _adopt_orphans() -> None:
    """Become the parent of processes that a run left behind, so that they can be found and ended."""
    from kelompok_core.plugin_process.system_calls import IS_LINUX, PR_SET_CHILD_SUBREAPER, prctl

    if IS_LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)


class _Template:
    """The runs of this template, by process number."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._runs: set[int] = set()

    def answer(self) -> bool:
        """Answer one request; return False when the core is gone."""
        try:
            text, descriptors, _, _ = socket.recv_fds(self._requests, _LONGEST_REQUEST, _DESCRIPTORS)
        except ConnectionResetError:
            return False
        if not text.endswith(b"\n"):  # the core is gone; a request is too short to come in pieces
            return False
        request = json.loads(text)
        result: dict[str, object] = {}
        if request["do"] == FORK:
            result = {"process": self._fork(descriptors)}
        elif request["do"] == STATUS:
            result = {"status": self._find_status(request["process"])}
        else:
            self._end(request["process"])
        try:
            self._requests.send(json.dumps(result).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def end_all(self) -> None:
        """End all runs."""
        for process in list(self._runs):
            self._end(process)

    def _fork(self, descriptors: list[int]) -> int:
        template = os.getpid()
        process = os.fork()
        if process == 0:
            self._requests.close()
            _run(descriptors, template)
        for one in descriptors:
            os.close(one)
        self._runs.add(process)
        return process

    def _find_status(self, process: int) -> int | None:
        """Return how a run ended: its exit code, or the negative number of the signal; None while it runs."""
        if process not in self._runs:
            return None
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended == 0:
            return None
        self._runs.discard(process)
        self._end_orphans()
        return os.waitstatus_to_exitcode(status)

    def _end(self, process: int) -> None:
        """Kill a run with its process group and all that it left behind."""
        if process in self._runs:
            _kill_group(process)
            os.waitpid(process, 0)
            self._runs.discard(process)
        self._end_orphans()

    def _end_orphans(self) -> None:
        """Kill children that are no runs: what ended runs had started."""
        while orphans := _children() - self._runs:
            for one in orphans:
                _kill_group(one)
            for one in orphans:
                os.waitpid(one, 0)


def _kill_group(process: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _children() -> set[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    try:
        return {int(one) for one in listed.read_text("ascii").split()}
    except OSError:  # a system without this list
        return set()


def _run(descriptors: list[int], template: int) -> NoReturn:
    """Be the process of one run."""
    from kelompok_core.plugin_process.child import serve
    from kelompok_core.plugin_process.frames import Channel, Closed, Malformed

    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        read_from, write_to, output = descriptors
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        serve(Channel(read_from, write_to), template)
    except (Closed, Malformed):
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)
