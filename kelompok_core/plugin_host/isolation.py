"""How strongly plugins are walled off here: the levels, what this machine offers, and what the operator requires."""

import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

import kelompok_core
from kelompok_core.errors import PluginUnavailable, SettingsError
from kelompok_core.plugin_host.configuration import read_document, read_table
from kelompok_core.plugin_host.limits import Limits
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
        f"kelompok.toml requires the isolation level {required!r}, and this machine offers {level_of(standing)!r} "
        f"({missing})",
        hint="Run `kelompok doctor` to see what is missing.",
    )


_WALL_NAMES = {FILES: "files", CALLS: "system calls", USER: "own user"}


def find_user() -> int | None:
    """Return the number of the user that the next plugin's process may become, or None if it cannot switch.

    Processes that run at the same time get different users, so that they cannot reach each other.
    """
    return None if why_not_own_user() is not None else _FIRST_USER + next(_numbers) % _USERS


def why_not_own_user() -> str | None:
    """Return why plugins cannot have a user of their own, or None if they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "only root may switch users"
    closed = next((path for path in _python_paths() if not _is_open_to_others(Path(path))), None)
    return None if closed is None else f"other users cannot read Python's libraries in {closed}"


def _count_users() -> Iterator[int]:
    number = os.getpid()
    while True:
        yield number
        number += 1


_numbers = _count_users()


def _is_open_to_others(path: Path) -> bool:
    """Return whether every user may read a file, or list a folder and reach all in it."""
    try:
        modes = [one.stat().st_mode for one in (path, *path.parents)]
    except OSError:
        return True  # what does not exist is not needed
    return bool(modes[0] & 0o004) and all(mode & 0o001 for mode in modes[1:])


@cache
def _python_paths() -> tuple[str, ...]:
    """Return the folders of Python's libraries and of installed distributions."""
    standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places = [*standard, *site.getsitepackages(), str(Path(sys.base_prefix) / "lib")]
    return tuple(dict.fromkeys(os.path.realpath(one) for one in places if one and Path(one).exists()))


def importable_path() -> list[str]:
    """Return the search path of modules for plugins: Python's libraries and installed distributions, nothing else."""
    allowed = _python_paths()
    return [one for one in sys.path if one and os.path.realpath(one).startswith(allowed)]


def make_walls(
    *, limits: Limits, user: int | None, readable: Sequence[Path], workdir: Path, sandbox: bool = True
) -> Walls:
    """Return the walls for a run: it may read Python, its libraries and ``readable``, and use its working folder."""
    core = Path(kelompok_core.__file__).parent
    ours = [core / name for name in ("contracts", "contract_rules", "plugin_process")]
    return Walls(
        readable=[*_python_paths(), *_SYSTEM_FILES, *map(str, ours), *map(str, readable)],
        writable=[str(workdir), os.devnull],
        user=user,
        sandbox=sandbox,
        memory_megabytes=limits.memory_megabytes,
        seconds=limits.reading_seconds,
        file_megabytes=limits.file_megabytes,
        processes=limits.processes,
    )
