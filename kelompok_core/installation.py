"""Making an installation: the folder of its state, which only its user reads, and settings to begin with."""

import os
from collections.abc import Iterator
from pathlib import Path

from kelompok_core.private_files import FOLDER, make_private_folder, tighten
from kelompok_core.settings import Settings

_SETTINGS = """\
# Settings of this installation. All there are: docs/operating.md and examples/kelompok.toml of the project.

[imports]
# date_order = "dmy"            # 03/04/2024 is the third of April; else a day above 12 has to prove it
# timezone = "Asia/Jakarta"     # of times without a zone
# phone_country = "ID"          # of phone numbers without a country's code
"""

_TRAVERSED = 0o711
"""Mode of a home that others go through and cannot look into."""
_WRITABLE_BY_OTHERS = 0o022
_HELD = ("files", "logs", "dagster", "tmp")


def make_way(folder: Path) -> None:
    """Make a folder and those above it, to be gone through by the user who runs the database where this is root."""
    for one in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        make_private_folder(one)
        if os.geteuid() == 0:
            one.chmod(_TRAVERSED)


def secure_home(settings: Settings) -> None:
    """Take from others what they may do in the home; what an older version left open is closed.

    Others go through it where PostgreSQL runs as another user, which is where this is root, and where the operator let
    them write into an inbox. The database's own folder is PostgreSQL's.
    """
    home = settings.home
    if not home.is_dir() or home.stat().st_uid != os.geteuid():
        return
    is_open = any(_opened_inboxes(home / "inbox"))
    for name in _HELD if is_open else (*_HELD, "inbox"):
        tighten(home / name)
    mode = _TRAVERSED if is_open or os.geteuid() == 0 else FOLDER
    if home.stat().st_mode & 0o777 != mode:
        home.chmod(mode)


def _opened_inboxes(inbox: Path) -> Iterator[Path]:
    """Yield folders that the operator lets others put files into: plugins', jobs' and organizations'."""
    for folder in (inbox, *inbox.glob("*"), *inbox.glob("*/*"), *inbox.glob("*/*/*")):
        if folder.is_dir() and folder.stat().st_mode & _WRITABLE_BY_OTHERS:
            yield folder


def make_installation(settings: Settings) -> bool:
    """Make the home and the settings file where they are missing; return whether anything was."""
    is_new = make_home(settings)
    if settings.config_file.exists():
        return is_new
    settings.config_file.parent.mkdir(parents=True, exist_ok=True)
    settings.config_file.write_text(_SETTINGS, "utf-8")
    return True


def make_home(settings: Settings) -> bool:
    """Make the home where it is missing, for its user alone; return whether it was missing.

    It holds passwords and received files: version control is told to leave it alone.
    """
    is_new = not settings.home.is_dir()
    make_way(settings.home)
    secure_home(settings)
    ignored = settings.home / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", "utf-8")
    return is_new


def is_untouched(settings: Settings) -> bool:
    """Return whether the settings file is as it was made: nobody has set anything yet."""
    return settings.config_file.exists() and settings.config_file.read_text("utf-8") == _SETTINGS
