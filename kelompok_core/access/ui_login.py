"""Logins of the Dagster UI: names and password hashes in a private file of the home."""

import hashlib
import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path

from kelompok_core.errors import SettingsError, UsageError
from kelompok_core.private_files import write_private
from kelompok_core.settings import Settings, require_installation

SHORTEST, LONGEST = 12, 256
"""Limits of a password's length in characters. Longer passwords would only take longer to hash."""

_LONGEST_NAME = 64
_COST, _BLOCK, _PARALLEL = 15, 8, 3
"""N = 2**15, r = 8, p = 3: OWASP's recommendation for scrypt; 32 MiB per attempt."""

_MEMORY = 64 << 20


def accounts_file(settings: Settings) -> Path:
    return settings.home / "ui-users.json"


def read_accounts(settings: Settings) -> dict[str, str]:
    """Return password hashes by name; empty if no login is required.

    Raises:
        SettingsError: When the file cannot be read.
    """
    path = accounts_file(settings)
    try:
        read = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(str(path), f"cannot be read: {error}", hint="Set the passwords again.") from error
    if not isinstance(read, dict) or not all(isinstance(one, str) for one in read.values()):
        raise SettingsError(str(path), "does not contain names and password hashes", hint="Set the passwords again.")
    return read


def set_password(settings: Settings, name: str, password: str) -> None:
    """Allow logins with this name and password.

    Raises:
        UsageError: When a browser cannot send the name, or the password is too short or too long.
        SettingsError: When there is no installation.
    """
    require_installation(settings)
    if not name or len(name) > _LONGEST_NAME or ":" in name or not name.isprintable():
        raise UsageError(f"{name!r} is not a valid name", hint="Use at most 64 characters and no colon.")
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password must have {SHORTEST} to {LONGEST} characters")
    _write(settings, read_accounts(settings) | {name: hash_password(password)})


def remove_password(settings: Settings, name: str) -> bool:
    """Remove a name; return whether it existed."""
    accounts = read_accounts(settings)
    if accounts.pop(name, None) is None:
        return False
    _write(settings, accounts)
    return True


def _write(settings: Settings, accounts: Mapping[str, str]) -> None:
    path = accounts_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps(dict(accounts)))


def hash_password(password: str) -> str:
    """Return the hash, with its salt and cost parameters."""
    salt = secrets.token_bytes(16)
    hashed = _scrypt(password, salt, (_COST, _BLOCK, _PARALLEL))
    return "$".join(("scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), _text(salt), _text(hashed)))


def is_password(known: str | None, password: str) -> bool:
    """Return whether the password matches the hash. For an unknown name (None), the check takes as long."""
    _, cost, block, parallel, salt, stored = (known or _PLACEHOLDER).split("$")
    hashed = _scrypt(password[:LONGEST], b64decode(salt), (int(cost), int(block), int(parallel)))
    return hmac.compare_digest(hashed, b64decode(stored)) and known is not None


def _scrypt(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    n, r, p = cost
    return hashlib.scrypt(password.encode("utf-8", "replace"), salt=salt, n=1 << n, r=r, p=p, maxmem=_MEMORY, dklen=32)


def _text(value: bytes) -> str:
    return b64encode(value).decode("ascii")


_PLACEHOLDER = "$".join(("scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), _text(bytes(16)), _text(bytes(32))))
