"""Landlock: the kernel lets this process, and all that it starts, use the listed files only.

The interface is described in the kernel's documentation, «Landlock: unprivileged access control».
"""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from kelompok_core.plugin_process.system_calls import PR_SET_NO_NEW_PRIVS, prctl, syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The numbers are the same on every architecture."""

_VERSION = 1 << 0
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_OF_ABI = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""The rights over files that each version of the interface added."""

_TRUNCATE = 1 << 14
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
_NETWORK_ABI, _BIND_AND_CONNECT = 4, 0b11
_SCOPE_ABI, _SOCKETS_AND_SIGNALS = 6, 0b11
"""Abstract Unix sockets and signals to processes outside."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def landlock_version() -> int:
    """Return the version of the kernel's Landlock interface.

    Raises:
        OSError: When the kernel has none.
    """
    return syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))


def restrict_files(*, readable: Iterable[str | os.PathLike[str]], writable: Iterable[str | os.PathLike[str]]) -> int:
    """Restrict this process to files and folders; return the version of the interface. Open files stay open.

    Args:
        readable: May be read, with everything below. Missing ones are skipped.
        writable: May be read, changed, and filled with files and folders, but not executed.

    Raises:
        OSError: When the kernel has no Landlock or refuses.
    """
    version = landlock_version()
    files = sum(rights for since, rights in _OF_ABI.items() if since <= version)
    ruleset = _Ruleset(
        files=files,
        network=_BIND_AND_CONNECT if version >= _NETWORK_ABI else 0,
        scoped=_SOCKETS_AND_SIGNALS if version >= _SCOPE_ABI else 0,
    )
    descriptor = syscall(
        _CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(ctypes.sizeof(ruleset)), ctypes.c_uint32(0)
    )
    try:
        for path in readable:
            _allow(descriptor, path, (_READ_FILE | _READ_DIR) & files)
        for path in writable:
            _allow(descriptor, path, files & ~_EXECUTE)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        syscall(_RESTRICT_SELF, ctypes.c_int(descriptor), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)
    return version


def _allow(ruleset: int, path: str | os.PathLike[str], rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no rule, and what may not be opened gets none
    try:
        allowed = rights if Path(path).is_dir() else rights & _OF_A_FILE
        rule = _PathBeneath(allowed=allowed, parent=parent)
        syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(parent)
