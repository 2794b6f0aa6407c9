"""Read phone numbers into international form (E.164): +6281234567890."""

import re
from functools import lru_cache
from typing import NamedTuple

import pandas as pd
import phonenumbers
import pyarrow.compute as pc

from kelompok_core.contracts import Severity, to_arrow
from kelompok_core.values.arrow import matching, to_series
from kelompok_core.values.blanks import drop_blank_words
from kelompok_core.values.normalized import Normalized, all_findings, found, map_distinct, map_others
from kelompok_core.values.places import country, country_of_region
from kelompok_core.values.reading import Inputs
from kelompok_core.values.scientific import all_digits
from kelompok_core.values.text import line, text

_SEVERAL = re.compile(r"\s*(?::::|[/;,|\n]|\bor\b|\batau\b|\bdan\b|\band\b)\s*", re.IGNORECASE)
_PUNCTUATION = r"[\s().\-–]"
_EXTENSION = re.compile(
    r"(?:\bext(?:ension|n)?\b|\bpes(?:awat)?\b|\bpsw\b|\bx(?=\s*\d))\.?\s*:?\s*\d*|#\s*\d+\s*$", re.IGNORECASE
)
_WORDS_BEHIND = re.compile(r"(?<=\d)\s*(?:\(\s*[^\W\d_][^()]*\)|(?:a\.?n\.?|u\.?p\.?|wa|hp)\b.*)$", re.IGNORECASE)
"""Words that people write after a number: whose it is, «a.n. Ibu», or what it is for, «(WA)»."""

_NOT_DIGITS = r"(?i:wa\.me|whatsapp|tel:|e\+|\.0+$|^'|^[a-z][a-z .]{0,14}:)"
_LABEL = re.compile(
    r"(?:no\.?|nomor)?\s*"
    r"(?:t|tel|telp|telepon|telephone|p|ph|phone|m|mob|mobile|cell|hp|handphone|wa|whatsapp|kontak|contact)?"
    r"\.?\s*:\s*(?=[+(\d])",
    re.IGNORECASE,
)
"""A label before a number: «p:», «No. HP:»."""
_LINK = re.compile(
    r"(?:https?://)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=|tel:)\+?(\d+)(?:[?&].*)?", re.IGNORECASE
)
_DECIMAL = re.compile(r"'?(\+?\d+)(?:\.0+)?")

UNKNOWN = "?"
"""The country of a number whose row names a country that is not known."""


def phone(inputs: Inputs) -> Normalized:
    """Read a phone number. Of several, the first valid one is taken, with a warning.

    A cell without a valid number stays as written, with a warning. A number without a country code belongs to the first
    of these countries that is known: of the code in the header, of the part ``country``, of the part ``region``, of the
    organization, of the import. If a row names a country that is not known, only numbers with a code are read. If
    digits are valid only with a leading zero that a spreadsheet removed, the zero is restored, with a warning.
    """
    cells = inputs.own
    written = drop_blank_words(line(cells).values)
    broken = matching(cells, r"\d\s*[\r\n]\s*\S")  # a line break between digits
    phones = written.mask(broken, text(cells).values) if broken.any() else written
    numbers, restored, several, more = _read(
        map_others(phones, ~matching(phones, _NOT_DIGITS), _expanded), _regions(inputs)
    )
    findings = all_findings(
        found(cells, restored, "value.phone_zero_restored", Severity.WARNING),
        found(cells, several, "value.phone_several", Severity.WARNING),
        found(cells, more, "value.phone_words_left", Severity.WARNING),
        found(cells, phones.notna() & numbers.isna(), "value.phone", Severity.WARNING),
    )
    return Normalized(values=numbers.fillna(written), findings=findings, brief=written.where(numbers.isna()))


def _regions(inputs: Inputs) -> pd.Series:
    """Return the country whose numbering plan applies to each row's number; the header's country comes first.

    :data:`UNKNOWN` if the row names a country that is not known.
    """
    region = region_in_header(str(inputs.own.name))
    if region is not None:
        return pd.Series(region, index=inputs.own.index, dtype="str")
    regions = pd.Series(inputs.reading.phone_country, index=inputs.own.index, dtype="str")
    if inputs.owner_country is not None:
        regions = inputs.owner_country.fillna(regions)
    if "region" in inputs.parts:
        elsewhere = map_distinct(inputs.parts["region"], country_of_region)
        regions = elsewhere.fillna(regions)
    if "country" in inputs.parts:
        named = drop_blank_words(line(inputs.parts["country"]).values)
        codes = country(inputs.parts["country"]).values
        regions = codes.fillna(regions.mask(named.notna(), UNKNOWN))
    return regions


@lru_cache(maxsize=1_000)
def region_in_header(header: str) -> str | None:
    """Return the country of the calling code in a header, «HP (+60)»; None if there is no code, or several."""
    codes = {int(code) for code in _CALLING_CODE.findall(header)}
    regions = {phonenumbers.region_code_for_country_code(code) for code in codes} - {"ZZ", "001"}
    return next(iter(regions)) if len(regions) == 1 else None


_CALLING_CODE = re.compile(r"\+\s?(\d{1,3})(?!\d)")


def _expanded(written: str) -> str:
    """Return the plain digits of a number written as a link, in scientific notation or with decimals."""
    written = _LABEL.sub("", written, count=1) if _LABEL.match(written) else written
    if fits := _LINK.fullmatch(written):
        return "+" + fits[1]
    if fits := _DECIMAL.fullmatch(written):
        return fits[1]
    # With fewer digits than the exponent needs, the rest are lost: keep the text, which is then not a number.
    return all_digits(written) or written


def _read(phones: pd.Series, regions: pd.Series) -> tuple[pd.Series, ...]:
    """Return the numbers, and masks of the rows where a zero was restored, other numbers or words were left out."""
    numbers = pd.Series(None, index=phones.index, dtype="str")
    restored, several, words = (pd.Series(data=False, index=phones.index) for _ in range(3))
    for region in regions[phones.notna()].unique():
        here = phones[phones.notna() & (regions == region)]
        plain, lost = _mobiles(here, region)
        numbers[here.index], restored[here.index] = plain, lost
        rest = here[plain.isna()]
        if rest.empty:
            continue
        others = {text: _number(text, region) for text in rest.unique()}
        numbers[rest.index] = rest.map({text: one.number for text, one in others.items()}).astype("str")
        for mask, name in ((restored, "restored"), (several, "several"), (words, "words")):
            mask[rest.index] = rest.map({text: getattr(one, name) for text, one in others.items()}).astype(bool)
    return numbers, restored, several, words


def _mobiles(phones: pd.Series, region: str) -> tuple[pd.Series, pd.Series]:
    """Return the numbers that match the phonenumbers library's own pattern for mobiles of the region.

    Nearly all do, and calling the library for each takes a hundred times as long.
    """
    pattern, code = _mobile_pattern(region)
    digits = pc.replace_substring_regex(to_arrow(phones), _PUNCTUATION, "")
    parts = pc.extract_regex(digits, pattern)
    numbers = to_series(pc.struct_field(parts, "number"), phones.index)
    prefixes = to_series(pc.struct_field(parts, "prefix"), phones.index)
    return code + numbers, numbers.notna() & (prefixes == "") & _begins_with_zero(region)


@lru_cache
def _mobile_pattern(region: str) -> tuple[str, str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    mobile = metadata.mobile if metadata else None
    if metadata is None or mobile is None or not metadata.national_prefix or not mobile.national_number_pattern:
        return r"(?P<prefix>$.)(?P<number>.)", ""  # matches nothing
    code, zero = metadata.country_code, metadata.national_prefix
    pattern = mobile.national_number_pattern
    return rf"^(?P<prefix>\+{code}|{zero}|)(?P<number>{pattern})$", f"+{code}"


class _Number(NamedTuple):
    """A number in E.164, and what was changed or left out of its cell."""

    number: str | None = None
    restored: bool = False
    several: bool = False
    words: bool = False


def _number(written: str, region: str) -> _Number:
    parts = [part for part in _SEVERAL.split(written) if part]
    # A number that is broken over lines is valid only when its lines are joined.
    for part in [*parts, *([" ".join(written.split())] if "\n" in written else [])]:
        bare = _EXTENSION.sub("", _WORDS_BEHIND.sub("", part))
        if (number := _parse(bare, region)) is not None:
            lost = _digits(bare) == str(number.national_number) and _has_zero(number)
            form = phonenumbers.PhoneNumberFormat.E164
            return _Number(
                phonenumbers.format_number(number, form), lost, len(parts) > 1 and part in parts, bare != part
            )
    return _Number()


def _begins_with_zero(region: str) -> bool:
    """Return whether numbers are dialled with a leading zero inside the country."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return metadata is not None and metadata.national_prefix == "0"


def _has_zero(number: phonenumbers.PhoneNumber) -> bool:
    """Return whether the number has a leading zero inside its country: most do, short ones do not."""
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return _digits(national) == f"0{number.national_number}"


def _parse(written: str, region: str) -> phonenumbers.PhoneNumber | None:
    if re.search(r"[^\W\d_]", written):
        return None  # the library reads letters as digits, but in lists they are mistakes
    digits, code = _digits(written), str(phonenumbers.country_code_for_region(region) or "")
    number = _valid(written, region)
    if code and digits.startswith(code):
        # Exports write «62 812…» without its plus where «+» would start a formula.
        coded = _valid("+" + digits, region) or _valid(f"+{code}{digits.removeprefix(code).lstrip('0')}", region)
        return _choose_reading(written, coded, number, code)
    if number is None and digits.startswith("00"):
        return _valid("+" + digits.removeprefix("00"), region)
    return number


def _choose_reading(
    written: str, coded: phonenumbers.PhoneNumber | None, plain: phonenumbers.PhoneNumber | None, code: str
) -> phonenumbers.PhoneNumber | None:
    """Choose between two readings of digits that begin with the country's code; None if neither is certain.

    They may be a number with that code, or one that lost its zero: «62 21 5550113», «622 7435123». The grouping of the
    digits decides, else whether the number with the code has the usual length of the country.
    """
    if plain is None or plain == coded or not (_digits(written) == str(plain.national_number) and _has_zero(plain)):
        return plain or coded
    group = next(iter(re.findall(r"\d+", written)), "")
    if group == code or (coded is not None and group == code + _area(coded)):
        return coded
    if group == _area(plain):
        return plain
    if coded is not None:
        return coded if len(str(coded.national_number)) >= _usual_length(int(code)) else None
    return None if _is_possible("+" + _digits(written)) else plain


def _area(number: phonenumbers.PhoneNumber) -> str:
    return str(number.national_number)[: phonenumbers.length_of_national_destination_code(number)]


@lru_cache
def _usual_length(code: int) -> int:
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    example = metadata.fixed_line.example_number if metadata and metadata.fixed_line else None
    return len(example or "")


def _is_possible(written: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(written, None)))
    except phonenumbers.NumberParseException:
        return False


def _valid(written: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(written, region if region != UNKNOWN else None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _digits(written: str) -> str:
    """Return the digits of a number, in ASCII."""
    return "".join(str(int(sign)) for sign in written if sign.isdecimal())
