"""Creates an installation: a home that only its user can read, and initial settings."""

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
"""Mode of a home that others may traverse but not list."""
_WRITABLE_BY_OTHERS = 0o022
_PRIVATE_FOLDERS = ("files", "logs", "dagster", "tmp")


def make_way(folder: Path) -> None:
    """Create a folder and missing parents; as root, let the database user traverse them."""
    for one in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        make_private_folder(one)
        if os.geteuid() == 0:
            one.chmod(_TRAVERSED)


def secure_home(settings: Settings) -> None:
    """Remove others' access to the home, including access that older versions left open.

    Others may still traverse it if this is root, because PostgreSQL then runs as another user, and if the operator
    made an inbox writable for them. PostgreSQL manages the database folder itself.
    """
    home = settings.home
    if not home.is_dir() or home.stat().st_uid != os.geteuid():
        return
    is_open = any(_opened_inboxes(settings.inbox_folder))
    held = [home / name for name in _PRIVATE_FOLDERS]
    for folder in held if is_open else (*held, settings.inbox_folder):
        tighten(folder)
    mode = _TRAVERSED if is_open or os.geteuid() == 0 else FOLDER
    if home.stat().st_mode & 0o777 != mode:
        home.chmod(mode)


def _opened_inboxes(inbox: Path) -> Iterator[Path]:
    """Yield inbox folders that the operator made writable for others: of plugins, jobs and organizations."""
    for folder in (inbox, *inbox.glob("*"), *inbox.glob("*/*"), *inbox.glob("*/*/*")):
        if folder.is_dir() and folder.stat().st_mode & _WRITABLE_BY_OTHERS:
            yield folder


def make_installation(settings: Settings) -> bool:
    """Create the home and the settings file if missing; return whether anything was missing."""
    is_new = make_home(settings)
    if settings.config_file.exists():
        return is_new
    settings.config_file.parent.mkdir(parents=True, exist_ok=True)
    settings.config_file.write_text(_SETTINGS, "utf-8")
    return True


def make_home(settings: Settings) -> bool:
    """Create the home for its user alone if missing; return whether it was missing.

    It contains passwords and received files, so a .gitignore keeps it out of version control.
    """
    is_new = not settings.home.is_dir()
    make_way(settings.home)
    secure_home(settings)
    ignored = settings.home / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n", "utf-8")
    return is_new


def is_untouched(settings: Settings) -> bool:
    """Return whether the settings file is unchanged since its creation."""
    return settings.config_file.exists() and settings.config_file.read_text("utf-8") == _SETTINGS
