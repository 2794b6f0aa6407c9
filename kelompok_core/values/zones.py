"""Read time zones as people write them: abbreviations, offsets and names, in cells and in headers."""

import re
from collections.abc import Iterator
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from kelompok_core.values.windows_zones import windows_names

ZONE_LETTERS = {
    "wib": "Asia/Jakarta", "wita": "Asia/Makassar", "wit": "Asia/Jayapura", "z": "UTC", "utc": "UTC", "gmt": "UTC",
}  # fmt: skip
"""Indonesia's three zones, and UTC."""

ABBREVIATIONS = {
    "sgt": "Asia/Singapore", "myt": "Asia/Kuala_Lumpur", "pht": "Asia/Manila", "ict": "Asia/Bangkok",
    "hkt": "Asia/Hong_Kong", "jst": "Asia/Tokyo", "kst": "Asia/Seoul", "awst": "Australia/Perth",
    "acst": "Australia/Darwin", "aest": "Australia/Brisbane", "aedt": "Australia/Sydney", "nzst": "Pacific/Auckland",
    "nzdt": "Pacific/Auckland", "cet": "Europe/Berlin", "cest": "Europe/Berlin", "eet": "Europe/Athens",
    "eest": "Europe/Athens", "et": "America/New_York", "edt": "America/New_York", "pdt": "America/Los_Angeles",
}  # fmt: skip
"""Abbreviations that mean one zone. Those that mean several, such as CST, IST and PST, are not known."""

_UNCLEAR = frozenset(
    {"pst", "pt", "cst", "ct", "cdt", "ist", "bst", "ast", "adt", "mst", "mt", "mdt", "est", "sst", "gst", "amt", "wst"}
)
"""Abbreviations that mean several zones, or that are also words of other languages."""

_SPOKEN = {
    "waktu indonesia barat": "Asia/Jakarta", "waktu indonesia tengah": "Asia/Makassar",
    "waktu indonesia timur": "Asia/Jayapura", "western indonesia time": "Asia/Jakarta",
    "central indonesia time": "Asia/Makassar", "eastern indonesia time": "Asia/Jayapura",
    "eastern time": "America/New_York", "pacific time": "America/Los_Angeles", "singapura": "Asia/Singapore",
    "greenwich mean time": "UTC", "coordinated universal time": "UTC",
}  # fmt: skip

_OFFSET = re.compile(r"(?:utc|gmt)?\s*(?P<sign>[+-])\s*(?P<hours>\d{1,2})(?:[:.]?(?P<minutes>\d{2}))?")
_FURTHEST_HOURS = 15
_SHOWN_BY_WINDOWS = re.compile(r"\((?P<offset>(?:utc|gmt)(?:[+-]\d{2}:\d{2})?)\)\s.+")
_BRACKETS = re.compile(r"(?P<before>[^()\[\]]*?)\s*[(\[](?P<inside>[^()\[\]]+)[)\]]\s*")
_OF_A_PLACE = re.compile(r"(?:waktu|zona)\s+(?P<behind>.+)|(?P<before>.+?)(?:\s+local)?\s+time")
_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def as_offset(written: str) -> str | None:
    """Return an offset from UTC as ``+07:00``; None if the text is not an offset."""
    fits = _OFFSET.fullmatch(written.strip().lower())
    if fits is None or int(fits["hours"]) >= _FURTHEST_HOURS:
        return None
    return f"{fits['sign']}{int(fits['hours']):02}:{fits['minutes'] or '00'}"


@lru_cache(maxsize=10_000)
def zone_name(written: str) -> str | None:
    """Return a zone in stored form, as an IANA name or an offset such as ``+02:00``; None if it is unknown."""
    text = " ".join(written.lower().split())
    if fits := _SHOWN_BY_WINDOWS.fullmatch(text):  # «(UTC+07:00) Bangkok, Hanoi, Jakarta»
        text = fits["offset"]
    if (known := _known(text)) is not None:
        return known
    if fits := _BRACKETS.fullmatch(text):  # «WIB (UTC+7)»
        return _known(fits["before"]) or _known(fits["inside"])
    return None


def _known(text: str) -> str | None:
    names = ZONE_LETTERS.get(text) or ABBREVIATIONS.get(text) or _SPOKEN.get(text)
    name = names or _names().get(text) or as_offset(text)
    if name is None and (fits := _OF_A_PLACE.fullmatch(text)):  # «Singapore time», «waktu Makassar»
        return _known(fits["behind"] or fits["before"])
    return name


@lru_cache
def _names() -> dict[str, str]:
    """Return zones by lower-case names: those of IANA and Windows, and the cities in IANA names."""
    names = sorted(available_timezones())
    cities = {
        name.rpartition("/")[2].replace("_", " ").lower(): name for name in reversed(names) if name.startswith(_REGIONS)
    }
    return {name.lower(): name for name in names} | windows_names() | cities


class ZonedHeader(NamedTuple):
    """A header, and the time zone it gives for its column.

    Attributes:
        rest: The header without its zone.
        zone: The zone, as :func:`zone_name` returns it; None if the header names no known zone.
        unknown: The words that name an unknown zone, or several zones.
    """

    rest: str
    zone: str | None = None
    unknown: str | None = None


NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>")
"""A note in brackets in a header: «(required)», «[dd/mm/yyyy]», «(WIB)»."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ZONE_WORDS = re.compile(
    rf"(?<![a-z\d])(?:(?:{'|'.join(_REGIONS)}|etc/)[a-z_]+(?:/[a-z_]+|[+-]\d{{1,2}})?|(?:utc|gmt)\s*[+-]\s*\d{{1,2}}(?:[:.]?\d{{2}})?"
    r"|waktu[ _]indonesia[ _](?:barat|tengah|timur)|wib|wita|wit|utc|gmt|[+-]\d{2}:\d{2})(?![a-z\d])",
    re.IGNORECASE,
)
_SHORT = re.compile(r"[A-Z]{2,5}")
_OF_SOME_ZONE = re.compile(r"[A-Z][\w ]+ [Tt]ime|(?:[Ww]aktu|[Zz]ona) [A-Z].+")
_NO_ZONES = frozenset({"local", "start", "end", "begin", "finish", "event", "date", "setempat", "mulai", "selesai"})


@lru_cache(maxsize=10_000)
def read_header(header: str) -> ZonedHeader:
    """Return the zone that a header names for its column.

    ``post_date_gmt``, «Jam (WIB)», «Mulai - WITA», ``start (UTC+7)`` and «Start (Singapore time)» name one.
    """
    for note in NOTE.finditer(header):
        zoned = _of_note(note[0][1:-1].strip())
        if zoned is not None:
            return zoned._replace(rest=f"{header[: note.start()]} {header[note.end() :]}".strip())
    spaced = _HUMP.sub(" ", header)
    words = list(_zone_words(spaced))
    if not words:
        return ZonedHeader(header)
    rest = _ZONE_WORDS.sub(lambda found: " " if zone_name(_plain(found[0])) else found[0], spaced)
    return _of_words(words)._replace(rest=rest.strip(" _-–—:"))


def _zone_words(text: str) -> Iterator[str]:
    """Yield the words that name a known zone."""
    return (word for found in _ZONE_WORDS.finditer(text) if zone_name(_plain(word := found[0])))


def _plain(words: str) -> str:
    return words if "/" in words else words.replace("_", " ")


def _of_words(words: list[str]) -> ZonedHeader:
    zones = {zone_name(_plain(word)) for word in words}
    return ZonedHeader("", zones.pop()) if len(zones) == 1 else ZonedHeader("", unknown="/".join(words))


def _of_note(note: str) -> ZonedHeader | None:
    """Return the zone that a note in brackets names; None for any other note."""
    if words := list(_zone_words(note)):
        return _of_words(words)
    if _SHORT.fullmatch(note) and note.lower() in _UNCLEAR:
        return ZonedHeader("", unknown=note)
    # Lower-case letters may be a word: «(est)» is short for «estimated».
    if (_SHORT.fullmatch(note) or len(note) > len("NZDT")) and (zone := zone_name(note)) is not None:
        return ZonedHeader("", zone)
    is_zone = _OF_SOME_ZONE.fullmatch(note) and not _NO_ZONES.intersection(note.lower().split())
    return ZonedHeader("", unknown=note) if is_zone else None


@lru_cache
def zone_info(written: str, default: str) -> tzinfo:
    """Return the zone of an abbreviation, offset or name; for empty text the default zone.

    Raises:
        ValueError: If the zone is not known. Callers raise an issue for such times before they call this.
    """
    name = zone_name(written) if written else default
    if name is None:
        raise ValueError(written)
    offset = as_offset(name)
    if offset is None:
        return ZoneInfo(name)
    hours, minutes = int(offset[1:3]), int(offset[4:])
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if offset.startswith("-") else away)
