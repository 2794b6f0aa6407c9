"""HTTP Basic login to the web interface: limits concurrent password checks and caches successful ones."""

import asyncio
import binascii
import hashlib
import hmac
import secrets
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor

from kelompok_core.access.ui_login import accounts_file, is_password, read_accounts
from kelompok_core.errors import SettingsError
from kelompok_core.settings import Settings

_AT_A_TIME = 2
"""Password checks at the same time; each takes some tenths of a second of CPU time and 32 MiB."""

_MOST_WAITING = 8
_LONGEST_HEADER = 2048
_MOST_REMEMBERED = 1000


class Busy(Exception):
    """Too many password checks are waiting."""


class Login:
    """Checks logins. Changed or removed passwords take effect at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._accounts = read_accounts(settings)
        self._changed_at = self._file_state()
        self._is_needed = bool(self._accounts)
        self._key = secrets.token_bytes(32)
        self._admitted: set[bytes] = set()
        self._waiting = 0
        self._pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="login")

    async def admits(self, authorization: str | None) -> bool:
        """Whether a request with this header may pass; any request may when no passwords are set.

        Raises:
            Busy: When too many password checks are waiting.
        """
        self._reload_if_changed()
        if not self._is_needed:
            return True
        if authorization is None or len(authorization) > _LONGEST_HEADER:
            return False
        # Cache only a keyed hash of the password; the key lasts as long as this process.
        seal = hmac.digest(self._key, authorization.encode("latin-1", "replace"), hashlib.sha256)
        if seal in self._admitted:
            return True
        return await self._check(authorization, seal)

    async def _check(self, authorization: str, seal: bytes) -> bool:
        sent = _decode_basic(authorization)
        if sent is None:
            return False
        if self._waiting >= _AT_A_TIME + _MOST_WAITING:
            raise Busy
        name, password = sent
        accounts = self._accounts
        self._waiting += 1
        try:
            known = accounts.get(name)
            is_right = await asyncio.get_running_loop().run_in_executor(self._pool, is_password, known, password)
        finally:
            self._waiting -= 1
        if is_right and accounts is self._accounts and len(self._admitted) < _MOST_REMEMBERED:
            self._admitted.add(seal)
        return is_right

    def _reload_if_changed(self) -> None:
        if (changed_at := self._file_state()) == self._changed_at:
            return
        self._changed_at = changed_at
        self._admitted.clear()
        try:
            self._accounts = read_accounts(self._settings)
        except SettingsError:
            self._accounts = {}  # nobody may log in until the file is readable
        # Deleting the file does not disable the login; only a restart without passwords does.
        self._is_needed = self._is_needed or bool(self._accounts) or changed_at is not None

    def _file_state(self) -> tuple[int, int] | None:
        try:
            status = accounts_file(self._settings).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino


def _decode_basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(sent.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon else None
