"""Finding plugins: entry points and their manifest files, without importing any of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from kelompok_core.plugin_host.manifest import BrokenManifest, Manifest, parse_manifest

GROUP = "kelompok.plugins"
MANIFEST_FILE = "kelompok-plugin.json"


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """An installed plugin: its manifest, or why that cannot be read.

    Attributes:
        name: The entry point's name.
        package: The top-level package.
        folder: Where that package is, or None when it is not there.
    """

    name: str
    package: str
    folder: Path | None
    manifest: Manifest | None
    problem: str | None


def discover() -> list[Discovered]:
    """Return all installed plugins by name. Runs no plugin code."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    return [_read(found[name]) for name in sorted(found)]


def _read(entry: EntryPoint) -> Discovered:
    package = entry.value.partition(":")[0].partition(".")[0]
    folder = next(package_folders(package), None)
    manifest, problem = None, None
    try:
        manifest = _manifest(entry.name, package, folder)
    except BrokenManifest as error:
        problem = error.message
    return Discovered(name=entry.name, package=package, folder=folder, manifest=manifest, problem=problem)


def package_folders(package: str) -> Iterator[Path]:
    """Yield the folders a top-level package is in, without importing it; none when it is not installed."""
    # Only of a top-level name: for a submodule find_spec would run the package.
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return
    if spec is not None:
        yield from (Path(folder) for folder in spec.submodule_search_locations or ())


def _manifest(name: str, package: str, folder: Path | None) -> Manifest:
    if folder is None:
        raise BrokenManifest(f"its package {package!r} is not installed")
    try:
        manifest = parse_manifest((folder / MANIFEST_FILE).read_text("utf-8"))
    except FileNotFoundError as error:
        raise BrokenManifest(f"{package} has no {MANIFEST_FILE}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenManifest(f"{MANIFEST_FILE} cannot be read: {error}") from error
    if manifest.name != name:
        raise BrokenManifest(f"its manifest calls it {manifest.name!r}, its entry point {name!r}")
    return manifest
