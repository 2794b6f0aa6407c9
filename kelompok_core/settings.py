"""Settings of an installation, read once at startup from the environment. Writes nothing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.errors import SettingsError

HOME_NAME, CONFIG_NAME = ".kelompok", "kelompok.toml"
_NAMING = ("KELOMPOK_HOME", "KELOMPOK_CONFIG", "KELOMPOK_DATABASE_URL")
"""Each of these variables declares an installation, even if nothing is on disk yet."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Locations of this installation's files and databases.

    Attributes:
        home: Folder with the installation's state: embedded database, received files, Dagster's artifacts.
        config_file: ``kelompok.toml``; need not exist.
        database_url: The runtime role's URL, or None for the embedded server.
        owner_database_url: The owner role's URL, used for migrations; None means ``database_url``.
        dagster_database_url: Dagster's own storage; None means the embedded server's.
        postgres_bin: A folder with ``initdb`` and ``pg_ctl`` to use for the embedded server.
        files_url: Storage of received files, any fsspec URL; None means ``home/files``.
        tmp: Folder for temporary working folders; None means ``home/tmp``.
        is_there: Whether there is an installation: named by the environment, or found in a folder.
        is_above: Whether it was found in a parent of the current folder.
    """

    home: Path
    config_file: Path
    database_url: str | None = None
    owner_database_url: str | None = None
    dagster_database_url: str | None = None
    postgres_bin: Path | None = None
    files_url: str | None = None
    tmp: Path | None = None
    is_there: bool = True
    is_above: bool = False

    @property
    def storage_url(self) -> str:
        return self.files_url or str(self.home / "files")

    @property
    def inbox_folder(self) -> Path:
        """The folder of the watched folders: ``<plugin>/<job>`` in it."""
        return self.home / "inbox"

    @property
    def tmp_folder(self) -> Path:
        return self.tmp or self.home / "tmp"


def read_settings(
    environ: Mapping[str, str] = os.environ, *, folder: Path | None = None, above: bool = True
) -> Settings:
    """Read the settings of this installation.

    ``KELOMPOK_HOME`` and ``KELOMPOK_CONFIG`` name it, relative to ``folder``, by default the current one. Otherwise, it
    is in ``folder`` or, with ``above``, the nearest parent that has a ``.kelompok`` or a ``kelompok.toml``.
    """
    here = folder or Path.cwd()
    is_named = any(environ.get(name) for name in _NAMING)
    found = None if is_named or not above else _find_above(here)
    home, config_file = _places(environ, found or here)
    postgres_bin, tmp = environ.get("KELOMPOK_POSTGRES_BIN"), environ.get("KELOMPOK_TMP")
    return Settings(
        home=home,
        config_file=config_file,
        database_url=environ.get("KELOMPOK_DATABASE_URL") or None,
        owner_database_url=environ.get("KELOMPOK_OWNER_DATABASE_URL") or None,
        dagster_database_url=environ.get("KELOMPOK_DAGSTER_DATABASE_URL") or None,
        postgres_bin=Path(postgres_bin) if postgres_bin else None,
        files_url=environ.get("KELOMPOK_FILES_URL") or None,
        tmp=Path(tmp) if tmp else None,
        is_there=is_named or found is not None,
        is_above=found is not None and found != here,
    )


def require_installation(settings: Settings) -> None:
    """Check that there is an installation, because commands must not create one implicitly.

    Raises:
        SettingsError: When neither the environment names one nor a folder has one.
    """
    if not settings.is_there:
        folder = settings.config_file.parent
        raise SettingsError(
            str(folder),
            f"there is no {HOME_NAME} and no {CONFIG_NAME}, here or in a parent folder",
            hint="Go to the folder of your installation, set KELOMPOK_HOME, or create one here: kelompok init",
        )


def _places(environ: Mapping[str, str], base: Path) -> tuple[Path, Path]:
    """Return the home and the settings file, which is next to the home, or in ``base``."""
    home = base / (environ.get("KELOMPOK_HOME") or HOME_NAME)
    if named := environ.get("KELOMPOK_CONFIG"):
        return home, base / named
    beside, here = home.parent / CONFIG_NAME, base / CONFIG_NAME
    return home, here if here.exists() and not beside.exists() else beside


def _find_above(folder: Path) -> Path | None:
    """Return the folder, or its nearest parent, that has an installation of this user."""
    for one in (folder, *folder.absolute().parents):
        there = next((one / name for name in (HOME_NAME, CONFIG_NAME) if (one / name).exists()), None)
        if there is not None and (one == folder or _is_ours(there)):
            return one
    return None


def _is_ours(path: Path) -> bool:
    """Return whether this user owns it: in a parent folder such as /tmp, any user may create one."""
    if not hasattr(os, "geteuid"):
        return True
    mine = {os.geteuid(), int(os.environ.get("SUDO_UID") or os.geteuid())}
    return path.stat().st_uid in mine
