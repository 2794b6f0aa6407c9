"""Names of people: in one column or in two, and what to call somebody of whom there is only an address."""

import re

from kelompok_core.contracts import Severity
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line


def person_name(inputs: Inputs) -> Normalized:
    """Read a name: its own column, else the parts ``given_name`` and ``family_name``, else from the part ``email``.

    A name made of an address is said so, that somebody may put it right.
    """
    whole = line(inputs.own)
    said = drop_blank_words(whole.values)
    if said.notna().all():
        return Normalized(values=said, findings=whole.findings)
    given, family = (line(inputs.part(name)).values for name in ("given_name", "family_name"))
    both = (given.fillna("") + " " + family.fillna("")).str.strip()
    said = said.fillna(both.mask(both == ""))
    address = inputs.part("email")
    nameless = address[said.isna()]
    names = said.fillna(map_distinct(line(nameless).values, _from_address))
    finding = found(address, said.isna() & names.notna(), "value.name_from_email", Severity.INFO)
    return Normalized(values=names, findings=all_findings(whole.findings, finding))


def _from_address(written: str) -> str | None:
    local, at, _ = written.strip("<>\"' ").partition("@")
    words = re.sub(r"[._+\-\s]+", " ", local).strip()
    return words.title() if at and words else None
