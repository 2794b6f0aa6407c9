"""Computes digests of installed code, to find out whether a source would still be read by the same code."""

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from kelompok_core.installed_plugins import package_folders


@cache
def digest_code(*packages: str) -> str:
    """Return a digest of the packages' files, and of the names and versions of all installed distributions.

    It is computed once per process, because loaded modules do not change either.
    """
    digest = hashlib.sha256()
    for name, content in (*_files(packages), *_installed()):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def digest_package(package: str) -> str:
    """Return a digest of a package's files as they are now."""
    digest = hashlib.sha256()
    for name, content in _files((package,)):
        digest.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _files(packages: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for package in packages:
        for folder in package_folders(package):
            for file in sorted(folder.rglob("*")):
                if file.is_file() and file.parent.name != "__pycache__":
                    yield f"{package}/{file.relative_to(folder)}", file.read_bytes()


def _installed() -> Iterator[tuple[str, bytes]]:
    """Yield the folder names of distributions, which have name and version: reading their metadata would take 0.1 s."""
    for folder in map(Path, dict.fromkeys(sys.path)):
        if folder.is_dir():
            yield from ((found.name, b"") for found in sorted(folder.glob("*.dist-info")))
