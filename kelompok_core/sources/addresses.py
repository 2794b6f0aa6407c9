"""Checks whether a host may be contacted, and pins the IP addresses it resolves to."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import idna

from kelompok_core.errors import UsageError
from kelompok_core.sources.rules import WEB_SCHEMES, FileRules

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_NUMERIC = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)", re.IGNORECASE)
"""Most resolvers read a host ending like this as an IPv4 address, in many spellings."""

# Python 3.11 to 3.13 disagree on global addresses, so the special ranges are listed here (IANA, 2026).
_SPECIAL_V4 = tuple(
    IPv4Network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # looks public, but is Azure's metadata service
    )
)  # fmt: skip
_PUBLIC_V6 = IPv6Network("2000::/3")
"""All other ranges embed an IPv4 address (mapped, NAT64) or are local."""

_SPECIAL_V6 = tuple(IPv6Network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_OF_METADATA = tuple(
    ip_network(one)
    for one in ("169.254.0.0/16", "fe80::/10", "168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::254/128")
)
"""Cloud metadata services, which return credentials: blocked even for allowed host names."""

_TRANSLATED = tuple(IPv6Network(one) for one in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
"""Ranges with an IPv4 address in the last 32 bits."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL that may be requested, and its IP addresses.

    Attributes:
        addresses: The addresses from the only lookup of the host; connections go to no other.
    """

    url: SplitResult
    host: str
    port: int
    addresses: tuple[str, ...]


def find_target(url: str, rules: FileRules) -> Target:
    """Return the target of a URL; looks the host up once.

    Raises:
        UsageError: When the URL is not allowed or not valid, or its host is unknown.
    """
    parts, port = _split(url)
    if parts.scheme not in WEB_SCHEMES & rules.schemes:
        raise _refused(url, f"it leads to a URL with {parts.scheme or 'no scheme'}, which is not allowed here")
    if "@" in parts.netloc:
        raise _refused(url, "it contains a user name or password")
    host = _host_of(url, parts)
    literal = _literal(url, host)
    found = (literal,) if literal is not None else _look_up(url, host, port)
    is_named = bool({host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"} & rules.hosts)
    _require_allowed(url, found, is_named=is_named, is_literal=literal is not None)
    return Target(url=parts, host=host, port=port, addresses=tuple(str(one) for one in found))


def _split(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        return parts, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise _refused(url, "it is not a valid URL") from error


def _host_of(url: str, parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise _refused(url, "its host name is not valid") from error
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
        raise _refused(url, "its host name is not valid")
    return host


def _literal(url: str, host: str) -> Address | None:
    """Return the address if the host is a literal one, None for a name. Refuses unusual spellings of numbers."""
    try:
        return ip_address(host)
    except ValueError:
        if _NUMERIC.fullmatch(host):
            raise _refused(url, "its host is a number, not a valid IP address") from None
    return None


def _look_up(url: str, host: str, port: int) -> tuple[Address, ...]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot read {url!r}: its host is unknown", hint="Check the address.") from error
    return tuple(dict.fromkeys(ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers))


def _require_allowed(url: str, found: tuple[Address, ...], *, is_named: bool, is_literal: bool) -> None:
    for address in found:
        if is_named and (is_literal or not _is_of_metadata(address)):
            continue
        if not is_public(address):
            raise _refused(
                url, f"its host is {address}, which is not a public address", hint=_NAME_IT
            )  # fmt: skip


_NAME_IT = "Copy the file to this machine, or add the host to hosts under [files] in kelompok.toml."


def is_public(address: Address) -> bool:
    """Return whether the address is public: not of this machine, its network or cloud, and embedding no such one."""
    if isinstance(address, IPv4Address):
        return not _is_in(address, _SPECIAL_V4)
    return address in _PUBLIC_V6 and not _is_in(address, _SPECIAL_V6)


def _is_of_metadata(address: Address) -> bool:
    return any(_is_in(one, _OF_METADATA) for one in (address, *_inside(address)))


def _inside(address: Address) -> Iterator[IPv4Address]:
    """Yield the addresses embedded in an address by translation or tunnelling."""
    if isinstance(address, IPv4Address):
        return
    teredo = address.teredo
    if any(address in network for network in _TRANSLATED):
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    yield from filter(None, (address.sixtofour, teredo and teredo[1]))


def _is_in(address: Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


def _refused(url: str, reason: str, *, hint: str = "Copy the file to this machine.") -> UsageError:
    return UsageError(f"cannot read {url!r}: {reason}", hint=hint)
