"""How strongly plugins are walled off here: the levels, what this machine offers, and what the operator requires."""

import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

import kelompok_core
from kelompok_core.errors import PluginUnavailable, SettingsError
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.plugin_host.limits import Limits
from kelompok_core.plugin_process.landlock import landlock_version
from kelompok_core.plugin_process.walls import CALLS, FILES, USER, Walls
from kelompok_core.settings import Settings

_FIRST_USER, _USERS = 61_184, 4_336
"""A range of user numbers that Linux distributions leave to services without an account (systemd's dynamic users)."""

_SYSTEM_FILES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/etc/ld.so.cache",
    "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random",
)  # fmt: skip
"""Shared libraries, time zones and devices that every Python process may need."""

_REQUIRE = "require"


class Level(StrEnum):
    """The levels, from the weakest. Each also has what ``PROCESS`` has.

    ``PROCESS``: a process of its own, with a clean environment, an own working folder, limits and deadlines. ``USER``:
    also a user of its own. ``SANDBOX``: the kernel also walls off files and system calls. ``FULL``: all of that.
    """

    PROCESS = "process"
    USER = "user"
    SANDBOX = "sandbox"
    FULL = "full"


class _Isolation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    require: Level = Level.PROCESS


def read_required_level(settings: Settings) -> Level:
    """Return the level below which no plugin may run: ``isolation`` in kelompok.toml.

    ``isolation = "require"`` means the level ``sandbox``.

    Raises:
        SettingsError: When it is something else.
    """
    given = read_document(settings).get("isolation", {})
    if given == _REQUIRE:
        return Level.SANDBOX
    if isinstance(given, str):
        raise SettingsError(
            "isolation", f"{given!r} is not known", hint=f'Write isolation = "{_REQUIRE}", or [isolation].'
        )
    return read_table("isolation", _Isolation, given).require


def level_of(standing: Mapping[str, str | None]) -> Level:
    """Return the level of a process by its walls: None for each that stands, or why it does not."""
    has_sandbox = standing[FILES] is None and standing[CALLS] is None
    if standing[USER] is None:
        return Level.FULL if has_sandbox else Level.USER
    return Level.SANDBOX if has_sandbox else Level.PROCESS


def require_level(required: Level, standing: Mapping[str, str | None], plugin: str) -> None:
    """Require that a process has at least this level.

    Raises:
        PluginUnavailable: Naming the missing walls and their reasons.
    """
    order = list(Level)
    if order.index(level_of(standing)) >= order.index(required):
        return
    missing = "; ".join(f"{_WALL_NAMES[wall]}: {why}" for wall, why in standing.items() if why is not None)
    raise PluginUnavailable(
        plugin,
        f"kelompok.toml requires the isolation level «{required}», and this machine offers «{level_of(standing)}» "
        f"({missing})",
        hint="Run `kelompok doctor` to see what is missing.",
    )


_WALL_NAMES = {FILES: "files", CALLS: "system calls", USER: "own user"}


@dataclass(frozen=True, kw_only=True)
class OwnUser:
    """The user that a plugin's process becomes.

    Attributes:
        number: Its number. It has no account.
        reads_all: Whether it may read what only root may, within what the sandbox lets it read.
    """

    number: int
    reads_all: bool


def find_user(folders: Sequence[Path] = (), *, sandbox: bool = True) -> OwnUser | None:
    """Return the user for the next process of a plugin that lies in these folders, or None if there can be none.

    Processes that run at the same time get different users, so that they cannot reach each other.
    """
    if why_not_own_user(folders, sandbox=sandbox) is not None:
        return None
    return OwnUser(number=_FIRST_USER + next(_numbers) % _USERS, reads_all=_find_closed(folders) is not None)


def why_not_own_user(folders: Sequence[Path] = (), *, sandbox: bool = True) -> str | None:
    """Return why plugins cannot have a user of their own, or None if they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root may switch users"
    if (closed := _find_closed(folders)) is not None and not (sandbox and _has_landlock()):
        return f"other users cannot read the code in {closed}"
    return None


def _find_closed(folders: Sequence[Path]) -> Path | None:
    """Return a folder with code that only this user can read: Python's libraries, or the plugin's."""
    return next((path for path in (*_python_paths(), *folders) if not _is_open_to_others(path)), None)


@cache
def _has_landlock() -> bool:
    try:
        landlock_version()
    except OSError:
        return False
    return True


def _count_users() -> Iterator[int]:
    number = os.getpid()
    while True:
        yield number
        number += 1


_numbers = _count_users()


@cache
def _is_open_to_others(path: Path) -> bool:
    """Return whether every user may read a file, or list a folder and reach all in it."""
    try:
        modes = [one.stat().st_mode for one in (path, *path.parents)]
    except OSError:
        return True  # what does not exist is not needed
    return bool(modes[0] & 0o004) and all(mode & 0o001 for mode in modes[1:])


@cache
def _python_paths() -> tuple[Path, ...]:
    """Return the folders of Python's libraries and of installed distributions."""
    standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places = [*standard, *site.getsitepackages(), str(Path(sys.base_prefix) / "lib")]
    return tuple(dict.fromkeys(Path(os.path.realpath(one)) for one in places if one and Path(one).exists()))


def importable_path() -> list[str]:
    """Return the search path of modules for plugins: Python's libraries and installed distributions, nothing else."""
    allowed = _python_paths()
    return [one for one in sys.path if one and any(map(Path(os.path.realpath(one)).is_relative_to, allowed))]


def make_walls(
    *, limits: Limits, user: OwnUser | None, readable: Sequence[Path], workdir: Path, sandbox: bool = True
) -> Walls:
    """Return the walls for a run: it may read Python, its libraries and ``readable``, and use its working folder."""
    core = Path(kelompok_core.__file__).parent
    ours = [core / name for name in ("contracts", "contract_rules", "plugin_process", "plugin_kit")]
    return Walls(
        readable=[*_SYSTEM_FILES, *map(str, (*_python_paths(), *ours, *readable))],
        writable=[str(workdir), os.devnull],
        user=None if user is None else user.number,
        reads_all=user is not None and user.reads_all,
        why_no_user=why_not_own_user(readable, sandbox=sandbox) or "not asked for",
        sandbox=sandbox,
        memory_megabytes=limits.memory_megabytes,
        seconds=limits.reading_seconds,
        file_megabytes=limits.file_megabytes,
        processes=limits.processes,
    )
