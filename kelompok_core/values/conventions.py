"""Defaults for what a cell leaves open: its time zone, country, and order of day and month."""

from enum import StrEnum
from functools import lru_cache
from zoneinfo import available_timezones

DEFAULT_PHONE_COUNTRY = "ID"
DEFAULT_ZONE = "Asia/Jakarta"


class DateOrder(StrEnum):
    """The order of day and month in numeric dates."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


def is_zone(name: str) -> bool:
    """Return whether the name is an IANA time zone."""
    return name in _zone_names()


@lru_cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_country(code: str) -> bool:
    """Return whether this is an ISO 3166 code of two capital letters."""
    import pycountry

    return pycountry.countries.get(alpha_2=code) is not None and code.isupper()
