"""Finds links and handles in text, checks them, and returns their canonical form. It makes no requests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from kelompok_social_links.platforms import BY_NAME, PLATFORMS, SHORTENERS, Platform, imitates, platform_of

WEBSITE = "website"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link or handle, or text that only looks like one.

    Attributes:
        platform: Name of a platform, or ``website``.
        handle: The account, or None if the link names none.
        url: The canonical address; empty if a problem leaves none.
        start, end: Position in the text, in characters.
        problem: Issue code, or None.
        confidence: 1 for a link, less for a handle that only the word before it assigns to a platform.
    """

    platform: str
    handle: str | None
    url: str
    start: int
    end: int
    problem: str | None = None
    confidence: float = 1.0


_TLDS = r"(?:com|org|net|id|co|me|ee|be|am|gov|edu|info|io|tv|gl|ly|at|gd|app|social|dog|us|uk|eu|de|example|or)"
_IN_ADDRESS = r"[^\s<>«»“”\"'\[\]|`]"
_ADDRESS = re.compile(
    rf"(?<![\w@./-])(?:https?://{_IN_ADDRESS}+|(?:www\.|[\w-]+\.)+{_TLDS}\b(?![\w.-]*@)(?::\d+)?(?:/{_IN_ADDRESS}*)?)",
    re.IGNORECASE,
)
_LABELS = {label: platform for platform in PLATFORMS for label in platform.labels}
_HANDLE = re.compile(
    rf"(?<![\w@])(?P<label>{'|'.join(sorted(map(re.escape, _LABELS), key=len, reverse=True))})"
    r"(?:\s+(?:kami|resmi|official|us))?\s*(?P<mark>[:=/]\s*@?|\s@)(?P<handle>[\w.·-]{1,60})",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}*"


def find_links(text: str) -> list[Link]:
    """Return the links and labelled handles of a text in order; if two overlap, only the first one."""
    found = sorted([*_addresses(text), *_handles(text)], key=lambda link: (link.start, -link.end))
    kept: list[Link] = []
    for link in found:
        if not kept or link.start >= kept[-1].end:
            kept.append(link)
    return kept


def read_link(written: str, expected: Platform | None = None) -> Link | None:
    """Return the link in a cell: an address, or a handle on the column's platform; None if there is neither."""
    links = find_links(written)
    if links:
        return links[0]
    bare = written.strip().removeprefix("@")
    if expected is not None and expected.handle.fullmatch(bare):
        return _account(expected, bare, (0, len(written)), confidence=1.0)
    return None


def _addresses(text: str) -> Iterator[Link]:
    for match in _ADDRESS.finditer(text):
        written = match[0].rstrip(_TRAILING)
        if link := _judge(_unwrapped(written), match.start(), match.start() + len(written)):
            yield link


def _judge(written: str, start: int, end: int) -> Link | None:
    parts, host = _split(written)
    if "." not in host:
        return None
    platform, posing = platform_of(host), imitates(host)
    if host in SHORTENERS:
        return Link(platform=WEBSITE, handle=None, url=written, start=start, end=end, problem="link.shortened")
    if posing is not None:
        return Link(platform=posing.name, handle=None, url="", start=start, end=end, problem="link.look_alike")
    if platform is None:
        return Link(platform=WEBSITE, handle=None, url=_website(parts), start=start, end=end)
    handle = _handle_of(platform, host, parts.path, parts.query)
    if handle is None:
        return Link(platform=platform.name, handle=None, url="", start=start, end=end, problem="link.no_account")
    return _account(platform, handle, (start, end), confidence=1.0)


def _split(written: str) -> tuple[SplitResult, str]:
    """Return the parts of an address (https if it has no scheme), and its host without ``www.`` and ``m.``."""
    try:
        parts = urlsplit(written if "://" in written else f"https://{written}")
    except ValueError:  # it only looks like an address
        return urlsplit(""), ""
    return parts, (parts.hostname or "").removeprefix("www.").removeprefix("m.")


_WRAPPERS = {
    "safelinks.protection.outlook.com": ("url",), "l.facebook.com": ("u",), "lm.facebook.com": ("u",),
    "l.instagram.com": ("u",), "google.com": ("q", "url"), "youtube.com": ("q",),
}  # fmt: skip
"""Redirecting hosts, and the parameters that contain the target address; no request is needed."""
_REDIRECT_PATHS = ("/l.php", "/url", "/redirect", "/", "")


def _unwrapped(written: str) -> str:
    """Return the target of a redirecting address; any other address unchanged."""
    parts, host = _split(written)
    names = next((names for known, names in _WRAPPERS.items() if host == known or host.endswith(f".{known}")), ())
    given = parse_qs(parts.query) if names and parts.path in _REDIRECT_PATHS else {}
    inner = next((given[name][0] for name in names if name in given), "")
    return inner if inner.startswith(("http://", "https://")) else written


def _website(parts: SplitResult) -> str:
    """Return the address of a website with the host in lower case and without tracking parameters."""
    query = "&".join(piece for piece in parts.query.split("&") if piece and not _TRACKING.match(piece))
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}{'?' + query if query else ''}"


_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|igshid|igsh|si|ref|ref_src|mc_cid|mc_eid|_rdr|hl|lang|locale)(?:=|$)")


def _handle_of(platform: Platform, host: str, path: str, query: str) -> str | None:
    """Return the account in an address of a platform, or None."""
    steps = [step for step in path.split("/") if step]
    if platform.name == "whatsapp":
        return _number(host, steps, query)
    if not steps or host == "youtu.be":
        return None
    first, further = steps[0].lower(), steps[1:]
    if first == "profile.php":
        number = parse_qs(query).get("id", [""])[0]
        return f"profile.php?id={number}" if number.isdigit() else None
    if first in platform.steps:
        return "/".join([first, *further[: _STEPS_BEHIND.get(first, 1)]]) if further else None
    bare = steps[0].removeprefix("@")
    return bare if first not in platform.not_accounts and platform.handle.fullmatch(bare) else None


_STEPS_BEHIND = {"pages": 2, "people": 2}
"""Old addresses of pages have a name and a number."""


def _number(host: str, steps: list[str], query: str) -> str | None:
    """Return the number of ``wa.me/62…`` and ``api.whatsapp.com/send?phone=62…``."""
    given = steps[0] if host == "wa.me" and steps else parse_qs(query).get("phone", [""])[0]
    digits = re.sub(r"[^0-9]", "", given)
    return digits if BY_NAME["whatsapp"].handle.fullmatch(digits) else None


def _handles(text: str) -> Iterator[Link]:
    """Yield handles after the name of a platform: «IG: @rumahbaca», «Twitter @lbh»."""
    for match in _HANDLE.finditer(text):
        label, handle = match["label"].lower(), match["handle"].rstrip("._-·")
        platform = _LABELS[label]
        certain = "@" in match["mark"]
        if not certain and (len(label) < _CLEAR_LABEL or not _is_unlike_a_word(handle)):
            continue  # not handles: «x: jumlah», «Instagram: lihat di bawah»
        if platform.handle.fullmatch(handle):
            start = match.start("handle") - (text[match.start("handle") - 1] == "@")
            span = (start, match.start("handle") + len(handle))
            yield _account(platform, handle, span, confidence=0.9 if certain else 0.7)


_CLEAR_LABEL = 2


def _is_unlike_a_word(handle: str) -> bool:
    """Whether this is a handle rather than a word: it is long, or has digits, dots or underscores."""
    return bool(re.search(r"[\d_.]", handle)) or len(handle) >= _LONGER_THAN_WORDS


_LONGER_THAN_WORDS = 11


def _account(platform: Platform, handle: str, span: tuple[int, int], *, confidence: float) -> Link:
    lowered = (
        handle.lower()
        if platform.name in ("instagram", "tiktok", "twitter", "telegram") and "+" not in handle
        else handle
    )
    page = platform.page
    if any(lowered.startswith(f"{step}/") for step in platform.steps) or lowered.startswith("profile.php"):
        page = page.replace("@{}", "{}")
    return Link(
        platform=platform.name,
        handle=lowered,
        url=page.replace("{}", lowered),
        start=span[0],
        end=span[1],
        confidence=confidence,
    )
