"""Starts and ends the processes of plugins, through one template process per process of the core."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, get_ident
from time import monotonic, sleep

import kelompok_core
from kelompok_core.errors import KelompokError
from kelompok_core.plugin_process.frames import Channel, Values
from kelompok_core.plugin_process.template import END_GROUP, FORK, STATUS

_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031
"""fcntl's F_SETPIPE_SZ, on Linux."""

_ANSWER_SECONDS = 60
"""How long the template may take to load its libraries on a busy machine."""

_EXIT_SECONDS = 1.0
"""How long to wait for the exit code of a process that closed its channel."""

_BOOT = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from kelompok_core.plugin_process import template; template.main(int(sys.argv[2]))"  # noqa: E501  (one line of code)
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_KEPT_VARIABLES = ("TZ",)


class ProcessFailed(KelompokError):
    """A plugin's process could not be started."""

    code = "plugin.process"


class _Template:
    """The template process, and requests to it; safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.owner = os.getpid()
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        mine.settimeout(_ANSWER_SECONDS)
        self._socket, self._answers = mine, mine.makefile("rb")
        with its:
            kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(_search_path()), str(its.fileno())],
                env=_ENVIRONMENT | kept, pass_fds=(its.fileno(),), stdin=subprocess.DEVNULL, cwd="/",
                process_group=0,
            )  # fmt: skip

    def is_alive(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None

    def ask(self, do: str, process: int | None = None, descriptors: tuple[int, ...] = ()) -> Values:
        """Return the template's answer.

        Raises:
            ProcessFailed: When it does not answer.
        """
        request = json.dumps({"do": do, "process": process}).encode() + b"\n"
        with self._lock:
            try:
                socket.send_fds(self._socket, [request], list(descriptors))
                answer = self._answers.readline()
            except OSError as error:
                raise ProcessFailed(f"no process can be started for plugins: {error}") from error
        if not answer:
            raise ProcessFailed(f"no process can be started for plugins: the template ended ({self._process.poll()})")
        result: Values = json.loads(answer)
        return result

    def close(self) -> None:
        """End the template and with it all runs."""
        self._answers.close()
        self._socket.close()
        if self.owner == os.getpid():
            self._process.kill()  # it may still load its libraries; its runs die with it
            self._process.wait()


def _search_path() -> list[str]:
    """Return where Python finds modules, without folders that depend on the current one.

    The core may be where only an import hook finds it, as in an editable installation. The template has no hooks.
    """
    return [*(str(Path(one).absolute()) for one in sys.path), str(Path(kelompok_core.__file__).parents[1])]


_template: _Template | None = None
_running: dict[int, int] = {}
"""The threads that started the running processes, by process number."""

_starting = Lock()


def prepare_processes() -> None:
    """Start the template, which then loads its libraries while this process goes on. Does nothing if it runs."""
    global _template  # noqa: PLW0603 -- one per process, like the libraries that it has loaded
    with _starting:
        if _template is None or not _template.is_alive():
            _template = _Template()


def end_processes() -> None:
    """End the template and all processes of plugins."""
    global _template  # noqa: PLW0603
    with _starting:
        if _template is not None:
            _template.close()
        _template = None


atexit.register(end_processes)


@dataclass(kw_only=True)
class PluginProcess:
    """The process of one run.

    Attributes:
        channel: The channel to it.
        output: Descriptor from which to read what it prints.
        number: Its process number, which is also the number of its process group.
        thread: The thread that started it.
    """

    channel: Channel
    output: int
    number: int
    thread: int = field(default_factory=get_ident)
    _template: _Template
    _status: int | None = None
    _ended: bool = False

    def wait_for_status(self) -> int | None:
        """Return how the process ended, as Python's ``waitstatus_to_exitcode`` does; None if it still runs."""
        deadline = monotonic() + _EXIT_SECONDS
        while self._status is None and not self._ended:
            with suppress(ProcessFailed):
                self._status = self._template.ask(STATUS, self.number)["status"]
            if self._status is None and monotonic() > deadline:
                break
            if self._status is None:
                sleep(0.01)
        return self._status

    def end(self) -> None:
        """Kill the process and all that it started; close the channel."""
        if not self._ended:
            self._ended = True
            _running.pop(self.number, None)
            with suppress(ProcessFailed):
                self._template.ask(END_GROUP, self.number)
            self.channel.close()
            os.close(self.output)


def start_process() -> PluginProcess:
    """Return a new process that waits for its first message.

    Raises:
        ProcessFailed: When none can be started.
    """
    prepare_processes()
    template = _template
    if template is None:
        raise ProcessFailed("no process can be started for plugins")
    opened: list[int] = []
    try:
        to_read, it_writes = _pipe(opened)
        it_reads, to_write = _pipe(opened)
        output, it_prints = _pipe(opened)
        number = int(template.ask(FORK, descriptors=(it_reads, it_writes, it_prints))["process"])
    except (ProcessFailed, OSError) as error:
        for one in opened:
            os.close(one)
        raise ProcessFailed(f"no process can be started for plugins: {error}") from error
    for one in (it_reads, it_writes, it_prints):
        os.close(one)
    process = PluginProcess(channel=Channel(to_read, to_write), output=output, number=number, _template=template)
    _running[number] = process.thread
    return process


def kill_runs(thread: int) -> None:
    """Kill the processes that a thread started; whoever waits for their answers then finds them ended."""
    for number, starter in list(_running.items()):
        if starter == thread:
            with suppress(ProcessLookupError):
                os.killpg(number, signal.SIGKILL)


def _pipe(opened: list[int]) -> tuple[int, int]:
    ends = os.pipe()
    opened += ends
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # above the user's limit of memory for pipes
            fcntl.fcntl(ends[1], _SET_PIPE_SIZE, _PIPE_BYTES)
    return ends
