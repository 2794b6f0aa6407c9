"""Settings: read once, by whoever starts, from the environment; nothing here touches a disk but to look."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where this installation keeps its things.

    Attributes:
        home: State of this installation: embedded database, received files, Dagster's artifacts.
        config_file: ``kelompok.toml``; need not exist.
        database_url: The runtime role's URL, or None for the embedded server.
        owner_database_url: The owner role's URL, used for migrations; None means ``database_url``.
        dagster_database_url: Dagster's own storage; None means the embedded server's.
        postgres_bin: A folder with ``initdb`` and ``pg_ctl`` to use for the embedded server.
        files_url: Where received files are kept, any fsspec URL; None means ``home/files``.
    """

    home: Path
    config_file: Path
    database_url: str | None = None
    owner_database_url: str | None = None
    dagster_database_url: str | None = None
    postgres_bin: Path | None = None
    files_url: str | None = None

    @property
    def storage_url(self) -> str:
        return self.files_url or str(self.home / "files")


def read_settings(environ: Mapping[str, str] = os.environ, *, folder: Path | None = None) -> Settings:
    """Read the settings of this installation.

    ``KELOMPOK_HOME`` (default ``.kelompok``) and ``KELOMPOK_CONFIG`` (default ``kelompok.toml``) are taken
    relative to ``folder``, the current one by default.
    """
    base = folder or Path.cwd()
    postgres_bin = environ.get("KELOMPOK_POSTGRES_BIN")
    return Settings(
        home=base / environ.get("KELOMPOK_HOME", ".kelompok"),
        config_file=base / environ.get("KELOMPOK_CONFIG", "kelompok.toml"),
        database_url=environ.get("KELOMPOK_DATABASE_URL") or None,
        owner_database_url=environ.get("KELOMPOK_OWNER_DATABASE_URL") or None,
        dagster_database_url=environ.get("KELOMPOK_DAGSTER_DATABASE_URL") or None,
        postgres_bin=Path(postgres_bin) if postgres_bin else None,
        files_url=environ.get("KELOMPOK_FILES_URL") or None,
    )
