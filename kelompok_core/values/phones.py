"""Phone numbers in international form (E.164): +6281234567890."""

import re
from functools import lru_cache

import pandas as pd
import phonenumbers
import pyarrow.compute as pc

from kelompok_core.contracts import Severity
from kelompok_core.values.arrow import to_arrow, to_series
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found
from kelompok_core.values.places import country
from kelompok_core.values.reading import Inputs
from kelompok_core.values.text import line

_SEVERAL = re.compile(r"\s*(?:[/;,|\n]|\bor\b|\batau\b|\bdan\b|\band\b)\s*", re.IGNORECASE)
_PUNCTUATION = r"[\s().\-–]"


def phone(inputs: Inputs) -> Normalized:
    """Read a number; of several the first that is one, and said so; what is none stays as written, and said so.

    A number without country code is one of the country in the part ``country``, else of the import's. Digits that
    are a number only with the zero a spreadsheet took away get it back, and that is said.
    """
    cells = inputs.own
    said = drop_blank_words(line(cells).values)
    regions = pd.Series(inputs.reading.phone_country, index=cells.index, dtype="str")
    if "country" in inputs.parts:
        regions = country(inputs.parts["country"]).values.fillna(regions)
    numbers, restored, several = _read(said, regions)
    findings = all_findings(
        found(cells, restored, "value.phone_zero_restored", Severity.WARNING),
        found(cells, several, "value.phone_several", Severity.WARNING),
        found(cells, said.notna() & numbers.isna(), "value.phone", Severity.WARNING),
    )
    return Normalized(values=numbers.fillna(said), findings=findings)


def _read(said: pd.Series, regions: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return numbers, and where a zero was restored and where others were passed over."""
    numbers = pd.Series(None, index=said.index, dtype="str")
    restored = pd.Series(data=False, index=said.index)
    several = restored.copy()
    for region in regions[said.notna()].unique():
        here = said[said.notna() & (regions == region)]
        plain, lost = _mobiles(here, region)
        numbers[here.index], restored[here.index] = plain, lost
        rest = here[plain.isna()]
        if rest.empty:
            continue
        others = {text: _number(text, region) for text in rest.unique()}
        numbers[rest.index] = rest.map({text: one[0] for text, one in others.items()}).astype("str")
        restored[rest.index] = rest.map({text: one[1] for text, one in others.items()}).astype(bool)
        several[rest.index] = rest.map({text: one[2] for text, one in others.items()}).astype(bool)
    return numbers, restored, several


def _mobiles(said: pd.Series, region: str) -> tuple[pd.Series, pd.Series]:
    """Return the numbers that are plainly mobile ones of the region, by the library's own pattern.

    Nearly all are; asking the library for each takes a hundred times as long.
    """
    pattern, code = _mobile_pattern(region)
    digits = pc.replace_substring_regex(to_arrow(said), _PUNCTUATION, "")
    parts = pc.extract_regex(digits, pattern)
    numbers = to_series(pc.struct_field(parts, "number"), said.index)
    prefixes = to_series(pc.struct_field(parts, "prefix"), said.index)
    return code + numbers, numbers.notna() & (prefixes == "")


@lru_cache
def _mobile_pattern(region: str) -> tuple[str, str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    mobile = metadata.mobile if metadata else None
    if metadata is None or mobile is None or not metadata.national_prefix or not mobile.national_number_pattern:
        return r"(?P<prefix>$.)(?P<number>.)", ""  # fits nothing
    code, zero = metadata.country_code, metadata.national_prefix
    pattern = mobile.national_number_pattern
    return rf"^(?P<prefix>\+{code}|{zero}|)(?P<number>{pattern})$", f"+{code}"


def _number(written: str, region: str) -> tuple[str | None, bool, bool]:
    parts = [part for part in _SEVERAL.split(written) if part]
    for part in parts:
        if (number := _parse(part, region)) is not None:
            bare = re.sub(r"\D", "", part)
            lost = part.lstrip("( ")[:1] not in "+0" and bare == str(number.national_number)
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), lost, len(parts) > 1
    return None, False, False


def _parse(written: str, region: str) -> phonenumbers.PhoneNumber | None:
    digits, code = re.sub(r"\D", "", written), str(phonenumbers.country_code_for_region(region))
    # «62 812…» without its plus is what exports write where «+» would be a formula.
    for candidate in (written, "+" + digits) if digits.startswith(code) else (written,):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None
