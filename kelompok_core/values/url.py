"""Normalizes web addresses to absolute http or https URLs with a lower-case host."""

import re
from urllib.parse import urlsplit

import idna
import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found, map_others
from kelompok_core.values.text import line

_PLAIN = r"^https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?:[/?#][^\s\pZ]*)?$"
_HOST = re.compile(r"(?:[\w](?:[\w-]*[\w])?\.)+(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59})|\d{1,3}(?:\.\d{1,3}){3}")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)


_SEVERAL = re.compile(r"\s*(?::::|[;,|]\s*(?=https?:)|\s(?=https?:))\s*")


def url(cells: pd.Series) -> Normalized:
    """Normalize an optional web address.

    A missing scheme is added and of several addresses the first is taken, each with a warning; a wrong one is an error.
    """
    addresses = drop_blank_words(line(cells).values)
    values = map_others(addresses, matching(addresses, _PLAIN), _first_address)
    without_scheme = addresses.notna() & values.notna() & ~matching(addresses, r"^(?i:https?):")
    findings = all_findings(
        found(cells, without_scheme, "value.url_scheme_added", Severity.WARNING),
        found(
            cells,
            values.notna() & matching(addresses, r":::|.[;,|\s]\s*https?:"),
            "value.url_several",
            Severity.WARNING,
        ),
        found(cells, addresses.notna() & values.isna(), "value.url", Severity.ERROR),
    )
    return Normalized(values=values, findings=findings)


def _first_address(written: str) -> str | None:
    return address(_SEVERAL.split(written)[0])


def _is_host(host: str) -> bool:
    """Return whether this is a valid host name in any script (IDNA 2008), or an IPv4 address."""
    if host.isascii():
        return _HOST.fullmatch(host) is not None
    try:
        return _HOST.fullmatch(idna.encode(host, uts46=True).decode()) is not None
    except idna.IDNAError:
        return False


def address(written: str) -> str | None:
    """Return the text as an absolute URL, or None if it is not a web address."""
    candidate = re.sub(r"^(https?):/*", r"\1://", written.strip("<>\"' "), flags=re.IGNORECASE)
    if not _SCHEME.match(candidate):
        candidate = "https://" + candidate.lstrip("/")
    try:
        parts = urlsplit(candidate)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _is_host(host) or parts.username is not None:
        return None
    absolute = parts._replace(netloc=host + (f":{port}" if port else "")).geturl()
    return absolute.replace(" ", "%20")
