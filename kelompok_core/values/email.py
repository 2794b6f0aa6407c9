"""Read e-mail addresses: lower case, checked for valid syntax, never by a network lookup."""

import re

import pandas as pd
from email_validator import EmailNotValidError, validate_email

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found, map_others
from kelompok_core.values.text import line

# Nearly all addresses match this; the others go to the library, which is two hundred times slower.
_PLAIN = r"^[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.)+[a-z]{2,24}$"
_LONGEST = 254  # RFC 5321, 4.5.3.1.3, less the brackets
_NAMED = re.compile(r"[^<>]*<\s*[^<>@\s]+@[^<>@\s]+\s*>?")
_SEPARATORS = re.compile(r"(?::::|[;,/\s])+")


def email(cells: pd.Series) -> Normalized:
    """Normalize an optional address; of several the first is taken, with a warning; a wrong one is an error."""
    tidy = line(cells)
    addresses = drop_blank_words(tidy.values)
    lower = addresses.str.lower()
    # The library converts domains in Punycode, so that both forms compare equal.
    plain = matching(lower, _PLAIN) & (lower.str.len() <= _LONGEST) & ~matching(lower, r"[@.]xn--")
    values = map_others(lower, plain, _first_address)
    several = matching(addresses, r"@.*[:;,/\s\pZ].*@")
    findings = all_findings(
        found(cells, several & values.notna(), "value.email_several", Severity.WARNING),
        found(cells, addresses.notna() & values.isna(), "value.email", Severity.ERROR),
    )
    return Normalized(values=values, findings=findings)


def _first_address(written: str) -> str | None:
    """Return the first valid address in the cell, or None if one of them is not valid."""
    plain = written.strip("<>\"' ").removeprefix("mailto:")
    parts = [part.strip("<>()\"'") for part in _SEPARATORS.split(plain) if part]
    if not all("@" in part for part in parts) and not _NAMED.fullmatch(plain):
        return None  # «Zsa Zsa.Lipson@mail.com» is a mistyped address, not one with a name before it
    parts = [part for part in parts if "@" in part] or [plain]
    try:
        return validate_email(parts[0], check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None
