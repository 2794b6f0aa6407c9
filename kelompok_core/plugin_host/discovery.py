"""Finds installed plugins by their entry points, with manifests and issue codes, without importing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kelompok_core.installed_plugins import InstalledPlugin, list_installed
from kelompok_core.issues.catalog import read_catalog
from kelompok_core.issues.entries import Entry
from kelompok_core.plugin_host.manifest import BrokenManifest, Manifest, parse_manifest

MANIFEST_FILE = "kelompok-plugin.json"


@dataclass(frozen=True, kw_only=True)
class Discovered:
    """An installed plugin: its manifest, or the problem because of which the plugin cannot be used.

    Attributes:
        name: The entry point's name.
        package: The top-level package.
        folder: The folder of that package, or None if it does not exist.
        issues: The issue codes that it defines.
        problem: What is wrong with its manifest or its issue codes, or None.
    """

    name: str
    package: str
    folder: Path | None
    manifest: Manifest | None
    issues: Mapping[str, Entry]
    problem: str | None


def discover() -> list[Discovered]:
    """Return all installed plugins by name. Runs no plugin code."""
    return [_read(plugin) for plugin in list_installed()]


def _read(plugin: InstalledPlugin) -> Discovered:
    manifest, catalog = None, read_catalog(plugin.folder)
    problem = catalog.problem
    try:
        manifest = _manifest(plugin.name, plugin.package, plugin.folder)
    except BrokenManifest as error:
        problem = error.message
    return Discovered(
        name=plugin.name,
        package=plugin.package,
        folder=plugin.folder,
        manifest=manifest if problem is None else None,
        issues=catalog.entries,
        problem=problem,
    )


def _manifest(name: str, package: str, folder: Path | None) -> Manifest:
    if folder is None:
        raise BrokenManifest(f"its package {package!r} is not installed")
    try:
        manifest = _parsed((folder / MANIFEST_FILE).read_text("utf-8"), package)
    except BrokenManifest as error:
        raise BrokenManifest(f"{MANIFEST_FILE}: {error.message}") from error
    except FileNotFoundError as error:
        raise BrokenManifest(f"{package} has no {MANIFEST_FILE}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenManifest(f"{MANIFEST_FILE} cannot be read: {error}") from error
    if manifest.name != name:
        raise BrokenManifest(f"its manifest calls it {manifest.name!r}, its entry point {name!r}")
    return manifest


# Cached, because manifests are long and read for every batch of an import.
_parsed = lru_cache(maxsize=64)(parse_manifest)
