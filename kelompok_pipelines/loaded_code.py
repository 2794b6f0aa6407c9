"""Detects that the code of a running process changed on disk: plugins are edited and installed."""

import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from time import time

import kelompok_core
import kelompok_pipelines
from kelompok_core.plugin_host.discovery import discover


class LoadedCode:
    """The code when this object was created: that of the project and of plugins, and the installed packages."""

    def __init__(self) -> None:
        self._loaded_at = time()
        ours = [Path(one.__file__).parent for one in (kelompok_core, kelompok_pipelines) if one.__file__]
        self._folders = [*ours, *(one.folder for one in discover() if one.folder is not None)]

    def is_outdated(self) -> bool:
        """Return whether a file changed since then, or a package was installed or removed."""
        packages = Path(sysconfig.get_path("purelib"))
        return any(_changed_at(path) > self._loaded_at for path in (packages, *self._files()))

    def _files(self) -> Iterator[Path]:
        for top in self._folders:
            for folder, inner, files in os.walk(top):
                inner[:] = [name for name in inner if name != "__pycache__"]
                yield from (Path(folder, name) for name in files)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # deleted since it was listed, such as an editor's temporary file
