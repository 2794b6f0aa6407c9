"""Finds the plugins that are installed in this Python environment, without importing them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

GROUP = "kelompok.plugins"


@dataclass(frozen=True, kw_only=True)
class InstalledPlugin:
    """A distribution's entry point.

    Attributes:
        name: The entry point's name.
        package: The top-level package.
        folder: The folder of that package, or None if it does not exist.
    """

    name: str
    package: str
    folder: Path | None


def list_installed() -> list[InstalledPlugin]:
    """Return all installed plugins by name. Runs no plugin code."""
    found = {entry.name: entry for entry in _entry_points(tuple(_places()))}
    return [_locate(found[name]) for name in sorted(found)]


def _places() -> Iterator[tuple[str, int | None]]:
    """Yield the folders of distributions with their modification times, which change when one is installed."""
    for place in sys.path:
        try:
            yield place, Path(place or ".").stat().st_mtime_ns
        except OSError:
            yield place, None


# Reading the metadata of every installed distribution takes longer than the rest of a short import.
@lru_cache(maxsize=4)
def _entry_points(places: tuple[tuple[str, int | None], ...]) -> tuple[EntryPoint, ...]:  # noqa: ARG001 (the key)
    return tuple(entry_points(group=GROUP))


def _locate(entry: EntryPoint) -> InstalledPlugin:
    package = entry.value.partition(":")[0].partition(".")[0]
    return InstalledPlugin(name=entry.name, package=package, folder=next(package_folders(package), None))


def package_folders(package: str) -> Iterator[Path]:
    """Yield the folders of a top-level package, without importing it; none if it is not installed."""
    # Only for top-level packages: for a submodule, find_spec would import the package.
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is not None:
        yield from (Path(folder) for folder in spec.submodule_search_locations or ())
