"""What a plugin's process gives up before it loads the plugin: rights, files, system calls, memory, time."""

import ctypes
import os
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.plugin_process.frames import Values
from kelompok_core.plugin_process.landlock import restrict_files
from kelompok_core.plugin_process.seccomp import refuse_system_calls
from kelompok_core.plugin_process.system_calls import (
    IS_LINUX,
    PR_CAPBSET_DROP,
    PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    hide_memory,
    prctl,
    syscall,
)

FILES, CALLS, USER = "files", "system_calls", "user"
"""Names of the walls that a machine may not offer."""

_MEGABYTE = 1 << 20
_ARENAS = 1 << 30
"""Address space for what allocators reserve and never use."""

_MOST_DESCRIPTORS = 256
_MOST_CAPABILITY = 63
_DAC_READ_SEARCH = 1 << 2
_CAPSET_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}


@dataclass(frozen=True, kw_only=True)
class Walls:
    """How a plugin's process is walled off.

    Attributes:
        readable: Files and folders that it may read: Python, its libraries, the plugin, the source.
        writable: Its working folder.
        user: Number of the user that it becomes, or None to keep the current one.
        reads_all: Whether that user may read what only root may. For a Python that lies in root's home; only together
            with the sandbox, which restricts what it can read.
        why_no_user: Why there is no user, if there is none.
        sandbox: Whether to ask the kernel for the walls around files and system calls.
        memory_megabytes: Memory that it may use in addition to what it has at the start.
        seconds: CPU time.
        file_megabytes: Size of a file that it writes.
        processes: Threads that its own user may have.
    """

    readable: Sequence[str]
    writable: Sequence[str]
    user: int | None
    reads_all: bool
    why_no_user: str
    sandbox: bool
    memory_megabytes: int
    seconds: int
    file_megabytes: int
    processes: int

    def to_json(self) -> dict[str, object]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: Values) -> "Walls":
        return cls(**values)


def put_up(walls: Walls, parent: int) -> dict[str, str | None]:
    """Put up the walls around this process; return for each wall None if it stands, or why it does not.

    Limits and hidden memory always hold. The process dies with ``parent``, its parent process.
    """
    _bound(walls)
    standing = {USER: _attempt(lambda: _become(walls))}
    _give_up_capabilities(_DAC_READ_SEARCH if walls.reads_all else 0)
    if IS_LINUX:
        hide_memory()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # after the user changed, which clears it
    if os.getppid() != parent:
        os._exit(1)
    if not walls.sandbox:
        return standing | dict.fromkeys((FILES, CALLS), "not asked for")
    standing[FILES] = _attempt(lambda: restrict_files(readable=walls.readable, writable=walls.writable))
    standing[CALLS] = _attempt(refuse_system_calls)
    return standing


def _attempt(wall: Callable[[], object]) -> str | None:
    try:
        wall()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _bound(walls: Walls) -> None:
    """Set the limits of this process."""
    used, data = _memory_bytes()
    most = walls.memory_megabytes * _MEGABYTE
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: walls.seconds,
        resource.RLIMIT_FSIZE: walls.file_megabytes * _MEGABYTE,
        resource.RLIMIT_NOFILE: _MOST_DESCRIPTORS,
    }
    if used:
        limits |= {resource.RLIMIT_DATA: data + most, resource.RLIMIT_AS: used + most + _ARENAS}
    if walls.user is not None:
        limits[resource.RLIMIT_NPROC] = walls.processes
    for limit, value in limits.items():
        _, hard = resource.getrlimit(limit)
        lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (lowered, lowered))


def _memory_bytes() -> tuple[int, int]:
    """Return the sizes of this process's address space and data; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0, 0
    lines = dict(line.partition(":")[::2] for line in status.read_text("utf-8").splitlines())
    used, data = (int(lines[name].split()[0]) * 1024 for name in ("VmSize", "VmData"))
    return used, data


def _become(walls: Walls) -> None:
    user = walls.user
    if user is None:
        raise OSError(0, walls.why_no_user)
    if walls.reads_all:
        prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _give_up_capabilities(kept: int) -> None:
    """Drop the rights of root except for ``kept``, a set of bits."""
    if not IS_LINUX:
        return
    for capability in range(_MOST_CAPABILITY + 1):
        with suppress(OSError):  # not root, or no such capability
            prctl(PR_CAPBSET_DROP, capability)
    header = (ctypes.c_uint32 * 2)(_CAPSET_VERSION_3, 0)
    left = (ctypes.c_uint32 * 6)(kept, kept)  # effective, permitted
    number = _CAPSET.get(os.uname().machine)
    if number is not None:
        syscall(number, header, left)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
