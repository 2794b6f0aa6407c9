"""Rules for what may be read: allowed folders, URL schemes and hosts. Opens no file and uses no network."""

import re
from dataclasses import dataclass
from pathlib import Path

from kelompok_core.errors import UsageError

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.IGNORECASE | re.DOTALL)
_CHAINED = re.compile(r"[a-z][a-z0-9+.-]*::.*://|(?!https?:)[a-z][a-z0-9+.-]*://.*::", re.IGNORECASE | re.DOTALL)
"""What fsspec reads as nested URLs; in a web URL, «::» may be part of a host."""

_FILE = "file"
WEB_SCHEMES = frozenset({"http", "https"})
_OF_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "memory"})
"""In these schemes, «://» is not followed by a host: the operator's environment selects the service."""

_NEVER_READABLE = (Path("/proc"), Path("/sys"), Path("/dev"))
"""These folders expose processes, including passwords in their environment."""


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """The folders that runs may read, as opposed to the operator at a terminal.

    Attributes:
        roots: Absolute, resolved folders.
        inbox: The folder of watched folders; readable although it is inside a private one.
        named: Files elsewhere that the operator's schedules name, as spelled there.
        private: The installation's own files: never readable, whatever the roots.
    """

    roots: tuple[Path, ...]
    inbox: Path
    named: frozenset[str] = frozenset()
    private: tuple[Path, ...] = ()

    def resolve(self, written: str) -> Path:
        """Return the resolved path of a file or folder that may be read.

        Raises:
            UsageError: When it is outside the roots or private; does not reveal whether it exists.
        """
        try:
            real = Path(written).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # a link loop, or not a path
            raise self._refusal(written) from error
        if real.is_relative_to(self.inbox):
            return real
        if self._is_private(real) or not self._is_allowed(written, real):
            raise self._refusal(written)
        return real

    def _is_private(self, real: Path) -> bool:
        """Return whether the path is inside a private folder, or contains one."""
        return any(real.is_relative_to(one) or one.is_relative_to(real) for one in (*self.private, *_NEVER_READABLE))

    def _is_allowed(self, written: str, real: Path) -> bool:
        if any(real.is_relative_to(root) for root in self.roots):
            return True
        # A schedule names one file; if that is a link, its target must be in the same folder.
        return written in self.named and real.is_relative_to(Path(written).parent.resolve())

    def _refusal(self, written: str) -> UsageError:
        roots = ", ".join(str(one) for one in (*self.roots, self.inbox))
        return UsageError(
            f"a run may not read {written!r}: it is outside the allowed folders: {roots}",
            hint="Put the file there, add its folder to roots under [files] in kelompok.toml, or import it with "
            "«kelompok plugin run».",
        )


@dataclass(frozen=True, kw_only=True)
class FileRules:
    """What a caller may read.

    Attributes:
        confinement: The allowed folders; None for the operator, who may read whatever this process can.
        schemes: Allowed URL schemes, in lower case.
        hosts: Hosts, optionally with a port, allowed although their addresses are not public.
    """

    confinement: Confinement | None = None
    schemes: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()

    def find_path(self, location: str) -> Path | None:
        """Return the local path, or None for an allowed URL.

        Raises:
            UsageError: When the path, scheme or host is not allowed, or URLs are chained.
        """
        if _CHAINED.match(location):
            raise UsageError(
                f"{location!r} chains several URLs", hint="Give the URL of one file, or copy the file here."
            )
        url = _URL.match(location)
        if url is not None and url[1].lower() != _FILE:
            self._require_scheme(location, url[1].lower())
            self._require_place(location, url[1].lower(), url[2])
            return None
        path = location if url is None else _path_of(location, url[2])
        return Path(path) if self.confinement is None else self.confinement.resolve(path)

    def _require_scheme(self, location: str, scheme: str) -> None:
        if scheme not in self.schemes:
            raise UsageError(
                f"cannot read {location!r}: {scheme}:// URLs are not allowed here",
                hint="Copy the file to this machine, or allow the scheme in kelompok.toml: "
                f'[files] schemes = ["{scheme}"]',
            )

    def _require_place(self, location: str, scheme: str, place: str) -> None:
        """Check that the rules allow the host where a third-party driver would resolve it by itself."""
        if scheme in WEB_SCHEMES | _OF_BUCKETS:
            return
        host = re.split(r"[/?#]", place, maxsplit=1)[0].rpartition("@")[2].lower()
        if host not in self.hosts:
            raise UsageError(
                f"cannot read {location!r}: the host {host!r} is not allowed here",
                hint="Add it to hosts under [files] in kelompok.toml.",
            )


def is_folder(location: str) -> bool:
    """Return whether it is the path of an accessible folder; False also for invalid paths."""
    try:
        return Path(location).is_dir()
    except (OSError, ValueError):
        return False


def _path_of(location: str, place: str) -> str:
    host, slash, path = place.partition("/")
    if host.lower() not in ("", "localhost") or not slash:
        raise UsageError(f"{location!r} does not name a file on this machine", hint="Write file:///folder/file.csv.")
    return f"/{path}"
