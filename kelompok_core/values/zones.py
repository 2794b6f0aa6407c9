"""Time zones as people write them: letters, offsets, IANA names, and what a column's header says of its times."""

import re
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

ZONE_LETTERS = {
    "wib": "Asia/Jakarta", "wita": "Asia/Makassar", "wit": "Asia/Jayapura", "z": "UTC", "utc": "UTC", "gmt": "UTC",
}  # fmt: skip
"""Indonesia's three zones, and the one of machines."""

_OFFSET = re.compile(r"(?:utc|gmt)?\s*(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?")
_FURTHEST_HOURS = 15
_SHOWN_BY_WINDOWS = re.compile(r"\((?P<offset>utc(?:[+-]\d{2}:\d{2})?)\)\s.+")
_WITH_OFFSET = re.compile(r"(?P<name>[a-z_/]+)\s*\((?:utc|gmt)\s*[+-].*\)")


def as_offset(written: str) -> str | None:
    """Return an offset from UTC as ``+07:00``; None when the text is none."""
    fits = _OFFSET.fullmatch(written.strip().lower())
    if fits is None or int(fits["hours"]) >= _FURTHEST_HOURS:
        return None
    return f"{fits['sign']}{int(fits['hours']):02}:{fits['minutes'] or '00'}"


def zone_name(written: str) -> str | None:
    """Return a zone as it is stored, an IANA name or an offset such as ``+02:00``; None when it is not known."""
    text = written.strip().lower()
    if fits := _SHOWN_BY_WINDOWS.fullmatch(text):  # «(UTC+07:00) Bangkok, Hanoi, Jakarta»
        text = fits["offset"]
    elif fits := _WITH_OFFSET.fullmatch(text):  # «WIB (UTC+7)»
        text = fits["name"]
    return ZONE_LETTERS.get(text) or _iana_names().get(text) or as_offset(text)


@lru_cache
def _iana_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def header_zone(header: str) -> str | None:
    """Return the zone that a header names for its column: ``post_date_gmt`` and «Jam (WIB)» do; else None."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).lower())
    return next((ZONE_LETTERS[word] for word in words if word in ZONE_LETTERS and word != "z"), None)


@lru_cache
def zone_info(written: str, default: str) -> tzinfo:
    """Return the zone of letters, an offset or an IANA name; of nothing the default's."""
    name = zone_name(written) if written else default
    offset = as_offset(name or "")
    if offset is None:
        return ZoneInfo(name or default)
    hours, minutes = int(offset[1:3]), int(offset[4:])
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if offset.startswith("-") else away)
