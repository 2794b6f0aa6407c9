"""Restores whole numbers that a program wrote in scientific notation, 3.17501E+15, if no digits were lost."""

import re

SCIENTIFIC = r"^(?:\d[.,]\d+[Ee]\+?|\d[Ee]\+)\d{1,3}$"
"""Numbers in scientific notation, as an RE2 pattern. Does not match «3E12», which may be a code."""

_NUMBER = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d+)", re.IGNORECASE)


def all_digits(written: str) -> str | None:
    """Return the digits of the number; None if the exponent needs more digits than are written."""
    fits = _NUMBER.fullmatch(written)
    if fits is None:
        return None
    behind, places = (fits[2] or "").rstrip("0"), int(fits[3])
    if len(behind) > places or len(fits[2] or "") < places:
        return None
    return fits[1] + (fits[2] or "")[:places]
