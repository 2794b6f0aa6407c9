"""Passwords of the embedded server's roles: one file for services, a separate one for administration."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from kelompok_core.errors import DatabaseUnavailable
from kelompok_core.private_files import write_private
from kelompok_core.settings import Settings

_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True)
class Passwords:
    """Passwords of the roles that read and write rows; every service has them."""

    kelompok_runtime: str
    dagster: str


@dataclass(frozen=True, kw_only=True)
class AdminPasswords:
    """Passwords of the roles that create and change databases; no service reads them."""

    kelompok_admin: str
    kelompok_owner: str


def credentials_file(settings: Settings) -> Path:
    return settings.home / "credentials.json"


def admin_file(settings: Settings) -> Path:
    return settings.home / "admin-credentials.json"


def find_passwords(settings: Settings) -> Passwords | None:
    """Return the passwords for services; None if there are none yet.

    An older file with the passwords of all roles is split in two.
    """
    read = _read(credentials_file(settings))
    if read is None:
        return None
    if not read.keys() <= set(Passwords.__annotations__):
        read = _split(settings)
    return Passwords(**read)


def find_admin_passwords(settings: Settings) -> AdminPasswords | None:
    """Return the administration passwords; None if there are none yet."""
    find_passwords(settings)
    read = _read(admin_file(settings))
    return None if read is None else AdminPasswords(**read)


def get_passwords(settings: Settings) -> Passwords:
    """Return the passwords for services.

    Raises:
        DatabaseUnavailable: When their file is missing.
    """
    return _required(find_passwords(settings), credentials_file(settings))


def get_admin_passwords(settings: Settings) -> AdminPasswords:
    """Return the administration passwords.

    Raises:
        DatabaseUnavailable: When their file is missing.
    """
    return _required(find_admin_passwords(settings), admin_file(settings))


def _required(found: _Found | None, path: Path) -> _Found:
    if found is None:
        raise DatabaseUnavailable(
            f"{path} with the database's passwords is missing",
            hint="Restore that file from a backup, or move the data folder away to start over.",
        )
    return found


def make_passwords(settings: Settings) -> None:
    """Generate the missing passwords."""
    if find_admin_passwords(settings) is None:
        write_private(admin_file(settings), json.dumps(_random(AdminPasswords)))
    if find_passwords(settings) is None:
        write_private(credentials_file(settings), json.dumps(_random(Passwords)))


def remove_passwords(settings: Settings) -> None:
    for path in (credentials_file(settings), admin_file(settings)):
        path.unlink(missing_ok=True)


def _random(kind: type[Passwords | AdminPasswords]) -> dict[str, str]:
    return {role: secrets.token_urlsafe(24) for role in kind.__annotations__}


def _split(settings: Settings) -> dict[str, str]:
    """Write the administration passwords to their own file first, so that an interrupted split can be repeated."""
    path = credentials_file(settings)
    with FileLock(path.with_name("credentials.lock")):
        read = _read(path) or {}
        admin = {role: read.pop(role) for role in AdminPasswords.__annotations__ if role in read}
        if admin:
            write_private(admin_file(settings), json.dumps(admin))
            write_private(path, json.dumps(read))
    return read


def _read(path: Path) -> dict[str, str] | None:
    try:
        found: object = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(found, dict):
        raise DatabaseUnavailable(f"{path} does not contain passwords", hint="Restore that file from a backup.")
    return found
