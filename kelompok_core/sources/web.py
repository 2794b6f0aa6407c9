"""Downloads from the web, only from the IP addresses that were checked."""

import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import BinaryIO
from urllib.parse import quote, urljoin

from kelompok_core.errors import UsageError
from kelompok_core.sources.addresses import Target, find_target
from kelompok_core.sources.rules import FileRules

LARGEST_DOWNLOAD = 8 << 30
"""In bytes: much larger than any real list, and small enough not to fill a disk."""

_MOST_REDIRECTS = 5
_SILENCE_SECONDS = 30.0
_LONGEST_SECONDS = 3600.0
_CHUNK = 1 << 20
_REDIRECTS = (301, 302, 303, 307, 308)
_SAFE = "/%:@!$&'()*+,;=~?"
_OK = 200


def download(url: str, rules: FileRules, target: BinaryIO) -> None:
    """Download a URL; each redirect is checked like the first URL. Proxies are not used.

    Raises:
        UsageError: When a URL is not allowed, the response is not a file, or the file is incomplete.
    """
    deadline = monotonic() + _LONGEST_SECONDS
    here = url
    for _ in range(1 + _MOST_REDIRECTS):
        connection = _connect(find_target(here, rules))
        try:
            onward = _take(here, connection.getresponse(), target, deadline)
        except (OSError, HTTPException) as error:
            raise _failed(here, str(error) or type(error).__name__) from error
        finally:
            connection.close()
        if onward is None:
            return
        here = urljoin(here, onward)
    raise _failed(url, f"it redirects more than {_MOST_REDIRECTS} times")


def _connect(target: Target) -> HTTPConnection:
    """Return a connection to the pinned addresses, with the host name for TLS and Host, and the request sent."""
    url = target.url
    path = quote(url.path or "/", safe=_SAFE) + (f"?{quote(url.query, safe=_SAFE)}" if url.query else "")
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    made = kind(target.host, target.port, timeout=_SILENCE_SECONDS)
    try:
        made.sock = _socket(target)
        made.request("GET", path, headers={"Accept-Encoding": "identity", "User-Agent": "kelompok"})
    except (OSError, HTTPException) as error:
        made.close()
        raise _failed(url.geturl(), str(error) or type(error).__name__) from error
    return made


def _socket(target: Target) -> socket.socket:
    plain = _connect_to_any(target)
    if target.url.scheme != "https":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except OSError:
        plain.close()
        raise


def _connect_to_any(target: Target) -> socket.socket:
    failure: OSError | None = None
    for address in target.addresses:
        try:
            return socket.create_connection((address, target.port), timeout=_SILENCE_SECONDS)
        except OSError as error:
            failure = error
    raise failure or OSError("the host has no address")


def _take(url: str, answer: HTTPResponse, target: BinaryIO, deadline: float) -> str | None:
    """Write the response body, or return the redirect's URL instead."""
    if answer.status in _REDIRECTS and (onward := answer.headers.get("Location")):
        return onward
    if answer.status != _OK:
        raise _failed(url, f"the server answered {answer.status} {answer.reason}")
    expected, size = answer.length, 0
    while piece := answer.read(_CHUNK):
        size += len(piece)
        if size > LARGEST_DOWNLOAD or monotonic() > deadline:
            raise _failed(url, "it is too large or took too long")
        target.write(piece)
    if expected is not None and size != expected:
        raise _failed(url, f"the download ended after {size} of {expected} bytes")
    return None


def _failed(url: str, reason: str) -> UsageError:
    return UsageError(f"cannot read {url!r}: {reason}", hint="Check the address and your rights.")
