"""Request checks and response headers that both web servers use: the API and the Dagster UI."""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import Scope

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Prevents browsers from showing or reading a response in another site's page."""


def find_ambiguity(scope: Scope) -> str | None:
    """Return why two programs may interpret a request differently; None if it is unambiguous.

    Starlette matches routes with «$», which also matches before a final line break, so ``/undo%0A`` reaches ``/undo``
    although comparisons of paths do not recognize it. If a request has two body lengths, a proxy may use the other one
    (RFC 9112, section 6.1).
    """
    if _CONTROL.search(scope["path"]):
        return "the path has control characters"
    headers = Headers(scope=scope)
    if "content-length" in headers and "transfer-encoding" in headers:
        return "it has both Content-Length and Transfer-Encoding"
    return None
