"""Which columns hold personal data no community needs, however their headers are spelled."""

import re

from kelompok_core.headers.spelling import spellings, squeeze

_EXACT = frozenset(
    {
        "nik", "nonik", "nomornik", "nomorindukkependudukan", "ktp", "noktp", "nomorktp", "noktpnik", "nikktp",
        "kk", "nokk",
        "nomorkk", "nokartukeluarga", "nomorkartukeluarga", "agama", "religion", "kepercayaan", "password",
        "passwd", "katasandi",
        "stripecustomerid", "golongandarah", "goldarah", "bloodtype", "bloodgroup", "nationalid", "nationalidnumber",
        "identitynumber", "nomoridentitas", "noidentitas", "socialsecuritynumber", "ssn", "dob", "yob", "ttl",
        "noktpsim", "nosim", "sukubangsa", "ethnicity",
    }
)  # fmt: skip
"""Whole headers, their words run together."""

_WORDS = re.compile(
    r"\b(?:birth(?:day|date|place|year)?s?|born|lahir|kelahiran|d o b|y o b|t t l|passports?|paspor|pasport)\b"
    r"|\b(?:mothers?|ibu kandung)\b.*\b(?:name|nama|maiden)\b|\bmother s\b|\bnama (?:gadis )?ibu\b|\bmaiden name\b"
    r"|\b(?:religion|agama|ktp|nik)\b"
)
"""Words in a header of any length: «Contact1 Birthdate», «Tempat, Tanggal Lahir», «Mother's Maiden Name»."""


def is_sensitive(column: str) -> bool:
    """Return whether a column, be it a member of a nested record, holds such data."""
    return any(_is_sensitive(one) for one in (*spellings(column), *spellings(column.rpartition(".")[2])))


def _is_sensitive(folded: str) -> bool:
    return squeeze(folded) in _EXACT or _WORDS.search(folded) is not None
