"""The platforms: the hosts of each, the address of an account's page, and the form of a handle."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One platform.

    Attributes:
        hosts: Its hosts; their subdomains belong to it, too.
        page: Address of an account's page, with {} for the handle.
        handle: Pattern of a whole handle.
        labels: Names before a handle: «IG: @nama».
        steps: First segments of a path that need a second one: ``channel`` in ``channel/UC…``.
        not_accounts: First segments of a path that are not accounts.
    """

    name: str
    hosts: tuple[str, ...]
    page: str
    handle: re.Pattern[str]
    labels: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    not_accounts: frozenset[str] = frozenset()


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


PLATFORMS = (
    Platform(
        name="instagram",
        hosts=("instagram.com", "instagr.am", "ig.me"),
        page="https://www.instagram.com/{}",
        handle=_pattern(r"(?!.*\.\.)[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?"),
        labels=("instagram", "insta", "ig"),
        not_accounts=frozenset({"p", "reel", "reels", "explore", "stories", "tv", "accounts", "about", "direct"}),
    ),
    Platform(
        name="facebook",
        hosts=("facebook.com", "fb.com", "fb.me"),
        page="https://www.facebook.com/{}",
        handle=_pattern(r"[A-Za-z0-9.-]{3,80}"),
        labels=("facebook", "fb", "fanpage"),
        steps=("groups", "pages", "people", "p"),
        not_accounts=frozenset(
            {"sharer", "sharer.php", "share", "events", "photo", "photo.php", "watch", "story.php", "login", "hashtag",
             "permalink.php", "reel", "dialog", "plugins", "help", "marketplace"}
        ),
    ),
    Platform(
        name="twitter",
        hosts=("twitter.com", "x.com"),
        page="https://x.com/{}",
        handle=_pattern(r"[A-Za-z0-9_]{1,15}"),
        labels=("twitter", "x"),
        not_accounts=frozenset({"intent", "share", "search", "hashtag", "home", "i", "login", "explore"}),
    ),
    Platform(
        name="youtube",
        hosts=("youtube.com", "youtu.be"),
        page="https://www.youtube.com/@{}",
        handle=_pattern(r"[\w.·-]{3,30}"),
        labels=("youtube", "yt"),
        steps=("channel", "c", "user"),
        not_accounts=frozenset({"watch", "playlist", "shorts", "embed", "live", "results", "feed", "hashtag", "post"}),
    ),
    Platform(
        name="tiktok",
        hosts=("tiktok.com",),
        page="https://www.tiktok.com/@{}",
        handle=_pattern(r"[A-Za-z0-9_.]{2,24}"),
        labels=("tiktok", "tik tok"),
        not_accounts=frozenset({"tag", "music", "discover", "foryou", "explore", "t"}),
    ),
    Platform(
        name="linkedin",
        hosts=("linkedin.com",),
        page="https://www.linkedin.com/{}",
        handle=_pattern(r"(?:in|company|school|groups|showcase)/[\w%.-]{2,100}"),
        steps=("in", "company", "school", "groups", "showcase"),
        not_accounts=frozenset({"feed", "posts", "jobs", "pulse", "sharing", "sharearticle", "learning"}),
    ),
    Platform(
        name="telegram",
        hosts=("t.me", "telegram.me", "telegram.dog"),
        page="https://t.me/{}",
        handle=_pattern(r"\+[\w-]{8,40}|[A-Za-z][A-Za-z0-9_]{3,31}"),
        labels=("telegram", "tele", "tg"),
        steps=("joinchat",),
        not_accounts=frozenset({"share", "s", "addstickers"}),
    ),
    Platform(
        name="whatsapp",
        hosts=("wa.me", "whatsapp.com"),
        page="https://wa.me/{}",
        handle=_pattern(r"[1-9][0-9]{7,14}"),
    ),
    Platform(
        name="linktree",
        hosts=("linktr.ee",),
        page="https://linktr.ee/{}",
        handle=_pattern(r"[A-Za-z0-9_.-]{2,60}"),
        labels=("linktree", "linktr"),
        not_accounts=frozenset({"login", "register"}),
    ),
)  # fmt: skip

SHORTENERS = frozenset({
    "bit.ly", "s.id", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "cutt.ly", "rb.gy", "lnkd.in",
    "shorturl.at", "rebrand.ly", "reurl.cc", "buff.ly", "vt.tiktok.com", "vm.tiktok.com",
})  # fmt: skip
"""Hosts whose addresses cannot be resolved without a request, which this plugin never makes."""

BY_NAME = {platform.name: platform for platform in PLATFORMS}


def platform_of(host: str) -> Platform | None:
    """Return the platform that a host belongs to, or None."""
    for platform in PLATFORMS:
        if any(host == known or host.endswith("." + known) for known in platform.hosts):
            return platform
    return None


def imitates(host: str) -> Platform | None:
    """Return the platform that a foreign host looks like, or None: «instagram.com.login.example».

    A host imitates a platform if one of its labels is the platform's name or looks like it: «faceb00k», «instagrarn».
    """
    if platform_of(host) is not None:
        return None
    for label in host.split("."):
        for word, platform in _WORDS.items():
            if _looks_like(label, word):
                return platform
    return None


def _looks_like(label: str, word: str) -> bool:
    plain = label.translate(_ALIKE).replace("rn", "m").replace("vv", "w")
    return word in (label, plain, *plain.split("-")) or _differs_by_one(plain, word)


_ALIKE = str.maketrans("01357", "oiest")
_SHORTEST_NAME = 6
_WORDS = {
    host.split(".")[0]: platform
    for platform in PLATFORMS
    for host in platform.hosts
    if len(host.split(".")[0]) >= _SHORTEST_NAME
}
"""Names of platforms that are long enough to recognize imitations."""


def _differs_by_one(one: str, other: str) -> bool:
    """Whether the words differ by one added, missing or changed letter, or by two swapped letters."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    tails = (one[start + 1 :], other[start + 1 :])
    swapped = one[start : start + 2] == other[start : start + 2][::-1] and one[start + 2 :] == other[start + 2 :]
    return tails[0] == tails[1] or one[start:] == tails[1] or tails[0] == other[start:] or swapped
