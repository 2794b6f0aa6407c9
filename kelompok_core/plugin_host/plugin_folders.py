"""Working folders for plugins' processes: private, and reachable for the user that the process becomes."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kelompok_core.errors import StorageUnavailable
from kelompok_core.plugin_host.isolation import OwnUser
from kelompok_core.settings import Settings
from kelompok_core.working_folders import new_folder, sweep_folder, system_folder, working_folder


@contextmanager
def plugin_folder(settings: Settings, user: OwnUser | None) -> Iterator[Path]:
    """Provide a new private folder for a plugin's process; removed when the block ends.

    With a user of its own, the process usually cannot reach the installation's folder, which is private. Its folder
    then is in the system's temporary folder. The folder belongs to that user.

    Raises:
        StorageUnavailable: When somebody else made the folder in which it would be.
    """
    if user is None or user.reads_all:
        with working_folder(settings) as folder:
            if user is not None:
                os.chown(folder, user.number, user.number)
            yield folder
        return
    shared = _shared_folder()
    sweep_folder(shared)
    with new_folder(shared) as folder:
        os.chown(folder, user.number, user.number)
        yield folder


def _shared_folder() -> Path:
    """Return the folder of all working folders: everybody may enter it, and only this user may change it."""
    folder = system_folder() / f"kelompok-plugins-{os.geteuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StorageUnavailable(f"{folder} was made by somebody else", hint="Remove it.")
    folder.chmod(0o711)
    return folder
