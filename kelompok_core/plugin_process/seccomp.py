"""seccomp: the kernel refuses this process the system calls that a plugin never needs.

Refused are new sockets, new processes and programs, access to other processes, changes of users, mounts, and of the
modes and owners of files, and interfaces that would get around the filter (io_uring). Refused calls fail with EPERM,
so that Python raises PermissionError. Numbers: the kernel's syscall tables; the filter: «Seccomp BPF» in its docs.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kelompok_core.plugin_process.system_calls import MACHINE, PR_SET_NO_NEW_PRIVS, prctl

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000
"""Bit in the numbers of x86-64's second interface, which must not be a way around."""

_CLONE_THREAD = 0x00010000
_FORBIDDEN_OPTIONS = (1, 4)
"""Options of prctl that undo the walls: PR_SET_PDEATHSIG and PR_SET_DUMPABLE."""


@dataclass(frozen=True, kw_only=True)
class _Machine:
    """The system calls of an architecture.

    Attributes:
        audit: The kernel's constant for the architecture.
        refused: Numbers of calls that are refused.
        clone: Number of ``clone``, which may start threads only.
        clone3: Number of ``clone3``; refused as unknown, so that the C library uses ``clone``.
        prctl: Number of ``prctl``.
        prlimit: Number of ``prlimit64``; refused for other processes.
        to_own: Numbers of calls whose first argument must be this process: ``kill`` and ``tgkill``.
    """

    audit: int
    refused: tuple[int, ...]
    clone: int
    clone3: int
    prctl: int
    prlimit: int
    to_own: tuple[int, ...]


_SAME_NUMBERS = (
    424, 425, 426, 427,  # pidfd_send_signal, io_uring_setup, io_uring_enter, io_uring_register
    428, 429, 430, 431, 432, 433, 442,  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
    434, 438, 440, 448,  # pidfd_open, pidfd_getfd, process_madvise, process_mrelease
    447, 452, 463, 466,  # memfd_secret, fchmodat2, setxattrat, removexattrat
)  # fmt: skip
"""Calls since Linux 5.1, which have one number everywhere."""

_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        refused=(
            41, 42, 43, 49, 50, 288,  # socket, connect, accept, bind, listen, accept4
            57, 58, 59, 322, 109, 112,  # fork, vfork, execve, execveat, setpgid, setsid
            101, 310, 311, 312, 200, 129, 297,  # ptrace, process_vm_*, kcmp, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo
            298, 321, 323, 319, 248, 249, 250,  # perf_event_open, bpf, userfaultfd, memfd_create, the keyring's
            165, 166, 155, 161, 272, 308, 303, 304,  # mount, umount2, pivot_root, chroot, unshare, setns, *_by_handle
            90, 91, 268, 92, 93, 94, 260,  # chmod, fchmod, fchmodat, chown, fchown, lchown, fchownat
            132, 235, 261, 280,  # utime, utimes, futimesat, utimensat
            188, 189, 190, 197, 198, 199,  # setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
            105, 106, 113, 114, 117, 119, 116, 122, 123, 126,  # setuid and the like, capset
            160, 141, 144, 203, 251,  # setrlimit, setpriority, sched_setscheduler, affinity, ioprio_set
            246, 320, 175, 313, 176, 169, 167, 168, 163, 179,  # kexec, modules, reboot, swap, acct, quotactl
            172, 173, 164, 227, 159, 305, 170, 171, 103,  # ports, clocks, names, the kernel's log
            29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 240,  # shared memory, semaphores and queues of System V, mq_open
            *_SAME_NUMBERS,
        ),
        clone=56, clone3=435, prctl=157, prlimit=302, to_own=(62, 234),
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        refused=(
            198, 203, 202, 200, 201, 242,  # socket, connect, accept, bind, listen, accept4
            221, 281, 154, 157,  # execve, execveat, setpgid, setsid
            117, 270, 271, 272, 130, 138, 240,  # ptrace, process_vm_*, kcmp, tkill, rt_sigqueueinfo, rt_tgsigqueueinfo
            241, 280, 282, 279, 217, 218, 219,  # perf_event_open, bpf, userfaultfd, memfd_create, the keyring's
            40, 39, 41, 51, 97, 268, 264, 265,  # mount, umount2, pivot_root, chroot, unshare, setns, *_by_handle
            52, 53, 54, 55, 88,  # fchmod, fchmodat, fchownat, fchown, utimensat
            5, 6, 7, 14, 15, 16,  # setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
            146, 144, 145, 143, 147, 149, 151, 152, 159, 91,  # setuid and the like, capset
            164, 140, 119, 122, 30,  # setrlimit, setpriority, sched_setscheduler, affinity, ioprio_set
            104, 294, 105, 273, 106, 142, 224, 225, 89, 60,  # kexec, modules, reboot, swap, acct, quotactl
            170, 112, 171, 266, 161, 162, 116,  # clocks, names, the kernel's log
            194, 195, 196, 190, 191, 193, 186, 187, 188, 189, 180,  # System V's, mq_open
            *_SAME_NUMBERS,
        ),
        clone=220, clone3=435, prctl=167, prlimit=261, to_own=(129, 131),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def refuse_system_calls() -> None:
    """Put up the filter for this process; it cannot be taken down.

    Raises:
        OSError: When the kernel refuses, or the architecture's calls are not known here.
    """
    machine = _MACHINES.get(MACHINE)
    if machine is None:
        raise OSError(errno.ENOSYS, f"the system calls of {MACHINE} are not known")
    instructions = b"".join(_instructions(machine, os.getpid()))
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(length=len(instructions) // 8, instructions=ctypes.addressof(buffer))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program))


def _instructions(machine: _Machine, process: int) -> Iterator[bytes]:
    """Yield the filter's instructions: each block ends by returning, or goes on with the next."""
    yield _load(_ARCHITECTURE)
    yield from _unless_equal(machine.audit, _KILL)
    yield _load(_NUMBER)
    yield from _when(_AT_LEAST, _X32, _ERRNO | errno.EPERM)
    for number in machine.refused:
        yield from _when(_EQUAL, number, _ERRNO | errno.EPERM)
    yield from _when(_EQUAL, machine.clone3, _ERRNO | errno.ENOSYS)
    yield from _block(machine.clone, [*_unless_any_bit(_CLONE_THREAD, _ERRNO | errno.EPERM)])
    options = [part for one in _FORBIDDEN_OPTIONS for part in _when(_EQUAL, one, _ERRNO | errno.EPERM)]
    yield from _block(machine.prctl, options)
    yield from _block(machine.prlimit, [*_unless_equal(0, _ERRNO | errno.EPERM)])
    for number in machine.to_own:
        yield from _block(number, [*_unless_equal(process, _ERRNO | errno.EPERM)])
    yield _instruction(_RETURN, value=_ALLOW)


def _block(number: int, checks: Sequence[bytes]) -> Iterator[bytes]:
    """Yield checks of the first argument of one system call."""
    body = [_load(_ARGUMENTS), *checks, _instruction(_RETURN, value=_ALLOW)]
    yield _instruction(_EQUAL, value=number, otherwise=len(body))
    yield from body


def _when(test: int, value: int, result: int) -> Iterator[bytes]:
    yield _instruction(test, value=value, otherwise=1)
    yield _instruction(_RETURN, value=result)


def _unless_equal(value: int, result: int) -> Iterator[bytes]:
    yield _instruction(_EQUAL, value=value, then=1)
    yield _instruction(_RETURN, value=result)


def _unless_any_bit(bits: int, result: int) -> Iterator[bytes]:
    yield _instruction(_ANY_BIT, value=bits, then=1)
    yield _instruction(_RETURN, value=result)


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, value=offset)


def _instruction(code: int, *, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
