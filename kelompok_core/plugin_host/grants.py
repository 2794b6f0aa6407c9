"""What plugins ask for, and what the operator granted: stored in kelompok.toml, with the version it was granted to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from kelompok_core.contracts import JsonValue
from kelompok_core.errors import SettingsError
from kelompok_core.plugin_host.code import digest_package
from kelompok_core.plugin_host.every_entity import EVERY
from kelompok_core.plugin_host.manifest import Manifest

PROPOSE, SEE, NETWORK, SECRET = "propose", "see", "network", "secret"
"""Beginnings of what a plugin asks for, each followed by what of it."""

ITS_SOURCES, EVERY_IMPORT = "its sources", "every import"
"""What importers and normalizers see."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What the operator granted to a plugin.

    Attributes:
        version: The plugin's version at that time.
        digest: The digest of its package's files at that time.
        asks: What it asked for then, as :func:`list_asks` returns it.
    """

    version: str
    digest: str
    asks: tuple[str, ...]

    def to_json(self) -> dict[str, JsonValue]:
        return {"version": self.version, "digest": self.digest, "asks": list(self.asks)}


def list_asks(manifest: Manifest) -> list[str]:
    """Return what a plugin asks for, each as a line such as ``propose members`` or ``secret token``."""
    return list(dict.fromkeys(_asks(manifest)))


def _asks(manifest: Manifest) -> Iterator[str]:
    permissions = manifest.permissions
    proposed = [EVERY] if permissions.every_entity else permissions.propose
    yield from (f"{PROPOSE} {entity}" for entity in proposed)
    if any(job.is_importer for job in manifest.jobs):
        yield f"{SEE} {ITS_SOURCES}"
    if "source_normalizer" in manifest.implements:
        yield f"{SEE} {EVERY_IMPORT}"
    for job in manifest.jobs:
        yield from (f"{SEE} {entity}.{field}" for entity, fields in job.enriches.items() for field in fields)
    yield from (f"{NETWORK} {host}" for host in permissions.network)
    yield from (f"{SECRET} {key}" for key in permissions.secrets)


def list_missing(manifest: Manifest, grant: Grant | None) -> list[str]:
    """Return what a plugin asks for and was not granted."""
    granted = set(grant.asks) if grant is not None else set()
    covers_all = f"{PROPOSE} {EVERY}" in granted
    return [
        ask for ask in list_asks(manifest) if ask not in granted and not (covers_all and ask.startswith(f"{PROPOSE} "))
    ]


def is_secret_granted(grant: Grant | None, key: str) -> bool:
    """Return whether a plugin may get the secret of this setting."""
    return grant is not None and f"{SECRET} {key}" in grant.asks


def make_grant(manifest: Manifest, package: str) -> Grant:
    """Return the grant of all that a plugin asks for now."""
    return Grant(version=manifest.version, digest=digest_package(package), asks=tuple(list_asks(manifest)))


def find_change(grant: Grant, manifest: Manifest, package: str) -> str | None:
    """Return how a plugin differs from the one that the grant was given to, or None if it does not."""
    if grant.version != manifest.version:
        return f"granted to version {grant.version}; this is version {manifest.version}, which asks for no more"
    if grant.digest != digest_package(package):
        return "its files changed since it was granted, and its version did not"
    return None


def read_grant(plugin: str, table: object) -> Grant:
    """Return a grant from its table in kelompok.toml.

    Raises:
        SettingsError: When it is not one.
    """
    if isinstance(table, Mapping):
        version, digest, asks = (table.get(key) for key in ("version", "digest", "asks"))
        if isinstance(version, str) and isinstance(digest, str) and _are_texts(asks):
            return Grant(version=version, digest=digest, asks=tuple(asks))
    raise SettingsError(
        f"plugins.{plugin}.grant",
        "is no grant",
        hint=f"Remove it, and run: kelompok plugin enable {plugin}",
    )


def _are_texts(asks: object) -> TypeGuard[Sequence[str]]:
    return isinstance(asks, list) and all(isinstance(ask, str) for ask in asks)
