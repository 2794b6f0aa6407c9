"""Read links to social networks: a handle becomes a link, tracking and language variants are removed."""

import re
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, Normalizer, all_findings, found, map_others
from kelompok_core.values.text import line
from kelompok_core.values.url import address

_HANDLE = re.compile(r"@?([\w.-]{1,100})")
_ANSWER = (
    r"^(?i:ada|punya|ya|iya|yes|y|no|n|tidak|tdk|belum|sudah|aktif|nonaktif|true|false|sama|idem|link|https?"
    r"|facebook|fb|instagram|ig|twitter|youtube|linkedin)$"
)
"""Answers to «is there an account?», which are not a handle unless written with an «@»."""
_ELSEWHERE, _UNREADABLE = "value.social_elsewhere", "value.social_unreadable"


@dataclass(frozen=True, kw_only=True)
class _Network:
    """A network's hosts, the address its handles are appended to, and how long a page's path is."""

    hosts: tuple[str, ...]
    page: str
    steps: tuple[str, ...] = ()
    """First steps of a path after which a second step is kept, such as ``channel``."""
    has_handles: bool = True


_NETWORKS = {
    "facebook": _Network(
        hosts=("facebook.com", "fb.com", "fb.me"), page="https://www.facebook.com/", steps=("groups", "pages", "people")
    ),
    "instagram": _Network(hosts=("instagram.com", "instagr.am"), page="https://www.instagram.com/"),
    "twitter": _Network(hosts=("twitter.com", "x.com"), page="https://x.com/"),
    "youtube": _Network(
        hosts=("youtube.com",), page="https://www.youtube.com/@", steps=("channel", "c", "user", "playlist")
    ),
    "linkedin": _Network(
        hosts=("linkedin.com",),
        page="https://www.linkedin.com/",
        steps=("in", "company", "school", "groups"),
        has_handles=False,
    ),
}


def social(network: str) -> Normalizer:
    """Return the normalizer of links to one network.

    A link to another site stays, with a warning; a cell that is neither link nor handle gives null and a warning.
    """
    return partial(_social, _NETWORKS[network])


def _social(network: _Network, cells: pd.Series) -> Normalized:
    links_or_handles = drop_blank_words(line(cells).values)
    answers = matching(links_or_handles, _ANSWER)
    links_or_handles = links_or_handles.mask(answers)
    handles = links_or_handles.str.fullmatch(r"@?[A-Za-z0-9_]{2,50}") & network.has_handles
    links = map_others(links_or_handles, handles, lambda written: _link(network, written))
    values = links.where(~handles.fillna(value=False).astype(bool), network.page + links_or_handles.str.lstrip("@"))
    where = values.fillna("").str.startswith(network.page.rstrip("@"))
    findings = all_findings(
        found(cells, values.notna() & ~where, _ELSEWHERE, Severity.WARNING),
        found(cells, answers | (links_or_handles.notna() & values.isna()), _UNREADABLE, Severity.WARNING),
    )
    return Normalized(values=values, findings=findings)


def _link(network: _Network, written: str) -> str | None:
    handle = _HANDLE.fullmatch(written)
    looks_like_host = any(host in written.lower() for host in network.hosts)
    if written.startswith("@") or (handle and not looks_like_host and "." not in handle[1]):
        return network.page + handle[1] if handle and network.has_handles else None
    found_address = address(written)
    if found_address is None:
        return None
    parts = urlsplit(found_address)
    host = (parts.hostname or "").lower()
    if not any(host == known or host.endswith("." + known) for known in network.hosts):
        return found_address
    steps = [step for step in parts.path.split("/") if step]
    site = network.page.rstrip("@")
    if not steps:
        return None  # the network's own address, which forms offer to be completed
    if steps[:1] == ["profile.php"]:
        return f"{site}profile.php?id={parse_qs(parts.query).get('id', [''])[0]}"
    return site + "/".join(steps[: 2 if steps and steps[0].lower() in network.steps else 1])
