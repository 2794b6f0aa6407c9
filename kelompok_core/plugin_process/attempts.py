"""What a hostile plugin would try, run behind the walls to see which attempts they stop. Changes nothing outside."""

import ctypes
import errno
import gc
import os
import re
import socket
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from kelompok_core.contracts import CommandResult, JsonValue, PluginContext
from kelompok_core.plugin_process.system_calls import MACHINE, syscall

STOPPED, NOTHING, POSSIBLE = "stopped", "nothing to find", "possible"
"""Outcomes of an attempt."""

_NUMBERS = {
    "x86_64": {"ptrace": 101, "process_vm_readv": 310},
    "aarch64": {"ptrace": 117, "process_vm_readv": 270},
}
_PIDFD_OPEN, _PIDFD_GETFD, _IO_URING_SETUP = 434, 438, 425
_PTRACE_SEIZE = 0x4206
_WORDS_OF_THE_CORE = re.compile(r"^(KELOMPOK|DAGSTER|PG|DATABASE)")
_LIBRARIES_OF_THE_CORE = ("sqlalchemy", "psycopg", "dagster")
_SECONDS = 2.0


class Attempts:
    """A plugin with the command ``attempt``.

    Its arguments: ``core`` is the number of the core's process, ``file`` a private file of the installation, ``port`` a
    port of this machine and ``unix`` a Unix socket on which the core listens, ``outside`` a folder outside.
    """

    def run_command(self, command: str, arguments: Mapping[str, JsonValue], context: PluginContext) -> CommandResult:
        """Return a table of the attempts and their outcomes."""
        import pandas as pd

        del command, context
        rows = [(name, _outcome(attempt, arguments)) for name, attempt in ATTEMPTS.items()]
        return CommandResult(tables={"attempts": pd.DataFrame(rows, columns=["attempt", "outcome"])})


def _outcome(attempt: Callable[[Mapping[str, JsonValue]], bool], arguments: Mapping[str, JsonValue]) -> str:
    """Return the outcome; an attempt returns whether it found what it looked for."""
    try:
        return POSSIBLE if attempt(arguments) else NOTHING
    except OSError as error:
        # Not there for this process is as good as forbidden; what fails for another reason was not stopped.
        return STOPPED if error.errno in _REFUSALS else f"failed: {errno.errorcode.get(error.errno or 0, error)}"


_REFUSALS = (errno.EPERM, errno.EACCES, errno.ESRCH, errno.ENOSYS)


def _find_settings(arguments: Mapping[str, JsonValue]) -> bool:
    del arguments
    return any(map(_WORDS_OF_THE_CORE.match, os.environ))


def _find_connections(arguments: Mapping[str, JsonValue]) -> bool:
    del arguments
    return any(str(type(one).__module__).startswith(_LIBRARIES_OF_THE_CORE) for one in gc.get_objects())


def _find_descriptors(arguments: Mapping[str, JsonValue]) -> bool:
    """Look for open files beyond the standard ones and the two pipes to the core."""
    del arguments
    found = 0
    for number in range(3, 256):
        with suppress(OSError):
            found += not stat.S_ISFIFO(os.fstat(number).st_mode)
    return found > 0


def _read_environment(arguments: Mapping[str, JsonValue]) -> bool:
    return bool(Path(f"/proc/{arguments['core']}/environ").read_bytes())


def _read_memory(arguments: Mapping[str, JsonValue]) -> bool:
    buffer = ctypes.create_string_buffer(8)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    syscall(_NUMBERS[MACHINE]["process_vm_readv"], _core(arguments), local, 1, local, 1, 0)
    return True


def _trace(arguments: Mapping[str, JsonValue]) -> bool:
    syscall(_NUMBERS[MACHINE]["ptrace"], _PTRACE_SEIZE, _core(arguments), None, None)
    return True


def _take_descriptor(arguments: Mapping[str, JsonValue]) -> bool:
    process = syscall(_PIDFD_OPEN, _core(arguments), 0)
    os.close(syscall(_PIDFD_GETFD, process, 1, 0))
    return True


def _signal(arguments: Mapping[str, JsonValue]) -> bool:
    os.kill(_core(arguments), 0)
    return True


def _read_file(arguments: Mapping[str, JsonValue]) -> bool:
    return bool(Path(str(arguments["file"])).read_bytes())


def _change_mode(arguments: Mapping[str, JsonValue]) -> bool:
    path = Path(str(arguments["file"]))
    path.chmod(stat.S_IMODE(path.stat().st_mode))
    return True


def _write_outside(arguments: Mapping[str, JsonValue]) -> bool:
    path = Path(str(arguments["outside"])) / f"attempt-{uuid4()}"
    path.write_text("")
    path.unlink()
    return True


def _connect_by_network(arguments: Mapping[str, JsonValue]) -> bool:
    with socket.socket(socket.AF_INET) as one:
        one.settimeout(_SECONDS)
        one.connect((b"127.0.0.1", int(str(arguments["port"]))))
        return True


def _connect_by_file(arguments: Mapping[str, JsonValue]) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(_SECONDS)
        one.connect(str(arguments["unix"]))
        return True


def _use_io_uring(arguments: Mapping[str, JsonValue]) -> bool:
    del arguments
    os.close(syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(120)))
    return True


def _start_process(arguments: Mapping[str, JsonValue]) -> bool:
    del arguments
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    return True


def _core(arguments: Mapping[str, JsonValue]) -> int:
    return int(str(arguments["core"]))


ATTEMPTS: Mapping[str, Callable[[Mapping[str, JsonValue]], bool]] = {
    "find the core's settings in its own environment": _find_settings,
    "find connections or secrets of the core in its own memory": _find_connections,
    "find open files of the core": _find_descriptors,
    "read the core's environment": _read_environment,
    "read the core's memory": _read_memory,
    "trace the core": _trace,
    "take an open file or connection of the core": _take_descriptor,
    "send a signal to the core": _signal,
    "read a private file of the installation": _read_file,
    "change the mode of a file of the installation": _change_mode,
    "write a file outside its working folder": _write_outside,
    "connect to the database by the network": _connect_by_network,
    "connect to the database by its Unix socket": _connect_by_file,
    "get around the filter of system calls with io_uring": _use_io_uring,
    "start another process": _start_process,
}
"""The attempts by their descriptions."""
