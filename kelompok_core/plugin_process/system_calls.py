"""Linux system calls through ctypes, for which Python has no functions: prctl, Landlock and seccomp.

A binding is no alternative here. The last release of pyseccomp is of 2021 and needs a library of the system; the
bindings of Landlock are young. The calls below are part of the kernel's stable interface, and few.
"""

import ctypes
import errno
import os
import platform
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

IS_LINUX = sys.platform == "linux"
MACHINE = platform.machine()

_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def prctl(option: int, *arguments: int) -> None:
    """Change a property of this process.

    Raises:
        OSError: When the kernel refuses, or the system is not Linux.
    """
    given = [ctypes.c_ulong(one) for one in (*arguments, 0, 0, 0, 0)[:4]]
    _checked("prctl", _require_libc().prctl(ctypes.c_int(option), *given))


def hide_memory() -> None:
    """Keep other processes of this user from reading this one's memory, environment and open files.

    Also keeps debuggers away. Does nothing where the system has no such switch.
    """
    if IS_LINUX:
        prctl(PR_SET_DUMPABLE, 0)


def syscall(number: int, *arguments: object) -> int:
    """Make a system call and return its result.

    Raises:
        OSError: When the kernel refuses, or the system is not Linux.
    """
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]  # else only 32 bits are passed
    return _checked(f"system call {number}", _require_libc().syscall(ctypes.c_long(number), *given))


def _require_libc() -> ctypes.CDLL:
    if _libc is None:
        raise OSError(errno.ENOSYS, "not Linux")
    return _libc


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
