"""How much memory one import may take of its worker: who asks for more is told so, and the machine stays as it is."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")
_FIELD = "VmData:"
_KILOBYTE, _MEGABYTE = 1 << 10, 1 << 20


def bound_memory(megabytes: int) -> None:
    """Let this process take so much beside what it has now; what asks for more raises MemoryError.

    Where the system does not say what a process has (it is not Linux) nothing is bounded.
    """
    if not _STATUS.exists():
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _data_bytes() + megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _data_bytes() -> int:
    return int(_STATUS.read_text("utf-8").partition(_FIELD)[2].split()[0]) * _KILOBYTE
