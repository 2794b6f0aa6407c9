"""This installation's Dagster instance: its home, and the environment variables of its processes."""

import os
from collections.abc import Mapping
from pathlib import Path

import kelompok_pipelines
from kelompok_core.database.engine import Addresses, find_addresses
from kelompok_core.errors import SettingsError
from kelompok_core.private_files import make_private_folder
from kelompok_core.settings import Settings

_PROJECT = Path(kelompok_pipelines.__file__).parent.parent


def find_dagster_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder with dagster.yaml: ``DAGSTER_HOME``, the current folder, or the project's.

    Raises:
        SettingsError: When none of them has one.
    """
    folders = [Path(environ["DAGSTER_HOME"])] if environ.get("DAGSTER_HOME") else [Path.cwd(), _PROJECT]
    for folder in folders:
        if (folder / "dagster.yaml").is_file():
            return folder.resolve()
    raise SettingsError("DAGSTER_HOME", f"no dagster.yaml in {' or '.join(map(str, folders))}")


def dagster_environment(settings: Settings, addresses: Addresses | None = None) -> dict[str, str]:
    """Return the environment variables that Dagster's processes need; without ``addresses``, starts the database.

    Raises:
        SettingsError: When an external database is configured, but none for Dagster.
    """
    url = (addresses or find_addresses(settings)).dagster
    if url is None:
        raise SettingsError(
            "KELOMPOK_DAGSTER_DATABASE_URL",
            "is not set",
            hint="Give Dagster a database and role of its own, separate from KELOMPOK_DATABASE_URL.",
        )
    artifacts = settings.home.resolve() / "dagster"
    make_private_folder(artifacts)
    return {
        "DAGSTER_HOME": str(find_dagster_home()),
        # Dagster's storage requires psycopg2; without the driver name, SQLAlchemy would use psycopg 3.
        "KELOMPOK_DAGSTER_STORAGE_URL": url.replace("postgresql://", "postgresql+psycopg2://", 1),
        "KELOMPOK_DAGSTER_FOLDER": str(artifacts),
        "KELOMPOK_HOME": str(settings.home.resolve()),
        "KELOMPOK_CONFIG": str(settings.config_file.resolve()),
    }
