"""Memory limit of an import in a worker: exceeding it raises an error before the machine runs out of memory."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")
_FIELD = "VmData:"
_KILOBYTE, _MEGABYTE = 1 << 10, 1 << 20


def bound_memory(megabytes: int) -> None:
    """Limit the memory this process may allocate beyond its current use; exceeding it raises MemoryError.

    Linux only: other systems do not report a process's data size in ``/proc``, and no limit is set.
    """
    if not _STATUS.exists():
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _data_bytes() + megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _data_bytes() -> int:
    return int(_STATUS.read_text("utf-8").partition(_FIELD)[2].split()[0]) * _KILOBYTE
