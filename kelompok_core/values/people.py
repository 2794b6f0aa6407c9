"""Read names of people: from one column, from several parts, or from an email address if there is nothing else."""

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
"""Replaces a missing part in the brief form of a name: «Rina …»."""


def person_name(inputs: Inputs) -> Normalized:
    """Read a name: its own column, else the parts ``given_name``, ``middle_name`` and ``family_name``.

    If there is no name, or an email address in its place, one is derived from the part ``email``, with an info issue.
    """
    whole = line(inputs.own)
    written = drop_blank_words(whole.values)
    addresses = matching(written, _ADDRESS)  # programs such as WordPress write it if there is no name
    full_names = written.mask(addresses)
    if full_names.notna().all():
        return Normalized(values=full_names, findings=whole.findings)
    parts = [line(inputs.part(name)) for name in _PARTS]
    given, middle, family = (part.values.fillna("") for part in parts)
    joined = line(given + " " + middle + " " + family).values
    brief = _in_brief(given, middle, family).where(full_names.isna() & joined.notna())
    full_names = full_names.fillna(joined)
    address = inputs.part("email").fillna(written.where(addresses))
    names = full_names.fillna(map_distinct(line(address[full_names.isna()]).values, _from_address))
    derived = full_names.isna() & names.notna()
    source_cells = inputs.parts.get("email", inputs.own)
    finding = found(source_cells, derived, "value.name_from_email", Severity.INFO)
    findings = [whole.findings, *(part.findings for part in parts)]
    return Normalized(values=names, findings=all_findings(*findings, finding), derived=derived, brief=brief)


def _in_brief(*parts: pd.Series) -> pd.Series:
    """Return names with :data:`MISSING` for each part that is missing; null if none is."""
    names = parts[0].replace("", MISSING)
    for part in parts[1:]:
        names = names + " " + part.replace("", MISSING)
    return names.where(names.str.contains(MISSING, regex=False))


def _from_address(written: str) -> str | None:
    local, at, _ = written.strip("<>\"' ").partition("@")
    words = re.sub(r"[._+\-\s]+", " ", local).strip()
    return words.title() if at and words else None
