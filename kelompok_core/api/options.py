"""Options of the API server: limits and addresses, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute, parse

from kelompok_core.errors import SettingsError

_MEGABYTE = 1_000_000
_ADDRESS_RATE, _KEY_RATE = RateLimitItemPerMinute(1200), RateLimitItemPerMinute(600)
_LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, kw_only=True)
class ApiOptions:
    """Limits and addresses.

    Attributes:
        hosts: Accepted host names, without a port.
        origins: Web origins whose pages may call the API; none by default.
        proxies: Addresses of trusted proxies, which forward the caller's address; none by default.
        rate_per_address: Request rate per address of callers without a valid key.
        rate_per_key: Request rate per key.
        largest_body: Maximum size of a body in bytes.
        slowest_body: Maximum seconds to receive a body.
        least_rate: Minimum average upload rate in bytes a second, after a grace period.
        most_uploads: Concurrent uploads.
        most_uploads_each: Concurrent uploads per key.
        most_requests: Concurrent requests with keys.
        most_requests_each: Concurrent requests per key.
        most_heavy: Concurrent costly requests: error files and undos.
        most_heavy_each: Concurrent costly requests per key.
        most_connections: Open connections.
        most_connections_each: Open connections per address.
    """

    hosts: tuple[str, ...] = _LOCAL_HOSTS
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    rate_per_address: RateLimitItem = _ADDRESS_RATE
    rate_per_key: RateLimitItem = _KEY_RATE
    largest_body: int = 64 * _MEGABYTE
    slowest_body: float = 300.0
    least_rate: int = 4_000
    most_uploads: int = 32
    most_uploads_each: int = 8
    most_requests: int = 24
    most_requests_each: int = 8
    most_heavy: int = 8
    most_heavy_each: int = 2
    most_connections: int = 500
    most_connections_each: int = 200


def read_options(environ: Mapping[str, str] = os.environ) -> ApiOptions:
    """Read the variables ``KELOMPOK_API_…``; the others keep their defaults.

    Raises:
        SettingsError: When a variable is invalid.
    """
    defaults = ApiOptions()
    return ApiOptions(
        hosts=_words(environ, "HOSTS") or defaults.hosts,
        origins=_words(environ, "CORS_ORIGINS"),
        proxies=_words(environ, "PROXIES"),
        rate_per_address=_rate(environ, "RATE_PER_ADDRESS", defaults.rate_per_address),
        rate_per_key=_rate(environ, "RATE_PER_KEY", defaults.rate_per_key),
        largest_body=_number(environ, "BODY_MEGABYTES", defaults.largest_body // _MEGABYTE) * _MEGABYTE,
        slowest_body=float(_number(environ, "BODY_SECONDS", int(defaults.slowest_body))),
        least_rate=_number(environ, "BODY_RATE", defaults.least_rate),
        most_uploads=_number(environ, "UPLOADS", defaults.most_uploads),
        most_uploads_each=_number(environ, "UPLOADS_PER_KEY", defaults.most_uploads_each),
        most_requests=_number(environ, "REQUESTS", defaults.most_requests),
        most_requests_each=_number(environ, "REQUESTS_PER_KEY", defaults.most_requests_each),
        most_heavy=_number(environ, "HEAVY", defaults.most_heavy),
        most_heavy_each=_number(environ, "HEAVY_PER_KEY", defaults.most_heavy_each),
        most_connections=_number(environ, "CONNECTIONS", defaults.most_connections),
        most_connections_each=_number(environ, "CONNECTIONS_PER_ADDRESS", defaults.most_connections_each),
    )


def _name(name: str) -> str:
    return f"KELOMPOK_API_{name}"


def _words(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in environ.get(_name(name), "").split(",") if word.strip())


def _rate(environ: Mapping[str, str], name: str, defaults: RateLimitItem) -> RateLimitItem:
    written = environ.get(_name(name))
    if not written:
        return defaults
    try:
        return parse(written)
    except ValueError as error:
        raise SettingsError(_name(name), f"{written!r} is not a rate", hint="Write it like 600/minute.") from error


def _number(environ: Mapping[str, str], name: str, defaults: int) -> int:
    written = environ.get(_name(name)) or str(defaults)
    if not written.isdecimal() or int(written) < 1:
        raise SettingsError(_name(name), f"{written!r} is not a whole number above 0")
    return int(written)
