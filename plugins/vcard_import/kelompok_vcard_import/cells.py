"""Makes the cells of a member or an organization from a card."""

import re
from collections.abc import Callable, Mapping, Sequence

from kelompok_core.plugin_kit.reading.content_lines import ContentLine, split_value, unescape
from kelompok_core.plugin_kit.reading.properties import categories_cell
from kelompok_vcard_import.cards import Card, ranked

Cells = dict[str, str | None]

KEPT = frozenset(
    {
        "", "VERSION", "PRODID", "KIND", "X-ADDRESSBOOKSERVER-KIND", "X-ABSHOWAS", "X-ABLABEL", "UID", "FN", "N", "ORG",
        "TITLE", "ROLE", "EMAIL", "TEL", "ADR", "URL", "X-SOCIALPROFILE", "IMPP", "CATEGORIES", "NOTE", "REV",
    }
)  # fmt: skip
"""Properties that are read. Photos, keys and birthdays are none of them."""
_OF_ONE_VALUE = ("FN", "N", "ORG", "TITLE", "ADR", "UID", "REV")

_CELL, _WORK, _HOME = frozenset({"cell", "mobile", "iphone"}), frozenset({"work"}), frozenset({"home"})
_NO_PHONES = ("fax", "pager", "modem", "bbs")

_OF_ANYBODY = (
    "external_id", "name", "phone", "address", "city", "region", "country", "website_url", "facebook", "instagram",
    "twitter", "youtube", "changed_at",
)  # fmt: skip
_OF_MEMBERS = ("organization", "position", "email", "linkedin", "tags", "notes")
_OF_ORGANIZATIONS = ("official_email",)
_EXTRA = ("phone_extension", "other_phones", "other_emails")
_EXTRA_OF_MEMBERS = ("organization_unit",)
_EXTRA_OF_ORGANIZATIONS = ("linkedin", "tags", "notes")

FIELDS: Mapping[str, Sequence[str]] = {
    "members": (*_OF_ANYBODY, *_OF_MEMBERS),
    "organizations": (*_OF_ANYBODY, *_OF_ORGANIZATIONS),
}
"""Columns that are fields, by entity."""
EXTRA: Mapping[str, Sequence[str]] = {
    "members": (*_EXTRA, *_EXTRA_OF_MEMBERS),
    "organizations": (*_EXTRA, *_EXTRA_OF_ORGANIZATIONS),
}
"""Columns that are kept as extra data, by entity."""

_JOINT = "; "
_NETWORKS = {
    "facebook.com": "facebook", "fb.com": "facebook", "fb.me": "facebook", "instagram.com": "instagram",
    "instagr.am": "instagram", "twitter.com": "twitter", "x.com": "twitter", "youtube.com": "youtube",
    "linkedin.com": "linkedin",
}  # fmt: skip
_NAMES = frozenset(_NETWORKS.values())
_ADDRESS = re.compile(r"(?:https?://)?(?:[\w-]+\.)*?([\w-]+\.\w+)(?::\d+)?(?:[/?#]|$)", re.ASCII | re.IGNORECASE)


def member_cells(card: Card) -> Cells:
    """Return the cells of a member."""
    cells = _cells(card, _HOME)
    units = card.parts("ORG")
    cells["organization"] = (units[0] or None) if units else None
    cells["organization_unit"] = _JOINT.join(filter(None, units[1:])) or None
    cells["position"] = card.text("TITLE") or card.text("ROLE")
    cells["name"] = _filled(card.text("FN")) or _name_of_parts(card.parts("N"))
    return cells


def organization_cells(card: Card) -> Cells:
    """Return the cells of an organization."""
    cells = _cells(card, _WORK)
    units = card.parts("ORG")
    cells["official_email"] = cells.pop("email")
    cells["name"] = _filled(card.text("FN")) or (units[0] if units else None) or _name_of_parts(card.parts("N"))
    return cells


MAKERS: Mapping[str, Callable[[Card], Cells]] = {"members": member_cells, "organizations": organization_cells}
"""What makes the cells, by entity."""


def _cells(card: Card, place: frozenset[str]) -> Cells:
    """Return the cells that members and organizations share; of several addresses, one of this type is preferred."""
    lines = card.lines
    cells: Cells = {"external_id": _filled(card.text("UID")), "changed_at": _filled(card.text("REV"))}
    cells["tags"] = categories_cell(lines["CATEGORIES"]) if "CATEGORIES" in lines else None
    cells["notes"] = "\n\n".join(filter(None, (unescape(line.value) for line in lines.get("NOTE", ())))) or None
    if "EMAIL" in lines:
        emails = [unescape(line.value).strip().removeprefix("mailto:") for line in ranked(lines["EMAIL"], _WORK)]
        cells["email"], cells["other_emails"] = emails[0], _JOINT.join(emails[1:]) or None
    else:
        cells["email"] = None
    if "TEL" in lines:
        _add_phones(cells, lines["TEL"])
    if "ADR" in lines:
        _add_address(cells, ranked(lines["ADR"], place)[0])
    if not lines.keys().isdisjoint(("URL", "X-SOCIALPROFILE", "IMPP")):
        _add_links(cells, lines)
    return cells


def _filled(text: str | None) -> str | None:
    return text if text and not text.isspace() else None


def _name_of_parts(parts: Sequence[str]) -> str | None:
    """Return the given, additional and family names of N, in this order."""
    family, given, additional = (*parts, "", "", "")[:3]
    return " ".join(filter(None, (given, additional, family))) or None


def _add_phones(cells: Cells, lines: Sequence[ContentLine]) -> None:
    phones, others = [], []
    for line in ranked(lines, _CELL, _WORK):
        number = unescape(line.value).strip()
        use = next((word for word in _NO_PHONES if word in line.head.types), None)
        if use is not None:
            others.append(f"{number} ({use})")
        elif number[: len("sip:")].lower() == "sip:":
            others.append(number)
        else:
            phones.append(_without_scheme(number))
    number, _, params = (phones[0] if phones else "").partition(";")
    cells["phone"] = number or None
    named = dict(param.partition("=")[::2] for param in params.split(";")) if params else {}
    cells["phone_extension"] = named.get("ext")
    cells["other_phones"] = _JOINT.join([*phones[1:], *others]) or None


def _without_scheme(number: str) -> str:
    return number[len("tel:") :] if number[: len("tel:")].lower() == "tel:" else number


def _add_address(cells: Cells, line: ContentLine) -> None:
    parts = [part.strip(" \t\n,") for part in split_value(line.value, ";")]
    box, further, street, city, region, code, country = (*parts, *[""] * 7)[:7]
    cells["address"] = ", ".join(filter(None, (street, further, box, code))) or None
    cells["city"], cells["region"], cells["country"] = city or None, region or None, country or None


def _add_links(cells: Cells, lines: Mapping[str, Sequence[ContentLine]]) -> None:
    """Add the website and the accounts; of several for one network the first is taken."""
    for line in ranked(lines.get("URL", ())):
        url = unescape(line.value).strip()
        column = network_of(url) or "website_url"
        cells.setdefault(column, url or None)
    for line in (*lines.get("X-SOCIALPROFILE", ()), *lines.get("IMPP", ())):
        network, account = _account_of(line)
        if network is not None:
            cells.setdefault(network, account)


def network_of(url: str) -> str | None:
    """Return the network whose address this is, or None."""
    found = _ADDRESS.match(url)
    return _NETWORKS.get(found[1].lower()) if found is not None else None


def _account_of(line: ContentLine) -> tuple[str | None, str]:
    """Return the network of an account, if it is one of those that are read, and its address or name."""
    value = unescape(line.value).strip()
    if (network := network_of(value)) is not None:
        return network, value
    params = line.head.params
    words = {*line.head.types, *(word.lower() for word in params.get("X-SERVICE-TYPE", ()))}
    scheme, colon, name = value.partition(":")
    words |= {scheme.lower()} if colon else set()
    network = next((word for word in sorted(words) if word in _NAMES), None)
    user = params.get("X-USER", ("",))[0]
    return network, user or (name if colon else value)


def further_values(card: Card) -> Mapping[str, int]:
    """Return how many further values of each property the cells leave out."""
    return {name: len(card.lines[name]) - 1 for name in _OF_ONE_VALUE if len(card.lines.get(name, ())) > 1}
