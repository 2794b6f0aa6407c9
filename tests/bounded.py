"""Reading in a child process with limited memory and time, for tests of limits."""

import json
import resource
import subprocess
import sys
from pathlib import Path

_CHILD = """
import json, sys
from tests.bounded import read_here
print(json.dumps(read_here(json.load(sys.stdin))))
"""
_MEGABYTE = 1 << 20


def read_bounded(importer, path, *, megabytes, seconds, media_type="text/csv", **context):
    """Return what a reader reports about a file, and fail if it exceeds these limits.

    Args:
        importer: The class, as ``module:name``.
        path: Of the file.
        megabytes: What it may allocate beside what is there once all is imported.
        seconds: Of processor time.
        media_type: What the host takes the file for.
        context: Of the plugin, as far as it is JSON.
    """
    asked = {
        "importer": importer, "path": str(path), "megabytes": megabytes, "seconds": seconds, "media_type": media_type,
        "context": context,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], input=json.dumps(asked), capture_output=True, text=True, check=False,
        timeout=10 * seconds + 60, cwd=Path(__file__).parents[1],
    )  # fmt: skip
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2_000:]}"
    return json.loads(done.stdout)


def read_here(asked):
    """Read in this process, with limited memory; return rows, columns and the error."""
    from importlib import import_module

    from kelompok_core.contracts import PluginContext, PluginError, UnreadableSource, text_table
    from tests.reading import source_of

    module, _, name = asked["importer"].partition(":")
    importer = getattr(import_module(module), name)()
    source = source_of(Path(asked["path"]), media_type=asked["media_type"])
    text_table({"warm": ["up"]})
    bound(asked["megabytes"], asked["seconds"])
    told = {"rows": 0, "columns": 0, "batches": 0, "error": None, "code": None, "params": {}}
    try:
        for batch in importer.read(source, PluginContext(**asked["context"])):
            told["rows"] += len(batch.cells)
            told["columns"] = len(batch.cells.columns)
            told["batches"] += 1
    except PluginError as error:
        told["error"] = f"{type(error).__name__}: {error}"
        if isinstance(error, UnreadableSource):
            told |= {"code": error.issue.code, "params": error.issue.params}
    return told


def bound(megabytes, seconds):
    """Limit the memory and CPU time that this process may add to its current use."""
    now = int(Path("/proc/self/status").read_text().partition("VmData:")[2].split()[0]) * 1024
    most = now + megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, used + seconds))
