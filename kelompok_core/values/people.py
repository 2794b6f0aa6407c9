"""Names of people: in one column or in two, and what to call somebody of whom there is only an address."""

import re

import pandas as pd

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import matching
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line

_ADDRESS = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_PARTS = ("given_name", "middle_name", "family_name")

MISSING = "…"
"""Stands for a part of a name in what is said of it in brief: «Rina …»."""


def person_name(inputs: Inputs) -> Normalized:
    """Read a name: its own column, else the parts ``given_name``, ``middle_name`` and ``family_name``.

    Where there is none, or an address in its place, one is made of the part ``email``: a derived value, with a note.
    """
    whole = line(inputs.own)
    written = drop_blank_words(whole.values)
    addresses = matching(written, _ADDRESS)  # what programs write where nobody gave a name, as WordPress does
    said = written.mask(addresses)
    if said.notna().all():
        return Normalized(values=said, findings=whole.findings)
    parts = [line(inputs.part(name)) for name in _PARTS]
    given, middle, family = (part.values.fillna("") for part in parts)
    joined = line(given + " " + middle + " " + family).values
    brief = _in_brief(given, middle, family).where(said.isna() & joined.notna())
    said = said.fillna(joined)
    address = inputs.part("email").fillna(written.where(addresses))
    names = said.fillna(map_distinct(line(address[said.isna()]).values, _from_address))
    derived = said.isna() & names.notna()
    told_in = inputs.parts.get("email", inputs.own)
    finding = found(told_in, derived, "value.name_from_email", Severity.INFO)
    findings = [whole.findings, *(part.findings for part in parts)]
    return Normalized(values=names, findings=all_findings(*findings, finding), derived=derived, brief=brief)


def _in_brief(*parts: pd.Series) -> pd.Series:
    """Return names with :data:`MISSING` for each part that a row does not say; null where it says all."""
    names = parts[0].replace("", MISSING)
    for part in parts[1:]:
        names = names + " " + part.replace("", MISSING)
    return names.where(names.str.contains(MISSING, regex=False))


def _from_address(written: str) -> str | None:
    local, at, _ = written.strip("<>\"' ").partition("@")
    words = re.sub(r"[._+\-\s]+", " ", local).strip()
    return words.title() if at and words else None
